"""Arms that are not what they are named after: found from what RL left behind, and only where it holds in every training."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from interplay.records.untrained import idle_rl
from interplay.records.untrained import untrained as untrained_of
from interplay.rl.pools import Adaptive
from interplay.stages.kinds import RLStage
from interplay.studies.recipe import Recipe
from interplay.studies.scales import settings
from interplay.studies.study import Study, Workplace

STEPS = {
    "trained": [{"rl/grad_norm": 0.0, "rl/top_op": 4.0}, {"rl/grad_norm": 0.1, "rl/top_op": 5.0}],
    "silent": [{"rl/grad_norm": 0.0, "rl/top_op": 4.0}] * 2,
    "still": [{"rl/grad_norm": 0.1, "rl/top_op": 4.0}] * 2,
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


def untrained(study: Study, treatment: str, control: str) -> str:
    """As records ask: of what the kept seeds say of their RL stages."""
    arms: dict[str, list[SimpleNamespace]] = {}
    for arm in study.arms:
        arms.setdefault(arm.name, []).append(SimpleNamespace(rl=idle_rl(arm)))
    return untrained_of(study, arms, treatment, control)  # type: ignore[arg-type]


def test_rl_without_a_gradient_in_any_training_is_no_treatment(study: Study) -> None:
    leave(study, "rl", "silent", "silent")
    assert untrained(study, "rl", "base").startswith("RL: no group of samples ever differed")
    assert untrained(study, "base", "rl") == untrained(study, "rl", "base")
    leave(study, "rl", "silent", "trained")
    assert untrained(study, "rl", "base") == ""


def test_an_adaptive_range_that_never_rose_is_rl_on_its_first_ops(study: Study) -> None:
    leave(study, "rl", "trained", "trained")
    leave(study, "adaptive", "still", "still")
    assert untrained(study, "adaptive", "rl") == "RL, adaptive: its range never rose, so this is RL on op 4 and below"
    leave(study, "adaptive", "trained", "still")
    assert untrained(study, "adaptive", "rl") == ""


def test_what_both_arms_went_through_is_not_looked_at(study: Study) -> None:
    leave(study, "rl", "silent", "silent")
    assert untrained(study, "rl", "rl") == ""
