"""The worlds of `micro` and `mini` have no short cuts: what guessing without the graph reaches, and how many steps copy."""

from functools import cache

import pytest

from interplay.data.guessers import guesses
from interplay.data.novelty import copies, novelty, served_by
from interplay.data.stream import Stream
from interplay.studies.recipe import Recipe
from interplay.studies.scales import settings
from interplay.studies.study import Workplace
from interplay.world.problem import to_row

EACH = 600


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
        assert guessed(scale, ops)[1] <= 0.10


@pytest.mark.parametrize("scale", ["micro", "mini"])
def test_few_steps_copy_and_none_beyond_the_shortest_problems(scale):
    chosen = settings(scale, {})
    counts = {op: [copies(p.graph) for p in problems(scale, op)] for op in chosen.ops}
    share = {op: sum(copied for copied, _ in found) / sum(steps for _, steps in found) for op, found in counts.items()}
    assert sum(share[op] for op in chosen.id_ops) / len(chosen.id_ops) <= 0.15
    assert all(share[op] == 0 for op in chosen.ops if op > 2)


def test_much_of_the_edge_has_a_structure_that_training_never_served():
    chosen = settings("micro", {})
    recipe = Recipe(chosen, Workplace("", {}))
    mixture = recipe.graded(chosen.pretrain.edge_share)
    documents = 76_000  # so many are in 4.8M tokens
    novel = []
    for op in chosen.edge_ops:
        share = sum(share.weight for share in mixture.shares if share.cell.op == op)
        training = Stream(world=chosen.world, mixture=recipe.over([op]))
        served = served_by(training[i].graph for i in range(round(share * documents)))
        novel.append(novelty([p.graph for p in problems("micro", op)], served)[0].novel["structure"])
    assert sum(novel) / len(novel) >= 0.5
