import pytest
from pydantic import ValidationError

from interplay.data.mixture import Cell, Mixture, World, blend


def test_weights_must_sum_to_one_and_the_error_names_the_sum():
    with pytest.raises(ValidationError, match=r"they sum to 1\.8"):
        Mixture.of({Cell(op=2): 1.0, Cell(op=3): 0.8})


def test_pick_follows_the_weights():
    mixture = Mixture.of({Cell(op=2): 0.25, Cell(op=3): 0.75})
    picks = [mixture.pick((i + 0.5) / 1000).op for i in range(1000)]
    assert picks.count(2) == 250
    assert mixture.pick(0.999999999).op == 3


def test_blend_adds_cells_that_occur_twice():
    both = blend([(Mixture.uniform([2, 3]), 0.5), (Mixture.uniform([3, 4]), 0.5)])
    weights = {share.cell.op: share.weight for share in both.shares}
    assert weights == {2: 0.25, 3: 0.5, 4: 0.25}


def test_unknown_context_and_op_out_of_range_are_refused():
    with pytest.raises(ValidationError, match="unknown context"):
        Cell(op=2, context="nowhere")
    with pytest.raises(ValidationError, match="op"):
        Cell(op=99)


def test_an_impossible_cell_says_which_bound_is_hit():
    with pytest.raises(ValueError, match="op must be in"):
        World(style="terse").spec(Cell(op=1, mode="reverse"))
