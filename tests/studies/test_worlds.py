"""The worlds of `micro` and `mini` have few short cuts: what guessing without the graph reaches, how many steps copy, and how
much of the edge has a structure that training never served. What is said of the edge is a mean over its ops: the first
of them is easier to guess and less new than the others.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from interplay.data.guessers import guesses
from interplay.data.novelty import copies, novelty, served_by
from interplay.data.stream import Stream
from interplay.studies.recipe import Recipe
from interplay.studies.scales import settings
from interplay.studies.study import Workplace
from interplay.world.problem import to_row

EACH = 600
SEEDS = Path(__file__).parents[2] / "docs" / "seeds"


@cache
def problems(scale, op):
    chosen = settings(scale, {})
    source = Stream(world=chosen.world, mixture=Recipe(chosen, Workplace("", {})).over([op]), split="test")
    return tuple(source[i] for i in range(EACH))


def guessed(scale, ops):
    """The best guesser of each op, and the mean over the ops."""
    best = [found.best[1] for op in ops for found in guesses([to_row(p) for p in problems(scale, op)])]
    return max(best), sum(best) / len(best)


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["micro", "mini"])
def test_guessing_is_of_little_use(scale):
    chosen = settings(scale, {})
    assert guessed(scale, [op for op in chosen.id_ops if op >= 3])[0] <= 0.2
    for ops in (chosen.edge_ops, chosen.hard_ops):
        most, mean = guessed(scale, ops)
        assert mean <= 0.10
        assert most <= 0.14  # op 5 of `micro` by itself: .12


@pytest.mark.parametrize("scale", ["micro", "mini"])
def test_few_steps_copy_and_none_beyond_the_shortest_problems(scale):
    chosen = settings(scale, {})
    counts = {op: [copies(p.graph) for p in problems(scale, op)] for op in chosen.ops}
    share = {op: sum(copied for copied, _ in found) / sum(steps for _, steps in found) for op, found in counts.items()}
    assert sum(share[op] for op in chosen.id_ops) / len(chosen.id_ops) <= 0.15
    assert all(share[op] == 0 for op in chosen.ops if op > 2)


def documents_served(folder):
    """How many documents a pre-training was shown, from the committed record of its first seed."""
    about = json.loads((SEEDS / folder / "seed-0" / "about.json").read_text())
    return next(stage["summary"]["documents"] for stage in about["stages"].values() if stage["kind"] == "pretrain")


@pytest.mark.parametrize(
    ("scale", "folder"),
    [("micro", "quickstart_micro"), pytest.param("mini", "extrapolation_mini", marks=pytest.mark.slow)],
)
def test_about_half_of_the_edge_has_a_structure_that_training_never_served(scale, folder):
    """.486 at `micro`, .500 at `mini`, of 600 problems an op, beside as many documents as a training of it was shown."""
    chosen = settings(scale, {})
    recipe = Recipe(chosen, Workplace("", {}))
    mixture = recipe.graded(chosen.pretrain.edge_share)
    novel = []
    for op in chosen.edge_ops:
        share = sum(share.weight for share in mixture.shares if share.cell.op == op)
        training = Stream(world=chosen.world, mixture=recipe.over([op]))
        served = served_by(training[i].graph for i in range(round(share * documents_served(folder))))
        novel.append(novelty([p.graph for p in problems(scale, op)], served)[0].novel["structure"])
    assert 0.45 <= sum(novel) / len(novel) <= 0.55
