"""What was measured of an arm after training, row by row: pass@k, effects, faults, reliability, gold likelihood."""

from __future__ import annotations

from interplay.report.fields import Figure, Record, SeedOrAll, Whole


class Result(Record):
    """One figure of one arm with its interval."""

    arm: str
    seed: SeedOrAll
    regime: str
    op: SeedOrAll
    rule: str
    metric: str
    k: int
    value: Figure
    lo: Figure
    hi: Figure
    n_problems: Whole
    n_samples: Whole
    n_seeds: Whole
    address: str = ""


class Effect(Record):
    """Treatment minus control, with its paired interval."""

    name: str
    label: str
    treatment: str
    control: str
    regime: str
    op: SeedOrAll = "all"
    rule: str
    control_rule: str = ""
    k: int
    effect: Figure
    lo: Figure
    hi: Figure
    n_problems: Whole
    n_samples: Whole
    n_seeds: Whole


class ErrorCount(Record):
    """Samples of one arm, seed and regime whose first fault is `error`; `hacked` of them have the right answer."""

    arm: str
    seed: SeedOrAll
    regime: str
    error: str
    count: int
    share: Figure = None
    hacked: Whole = None


class Reliability(Record):
    """What pass@k hides, for one arm and regime; no arm is plain guessing."""

    arm: str
    seed: SeedOrAll
    regime: str
    metric: str
    rule: str
    k: Whole
    tau: Figure
    value: Figure
    lo: Figure
    hi: Figure
    n_problems: Whole
    n_samples: Whole
    n_seeds: Whole


class GoldRow(Record):
    """NLL of the gold solutions of one arm, and its change against the arm it was trained from."""

    arm: str
    seed: SeedOrAll
    regime: str
    op: SeedOrAll
    nll: Figure
    lo: Figure
    hi: Figure
    per_token: Figure = None
    greedy: Figure = None
    start: str = ""
    change: Figure = None
    change_lo: Figure = None
    change_hi: Figure = None
    n_problems: Whole = None
    n_seeds: Whole = None
