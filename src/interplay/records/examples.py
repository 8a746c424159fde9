"""examples.jsonl: a few sampled solutions with each step's verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from interplay.evals.evaluation import read_problems, read_samples
from interplay.schema.verdicts import JudgedByAll
from interplay.studies.study import Arm, Study
from interplay.world.graph import from_dict
from interplay.world.verify import Reference, verify


def example_rows(study: Study) -> Iterator[dict[str, object]]:
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
        hacked = [row for row in samples if row["outcome"] == "hacked"]
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
        "text": row["text"],
        **{name: row[name] for name in JudgedByAll.columns()},
        "steps": [{"name": s.name, "start": s.start, "end": s.end, "error": s.error} for s in verdict.steps],
        "graph": graph,
    }
