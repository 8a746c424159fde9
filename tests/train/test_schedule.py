import itertools

import pytest

from interplay.train.schedule import Schedule


@pytest.mark.parametrize("kind", ["cosine", "wsd", "linear", "constant"])
def test_warmup_reaches_one_and_the_end_is_the_floor(kind):
    schedule = Schedule(kind=kind, warmup=0.1, decay=0.2, floor=0.1)
    factors = [schedule.factor(step, 100) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == pytest.approx(1.0)
    assert max(factors) <= 1.0
    assert factors[-1] == pytest.approx(1.0 if kind == "constant" else 0.1)
    assert all(a >= b - 1e-12 for a, b in itertools.pairwise(factors[9:]))


def test_wsd_holds_the_peak_until_its_decay():
    factors = [Schedule(kind="wsd", warmup=0.0, decay=0.2, floor=0.0).factor(step, 100) for step in range(100)]
    assert factors[:80] == [1.0] * 80
    assert factors[80] < 1.0


def test_a_single_step_is_possible():
    assert 0 <= Schedule().factor(0, 1) <= 1
