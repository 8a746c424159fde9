"""reliability.csv: what pass@k hides. How often a solution is right rather than ever, how often luck would do, and how
often a right answer stands on a wrong derivation.

cover       share of problems of which at least a share tau of the samples is right
g-pass@k    at least a share tau of k samples is right
majority@k  the most frequent of k answers is right
unsolved    no sample is right
hacked      right answer with a step that is false, unsupported or missing (a share of all samples)
not_strict  right answer that is not strictly right: hacked, shortened, folded or unreadable
guess@k     a player who never reads the problem and draws k answers in proportion to their frequency; no arm
guesser     the best of the guessers that see a problem's numbers and not its graph, chosen per op; no arm
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from interplay.data.guessers import guesses
from interplay.evals.evaluation import read_problems
from interplay.evals.intervals import mean_interval
from interplay.evals.pass_at_k import cover_at_tau, g_pass_at_k, guess_at_k, no_success
from interplay.records.evaluated import Evaluated
from interplay.records.measured import Arms, Measured, Values, estimate_fields, groups_of
from interplay.studies.study import Study

COVERED = (0.2, 0.5, 0.8)
STABLE = (0.5, 1.0)
GUESSER = "guesser"


def reliability_rows(study: Study, arms: Arms) -> Iterator[dict[str, object]]:
    """Every metric of every regime and arm, over all seeds; `guess_rows` stand beside them."""
    samples = study.settings.samples
    for group in groups_of(arms, each_seed=False):
        for regime in study.regimes:
            found = [_values(m, regime, max(study.settings.ks)) for m in group.measured]
            for key in found[0]:
                values = [values[key] for values in found]
                estimate = mean_interval(values, names=("reliability", regime), n_samples=samples)
                yield _row(group.arm, group.seed, regime, key) | estimate_fields(estimate)


def guess_rows(found: Evaluated, regimes: Iterable[str], ks: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What plain guessing reaches on the problems that were asked."""
    problems = read_problems(found.folder, ("regime", "op", "mode", "problem", "answer")).to_pylist()
    for regime in regimes:
        asked = [row for row in problems if row["regime"] == regime]
        for k in sorted({1, max(ks)}):
            estimate = mean_interval(
                guess_at_k([row["answer"] for row in asked], k), names=("guess", regime), n_samples=k
            )
            yield _row("", "all", regime, ("guess@k", "answer", k, "")) | estimate_fields(estimate)
        blind = guesses(asked)
        if blind:
            value = sum(one.best[1] * one.n for one in blind) / sum(one.n for one in blind)
            size = {"n_problems": sum(one.n for one in blind), "n_samples": None, "n_seeds": None}
            yield _row("", "all", regime, (GUESSER, "answer", "", "")) | {"value": round(value, 6)} | size


Key = tuple[str, str, int | str, float | str]


def _row(arm: str, seed: str, regime: str, key: Key) -> dict[str, object]:
    return {"arm": arm, "seed": seed, "regime": regime, **dict(zip(("metric", "rule", "k", "tau"), key, strict=True))}


def _values(measured: Measured, regime: str, k: int) -> dict[Key, Values]:
    """(metric, rule, k, tau) -> one value per problem of the regime."""
    counts = measured.counts_of("strict", regime)
    n, c = counts.n, counts.c
    values: dict[Key, Any] = {("cover", "strict", "", tau): cover_at_tau(n, c, tau) for tau in COVERED}
    values |= {("g-pass@k", "strict", k, tau): g_pass_at_k(n, c, k, tau) for tau in STABLE}
    values["majority@k", "answer", k, ""] = measured.majority[measured.chosen(regime)]
    values["unsolved", "strict", "", ""] = no_success(n, c)
    values["hacked", "answer", 1, ""] = measured.pass_at(1, "hacked", regime)
    values["not_strict", "answer", 1, ""] = measured.pass_at(1, "not_strict", regime)
    return values
