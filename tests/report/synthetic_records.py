"""Records of a study that never ran: the files, fields and sizes of a real one, with invented numbers.

Problems and verdicts are real (generated and verified here); everything else follows from a named random stream, so the
same call writes the same bytes. There is a small study of four arms and a large one of ten, with a dose and two lanes of
regimes. `python tests/report/synthetic_records.py DIR [large]` writes them for a look at the page.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import synthetic_training as training

from interplay.schema.measured import AskedOf, Effect, ErrorCount, GoldRow, OutcomeCount, Reliability, Result
from interplay.schema.row import VERSION, Row
from interplay.schema.sampled import Example
from interplay.schema.study import Claim, Study
from interplay.schema.text import csv_text, document, json_lines
from interplay.schema.training import CellPoint, CurvePoint, Silent
from interplay.schema.verdicts import columns_of
from interplay.world.graph import to_dict
from interplay.world.problem import Problem, make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import ERRORS, Reference, verify

RULES = {"strict": 0.0, "exact": -0.1, "sound": 0.1, "paper_v1": 0.25, "answer": 0.6}


class Made(NamedTuple):
    """One arm: its label and description, how able it is, what was varied, what it was trained from, its stages."""

    label: str
    description: str
    skill: float
    factors: dict[str, Any]
    start: str
    kinds: tuple[str, ...]


class Design(NamedTuple):
    """What differs between the small study and the large one."""

    name: str
    arms: dict[str, Made]
    regimes: dict[str, tuple[int, ...]]
    pairs: tuple[tuple[str, str, str], ...]
    ks: tuple[int, ...]
    x: str = ""
    by: str = ""


SMALL = Design(
    "quickstart",
    {
        "base": Made("Base", "pre-training on id", 1.1, {}, "", ()),
        "base_rl": Made("Base + RL", "pre-training on id, then GRPO on edge", 1.6, {}, "base", ("rl",)),
        "mid": Made("Mid", "pre-training on id, mid-training on id and edge", 2.0, {}, "base", ("midtrain",)),
        "mid_rl": Made("Mid + RL", "pre-training, mid-training, then GRPO on edge", 2.7, {}, "mid", ("midtrain", "rl")),
    },
    {"id": (2, 3), "edge": (4,), "hard": (5, 6)},
    (("base_rl", "base", "RL from base"), ("mid", "base", "mid-training"), ("mid_rl", "mid", "RL from mid")),
    (1, 2, 4, 8, 16),
)


def _budget_arms() -> dict[str, Made]:
    """Base, and three shares of RL at three budgets."""
    arms = {"base": Made("Base", "pre-training alone", 1.0, {}, "", ())}
    for place, budget in enumerate((0.7e6, 1.4e6, 2.8e6)):
        for share in (0.0, 0.5, 1.0):
            kinds = (("midtrain",) if share < 1 else ()) + (("rl",) if share else ())
            label = f"{100 * share:.0f} % RL, {budget / 1e6:g}M"
            skill = 1.5 + 0.45 * place + 1.1 * share * (1 - 0.6 * share)
            factors = {"RL share": share, "budget": budget}
            arms[f"rl{100 * share:.0f}_{place}"] = Made(label, f"{label} tokens", skill, factors, "base", kinds)
    return arms


LARGE = Design(
    "midtraining",
    _budget_arms(),
    {"A": (2, 3, 4), "A deep": (5, 6, 7), "B": (2, 3, 4), "B deep": (5, 6, 7)},
    tuple((name, "base", f"{made.label} against base") for name, made in _budget_arms().items() if name != "base"),
    (1, 2, 4, 8, 16, 32, 64, 128),
    "RL share",
    "budget",
)


def write(folder: Path, seeds: tuple[int, ...] = (0, 1, 2), design: Design = SMALL) -> Path:
    """Write every record into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.json").write_text(document(Study, study(design, seeds)))
    rows(folder / "results.csv", Result, results(design, seeds))
    rows(folder / "reliability.csv", Reliability, reliability(design, len(seeds)))
    rows(folder / "effects.csv", Effect, effects(design, len(seeds)))
    rows(folder / "outcomes.csv", OutcomeCount, outcomes(design, seeds))
    rows(folder / "worlds.csv", AskedOf, worlds(design, seeds))
    rows(folder / "errors.csv", ErrorCount, errors(design, seeds))
    kinds = {name: made.kinds for name, made in design.arms.items()}
    rows(folder / "curves.csv", CurvePoint, training.curves(kinds, seeds))
    rows(folder / "silent.csv", Silent, training.silent(kinds, seeds))
    rows(folder / "cells.csv", CellPoint, training.cells(kinds, seeds))
    starts = {name: made.start for name, made in design.arms.items()}
    skills = {name: made.skill for name, made in design.arms.items()}
    rows(folder / "nll.csv", GoldRow, training.nll(skills, starts, design.regimes, len(seeds)))
    (folder / "claims.json").write_text(document(tuple[Claim, ...], claims(design, len(seeds))))
    (folder / "examples.jsonl").write_text(json_lines(Example, examples(design)))
    return folder


def rows(path: Path, row: type[Row], records: Iterable[dict[str, Any]]) -> None:
    """A CSV file."""
    path.write_text(csv_text(row, records))


def share(skill: float, op: int, k: int, leniency: float = 0.0) -> float:
    """An invented pass@k."""
    one = 1 / (1 + math.exp(1.5 * (op - 1.6 - skill) - leniency))
    return 1 - (1 - one) ** (k**0.75)


def results(design: Design, seeds: tuple[int, ...]) -> Iterable[dict[str, Any]]:
    """pass@k of every arm, regime, op and rule, for each seed and over all."""
    groups: list[int | str] = [*seeds, *(["all"] if len(seeds) > 1 else [])]
    for arm, made in design.arms.items():
        for seed in groups:
            for regime, ops in design.regimes.items():
                skill = made.skill - 0.8 * regime.startswith("B")
                wanted: list[tuple[str | int, tuple[int, ...], str, int]]
                wanted = [("all", ops, rule, k) for rule in RULES for k in design.ks]
                ends = (design.ks[0], design.ks[-1])
                wanted += [(op, (op,), rule, k) for op in ops for rule in ("strict", "answer") for k in ends]
                for op, members, rule, k in wanted:
                    noise = 0 if seed == "all" else stream("results", arm, seed, regime).gauss(0, 0.015)
                    value = sum(share(skill, o, k, RULES[rule]) for o in members) / len(members) + noise
                    row = result(design, arm, seed, regime, min(max(value, 0), 1), len(seeds))
                    yield row | {"op": op, "rule": rule, "k": k}


def result(design: Design, arm: str, seed: int | str, regime: str, value: float, num_seeds: int) -> dict[str, Any]:
    return {
        "study": design.name, "scale": "micro", "arm": arm, "seed": seed, "regime": regime, "op": "all",
        "rule": "strict", "metric": "pass@k", "k": 1, **interval(value), "n_problems": 200, "n_samples": 16,
        "n_seeds": num_seeds if seed == "all" else 1, "address": "" if seed == "all" else f"evaluate/{arm}{seed}",
    }  # fmt: skip


def interval(value: float) -> dict[str, float]:
    """A share with a plausible interval."""
    half = 1.96 * math.sqrt(max(value * (1 - value), 0.001) / 200)
    ends = {"value": value, "lo": max(value - half, 0), "hi": min(value + half, 1)}
    return {name: round(end, 6) for name, end in ends.items()}


def reliability(design: Design, num_seeds: int) -> Iterable[dict[str, Any]]:
    """Cover, G-Pass@k, majority, unsolved and hacked of every arm and regime; guessing of every regime."""
    top = design.ks[-1]
    n = {"n_problems": 200, "n_samples": top, "n_seeds": num_seeds}
    for arm, made in design.arms.items():
        for regime, ops in design.regimes.items():
            one = sum(share(made.skill, op, 1) for op in ops) / len(ops)
            metrics = {("cover", "strict", "", 0.5): one * 0.9, ("g-pass@k", "strict", top, 0.5): one * 0.8,
                       ("majority@k", "answer", top, ""): min(1, one * 1.2), ("unsolved", "strict", "", ""): (1 - one) ** 2,
                       ("hacked", "answer", 1, ""): 0.2 * one * (1 - one) + 0.01,
                       ("not_strict", "answer", 1, ""): 0.3 * one * (1 - one) + 0.01}  # fmt: skip
            for (metric, rule, k, tau), value in metrics.items():
                about = {"arm": arm, "seed": "all" if num_seeds > 1 else 0, "regime": regime, "metric": metric}
                yield about | {"rule": rule, "k": k, "tau": tau, **interval(value), **n}
    for regime in design.regimes:
        for k, value in ((1, 0.08), (top, 0.61)):
            about = {
                "arm": "",
                "seed": "all",
                "regime": regime,
                "metric": "guess@k",
                "rule": "answer",
                "k": k,
                "tau": "",
            }
            yield about | interval(value) | n | {"n_seeds": 1}


def worlds(design: Design, seeds: tuple[int, ...]) -> Iterable[dict[str, Any]]:
    """Guessing, copies and what was served, of every op."""
    for seed in seeds:
        for regime, ops in design.regimes.items():
            for op in ops:
                yield {"arm": next(iter(design.arms)), "seed": seed, "regime": regime, "op": op, "mode": "forward",
                       "problems": 200 // len(ops), "guesser": "fitted", "guessed": round(0.5 / op, 6), "copies": 0.125,
                       "structures": 10 * op, "shapes": 4 * op, "served": round(1 / (op + seed), 6),
                       "looked_at": 4000 - 100 * seed}  # fmt: skip


def effects(design: Design, num_seeds: int) -> Iterable[dict[str, Any]]:
    """Treatment minus control in every regime at the smallest and the largest k."""
    for treatment, control, label in design.pairs:
        for regime, ops in design.regimes.items():
            for k in (design.ks[0], design.ks[-1]):
                skills = design.arms[treatment].skill, design.arms[control].skill
                value = sum(share(skills[0], o, k) - share(skills[1], o, k) for o in ops) / len(ops)
                half = 0.03 + 0.02 * stream("effect", treatment, regime, k).random()
                yield {
                    "name": f"{treatment}-{control}-{regime}-{k}", "label": label, "treatment": treatment,
                    "control": control, "regime": regime, "op": "all", "rule": "strict", "control_rule": "", "k": k,
                    "gain": False,
                    "effect": round(value, 6), "lo": round(value - half, 6), "hi": round(value + half, 6),
                    "n_problems": 200, "n_samples": 16, "n_seeds": num_seeds,
                    "control_mean": 0.4, "training_sd": 0.02 if num_seeds > 1 else "",
                }  # fmt: skip


def errors(design: Design, seeds: tuple[int, ...]) -> Iterable[dict[str, Any]]:
    """First faults of 3,200 samples per arm, seed and regime."""
    for arm, made in design.arms.items():
        for seed in seeds:
            for regime, ops in design.regimes.items():
                right = sum(share(made.skill, op, 1) for op in ops) / len(ops)
                weights = [1 / (i + 1.3) * (0.7 + stream("error", arm, regime, i).random()) for i in range(len(ERRORS))]
                parts = {"none": right} | {
                    error: (1 - right) * w / sum(weights) for error, w in zip(ERRORS, weights, strict=True)
                }
                for error, part in parts.items():
                    hacked = round(3200 * part * 0.04) if error in ("wrong_parent", "wrong_value") else 0
                    yield {"arm": arm, "seed": seed, "regime": regime, "error": error, "count": round(3200 * part),
                           "share": round(part, 6),
                           "right_answer": round(3200 * part) if error == "none" else hacked}  # fmt: skip


def outcomes(design: Design, seeds: tuple[int, ...]) -> Iterable[dict[str, Any]]:
    """What became of 3,200 samples per arm, seed and regime."""
    for arm, made in design.arms.items():
        for seed in seeds:
            for regime, ops in design.regimes.items():
                right = sum(share(made.skill, op, 1) for op in ops) / len(ops)
                parts = {"strict": right, "shortened": 0.06 * (1 - right), "hacked": 0.2 * (1 - right)}
                parts["wrong_answer"] = 1 - sum(parts.values())
                for outcome, part in parts.items():
                    yield {"arm": arm, "seed": seed, "regime": regime, "outcome": outcome, "count": round(3200 * part),
                           "share": round(part, 6), "guess": 0.25 if len(ops) > 1 else ""}  # fmt: skip


DESCRIBED = {"supported": "higher", "contradicted": "lower", "cannot tell": "level"}  # of fewer than three trainings


def claims(design: Design, num_seeds: int) -> list[dict[str, Any]]:
    """One claim of each verdict."""
    rule = "the paired 95 % interval lies above zero and the corrected p-value is below 0.05"
    regime = list(design.regimes)[1]
    about = {"rule": rule, "n_problems": 200, "n_samples": 16, "n_seeds": num_seeds, "note": "", "direction": "up",
             "regime": regime, "op": "all", "k": 1, "scored": "strict", "p_holm": 0.0123, "contrast": "c",
             "gain": False, "number": "", "by_training": [], "smallest": 0.052, "trainings_needed": 7,
             "treatment": list(design.arms)[1], "control": next(iter(design.arms))}  # fmt: skip
    texts = (
        (
            "RL on edge problems raises verified edge pass@1 above its start after mid-training",
            0.131,
            "supported",
            "T3",
        ),
        (
            "RL on edge problems raises verified edge pass@1 above its start without mid-training",
            0.017,
            "cannot tell",
            "T1",
        ),
        ("RL from base adds capability on edge problems: verified pass@16 rises", -0.061, "contradicted", ""),
    )
    return [
        {"claim": text, "effect": effect, "lo": effect - 0.041, "hi": effect + 0.041, "key": key,
         "verdict": verdict if num_seeds > 2 else DESCRIBED[verdict],
         "source": "paper" if key else "ours", **about}
        for text, effect, verdict, key in texts
    ]  # fmt: skip


def study(design: Design, seeds: tuple[int, ...]) -> dict[str, Any]:
    """study.json."""
    arms, stages = [], {}
    for seed in seeds:
        for name, made in design.arms.items():
            own = training.stages(name, made.kinds, made.start, seed)
            stages |= own
            arms.append({"arm": name, "label": made.label, "seed": seed, "description": made.description,
                         "factors": made.factors, "start": made.start, "stages": list(own)})  # fmt: skip
    return {
        "study": design.name, "title": "From scratch to RL: what each stage adds",
        "question": "Does the whole chain work, and does RL on the edge of competence raise verified accuracy there?",
        "scale": "micro", "seeds": list(seeds), "version": "0.1.0", "schema_version": VERSION, "x": design.x, "by": design.by,
        "command": f"interplay run {design.name} --scale micro --store store", "settings": training.SETTINGS,
        "wall_s": 552.4, "machine": {"cpu": "x86_64", "cores": 2, "cuda": None},
        "software": {"python": "3.12.3", "torch": "2.9.1"},
        "regimes": {name: list(ops) for name, ops in design.regimes.items()}, "contexts": ["zoo", "school"],
        "arms": arms, "stages": stages,
        "detectable": {"effect": 0.052, "text": "is the smallest difference in pass@1 that 200 problems with 16 "
                       "samples each would show in four runs of five (paired, 5 % level)."},
    }  # fmt: skip


def examples(design: Design) -> Iterable[dict[str, Any]]:
    """Ten solutions: right ones, and ones damaged in the ways in which models fail."""
    damages = [None, "digit", "drop", "digit", None, "cut", "digit", "answer", "digit", None]
    for index, damage in enumerate(damages):
        rng = stream("example", index)
        regime = list(design.regimes)[index % 3]
        problem = make(Spec(op=design.regimes[regime][-1]), ("zoo", "school")[index % 2], "terse", rng)
        text = damaged(problem, damage)
        yield example_row(problem, text, regime, list(design.arms)[index % 4], truncated=damage == "cut")


def example_row(problem: Problem, text: str, regime: str, arm: str, truncated: bool = False) -> dict[str, Any]:
    """A solution with its verdict."""
    verdict = verify(Reference.from_graph(problem.graph, problem.solution), text, truncated=truncated)
    return {
        "arm": arm, "seed": 0, "regime": regime, "op": problem.op, "context": problem.context,
        "problem": problem.problem, "question": problem.question, "text": text, "gold": problem.solution,
        **columns_of(verdict),
        "steps": [{"name": s.name, "start": s.start, "end": s.end, "error": s.error} for s in verdict.steps],
        "graph": to_dict(problem.graph),
    }  # fmt: skip


def damaged(problem: Problem, damage: str | None) -> str:
    """The gold completion with one fault."""
    text = problem.completion
    if damage == "digit":
        places = [i for i, letter in enumerate(text) if letter.isdigit()]
        place = places[len(places) // 2 - 1]
        return text[:place] + str((int(text[place]) + 3) % 10) + text[place + 1 :]
    if damage == "drop":
        first = text.index(" . ") + 3
        return " " + text[first:]
    if damage == "cut":
        return text[: len(text) // 2]
    if damage == "answer":
        return text.replace("<answer> ", "<answer> 1")
    return text


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), design=LARGE if sys.argv[2:] == ["large"] else SMALL))
