"""Published mixes: the repaired ones sum to one and hold what they are named for, the released ones are kept as found."""

import math
from collections import Counter

import pytest

from interplay.data.mixes import CONTEXTS, NAMES, RANGES, RELEASED, preset, released
from interplay.data.mixture import Mixture

PAIR = ["zoo", "school"]
RELEASED_SUMS = {
    "20/30/50-released": 1.80, "50/30/20-released": 1.0, "49.95/49.95/0.1-released": 1.008,
    "47.5/47.5/5-released": 0.9981, "uniform-2-10-released": 1.0, "mid-20/80-released": 0.9991,
    "rl-context-10/90-released": 1.0,
}  # fmt: skip


def by_op(mixture):
    shares = Counter()
    for share in mixture.shares:
        shares[share.cell.op] += share.weight
    return shares


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("modes", [["forward"], ["forward", "reverse"]])
def test_every_repaired_preset_sums_to_one(name, modes):
    mixture = preset(name, PAIR, modes)
    assert math.fsum(share.weight for share in mixture.shares) == pytest.approx(1.0, abs=1e-12)
    assert {cell.mode for cell in mixture.cells} == set(modes)
    assert len(set(mixture.cells)) == len(mixture.cells)


@pytest.mark.parametrize("name", RANGES)
def test_ranges_have_their_shares(name):
    found = by_op(preset(name, PAIR, ["forward", "reverse"]))
    if "9-12" not in name or name == "rl-9-12":  # one mix has ranges that overlap
        for ops, share in RANGES[name].items():
            assert sum(found[op] for op in ops) == pytest.approx(share)
            assert [found[op] for op in ops] == pytest.approx([share / len(ops)] * len(ops))


@pytest.mark.parametrize("name", CONTEXTS)
def test_the_second_context_has_its_share_and_its_ops(name):
    mixture = preset(name, PAIR)
    share, ops = CONTEXTS[name]
    of_b = [each for each in mixture.shares if each.cell.context == "school"]
    assert sum(each.weight for each in of_b) == pytest.approx(share)
    assert {each.cell.op for each in of_b} == (set(ops) if share else set())
    with pytest.raises(ValueError, match="two different contexts"):
        preset(name, ["zoo"])


@pytest.mark.parametrize("name", RELEASED)
def test_released_weights_have_their_documented_sum_and_are_no_mixture(name):
    assert math.fsum(RELEASED[name].values()) == pytest.approx(RELEASED_SUMS[name], abs=1e-12)
    assert name.removesuffix("-released") in NAMES
    with pytest.raises(ValueError, match="raw weights that sum to"):
        preset(name)


def test_the_flagship_typo_is_half_of_what_was_asked_for():
    mixture = released("20/30/50-released")
    assert isinstance(mixture, Mixture)
    assert by_op(mixture)[3] == pytest.approx(0.86 / 1.8)
    assert by_op(preset("20/30/50"))[3] == pytest.approx(0.2 / 3)
    with pytest.raises(ValueError, match="over ops"):
        released("rl-context-10/90-released")


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ValueError, match="20/30/50"):
        preset("20/30/40")
