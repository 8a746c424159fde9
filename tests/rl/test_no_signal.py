"""Learning that cannot happen says so; so does a sampler that spoke for another policy than the one that learns."""

import pytest
import torch
from pydantic import ValidationError
from tiny_rl import SHAPE

import interplay.rl.grpo as grpo
from foreign_models import foreign_model
from interplay.data.stream import Stream
from interplay.judging.pool import Pool
from interplay.judging.texts import as_it_is
from interplay.model.build import build
from interplay.model.sampler import SamplingConfig
from interplay.rl.agreement import LARGEST, MEAN
from interplay.rl.config import HeldOut, RLConfig
from interplay.rl.grpo import Learner, Loop, reinforce
from interplay.rl.pools import Edge
from interplay.rl.stage_folder import StageFolder
from interplay.train.metrics import read_metrics


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"group": 1}, "group is 1: a sample compared with itself teaches nothing"),
        (
            {"sampling": {"max_new_tokens": 12, "greedy": True}},
            "sampling is greedy: all samples of a group are the same",
        ),
    ],
)
def test_groups_that_cannot_differ_are_refused(config, changed, said):
    with pytest.raises(ValidationError, match=said):
        RLConfig.model_validate(config.model_dump() | changed)
    RLConfig.model_validate(config.model_dump() | changed | {"baseline": "none", "scale": "none"})


def test_a_run_in_which_no_group_had_a_signal_ends_with_a_line(
    config, fresh_model, tokenizer, runtime, tmp_path, capsys
):
    reinforce(config.model_copy(update={"steps": 2}), fresh_model(), tokenizer, tmp_path, runtime)
    said = " ".join(capsys.readouterr().err.split())
    assert "RL took no gradient: in no step did the rewards of a group differ" in said


def test_a_run_with_a_signal_ends_without_it(
    config, fresh_model, tokenizer, runtime, tmp_path, capsys, pays_for_blanks
):
    reinforce(config.model_copy(update={"steps": 1}), fresh_model(), tokenizer, tmp_path, runtime)
    assert "took no gradient" not in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("family", ["gemma2", None])
@pytest.mark.parametrize(("precision", "updates"), [("fp32", 1), ("bf16", 1), ("bf16", 2)])
def test_log_probabilities_that_are_not_the_learners_are_refused_before_the_first_step(
    config, fresh_model, tokenizer, runtime, tmp_path, monkeypatch, pays_for_blanks, family, precision, updates
):
    paid = grpo.roll_out

    def wrong(*args, **kwargs):
        def shifted(c):
            return c._replace(logprobs=[x - 0.1 for x in c.logprobs])

        return [[r._replace(completion=shifted(r.completion)) for r in group] for group in paid(*args, **kwargs)]

    monkeypatch.setattr(grpo, "roll_out", wrong)
    model = foreign_model(family, tokenizer) if family else fresh_model()
    before = [p.detach().clone() for p in model.parameters()]
    sampling = SamplingConfig(max_new_tokens=12, precision=precision)
    chosen = config.model_copy(update={"sampling": sampling, "updates": updates})
    with pytest.raises(ValueError, match=f"between sampler and learner before the first update.*in {precision}"):
        reinforce(chosen, model, tokenizer, tmp_path, runtime)
    assert all(bool((p == was).all()) for p, was in zip(model.parameters(), before, strict=True))
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.parametrize("seed", [0, 1])
def test_rounding_in_bf16_is_far_from_what_is_refused(
    config, fresh_model, tokenizer, runtime, tmp_path, monkeypatch, pays_for_blanks, seed
):
    """Weights of eight times the usual size stand for a trained model: its probabilities are as far from uniform."""
    seen = []
    monkeypatch.setattr("interplay.rl.learner.must_agree", lambda *told: seen.append(told))
    model = build(SHAPE, len(tokenizer), seed, eos_token_id=tokenizer.eos_token_id)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(8 if weight.dim() == 2 else 1)
    sampling = SamplingConfig(max_new_tokens=48, precision="bf16")
    chosen = config.model_copy(update={"sampling": sampling, "updates": 2, "steps": 1, "prompts": 8})
    Loop(StageFolder(tmp_path, chosen, Learner(model, tokenizer, chosen, runtime), tokenizer), Pool(0, as_it_is)).step(
        0
    )
    assert len(seen) == 2
    largest, mean, precision, _ = seen[0]
    assert precision == "bf16"
    assert 0.001 < mean < MEAN["bf16"] / 3
    assert largest < LARGEST["bf16"] / 3


def test_prompts_that_do_not_fit_are_dropped_and_counted(config, pool, tokenizer, runtime, tmp_path):
    encode = tokenizer.backend_tokenizer.encode
    lengths = [len(encode(p.prompt, add_special_tokens=False).ids) for p in pool.take(0, 12)]
    room = sorted(lengths)[5]

    def model():
        return build(SHAPE.model_copy(update={"max_positions": room + 12}), len(tokenizer), 0)

    summary = reinforce(config, model(), tokenizer, tmp_path / "plain", runtime)
    rows = read_metrics(tmp_path / "plain" / "metrics.jsonl")
    per_step = [lengths[start : start + 3] for start in range(0, 12, 3)]
    assert [row["rl/unfit"] for row in rows] == [sum(n > room for n in step) for step in per_step]
    assert summary["unfit"] == sum(n > room for n in lengths) > 0
    assert [row["rl/drawn"] for row in rows] == [sum(n <= room for n in step) for step in per_step]

    val = Stream(world=pool.stream.world, mixture=pool.stream.mixture, split="val")
    several = config.model_copy(
        update={"max_draws": 3, "steps": 1, "held_out": HeldOut(stream=val, every=1, problems=12)}
    )
    reinforce(several, model(), tokenizer, tmp_path / "several", runtime)
    (row,) = read_metrics(tmp_path / "several" / "metrics.jsonl")
    assert row["rl/drawn"] + row["rl/unfit"] == 9  # replaced like those without signal, up to the bound
    assert "held_out/strict" in row

    edge = config.model_copy(update={"selection": Edge(candidates=12, samples=2)})
    with pytest.raises(ValueError, match="no problem of 12 is on the edge"):  # untrained; measured without a fault
        reinforce(edge, model(), tokenizer, tmp_path / "edge", runtime)

    none = config.model_copy(update={"sampling": SamplingConfig(max_new_tokens=room + 12)})
    with pytest.raises(ValueError, match="none of the 3 prompts of step 1 leaves room for max_new_tokens"):
        reinforce(none, model(), tokenizer, tmp_path / "none", runtime)
