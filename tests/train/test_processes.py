"""Several processes take the steps of one: the same documents, the same losses, the same checkpoint, also after a stop.

AdamW on two gloo processes differs from one process in the order of one sum per gradient. Agreement is 1e-5 relative, in
the losses of twelve steps; the weights agree to 1e-3 of their scale (measured 1.4e-4, in a key bias: its gradient is nearly
nothing, which AdamW divides by nearly nothing).
"""

import pytest
from processes import agree, launch, trained

from interplay.train.metrics import read_metrics

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return folder, *trained(folder, 1)


def test_more_processes_than_blocks_share_the_rows_of_a_block(tmp_path):
    summary, losses = trained(tmp_path / "one", 1, rows=8)  # a step is one block
    other, other_losses = trained(tmp_path / "two", 2, rows=8)
    assert other_losses == pytest.approx(losses, rel=1e-5)
    agree(tmp_path / "one", summary, tmp_path / "two", other)


def test_two_processes_make_the_curve_of_one(alone, tmp_path):
    folder, summary, losses = alone
    other, other_losses = trained(tmp_path, 2)
    assert other_losses == pytest.approx(losses, rel=1e-5)
    agree(folder, summary, tmp_path, other)
    curves, other_curves = (read_metrics(each / "curves.jsonl") for each in (folder, tmp_path))
    assert [row["step"] for row in curves] == [row["step"] for row in other_curves] == [4, 12]
    for row, other_row in zip(curves, other_curves, strict=True):
        for cell, values in row["cells"].items():
            assert other_row["cells"][cell] == pytest.approx(values, rel=1e-4)


def test_a_budget_that_does_not_divide_serves_no_document_twice(tmp_path):
    budget = 3 * 1024 + 3 * 128  # the last step has one whole block and half of another, for two processes
    summary, losses = trained(tmp_path / "one", 1, budget_tokens=budget)
    other, other_losses = trained(tmp_path / "two", 2, budget_tokens=budget)
    assert other_losses == pytest.approx(losses, rel=1e-5)
    agree(tmp_path / "one", summary, tmp_path / "two", other)


def test_stopped_processes_resume(alone, tmp_path):
    _, summary, losses = alone
    code, _ = launch(tmp_path, 2, None, stop_after=7, save_seconds=1e-3)
    assert code != 0
    saved = sorted(path.name for path in (tmp_path / "resume").glob("step-*"))
    assert saved == ["step-0000005", "step-0000006"]
    resumed, resumed_losses = trained(tmp_path, 2)
    assert resumed["resumed_at_step"] == 6
    assert resumed_losses == pytest.approx(losses, rel=1e-5)
    assert resumed["documents"] == summary["documents"]


def test_what_cannot_be_shared_is_refused(tmp_path):
    code, said = launch(tmp_path, 3)
    assert code != 0
    assert "a step of 4 blocks of 2 rows cannot be shared by 3 processes" in said
