"""A filter that is measured again while RL goes on: 1 by the policy as it is, with random numbers of its own; 2 paid in the
step that it is for; 3 an interrupted run ends in equal bytes, wherever it was cut."""

import pytest
from tiny_rl import paying_for_variety

import interplay.rl.grpo as grpo
import interplay.rl.measure as measuring
from interplay.manifest import file_digest
from interplay.rl.flops import MEASURED, NOMINAL
from interplay.rl.grpo import reinforce
from interplay.rl.pools import Edge, Refreshed
from interplay.train.metrics import read_metrics

SIZES = {"candidates": 8, "samples": 4, "max_rate": 0.75}


class Cut(BaseException):
    pass


@pytest.fixture
def refreshed(config, monkeypatch):
    """Six steps, measured before the first, the third and the fifth."""
    monkeypatch.setattr(grpo, "roll_out", paying_for_variety(grpo.roll_out))
    return config.model_copy(update={"steps": 6, "selection": Refreshed(every=2, **SIZES)})


def lines(folder):
    return [
        {k: v for k, v in row.items() if not k.startswith("time/")} for row in read_metrics(folder / "metrics.jsonl")
    ]


def test_each_measurement_is_one_of_its_own_and_the_first_is_that_of_the_edge_filter(
    refreshed, fresh_model, tokenizer, runtime, tmp_path, monkeypatch
):
    seeds, was = [], measuring.derive
    monkeypatch.setattr(measuring, "derive", lambda *names: seeds.append(was(*names)) or seeds[-1])
    reinforce(refreshed, fresh_model(), tokenizer, tmp_path / "again", runtime)
    once = refreshed.model_copy(update={"selection": Edge(**SIZES)})
    reinforce(once, fresh_model(), tokenizer, tmp_path / "once", runtime)
    assert len(set(seeds[:3])) == 3
    assert seeds[3:] == seeds[:1]
    edges = read_metrics(tmp_path / "again" / "edges.jsonl")
    assert [row["step"] for row in edges] == [1, 3, 5]
    assert len({tuple(row["successes"]) for row in edges}) > 1
    assert (tmp_path / "again" / "edge.json").read_bytes() == (tmp_path / "once" / "edge.json").read_bytes()
    assert lines(tmp_path / "again")[1] == lines(tmp_path / "once")[1]
    shown = {row["step"]: row["rl/on_edge"] for row in lines(tmp_path / "again") if "rl/on_edge" in row}
    assert shown == {row["step"]: len(row["chosen"]) / 8 for row in edges}
    assert not (tmp_path / "once" / "edges.jsonl").exists()


def test_a_measurement_is_charged_to_the_step_that_it_is_for(
    refreshed, fresh_model, tokenizer, runtime, tmp_path, monkeypatch
):
    paid, was = [], grpo.measure

    def measure(*asked):
        paid.append(was(*asked))
        return paid[-1]

    monkeypatch.setattr(grpo, "measure", measure)
    reinforce(refreshed, fresh_model(), tokenizer, tmp_path / "paid", runtime)
    charged = lines(tmp_path / "paid")
    monkeypatch.setattr(grpo, "measure", lambda *asked: was(*asked)._replace(flops={}))
    reinforce(refreshed, fresh_model(), tokenizer, tmp_path / "free", runtime)
    free = lines(tmp_path / "free")
    for name in (NOMINAL, MEASURED):
        more = [one[name] - other[name] for one, other in zip(charged, free, strict=True)]
        assert more == pytest.approx([0, 0, paid[0].flops[name], 0, paid[1].flops[name], 0])
        assert min(found.flops[name] for found in paid) > 0


@pytest.mark.parametrize("after", [2, 3])
def test_a_run_that_was_cut_ends_in_equal_bytes(
    after, refreshed, fresh_model, tokenizer, runtime, tmp_path, monkeypatch
):
    """Cut inside the step that measures, when it is measured, and inside the one behind it."""
    straight = reinforce(refreshed, fresh_model(), tokenizer, tmp_path / "straight", runtime)
    eager, was, left = runtime.model_copy(update={"save_seconds": 1e-9, "save_share": 1e9}), grpo.step_metrics, [after]

    def cut(groups):
        left[0] -= 1
        if left[0] < 0:
            raise Cut
        return was(groups)

    with monkeypatch.context() as patch:
        patch.setattr(grpo, "step_metrics", cut)
        with pytest.raises(Cut):
            reinforce(refreshed, fresh_model(), tokenizer, tmp_path / "cut", eager)
    assert [row["step"] for row in read_metrics(tmp_path / "cut" / "edges.jsonl")] == [1, 3]
    resumed = reinforce(refreshed, fresh_model(), tokenizer, tmp_path / "cut", eager)
    assert resumed["resumed_at_step"] == after
    assert lines(tmp_path / "cut") == lines(tmp_path / "straight")
    for name in (f"{straight['checkpoint']}/model.safetensors", "rollouts.parquet", "edges.jsonl", "edge.json"):
        assert file_digest(tmp_path / "cut" / name) == file_digest(tmp_path / "straight" / name)
