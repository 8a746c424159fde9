"""Tables of what was measured of an arm after training: pass@k, effects, faults, reliability, likelihood of gold."""

from __future__ import annotations

from pydantic import FiniteFloat

from interplay.schema.row import (
    ArmName,
    Figure,
    High,
    Low,
    NumProblems,
    NumSamples,
    NumSeeds,
    Op,
    Regime,
    Row,
    Seed,
    Whole,
    column,
)
from interplay.schema.verdicts import FirstFault, Outcome, Rule


class Result(Row):
    """pass@k of one arm with its interval."""

    study: str = column("study")
    scale: str = column("scale")
    arm: ArmName
    seed: Seed
    regime: Regime
    op: Op
    rule: Rule
    metric: str = column("`pass@k`")
    k: int = column("samples that are looked at")
    value: Figure = column("mean over the problems; empty where there are fewer than k samples")
    lo: Low
    hi: High
    n_problems: NumProblems
    n_samples: NumSamples
    n_seeds: NumSeeds
    address: str = column("evaluation of a single seed; empty for several")


class Reliability(Row):
    """What pass@k hides, for one arm and regime; rows without an arm are plain guessing."""

    arm: ArmName
    seed: Seed
    regime: Regime
    metric: str = column("cover, g-pass@k, majority@k, unsolved, hacked, not_strict, guess@k or guesser")
    rule: Rule
    k: Whole = column("samples that are looked at, where the metric has any")
    tau: Figure = column("share of samples that must be right, where the metric has one")
    value: Figure = column("mean over the problems")
    lo: Low
    hi: High
    n_problems: NumProblems
    n_samples: NumSamples
    n_seeds: NumSeeds


class Effect(Row):
    """Treatment minus control, paired by problem and seed."""

    name: str = column("the contrast, by its name in the study")
    label: str = column("the contrast in words")
    treatment: str = column("arm")
    control: str = column("arm")
    regime: Regime
    op: Op
    rule: Rule
    control_rule: str = column("rule of the control, where it is another one")
    k: int = column("samples that are looked at")
    gain: bool = column("whether it is what each arm gained over its start, treatment minus control")
    effect: Figure = column("difference in pass@k, mean over the problems")
    lo: Low
    hi: High
    n_problems: NumProblems
    n_samples: NumSamples
    n_seeds: NumSeeds
    control_mean: Figure = column("the control's pass@k, mean over the problems and trainings")
    training_sd: Figure = column("standard deviation of the effect between trainings, without the draw of samples")


class ErrorCount(Row):
    """Samples of one arm, seed and regime by their first fault."""

    arm: ArmName
    seed: Seed
    regime: Regime
    error: FirstFault
    count: int = column("samples with this first fault")
    share: Figure = column("of all samples of the arm, seed and regime")
    right_answer: int = column("of the counted: the answer is right")


class OutcomeCount(Row):
    """Samples of one arm, seed and regime by what became of them."""

    arm: ArmName
    seed: Seed
    regime: Regime
    outcome: Outcome
    count: int = column("samples with this outcome")
    share: Figure = column("of all samples of the arm, seed and regime")
    guess: Figure = column("share of the regime's problems that a guesser answers who sees numbers and not the graph")


SIMILARITY_PARTS = 10  # of the scale from 0 to 1; the same structure stands apart behind them


class SimilarityCount(Row):
    """Problems of one arm by how alike their graph is to the most similar of those that pre-training served in a context.

    Problems of that context itself are not counted.
    """

    arm: ArmName
    seed: Seed
    regime: Regime
    op: int = column("operation count")
    op_range: str = column("range of the scale that the op is in: id, edge or hard; empty for another op")
    served_context: str = column("context whose served graphs the problems are laid beside")
    served: int = column("graphs in the sample of those served")
    similarity: FiniteFloat = column("lower end of a tenth of the range from 0 to 1; 1 is the same structure")
    asked: int = column("problems that were asked")
    solved: int = column("of these: at least one sample is strictly right")


class AskedOf(Row):
    """What the problems of one regime, op and mode can be had for without reasoning, and how new they are."""

    arm: str = column("arm whose pre-training `served` is about: the first that has one; empty where none has")
    seed: Seed
    regime: Regime
    op: int = column("operation count")
    mode: str = column("forward or reverse")
    problems: int = column("problems that were asked")
    guesser: str = column(
        "the guesser that is right most often of those that see a problem's numbers and not its graph"
    )
    guessed: Figure = column("share of the problems that it answers; empty where no answer is a whole number")
    copies: FiniteFloat = column("share of the needed steps that only copy another quantity")
    structures: int = column("different ones among the problems, names aside")
    shapes: int = column("different ones among the problems, names and numbers aside")
    served: Figure = column("share of the problems whose structure the `looked_at` have: at least so many were served")
    looked_at: Whole = column("served documents of this op and mode that were looked at; empty without a pre-training")


class GoldRow(Row):
    """NLL of the gold solutions of one arm, and its change against the arm it was trained from."""

    arm: ArmName
    seed: Seed
    regime: Regime
    op: Op
    nll: Figure = column("nats per gold solution, mean over the problems")
    lo: Low
    hi: High
    per_token: Figure = column("nats per token of the gold solution")
    greedy: Figure = column("share of problems whose greedy solution is strictly right")
    start: str = column("arm that this one was trained from, where it was measured too")
    change: Figure = column("nats per gold solution against the start, paired by problem and seed")
    change_lo: Figure = column("lower end of its 95 % interval")
    change_hi: Figure = column("upper end of its 95 % interval")
    n_problems: NumProblems
    n_seeds: NumSeeds
