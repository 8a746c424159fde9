"""The records of a finished study: tidy tables that the report, and anybody else, reads. Every number comes from here.

results.csv   pass@k per arm, seed, regime, op and rule, with intervals
effects.csv   each contrast with its paired interval
errors.csv    first faults per arm and regime
curves.csv    loss and reward over training
claims.json   each claim, its rule and what this run says
examples.jsonl  a few sampled solutions with each step's verdict
study.json    what was trained on what, settings and addresses
"""

from __future__ import annotations

import csv
import json
import os
import platform
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interplay import __version__
from interplay.evals.intervals import Estimate, mean_interval, paired_interval
from interplay.evals.multiple import holm, paired_p_value
from interplay.evals.pass_at_k import pass_at_k
from interplay.evals.power import Design, describe, smallest_effect
from interplay.evals.records import counts_by_problem, read_evaluation, read_problems, read_samples
from interplay.studies.stages import Stage, data_of, upstream
from interplay.studies.study import Arm, Claim, Contrast, Study
from interplay.train.metrics import read_metrics
from interplay.world.graph import from_dict
from interplay.world.verify import Reference, verify

RULES = {"strict": "strict", "exact": "exact", "paper_v1": "paper_v1", "answer": "answer_correct"}
CURVES = (
    "train/loss",
    "rl/reward",
    "rl/strict",
    "rl/outcome",
    "rl/length",
    "rl/silent_wrong",
    "rl/silent_right",
    "rl/hacked",
)
LEVEL = 0.05

INTERVAL = ("lo", "hi", "n_problems", "n_samples", "n_seeds")
RESULTS = ("study", "scale", "arm", "seed", "regime", "op", "rule", "metric", "k", "value", *INTERVAL, "address")
EFFECTS = ("name", "label", "treatment", "control", "regime", "rule", "k", "effect", *INTERVAL)
ERRORS = ("arm", "seed", "regime", "error", "count", "share", "hacked")
CURVE_POINTS = ("arm", "seed", "stage", "address", "step", "tokens", "metric", "value")


class Measured:
    """One arm's evaluation: regime and op of each problem, and per rule its samples and successes."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm
        evaluation = read_evaluation(arm.evaluation.folder)
        self.regimes = np.array(evaluation.problems["regime"].to_pylist())
        self.ops = np.array(evaluation.problems["op"].to_pylist())
        self.counts = {name: counts_by_problem(evaluation, column) for name, column in RULES.items()}

    def pass_at(self, k: int, rule: str, regime: str, op: int | None = None) -> np.ndarray[Any, Any]:
        """pass@k of each problem of a regime (and op)."""
        counts = self.counts[rule]
        values = np.asarray(pass_at_k(counts.n, counts.c, k))
        chosen = self.regimes == regime
        selected: np.ndarray[Any, Any] = values[chosen if op is None else chosen & (self.ops == op)]
        return selected


Arms = Mapping[str, Sequence[Measured]]


def write_records(study: Study, folder: Path, command: str) -> None:
    """Write every record of a study whose stages are all cached."""
    arms: dict[str, list[Measured]] = {}
    for arm in study.arms:
        arms.setdefault(arm.name, []).append(Measured(arm))
    _write_csv(folder / "results.csv", RESULTS, result_rows(study, arms))
    effects = [effect_row(study, contrast, arms) for contrast in study.contrasts]
    _write_csv(folder / "effects.csv", EFFECTS, effects)
    _write_csv(
        folder / "errors.csv", ERRORS, [row for members in arms.values() for m in members for row in error_rows(m)]
    )
    _write_csv(folder / "curves.csv", CURVE_POINTS, curve_rows(study))
    _write_json(folder / "claims.json", claim_rows(study, arms))
    lines = [json.dumps(row, ensure_ascii=False) for row in example_rows(study)]
    _replace(folder / "examples.jsonl", "\n".join(lines) + "\n")
    _write_json(folder / "study.json", about(study, arms, command))


def result_rows(study: Study, arms: Arms) -> Iterable[dict[str, Any]]:
    """pass@k with intervals: every rule and k per regime, pass@1 and the largest k per op."""
    ks, ends = study.settings.ks, sorted({1, max(study.settings.ks)})
    for name, members in arms.items():
        groups: list[tuple[str, str, Sequence[Measured]]] = [
            (str(m.arm.seed), m.arm.evaluation.address, [m]) for m in members
        ]
        if len(members) > 1:
            groups.append(("all", "", members))
        for seed, address, measured in groups:
            for regime, ops in study.regimes.items():
                wanted: list[tuple[str, int | None, str, int]] = [("all", None, rule, k) for rule in RULES for k in ks]
                wanted += [(str(op), op, rule, k) for op in ops for rule in ("strict", "answer") for k in ends]
                for op_name, op, rule, k in wanted:
                    values = [m.pass_at(k, rule, regime, op) for m in measured]
                    estimate = mean_interval(
                        values, names=("results", regime, op_name), n_samples=study.settings.samples
                    )
                    yield {
                        "study": study.name, "scale": study.settings.scale, "arm": name, "seed": seed,
                        "regime": regime, "op": op_name, "rule": rule, "metric": "pass@k", "k": k,
                        **_estimate(estimate), "address": address,
                    }  # fmt: skip


def _estimate(estimate: Estimate, name: str = "value") -> dict[str, Any]:
    return {
        name: round(estimate.value, 6), "lo": round(estimate.lo, 6), "hi": round(estimate.hi, 6),
        "n_problems": estimate.n_problems, "n_samples": estimate.n_samples, "n_seeds": estimate.n_seeds,
    }  # fmt: skip


def _pair(contrast: Contrast, arms: Arms) -> tuple[list[Any], list[Any]]:
    def values(name: str) -> list[Any]:
        return [m.pass_at(contrast.k, contrast.rule, contrast.regime) for m in arms[name]]

    return values(contrast.control), values(contrast.treatment)


def effect_row(study: Study, contrast: Contrast, arms: Arms) -> dict[str, Any]:
    """One contrast with its paired interval; seeds are the outer level where there are several."""
    estimate = paired_interval(
        *_pair(contrast, arms), names=("effect", contrast.name), n_samples=study.settings.samples
    )
    about_it = {
        field: getattr(contrast, field) for field in ("name", "label", "treatment", "control", "regime", "rule", "k")
    }
    return about_it | _estimate(estimate, "effect")


def claim_rows(study: Study, arms: Arms) -> list[dict[str, Any]]:
    """Each claim with its effect and verdict; p-values are Holm-corrected over the study's claims."""
    contrasts = {contrast.name: contrast for contrast in study.contrasts}
    chosen = [contrasts[claim.contrast] for claim in study.claims]
    p_values = [paired_p_value(*_pair(contrast, arms), names=("claim", contrast.name)) for contrast in chosen]
    rows = []
    for claim, contrast, p in zip(study.claims, chosen, holm(p_values), strict=True):
        effect = effect_row(study, contrast, arms)
        rows.append(
            {"claim": claim.text, "rule": claim.rule, "contrast": contrast.name, "p_holm": round(float(p), 6)}
            | {name: effect[name] for name in ("effect", "lo", "hi", "n_problems", "n_samples", "n_seeds")}
            | {
                "verdict": verdict_of(claim, effect["lo"], effect["hi"], float(p)),
                "note": _note(len(study.settings.seeds)),
            }
        )
    return rows


def verdict_of(claim: Claim, lo: float, hi: float, p: float) -> str:
    """The claim's rule, applied."""
    if p < LEVEL and lo > 0:
        return "supported"
    if p < LEVEL and hi < 0:
        return "contradicted"
    return "cannot tell"


def _note(seeds: int) -> str:
    if seeds == 1:
        return "one seed: the interval covers other problems of the same kind, not other training runs"
    return f"{seeds} seeds: the interval covers other problems and other training runs"


def error_rows(measured: Measured) -> list[dict[str, Any]]:
    """First faults per regime, and how many right answers came with a wrong derivation."""
    folder = measured.arm.evaluation.folder
    samples = read_samples(folder, ("problem_id", "error", "strict", "answer_correct")).to_pydict()
    ids = read_problems(folder, ("problem_id",))["problem_id"].to_pylist()
    regime_of = dict(zip(ids, measured.regimes.tolist(), strict=True))
    counts: Counter[tuple[str, str]] = Counter()
    hacked: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for problem, error, strict, right in zip(*samples.values(), strict=True):
        key = (regime_of[problem], error or "none")
        counts[key] += 1
        totals[key[0]] += 1
        hacked[key] += right and not strict
    return [
        {
            "arm": measured.arm.name, "seed": measured.arm.seed, "regime": regime, "error": error, "count": count,
            "share": round(count / totals[regime], 6), "hacked": hacked[regime, error],
        }
        for (regime, error), count in sorted(counts.items())
    ]  # fmt: skip


def curve_rows(study: Study) -> Iterable[dict[str, Any]]:
    """Metrics of every training stage, each stage once, under the first arm that it belongs to."""
    seen: set[str] = set()
    for arm in study.arms:
        for stage in upstream(arm.checkpoint):
            kind = stage.kind  # type: ignore[attr-defined]
            if kind == "tokenizer" or stage.address in seen:
                continue
            seen.add(stage.address)
            for row in read_metrics(stage.folder / "metrics.jsonl"):
                for metric in CURVES:
                    if metric in row:
                        yield {
                            "arm": arm.name, "seed": arm.seed, "stage": kind, "address": stage.address,
                            "step": row["step"], "tokens": row.get("tokens", ""), "metric": metric,
                            "value": float(f"{row[metric]:.6g}"),
                        }  # fmt: skip


def example_rows(study: Study) -> Iterable[dict[str, Any]]:
    """First samples of the first seed: from the first arm and the last, of each regime, wrong ones and right ones."""
    arms = [arm for arm in study.arms if arm.seed == study.settings.seeds[0]]
    for arm, wanted in ((arms[0], (False,)), (arms[-1], (False, True))):
        problems = {row["problem_id"]: row for row in read_problems(arm.evaluation.folder).to_pylist()}
        samples = [row for row in read_samples(arm.evaluation.folder).to_pylist() if row["sample"] == 0]
        for regime in study.regimes:
            members = [row for row in samples if problems[row["problem_id"]]["regime"] == regime]
            for strict in wanted:
                found = [row for row in members if row["strict"] == strict]
                for row in found[:1]:
                    yield _example(arm, problems[row["problem_id"]], row)
        hacked = [row for row in samples if row["answer_correct"] and not row["strict"]]
        for row in hacked[:1]:
            yield _example(arm, problems[row["problem_id"]], row)


def _example(arm: Arm, problem: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    graph = json.loads(problem["graph"])
    reference = Reference.from_graph(from_dict(graph), problem["solution"])
    verdict = verify(reference, row["text"], truncated=not row["finished"])
    return {
        "arm": arm.name,
        "seed": arm.seed,
        **{name: problem[name] for name in ("regime", "op", "context", "problem", "question")},
        "gold": problem["solution"],
        **{name: row[name] for name in ("text", "answer", "strict", "error")},
        "steps": [{"name": s.name, "start": s.start, "end": s.end, "error": s.error} for s in verdict.steps],
        "graph": graph,
    }


def about(study: Study, arms: Arms, command: str) -> dict[str, Any]:
    """study.json: what was trained on what, settings, addresses, machine, and the smallest detectable effect."""
    described: list[dict[str, Any]] = [
        {"arm": arm.name, "label": arm.label, "seed": arm.seed, "description": arm.description,
         "stages": [_stage(stage) for stage in upstream(arm.evaluation)]}
        for arm in study.arms
    ]  # fmt: skip
    walls = {s["address"]: s["summary"].get("wall_s", 0.0) for arm in described for s in arm["stages"]}
    chosen = study.settings
    control = study.contrasts[0].control
    baseline = float(np.mean([m.pass_at(1, "strict", "edge").mean() for m in arms[control]]))
    design = Design(
        num_problems=chosen.problems, num_samples=chosen.samples, k=1, num_seeds=len(chosen.seeds),
        baseline=min(max(baseline, 0.02), 0.95),
    )  # fmt: skip
    return {
        "study": study.name, "title": study.title, "question": study.question, "scale": chosen.scale,
        "seeds": list(chosen.seeds), "version": __version__, "command": command,
        "settings": chosen.model_dump(mode="json"), "wall_s": round(sum(walls.values()), 1), "machine": machine(),
        "regimes": study.regimes, "contexts": list(chosen.contexts), "arms": described,
        "detectable": {"effect": smallest_effect(design), "text": describe(design)},
    }  # fmt: skip


def _stage(stage: Stage) -> dict[str, Any]:
    summary = json.loads((stage.folder / "summary.json").read_text())
    kind = stage.kind  # type: ignore[attr-defined]
    return {"kind": kind, "address": stage.address, "summary": summary, "what": data_of(stage)}


def machine() -> dict[str, Any]:
    """What the run ran on."""
    return {
        "cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "torch": torch.__version__,
        "python": platform.python_version(), "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }  # fmt: skip


def command_line(words: Sequence[str]) -> str:
    """A command as it can be typed again."""
    return shlex.join(words)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    staging = path.with_name(f".{path.name}.staging")
    with staging.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    staging.replace(path)


def _write_json(path: Path, value: Any) -> None:
    _replace(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _replace(path: Path, text: str) -> None:
    staging = path.with_name(f".{path.name}.staging")
    staging.write_text(text)
    staging.replace(path)
