"""Saving keeps to its interval where it is quick and to its share of the time where it is slow."""

from itertools import pairwise

import pytest

from interplay.train.pace import Pace

SHARE = 0.02


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


def saves(seconds, save_s, step_s, total_s):
    """When saves begin in a run of steps that take `step_s` and saves that take `save_s`."""
    clock = Clock()
    pace, begun = Pace(seconds, SHARE, clock), []
    while clock.now < total_s:
        clock.now += step_s
        if pace.due():
            begun.append(clock.now)
            pace.begin()
            clock.now += save_s
            pace.end()
    return begun


def test_a_quick_save_comes_every_so_many_seconds():
    gaps = [after - before for before, after in pairwise(saves(30, 0.05, 0.1, 2000))]
    assert gaps == [pytest.approx(30.1, abs=0.2)] * len(gaps)


@pytest.mark.parametrize("save_s", [2.0, 10.0])
def test_a_slow_save_takes_no_more_than_its_share(save_s):
    begun = saves(30, save_s, 0.5, 20_000)
    assert begun[0] == pytest.approx(130, abs=1)  # nothing is known before the first
    share = (len(begun) - 1) * save_s / (begun[-1] - begun[0])
    assert 0.9 * SHARE < share <= SHARE
