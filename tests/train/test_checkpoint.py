"""Checkpoints are whole or not there; damage is seen and the one before is used."""

import pytest

from interplay.manifest import MANIFEST, damage
from interplay.train.checkpoint import newest, prune, seal
from interplay.train.metrics import MetricsLog, read_metrics


def sealed(folder, step, text):
    staging = folder / ".staging"
    staging.mkdir(parents=True)
    (staging / "weights").write_text(text)
    seal(staging, folder / f"step-{step:07d}")
    return folder / f"step-{step:07d}"


@pytest.mark.parametrize("harm", ["truncate", "flip", "remove", "manifest"])
def test_damage_is_detected_and_the_previous_checkpoint_used(tmp_path, harm):
    first, second = sealed(tmp_path, 5, "five five"), sealed(tmp_path, 10, "ten ten ten")
    assert newest(tmp_path) == (second, [])
    weights = second / "weights"
    match harm:
        case "truncate":
            weights.write_text("ten")
        case "flip":
            weights.write_text("ten ten tex")
        case "remove":
            weights.unlink()
        case "manifest":
            (second / "manifest.json").write_text('{"weights"')
    found, complaints = newest(tmp_path)
    assert found == first
    assert len(complaints) == 1
    assert "using the checkpoint before it" in complaints[0]
    assert damage(first / MANIFEST) is None


def test_prune_keeps_what_is_asked_and_clears_staging(tmp_path):
    sealed(tmp_path, 1, "a")
    kept = sealed(tmp_path, 2, "b")
    (tmp_path / ".staging-01234567-step-0000003").mkdir()
    prune(tmp_path, {2})
    assert list(tmp_path.iterdir()) == [kept]


def test_metrics_continue_without_a_gap_or_a_double_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path, 0)
    for step in range(1, 6):
        log.write({"step": step})
    log.close()
    with path.open("a") as file:
        file.write('{"step": 6')  # cut off in the middle of a line
    log = MetricsLog(path, 3)
    log.write({"step": 4})
    log.close()
    assert [row["step"] for row in read_metrics(path)] == [1, 2, 3, 4]
