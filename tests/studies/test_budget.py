"""Measuring which problems are on the edge is paid in RL steps, whether once or again and again."""

import pytest

from interplay.rl.pools import Edge, Refreshed, Scheduled
from interplay.studies.budget import QUARTERS, filtered_steps, refreshing
from interplay.studies.catalogue import make_study
from interplay.studies.scales import SCALES, settings
from interplay.train.runtime import Runtime


@pytest.mark.parametrize("scale", sorted(SCALES))
def test_a_refreshed_filter_costs_what_the_filter_costs(scale):
    chosen = settings(scale, {})
    drawn = 0.2 if chosen.rl.loss.kl else 0.25  # drawing is 2P of the 8P FLOPs of a token, 10P with a reference
    own = chosen.extrapolation
    each = drawn * own.filter_candidates / chosen.rl.prompts / own.filtered_share
    once, (every, steps) = filtered_steps(chosen), refreshing(chosen)
    assert every == chosen.rl.steps // QUARTERS

    def cost(count: int) -> float:
        return count + each * len(range(0, count, every))

    assert 1 < len(range(0, steps, every)) <= QUARTERS
    assert cost(steps) <= once + each + 0.5 < cost(steps + 1)  # as many steps as are paid


def test_of_few_steps_one_is_left():
    assert refreshing(settings("micro", {"rl.steps": "1"})) == (1, 1)
    assert refreshing(settings("micro", {"rl.steps": "8"})) == (2, 1)


def test_the_arms_differ_in_their_selection_alone(tmp_path):
    study = make_study("extrapolation", "micro", {}, tmp_path, Runtime(threads=1))
    rl = {arm.name: arm.checkpoint.config for arm in study.arms if arm.name in ("filtered", "refreshed", "scheduled")}
    uniform = next(arm.checkpoint.config for arm in study.arms if arm.name == "rl_ood")
    assert rl["filtered"].selection == Edge(candidates=1000, samples=16)
    assert rl["refreshed"].selection == Refreshed(candidates=1000, samples=16, every=25)
    assert rl["scheduled"].selection == Scheduled(start_op=5, steps=100)
    steps = [filtered_steps(study.settings), refreshing(study.settings)[1], uniform.steps]
    assert [config.steps for config in rl.values()] == steps
    for config in rl.values():
        assert config.model_copy(update={"selection": None, "steps": uniform.steps}) == uniform
