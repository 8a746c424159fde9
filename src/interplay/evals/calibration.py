"""How often intervals and verdicts are right where the truth is known: the simulation that the rule of verdicts rests on.

A world is a place where this repository's own arms live: how many problems its control solves, and by how much two trainings
of one setting differ there. In it whole studies are drawn, with no effect at all or with one as large as the margin of a flat
claim, and judged as any study is. `python -m interplay.evals.calibration 2000` prints the table of docs/statistics.md.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from interplay.evals.intervals import difference_interval
from interplay.evals.multiple import difference_p_value
from interplay.evals.simulate import Design, Shifts, draw, gaussian, own_effects, share_for, two_kinds
from interplay.evals.verdict import LEVEL, Evidence, Question, judge
from interplay.schema.study import Direction
from interplay.world.randomness import derive

MARGIN = 0.05
TRAININGS = (1, 2, 3, 5)
DECIDED = ("supported", "contradicted")
WORLDS: Mapping[str, Design] = {
    "edge, pass@1": Design(200, 32, 1, baseline=0.15, concentration=0.45, training_sd=0.025),
    "edge, pass@32": Design(200, 32, 32, baseline=0.15, concentration=0.45, training_sd=0.06),
    "half solved, pass@1": Design(500, 32, 1, baseline=0.5, concentration=1.0, training_sd=0.025),
    "id, pass@1": Design(200, 32, 1, baseline=0.97, concentration=1.0, training_sd=0.015),
}


class Rates(NamedTuple):
    """Shares of simulated studies without a true effect; of `flat_wrong`, with one as large as the margin.

    covered      the interval holds the truth: of all trainings, with one training that of this pair
    unprotected  the interval leaves out zero and p < 0.05, whatever the number of trainings
    decided      a claim that something rises is supported or contradicted
    flat_wrong   a claim that nothing changes is supported or contradicted where the effect is the margin
    width        mean width of the interval
    """

    covered: float
    unprotected: float
    decided: float
    flat_wrong: float
    width: float


def rates(world: Design, trainings: int, simulations: int, shifts: Shifts = gaussian) -> Rates:
    """How often what is said of `trainings` pairs is right. `flat_wrong` is NaN where there is no room for the margin."""
    design = replace(world, num_seeds=trainings)
    rng = np.random.default_rng(derive("calibration", repr(design), shifts.__name__))
    covered = unprotected = decided = 0
    widths = []
    for _ in range(simulations):
        drawn = draw(design, 0.0, rng, shifts)
        difference_S_P = drawn.b_S_P - drawn.a_S_P
        estimate = difference_interval(difference_S_P, names=("calibration",))
        truth = float(own_effects(design, 0.0, drawn)[0]) if trainings == 1 else 0.0
        covered += estimate.lo <= truth <= estimate.hi
        outside = not estimate.lo <= 0.0 <= estimate.hi
        unprotected += outside and difference_p_value(difference_S_P, names=("calibration",)) < LEVEL
        decided += outside and _verdict(difference_S_P, "up") in DECIDED
        widths.append(estimate.hi - estimate.lo)
    flat = _flat_wrong(design, simulations, shifts)
    return Rates(covered / simulations, unprotected / simulations, decided / simulations, flat, float(np.mean(widths)))


def _flat_wrong(design: Design, simulations: int, shifts: Shifts) -> float:
    try:
        share = share_for(design, MARGIN)
    except ValueError:
        return math.nan
    rng = np.random.default_rng(derive("calibration", "flat", repr(design), shifts.__name__))
    wrong = 0
    for _ in range(simulations):
        drawn = draw(design, share, rng, shifts)
        wrong += _verdict(drawn.b_S_P - drawn.a_S_P, "flat") in DECIDED
    return wrong / simulations


def _verdict(difference_S_P: np.ndarray[tuple[int, ...], np.dtype[np.float64]], direction: Direction) -> str:
    evidence = Evidence(difference_S_P, ("calibration",))
    return judge([Question(direction, (evidence,), MARGIN)])[0].verdict


def table(simulations: int) -> str:
    """The table of the docs."""
    head = ("world", "trainings", "coverage", "interval alone decides a true zero", "false verdicts, up or down",
            "false verdicts, flat at the margin", "width")  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    shifted = [(name, world, gaussian) for name, world in WORLDS.items()]
    shifted.append(("edge, pass@1, half of the trainings fail", WORLDS["edge, pass@1"], two_kinds))
    for name, world, shifts in shifted:
        for trainings in TRAININGS:
            found = rates(world, trainings, simulations, shifts)
            shares = (found.covered, found.unprotected, found.decided, found.flat_wrong)
            cells = ["–" if math.isnan(share) else f"{100 * share:.1f} %" for share in shares]
            lines.append(f"| {name} | {trainings} | " + " | ".join(cells) + f" | {found.width:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
