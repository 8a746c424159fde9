"""Numbers, sizes and times as a reader wants to see them, and the words for error classes, rules and stages.

A missing number is an en dash, never a zero. Signs are real minus signs in text; tables that are copied keep ASCII.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from interplay.evals.verdict import DESCRIPTIONS

DASH = "–"
STAGES = {
    "tokenizer": "Tokenizer",
    "pretrain": "Pre-training",
    "midtrain": "Mid-training",
    "rl": "RL",
    "evaluate": "Evaluation",
}
RULES = {
    "strict": "every needed step present, right parents, right value, every printed equality true, right answer",
    "exact": "strict, and no step that the answer does not need",
    "sound": "as strict, but steps may be shortened: what a step leaves out is replaced by its rule, exactly",
    "paper_v1": "the rule of the published release, its leniencies included",
    "answer": "the final answer alone",
}
PAPER = {
    "T1": "RL adds capability only where pre-training left headroom and RL data sit at the edge of competence",
    "T2": "RL transfers to a new context only if pre-training contained its primitives; 1 % is enough",
    "T3": "Mid-training and RL together beat RL alone at equal compute",
    "T4": "Rewards for the process reduce reward hacking",
    "T5": "With shared primitives RL transfers to a context that its own data lack",
    "T6": "RL with at least 10 % of a context unlocks it when only its atoms were pre-trained",
    "T7": "More hard data in pre-training helps; RL gains most at partial competence",
    "framework": "The verifier that the paper released",
    "T8": "Mid-training and RL complement each other over budgets",
}
MARKS = {"supported": "✓", "contradicted": "✕", "cannot tell": "?", "not tested": "○",
         "higher": "↑", "lower": "↓", "level": "=", "mixed": "≠"}  # fmt: skip
DIRECTIONS = {"up": "above zero", "down": "below zero", "flat": "close to zero"}  # what a claim says of its effect
METRICS = {
    "cover@τ": "share of problems of which at least a share τ of the samples is strictly right",
    "G-pass@k τ": "chance that at least a share τ of k samples is strictly right; τ = 1 asks for all of them",
    "majority@k": "chance that the most frequent of k answers is right",
    "unsolved": "share of problems of which no sample is strictly right",
    "hacked": "share of samples with a right answer and a step that is false, unsupported or missing",
    "not_strict": "share of samples with a right answer that are not strictly right: hacked, shortened, folded or unreadable",
    "guesser": "answer accuracy of the best player who sees a problem's numbers and not its graph",
    "guessing": "answer accuracy of a player who never reads the problem and knows how frequent each answer is",
}
OUTCOMES = {
    "strict": "strictly right",
    "shortened": "sound, steps shortened",
    "folded": "right, values folded in",
    "hacked": "right answer, false or missing step",
    "unreadable": "right answer, unreadable",
    "truncated": "breaks off",
    "no_answer": "no answer",
    "wrong_answer": "wrong answer",
    "not_judged": "not judged",
}
ERRORS = {
    "missing_node": "a needed quantity is never derived",
    "wrong_parent": "derived from the wrong quantities",
    "wrong_value": "the value does not follow",
    "false_equality": "a printed equality is false",
    "undefined_variable": "uses what was never defined",
    "duplicate_definition": "defines a quantity twice",
    "wrong_answer": "right steps, wrong answer",
    "no_answer": "gives no answer",
    "truncated": "breaks off before its end",
    "not_parseable": "does not follow the format",
    "judge_failed": "the verifier failed on it",
    "judge_timed_out": "the verifier took too long",
}


def error_name(error: str) -> str:
    """`wrong_value` as `wrong value`."""
    return error.replace("_", " ")


def said(verdict: str, trainings: int | None) -> str:
    """A verdict as it stands; a description of one or two trainings with whose it is: `in this pair of trainings: higher`."""
    if verdict not in DESCRIPTIONS:
        return verdict
    whose = f"in these {trainings} pairs" if trainings and trainings > 1 else "in this pair"
    return f"{whose} of trainings: {verdict}"


def badge(verdict: str, trainings: int | None) -> str:
    """The same with its mark, as on a card."""
    words = said(verdict, trainings)
    return f"{MARKS[verdict]} {words[0].upper()}{words[1:]}"


def decimal(value: float | None, digits: int = 3) -> str:
    """0.612; an en dash where there is no number."""
    return DASH if value is None else f"{value:.{digits}f}".replace("-", "−")


def signed(value: float | None, digits: int = 3) -> str:
    """+0.121 or −0.040."""
    return DASH if value is None else f"{value:+.{digits}f}".replace("-", "−")


def interval(lo: float | None, hi: float | None, sign: bool = False) -> str:
    """[0.580, 0.640], or nothing where there is no interval."""
    if lo is None or hi is None:
        return ""
    spell = signed if sign else decimal
    return f"[{spell(lo)}, {spell(hi)}]"


def ends(lo: float | None, hi: float | None) -> str:
    """[+0.08, +0.17], for a cell that has little room."""
    return "" if lo is None or hi is None else f"[{signed(lo, 2)}, {signed(hi, 2)}]"


def p_value(value: float | None) -> str:
    """0.031 or < 0.001; an en dash where the interval alone decides."""
    return DASH if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def size(value: float | None) -> str:
    """4.2M, 33k, 512; beyond 10^12 as 1.2e13."""
    if value is None:
        return DASH
    if abs(value) >= 1e12:
        return f"{value:.2g}".replace("e+", "e")
    for limit, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (limit if letter != 'k' else 1e3):.3g}{letter}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"


def duration(seconds: float | None) -> str:
    """2 h 05 min, 3 min 20 s, 4.1 s."""
    if seconds is None or math.isnan(seconds):
        return DASH
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes = round(seconds) // 60
    if minutes < 60:
        return f"{minutes} min {round(seconds) % 60:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def guessed(shares: Iterable[tuple[str, float | None]]) -> str:
    """What guessing reaches in each regime, as a sentence; empty where it was not measured."""
    told = ", ".join(f"{regime} {decimal(share)}" for regime, share in dict(shares).items() if share is not None)
    return f" A guesser who sees a problem's numbers and not its graph has the right answer in: {told}." if told else ""


def plural(count: int, noun: str) -> str:
    """1 seed, 3 seeds."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sample_size(n_problems: int | None, n_samples: int | None = None, n_seeds: int | None = None) -> str:
    """200 problems × 16 samples, 3 seeds."""
    parts = [] if n_problems is None else [plural(n_problems, "problem")]
    if n_samples is not None:
        parts.append(plural(n_samples, "sample"))
    known = " × ".join(parts)
    if n_seeds is None:
        return known or DASH
    return ", ".join(part for part in (known, plural(n_seeds, "seed")) if part)


def compact_size(n_problems: int | None, n_samples: int | None, n_seeds: int | None) -> str:
    """200 × 16, 3 seeds: for a column headed "problems × samples"."""
    known = " × ".join(f"{n:,}" for n in (n_problems, n_samples) if n is not None)
    return ", ".join(part for part in (known, "" if n_seeds is None else plural(n_seeds, "seed")) if part) or DASH
