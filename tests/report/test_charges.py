"""What RL was charged and what it cost: worked out by hand on invented records."""

import json
from pathlib import Path

import pytest
import synthetic_records as synthetic

from interplay.report.charges import charges, lines

SIZE, TOKENS = 1_000_000, 100_000


def written(folder: Path, **rl: float) -> Path:
    """Records whose arm `base_rl` ends in RL of 10 steps of 4 x 8 samples, `mid` in mid-training."""
    synthetic.write(folder, seeds=(0, 1))
    study = json.loads((folder / "study.json").read_text())

    def stage(kind, config=None, **summary):
        return {"kind": kind, "what": "", "summary": summary, "config": config or {}}

    supervised = {"tokens": TOKENS, "flops": 5.0 * SIZE * TOKENS, "nominal_flops": 6.0 * SIZE * TOKENS}
    batch = {"steps": 10, "prompts": 4, "group": 8}
    study["stages"] = {
        "pretrain/0": stage("pretrain", **supervised),
        "rl/0": stage("rl", batch, flops=4e10, nominal_flops=8.0 * SIZE * 320 * 40, **rl),
        "rl/1": stage("rl", batch, flops=8e10, nominal_flops=8.0 * SIZE * 320 * 50, **rl),
        "evaluate/0": stage("evaluate"),
    }
    for arm in study["arms"]:
        arm["stages"] = ["pretrain/0"] if arm["arm"] != "base_rl" else ["pretrain/0", f"rl/{arm['seed']}", "evaluate/0"]
    study["settings"]["sample_tokens"] = 48
    (folder / "study.json").write_text(json.dumps(study))
    return folder


def test_charges_follow_from_the_costs_in_the_records(tmp_path: Path) -> None:
    (found,) = charges(written(tmp_path))
    assert (found.arm, found.num_seeds) == ("base_rl", 2)
    assert found.positions == pytest.approx(45)
    charged = 5 / 3 * 320 * 48  # tokens of training
    assert found.share == pytest.approx(6e10 / (5 * SIZE) / charged)
    said = lines([found], 48)
    assert said[0] == "charged per sample: 48 tokens (sample_tokens)"
    assert "45.0 positions a sample, measured_share 0.469 (2 trainings)" in said[1]


def test_records_without_rl_say_so(tmp_path: Path) -> None:
    folder = written(tmp_path)
    study = json.loads((folder / "study.json").read_text())
    for arm in study["arms"]:
        arm["stages"] = ["pretrain/0"]
    (folder / "study.json").write_text(json.dumps(study))
    with pytest.raises(ValueError, match="holds no arm that ends in RL"):
        charges(folder)
    study["stages"] = {}
    for arm in study["arms"]:
        arm["stages"] = []
    (folder / "study.json").write_text(json.dumps(study))
    with pytest.raises(ValueError, match="holds no costs of training"):
        charges(folder)
