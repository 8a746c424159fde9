"""Run a study: every stage once, in order, each taken from the store where it is there; then the records and the report."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from interplay.evals.power import Design, describe
from interplay.progress import say
from interplay.studies.records import write_records
from interplay.studies.stages import Stage, announce, data_of, upstream
from interplay.studies.study import Study


class Outcome(NamedTuple):
    """What a run did: the folder of its records, and which stages ran or were there."""

    folder: Path
    wall_s: float
    cached_stages: list[str]
    run_stages: list[str]


def stages_of(study: Study) -> list[Stage]:
    """Every stage of the study once, each after what it needs."""
    ordered: dict[str, Stage] = {}
    for arm in study.arms:
        for stage in upstream(arm.evaluation):
            ordered.setdefault(stage.address, stage)
    return list(ordered.values())


def study_folder(study: Study, store: Path) -> Path:
    """Where the records of a study under these settings go."""
    spelled = json.dumps(study.settings.model_dump(mode="json"), sort_keys=True)
    name = f"{study.name}-{study.settings.scale}-{hashlib.sha256(spelled.encode()).hexdigest()[:10]}"
    return store / "studies" / name


def run_study(study: Study, store: Path, command: str) -> Outcome:
    """Run what is not cached and write the records. A stage that fails leaves what came before it in the store."""
    started = time.monotonic()
    cached, ran = [], []
    for stage in stages_of(study):
        if stage.cached:
            cached.append(stage.address)
            continue
        announce(stage)
        stage.run()  # type: ignore[attr-defined]
        ran.append(stage.address)
    folder = study_folder(study, store)
    folder.mkdir(parents=True, exist_ok=True)
    say("records and report")
    write_records(study, folder, command)
    return Outcome(folder, time.monotonic() - started, cached, ran)


def plan_lines(study: Study) -> list[str]:
    """What would run: one line per stage, and the smallest effect the design can see."""
    chosen = study.settings
    lines = [f"{study.name} at {chosen.scale}: {study.question}"]
    for stage in stages_of(study):
        state = "cached" if stage.cached else "to run"
        lines.append(f"{state:>7}  {stage.address:<22}  {stage.label:<28}  {work_of(stage)}")
    design = Design(num_problems=chosen.problems, num_samples=chosen.samples, k=1, num_seeds=len(chosen.seeds))
    return [*lines, describe(design)]


def work_of(stage: Stage) -> str:
    """The stage's work in words."""
    config: Any = stage.config  # type: ignore[attr-defined]
    match stage.kind:  # type: ignore[attr-defined]
        case "tokenizer":
            return f"{config.documents:,} documents, {config.vocab_size:,} tokens in the vocabulary"
        case "pretrain" | "midtrain":
            return f"{config.budget_tokens:,} tokens on {data_of(stage)}"
        case "rl":
            return f"{config.steps} steps of {config.prompts} problems x {config.group} samples on {data_of(stage)}"
        case _:
            return f"{config.problems} problems per regime x {config.samples} samples"
