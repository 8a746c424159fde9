"""Records of a study that never ran: the files, fields and sizes of a real one, with invented numbers.

Problems and verdicts are real (generated and verified here); everything else follows from a named random stream, so the
same call writes the same bytes. `python tests/report/synthetic_records.py DIR` writes them for a look at the page.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from interplay.world.graph import to_dict
from interplay.world.problem import Problem, make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import ERRORS, Reference, verify

ARMS = {
    "base": ("Base", "pre-training on id"),
    "base_rl": ("Base + RL", "pre-training on id, then GRPO on edge"),
    "mid": ("Mid", "pre-training on id, mid-training on id and edge"),
    "mid_rl": ("Mid + RL", "pre-training, mid-training, then GRPO on edge"),
}
REGIMES = {"id": (2, 3), "edge": (4,), "hard": (5, 6)}
SKILL = {"base": 1.1, "base_rl": 1.6, "mid": 2.0, "mid_rl": 2.7}
PAIRS = (("base_rl", "base", "RL from base"), ("mid", "base", "mid-training"), ("mid_rl", "mid", "RL from mid"))
KS = (1, 2, 4, 8, 16)


def write(folder: Path, seeds: tuple[int, ...] = (0, 1, 2)) -> Path:
    """Write every record into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.json").write_text(json.dumps(study(seeds), indent=1))
    rows(folder / "results.csv", results(seeds))
    rows(folder / "effects.csv", effects(len(seeds)))
    rows(folder / "errors.csv", errors(seeds))
    rows(folder / "curves.csv", curves(seeds))
    (folder / "claims.json").write_text(json.dumps(claims(len(seeds)), indent=1))
    lines = [json.dumps(row, ensure_ascii=False) for row in examples()]
    (folder / "examples.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def rows(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """A CSV file with the fields of its first row."""
    records = list(records)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


def share(arm: str, op: int, k: int, leniency: float = 0.0) -> float:
    """An invented pass@k."""
    one = 1 / (1 + math.exp(1.5 * (op - 1.6 - SKILL[arm]) - leniency))
    return 1 - (1 - one) ** (k**0.75)


def results(seeds: tuple[int, ...]) -> Iterable[dict[str, Any]]:
    """pass@k of every arm, regime, op and rule, for each seed and over all."""
    groups: list[int | str] = [*seeds, *(["all"] if len(seeds) > 1 else [])]
    rules = {"strict": 0.0, "exact": -0.1, "paper_v1": 0.25, "answer": 0.6}
    for arm in ARMS:
        for seed in groups:
            for regime, ops in REGIMES.items():
                cells: list[tuple[str | int, tuple[int, ...]]] = [("all", ops), *((op, (op,)) for op in ops)]
                for op, members in cells:
                    for rule, leniency in rules.items():
                        for k in KS:
                            noise = 0 if seed == "all" else stream("results", arm, seed, regime).gauss(0, 0.015)
                            value = sum(share(arm, o, k, leniency) for o in members) / len(members) + noise
                            yield result(arm, seed, regime, op, rule, k, min(max(value, 0), 1), len(seeds))


def result(
    arm: str, seed: int | str, regime: str, op: str | int, rule: str, k: int, value: float, num_seeds: int
) -> dict[str, Any]:
    half = 1.96 * math.sqrt(max(value * (1 - value), 0.001) / (200 if op == "all" else 100))
    return {
        "study": "quickstart", "scale": "micro", "arm": arm, "seed": seed, "regime": regime, "op": op, "rule": rule,
        "metric": "pass@k", "k": k, "value": round(value, 6), "lo": round(max(value - half, 0), 6),
        "hi": round(min(value + half, 1), 6), "n_problems": 200 if op == "all" else 100, "n_samples": 16,
        "n_seeds": num_seeds if seed == "all" else 1, "address": "" if seed == "all" else f"evaluate/{arm}{seed}",
    }  # fmt: skip


def effects(num_seeds: int) -> Iterable[dict[str, Any]]:
    """Treatment minus control in every regime at the smallest and the largest k."""
    for treatment, control, label in PAIRS:
        for regime, ops in REGIMES.items():
            for k in (KS[0], KS[-1]):
                value = sum(share(treatment, o, k) - share(control, o, k) for o in ops) / len(ops)
                half = 0.03 + 0.02 * stream("effect", treatment, regime, k).random()
                yield {
                    "name": f"{treatment}-{control}-{regime}-{k}", "label": label, "treatment": treatment,
                    "control": control, "regime": regime, "rule": "strict", "k": k, "effect": round(value, 6),
                    "lo": round(value - half, 6), "hi": round(value + half, 6), "n_problems": 200, "n_samples": 16,
                    "n_seeds": num_seeds,
                }  # fmt: skip


def errors(seeds: tuple[int, ...]) -> Iterable[dict[str, Any]]:
    """First faults of 3,200 samples per arm, seed and regime."""
    for arm in ARMS:
        for seed in seeds:
            for regime, ops in REGIMES.items():
                right = sum(share(arm, op, 1) for op in ops) / len(ops)
                weights = [1 / (i + 1.3) * (0.7 + stream("error", arm, regime, i).random()) for i in range(len(ERRORS))]
                parts = {"none": right} | {
                    error: (1 - right) * w / sum(weights) for error, w in zip(ERRORS, weights, strict=True)
                }
                for error, part in parts.items():
                    hacked = round(3200 * part * 0.04) if error in ("wrong_parent", "wrong_value") else 0
                    yield {"arm": arm, "seed": seed, "regime": regime, "error": error, "count": round(3200 * part),
                           "share": round(part, 6), "hacked": hacked}  # fmt: skip


def curves(seeds: tuple[int, ...]) -> Iterable[dict[str, Any]]:
    """Loss of the two supervised stages and the metrics of RL, each stage under the first arm it belongs to."""
    for seed in seeds:
        noise = stream("curves", seed)
        for arm, stage, steps in (("base", "pretrain", 400), ("mid", "midtrain", 160)):
            for step in range(1, steps + 1):
                start = 4.2 if stage == "pretrain" else 0.55
                loss = 0.14 + (start - 0.14) * math.exp(-step / 60) + abs(noise.gauss(0, 0.02))
                yield curve(arm, seed, stage, step, "train/loss", loss, step * 6144)
        for arm, at in (("base_rl", 0.2), ("mid_rl", 0.42)):
            for step in range(1, 81):
                reward = at + 0.25 * (1 - math.exp(-step / 30)) + noise.gauss(0, 0.03)
                metrics = {
                    "rl/reward": reward, "rl/strict": reward * 0.96, "rl/hacked": reward * 0.04,
                    "rl/silent_wrong": max(0.5 - reward * 0.6, 0), "rl/silent_right": max(reward - 0.3, 0) * 0.5,
                    "rl/length": 46 + 3 * reward,
                }  # fmt: skip
                for metric, value in metrics.items():
                    yield curve(arm, seed, "rl", step, metric, value, "")


def curve(arm: str, seed: int, stage: str, step: int, metric: str, value: float, tokens: int | str) -> dict[str, Any]:
    return {"arm": arm, "seed": seed, "stage": stage, "address": f"{stage}/{arm}{seed}", "step": step,
            "tokens": tokens, "metric": metric, "value": float(f"{value:.6g}")}  # fmt: skip


def claims(num_seeds: int) -> list[dict[str, Any]]:
    """One claim of each verdict."""
    rule = "the paired 95 % interval lies above zero and the corrected p-value is below 0.05"
    about = {"rule": rule, "n_problems": 200, "n_samples": 16, "n_seeds": num_seeds, "note": ""}
    texts = (
        ("RL on edge problems raises verified edge pass@1 above its start after mid-training", 0.131, "supported"),
        ("RL on edge problems raises verified edge pass@1 above its start without mid-training", 0.017, "cannot tell"),
        ("RL from base adds capability on edge problems: verified pass@16 rises", -0.061, "contradicted"),
    )
    return [
        {"claim": text, "effect": effect, "lo": effect - 0.041, "hi": effect + 0.041, "verdict": verdict, **about}
        for text, effect, verdict in texts
    ]


def study(seeds: tuple[int, ...]) -> dict[str, Any]:
    """study.json."""
    return {
        "study": "quickstart", "title": "From scratch to RL: what each stage adds",
        "question": "Does the whole chain work, and does RL on the edge of competence raise verified accuracy there?",
        "scale": "micro", "seeds": list(seeds), "version": "0.1.0",
        "command": "interplay run quickstart --scale micro --store store",
        "settings": {"scale": "micro", "id_ops": [2, 3], "edge_ops": [4], "hard_ops": [5, 6], "precision": "fp32",
                     "optimizer": {"kind": "muon", "lr": 0.003, "matrix_lr": 0.02}, "problems": 200, "devices": None},
        "wall_s": 552.4, "machine": {"cpu": "x86_64", "cores": 2, "torch": "2.9.1", "python": "3.12.3", "cuda": None},
        "regimes": {name: list(ops) for name, ops in REGIMES.items()}, "contexts": ["zoo", "school"],
        "arms": [arm_record(arm, seed) for seed in seeds for arm in ARMS],
        "detectable": {"effect": 0.052, "text": "is the smallest difference in pass@1 that 200 problems with 16 "
                       "samples each would show in four runs of five (paired, 5 % level)."},
    }  # fmt: skip


def arm_record(arm: str, seed: int) -> dict[str, Any]:
    """One arm with its stages; shared stages have one address."""
    made = [stage("tokenizer", "tokenizer/6f1d02c9aa", "documents of every regime", documents=4000, wall_s=2.1),
            stage("pretrain", f"pretrain/base{seed}", "op 2–3, zoo and school", tokens=2457600, steps=400,
                  documents=33012, flops=1.3e13, wall_s=188.0 + seed)]  # fmt: skip
    if arm.startswith("mid"):
        made.append(stage("midtrain", f"midtrain/mid{seed}", "half op 2–3, half op 4", tokens=983040, steps=160,
                          documents=11870, flops=5.2e12, wall_s=76.0))  # fmt: skip
    if arm.endswith("rl"):
        made.append(stage("rl", f"rl/{arm}{seed}", "GRPO on op 4, outcome reward", tokens=1412000, steps=80,
                          flops=2.4e13, wall_s=121.0))  # fmt: skip
    made.append(stage("evaluate", f"evaluate/{arm}{seed}", "600 problems × 16 samples", wall_s=31.5))
    label, description = ARMS[arm]
    return {"arm": arm, "label": label, "seed": seed, "description": description, "stages": made}


def stage(kind: str, address: str, what: str, **summary: float) -> dict[str, Any]:
    return {"kind": kind, "address": address, "summary": summary, "what": what}


def examples() -> Iterable[dict[str, Any]]:
    """Ten solutions: right ones, and ones damaged in the ways in which models fail."""
    damages = [None, "digit", "drop", "digit", None, "cut", "digit", "answer", "digit", None]
    for index, damage in enumerate(damages):
        rng = stream("example", index)
        regime = list(REGIMES)[index % 3]
        problem = make(Spec(op=REGIMES[regime][-1]), ("zoo", "school")[index % 2], "terse", rng)
        text = damaged(problem, damage)
        yield example_row(problem, text, regime, list(ARMS)[index % 4], truncated=damage == "cut")


def example_row(problem: Problem, text: str, regime: str, arm: str, truncated: bool = False) -> dict[str, Any]:
    """A solution with its verdict."""
    verdict = verify(Reference.from_graph(problem.graph, problem.solution), text, truncated=truncated)
    return {
        "arm": arm, "seed": 0, "regime": regime, "op": problem.op, "context": problem.context,
        "problem": problem.problem, "question": problem.question, "text": text, "gold": problem.solution,
        "answer": verdict.answer, "strict": verdict.strict, "error": verdict.error,
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
    print(write(Path(sys.argv[1])))
