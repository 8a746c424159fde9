"""Arms that are not what they are named after: found from what RL left behind, and only where it holds in every training."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from interplay.records.untrained import idle_rl, partly_untrained
from interplay.records.untrained import untrained as untrained_of
from interplay.rl.pools import Adaptive, Refreshed
from interplay.rl.presets import PRESETS
from interplay.rl.rewards import RewardConfig
from interplay.stages.kinds import RLStage
from interplay.studies.recipe import Recipe
from interplay.studies.scales import settings
from interplay.studies.study import Study, Workplace


def step(norm: float, wrong: float, right: float = 0.0, top: float = 4.0) -> dict[str, float]:
    """A row of metrics: the gradient's norm, shares of silent groups, the highest op."""
    return {"rl/grad_norm": norm, "rl/silent_wrong": wrong, "rl/silent_right": right, "rl/top_op": top}


STEPS = {
    "trained": [step(0.0, 1.0), step(0.1, 0.5, top=5.0)],
    "silent": [step(0.0, 1.0), step(3e-9, 1 / 49, 48 / 49)],  # a KL term or rounding gives a norm
    "all right": [step(0.1, 0.0, 1.0)],
    "masked": [step(0.0, 0.5)],  # groups differ, what differs is cut off and masked
    "still": [step(0.1, 0.5)] * 2,
}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A base, RL and adaptive RL under two seeds; nothing has run."""
    recipe = Recipe(settings("micro", {"seeds": "0,1"}), Workplace(str(tmp_path), {}))
    beyond, arms = recipe.over((4, 5)), []
    for seed in (0, 1):
        base = recipe.base(seed)
        adaptive = recipe.reinforced(base, beyond, seed, "a", selection=Adaptive(start_op=4))
        arms.append(recipe.arm("base", "Base", "", seed, base))
        arms.append(recipe.arm("rl", "RL", "", seed, recipe.reinforced(base, beyond, seed, "rl"), start="base"))
        arms.append(recipe.arm("adaptive", "RL, adaptive", "", seed, adaptive, start="base"))
    return Study("s", "", "", recipe.chosen, tuple(arms), (), ())


def leave(study: Study, name: str, *kinds: str) -> None:
    """What RL of each seed of an arm left behind."""
    for arm, kind in zip([arm for arm in study.arms if arm.name == name], kinds, strict=True):
        assert isinstance(arm.checkpoint, RLStage)
        arm.checkpoint.folder.mkdir(parents=True, exist_ok=True)
        rows = [json.dumps({"step": i, **row}) for i, row in enumerate(STEPS[kind])]
        (arm.checkpoint.folder / "metrics.jsonl").write_text("\n".join(rows) + "\n")


def kept(study: Study) -> Any:
    """What the kept seeds say of their RL stages."""
    arms: dict[str, list[SimpleNamespace]] = {}
    for arm in study.arms:
        arms.setdefault(arm.name, []).append(SimpleNamespace(seed=arm.seed, rl=idle_rl(arm)))
    return arms


def untrained(study: Study, treatment: str, control: str) -> str:
    """As records ask."""
    return untrained_of(study, kept(study), treatment, control)


def test_rl_without_a_gradient_in_any_training_is_no_treatment(study: Study) -> None:
    leave(study, "rl", "silent", "silent")
    assert untrained(study, "rl", "base").startswith("RL: no group of samples ever differed")
    assert untrained(study, "base", "rl") == untrained(study, "rl", "base")
    for kind in ("trained", "masked"):
        leave(study, "rl", "silent", kind)
        assert untrained(study, "rl", "base") == ""


def test_trainings_that_were_silent_beside_others_are_named(study: Study) -> None:
    leave(study, "rl", "trained", "silent")
    (line,) = partly_untrained(study, kept(study), "rl", "base")
    assert line == "RL, seed 1: no group of samples ever differed in reward, so RL took no gradient"
    assert partly_untrained(study, kept(study), "base", "rl") == [line]
    for kinds in (("silent", "silent"), ("trained", "trained")):
        leave(study, "rl", *kinds)
        assert partly_untrained(study, kept(study), "rl", "base") == []


def test_without_a_baseline_what_is_all_right_is_learned_from(study: Study) -> None:
    recipe = Recipe(study.settings, Workplace(study.arms[0].evaluation.infra.folder, {}))
    own = recipe.reinforced(recipe.base(0), recipe.over((4,)), 0, "own", changes=PRESETS["raft"])
    alone = study._replace(arms=(recipe.arm("own", "Own", "", 0, own),))
    leave(alone, "own", "all right")
    assert idle_rl(alone.arms[0]) == {own.address: ""}
    leave(alone, "own", "silent")
    assert idle_rl(alone.arms[0]) == {own.address: ""}


def test_step_credit_is_decided_by_the_gradient(study: Study) -> None:
    recipe = Recipe(study.settings, Workplace(study.arms[0].evaluation.infra.folder, {}))
    paid = recipe.reinforced(recipe.base(0), recipe.over((4,)), 0, "steps", reward=RewardConfig(kind="steps"))
    alone = study._replace(arms=(recipe.arm("steps", "Steps", "", 0, paid),))
    leave(alone, "steps", "silent")
    assert idle_rl(alone.arms[0]) == {paid.address: ""}
    leave(alone, "steps", "masked")
    assert "took no gradient" in idle_rl(alone.arms[0])[paid.address]


def test_a_filter_that_was_never_measured_again_is_the_filter_before(study: Study) -> None:
    recipe = Recipe(study.settings, Workplace(study.arms[0].evaluation.infra.folder, {}))
    for every, why in ((4, "its filter was never measured again"), (3, "")):
        selection = Refreshed(candidates=4, samples=4, every=every)
        again = recipe.reinforced(recipe.base(0), recipe.over((4,)), 0, "r", selection=selection, steps=4)
        alone = study._replace(arms=(recipe.arm("r", "R", "", 0, again),))
        leave(alone, "r", "trained")
        assert idle_rl(alone.arms[0])[again.address].startswith(why) is True
        assert bool(idle_rl(alone.arms[0])[again.address]) is bool(why)


def test_an_adaptive_range_that_never_rose_is_rl_on_its_first_ops(study: Study) -> None:
    leave(study, "rl", "trained", "trained")
    leave(study, "adaptive", "still", "still")
    assert untrained(study, "adaptive", "rl") == "RL, adaptive: its range never rose, so this is RL on op 4 and below"
    leave(study, "adaptive", "trained", "still")
    assert untrained(study, "adaptive", "rl") == ""


def test_what_both_arms_went_through_is_not_looked_at(study: Study) -> None:
    leave(study, "rl", "silent", "silent")
    assert untrained(study, "rl", "rl") == ""


def test_between_two_starts_rl_that_found_nothing_to_learn_from_one_of_them_is_the_outcome(study: Study) -> None:
    """As in `headroom`: what pre-training showed is the treatment, and RL from the model that was shown nothing is silent."""
    recipe, arms = Recipe(study.settings, Workplace(study.arms[0].evaluation.infra.folder, {})), []
    for share in (0.0, 0.5):
        for seed in (0, 1):
            base = recipe.pretrained(recipe.graded(share), seed, f"b{share}")
            told, beyond = ("pre-training", "GRPO"), recipe.over((4, 5))
            arms += recipe.before_and_after_rl(f"b{share}", f"{share}", told, seed, base, beyond, {"share": share})
    doses = study._replace(arms=tuple(arms))
    silent, trained = ("silent", "silent"), ("trained", "trained")
    leave(doses, "b0.0_rl", *silent)
    leave(doses, "b0.5_rl", *trained)
    assert untrained(doses, "b0.0_rl", "b0.0")
    assert untrained(doses, "b0.0", "b0.0_rl")
    assert untrained(doses, "b0.5_rl", "b0.0_rl") == untrained(doses, "b0.0_rl", "b0.5_rl") == ""
    (line,) = partly_untrained(doses, kept(doses), "b0.5_rl", "b0.0_rl")
    assert "seeds 0 and 1: no group of samples ever differed in reward" in line
    leave(doses, "b0.5_rl", *silent)
    assert "took no gradient" in untrained(doses, "b0.5_rl", "b0.0_rl")
    assert partly_untrained(doses, kept(doses), "b0.5_rl", "b0.0_rl") == []
