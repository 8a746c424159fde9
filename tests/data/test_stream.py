"""Streams: item i alone is item i of the iteration; splits never share a problem; seeds share nothing."""

import pytest

from interplay.data.mixture import Cell, Mixture, World
from interplay.data.stream import SPLIT_OF_BUCKET, Replay, Stream, distinct_problems, split_of
from interplay.world.digest import digest

WORLD = World(style="terse", numbers=(1, 5), max_value=20, locations=3, entities=4, names=8)
MIXTURE = Mixture.uniform([2, 3, 4], ["zoo", "school"])


def test_any_order_of_access_gives_the_same_items():
    stream = Stream(world=WORLD, mixture=MIXTURE)
    forwards = list(stream.first(20))
    assert [stream[index] for index in reversed(range(20))] == forwards[::-1]


def test_neighbouring_seeds_share_nothing_but_chance():
    a = {p.id for p in Stream(world=WORLD, mixture=Mixture.uniform([6]), seed=0).first(100)}
    b = {p.id for p in Stream(world=WORLD, mixture=Mixture.uniform([6]), seed=1).first(100)}
    assert not a & b


def test_splits_are_disjoint_by_canonical_digest():
    found = {
        split: {digest(p.graph) for p in Stream(world=WORLD, mixture=MIXTURE, split=split).first(200)}
        for split in set(SPLIT_OF_BUCKET)
    }
    splits = sorted(found)
    for i, one in enumerate(splits):
        for other in splits[i + 1 :]:
            assert not found[one] & found[other], (one, other)


def test_every_item_is_of_its_split_and_its_mixture():
    for problem in Stream(world=WORLD, mixture=MIXTURE, split="test").first(60):
        assert split_of(problem) == "test"
        assert problem.op in (2, 3, 4)


def test_a_cell_that_runs_out_gives_fewer_problems_instead_of_repeats():
    tiny = World(style="terse", numbers=(1, 3), max_value=20, names=3, distractors=0)
    cell = Cell(op=2)
    problems = distinct_problems(Stream(world=tiny, mixture=Mixture.uniform([2])), cell, 400)
    assert 0 < len(problems) < 400
    assert len({digest(p.graph) for p in problems}) == len(problems)


def test_negative_index_is_refused():
    with pytest.raises(IndexError):
        Stream(world=WORLD, mixture=MIXTURE)[-1]


def test_a_fixed_set_is_drawn_from_again_and_again_and_is_the_first_items():
    plain = Stream(world=WORLD, mixture=MIXTURE, split="rl")
    first = {problem.id for problem in plain.first(5)}
    again = plain.model_copy(update={"distinct": 5})
    assert {again[index].id for index in range(60)} == first


def test_replay_mixes_in_training_problems_of_another_mixture():
    other = Mixture.uniform([3], ["school"])
    plain = Stream(world=WORLD, mixture=Mixture.uniform([2], ["zoo"]), split="rl", distinct=5)
    mixed = plain.model_copy(update={"replay": Replay(mixture=other, share=0.25)})
    items = [mixed[index] for index in range(200)]
    replayed = [problem for problem in items if problem.context == "school"]
    assert 30 <= len(replayed) <= 72  # 50 expected, standard deviation 6
    assert {split_of(problem) for problem in replayed} == {"train"}
    first = {problem.id for problem in Stream(world=WORLD, mixture=plain.mixture, split="rl").first(5)}
    assert {problem.id for problem in items if problem.context == "zoo"} == first
