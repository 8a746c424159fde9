"""`--set`: 1 every setting is reached by its dotted name; 2 what is unknown is answered with what there is at its level, and
with the nearest key; 3 values are what they spell; 4 a group takes a preset; 5 what cannot be measured is refused."""

import pytest

from interplay.model.sizes import SIZES
from interplay.rl.presets import PRESETS
from interplay.studies.changes import changed, keys
from interplay.studies.scales import MICRO, PAPER, SCALES


def at(settings, key):
    for name in key.split("."):
        settings = getattr(settings, name)
    return settings


def spelled(value):
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize("scale", SCALES)
def test_every_setting_can_be_set_to_what_it_is(scale):
    found = [key for key in keys() if "midtrain.schedule." not in key or SCALES[scale].midtrain.schedule]
    assert changed(SCALES[scale], {key: spelled(at(SCALES[scale], key)) for key in found}) == SCALES[scale]
    assert {"rl.reward.alpha", "rl.loss.clip_high", "rl.sampling.temperature", "pretrain.tokens"} <= set(found)


@pytest.mark.parametrize(
    ("key", "value", "is_now"),
    [
        ("rl.loss.clip_high", "0.28", 0.28),
        ("world.d", "3", 3),
        ("world.depth", "none", None),
        ("world.distractors", "3", 3),
        ("world.distractors", "0,4", (0, 4)),
        ("seeds", "0,1,2", (0, 1, 2)),
        ("seeds", "7,", (7,)),
        ("contextual.ops", "", ()),
        ("gold", "false", False),
        ("pretrain.tokens", "1_000_000", 1_000_000),
    ],
)
def test_a_value_is_what_it_spells(key, value, is_now):
    assert at(changed(MICRO, {key: value}), key) == is_now


def test_what_may_be_absent_is_made_by_its_fields_and_goes_by_none():
    made = changed(MICRO, {"midtrain.schedule.kind": "linear", "midtrain.schedule.warmup": "0.1"})
    assert (made.midtrain.schedule.kind, made.midtrain.schedule.warmup) == ("linear", 0.1)
    assert changed(PAPER, {"midtrain.schedule": "none"}).midtrain.schedule is None


def test_a_group_takes_a_preset_and_keeps_the_rest():
    made = changed(MICRO, {"rl": "dapo", "rl.loss.kl": "0.5"}).rl
    assert made.loss == PRESETS["dapo"]["loss"].model_copy(update={"kl": 0.5})
    assert (made.max_draws, made.steps, made.optimizer) == (3, MICRO.rl.steps, MICRO.rl.optimizer)
    assert changed(MICRO, {"model": "mini"}).model == SIZES["mini"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("nope", "1", r"no such setting; there are contexts, .*, world$"),
        ("rl_steps", "1", r"no such setting; did you mean rl\.steps\? there are contexts, "),
        ("rl.reward.alhpa", "1", r"did you mean rl\.reward\.alpha\? there are rl\.reward\.alpha, rl\.reward\.kind$"),
        ("world.d.e", "1", "no such setting"),
        ("samples.x", "1", "no such setting"),
        ("", "1", "no such setting"),
        ("rl.loss", "1", r"is a group; give one of rl\.loss\.clip_high, "),
        ("rl", "ppo", "or a preset: paper, dapo"),
        ("samples", "0", "samples"),
        ("rl.reward.kind", "best", r"--set rl\.reward\.kind: Input should be 'outcome'"),
        ("train.precision", "bfloat16", "--set train.precision: Input should be 'fp32' or 'bf16'"),
        ("train.packing.loss_on", "solutions", "Input should be 'all' or 'solution'"),
        ("rl.loss.kl", "nan", r"rl\.loss\.kl"),
        ("sampling.temperature", "inf", r"sampling\.temperature"),
        ("samples", "2", "ks must be from 1 to the number of samples, got ks 1,2,4,8,16,32 of 2 samples"),
        ("ks", "", "ks must be from 1"),
        ("problems", "1", "--set problems: Input should be greater than or equal to 2"),
        ("sampling.greedy", "true", "all samples of a problem would be one"),
        ("pretrain.id_weights", "0,0,0,0", "shares of the 4 id_ops, none below 0 and not all 0"),
        ("pretrain.id_weights", "1,2", r"shares of the 4 id_ops.* got \(1\.0, 2\.0\)"),
        ("rl.optimizer.betas", "1,1", r"betas\.0: Input should be less than 1"),
        ("seeds", "-1", r"seeds\.0: Input should be greater"),
        ("id_ops", "", "--set id_ops: at least one is needed"),
        ("hard_ops", "", "--set hard_ops: at least one is needed"),
        ("edge_ops", "5,61", r"edge_ops\.1: Input should be less than or equal to 60, got 61"),
        ("edge_ops", "7,6,5", "they stand from the least to the most, got 7, 6, 5"),
        ("edge_ops", "4,5,6", "an op belongs to one regime, 4 stands in id_ops and edge_ops"),
        ("model.max_positions", "32", r"train\.packing\.width 160 is more than model\.max_positions 32"),
        ("rl.sampling.bos", "true", "are for foreign models: a study's tokenizer has no such token"),
        ("sampling.temperature", "1e-300", r"sampling\.temperature: Input should be greater than or equal to 0\.001"),
        ("samples", "1000000", "--set samples: Input should be less than or equal to 10000"),
        ("extrapolation.filtered_share", "1e-9", "filtered_share: Input should be greater than or equal to 0.01"),
        ("contexts", "", "--set contexts: at least one is needed"),
        ("headroom.shares", "", "--set headroom.shares: at least one is needed"),
        ("headroom.shares", "0.5,0.1", "they stand from the least to the most, got 0.5, 0.1"),
        ("headroom.shares", "0.5,2", r"headroom\.shares\.1: Input should be less than or equal to 1"),
        ("contextual.exposures", "0.1", "exposures begin with 0, .* got 0.1 first"),
        ("transfer.shares", "0.1,1", "shares begin with 0, .* got 0.1 first"),
        ("midtraining.budgets", "", "--set midtraining.budgets: at least one is needed"),
        ("ladder.shares", "3", r"ladder\.shares\.0: Input should be less than or equal to 1"),
        ("train.batch_tokens", "5", "--set train: batch_tokens must be a multiple of a block's 48 x 160"),
        ("tokenizer.vocab_size", "3", r"tokenizer\.vocab_size: at least 264 are needed"),
    ],
)
def test_bad_settings_are_named(key, value, message):
    with pytest.raises(ValueError, match=message):
        changed(MICRO, {key: value})
