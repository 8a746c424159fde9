"""study.json: what was asked, what was trained on what under which settings, where, and what it took.

Every stage stands once, under its address; arms name the stages they went through.
"""

from __future__ import annotations

import json
import platform
import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from interplay import __version__
from interplay.evals.simulate import Design
from interplay.evals.spread import Spread
from interplay.rl.flops import MEASURED, NOMINAL
from interplay.schema import VERSION
from interplay.stages.stage import Stage
from interplay.studies.foresight import power_lines, smallest
from interplay.studies.study import Study
from interplay.train.metrics import read_metrics
from interplay.train.processor import processor

if TYPE_CHECKING:
    from interplay.records.seeds import Kept

SUMMED = {"flops": MEASURED, "nominal_flops": NOMINAL}
SUMMARY = ("vocab_size", "steps", "tokens", "real_tokens", "padding_share", "documents", "dropped_documents", "flops",
           "nominal_flops", "problems", "samples", "wall_s", "tokens_per_s", "peak_memory_bytes", "processes",
           "best_held_out", "unfit")  # fmt: skip
SOFTWARE = ("torch", "transformers", "tokenizers", "accelerate", "numpy", "scipy", "pyarrow", "exca")


def about(
    study: Study, kept: Sequence[Kept], spread: Spread, designs: Mapping[str, Design], command: str
) -> dict[str, object]:
    """The whole record; `designs` are those of its claims' contrasts, around what was measured."""
    chosen = study.settings
    described = {address: found for seed in kept for address, found in seed.about.stages.items()}
    first = {arm.name: arm for arm in study.arms}
    return {
        "study": study.name, "title": study.title, "question": study.question, "scale": chosen.scale,
        "seeds": list(chosen.seeds), "version": __version__, "schema_version": VERSION, "command": command,
        "settings": chosen.identity(),
        "wall_s": round(sum(s["summary"].get("wall_s", 0.0) for s in described.values()), 1),
        "machine": _several([seed.about.machine for seed in kept]),
        "software": _several([seed.about.software for seed in kept]), "x": study.x, "by": study.by,
        "regimes": study.regimes, "contexts": _contexts(study),
        "arms": [
            {"arm": arm.arm, "label": first[arm.arm].label, "seed": seed.said.seed,
             "description": first[arm.arm].description, "factors": dict(first[arm.arm].factors),
             "start": first[arm.arm].start, "stages": list(arm.stages)}
            for seed in kept for arm in seed.said.arms
        ],
        "stages": described,
        "detectable": {
            "effect": smallest(study, designs), "text": "; ".join(map(str.strip, power_lines(study, spread, designs)))
        } if designs else None,
    }  # fmt: skip


def _several(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several seeds say of their machines: the value where they agree, else every value once, as text."""
    said: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in found for name in one):
        values = list({json.dumps(one[name]): one[name] for one in found if name in one}.values())
        said[name] = values[0] if len(values) == 1 else "; ".join(map(str, values))
    return said


def stage_summary(stage: Stage) -> dict[str, object]:
    """What a stage was trained on, its own settings, and what it took."""
    summary = json.loads((stage.folder / "summary.json").read_text())
    if isinstance(summary.get("documents"), dict):  # per cell
        summary["documents"] = sum(summary["documents"].values())
    kept = {name: summary[name] for name in SUMMARY if summary.get(name) is not None}
    rows = read_metrics(stage.folder / "metrics.jsonl") if stage.kind == "rl" else []
    for name, metric in SUMMED.items():
        if rows and all(metric in row for row in rows):
            kept.setdefault(name, float(f"{sum(row[metric] for row in rows):.6g}"))
    kept = {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in kept.items()}
    return {"kind": stage.kind, "what": stage.data, "summary": kept, "config": _config(stage)}


def _config(stage: Stage) -> dict[str, object]:
    """The stage's own settings without its problems, which `what` says in words, and without what is left unset."""
    fields = stage.config.identity().items()
    return {n: _present(v) for n, v in fields if n not in ("stream", "pool", "regimes", "world") and v is not None}


def _present(value: Any) -> Any:
    """A value without what is None, at any depth."""
    if isinstance(value, dict):
        return {name: _present(inside) for name, inside in value.items() if inside is not None}
    return [_present(inside) for inside in value] if isinstance(value, list) else value


def _contexts(study: Study) -> list[str]:
    """Every context that a problem is asked in."""
    regimes = study.arms[0].evaluation.config.regimes
    return list(dict.fromkeys(str(cell.context) for regime in regimes for cell in regime.mixture.cells))


def machine(threads: int | None = None, jobs: int | None = None) -> dict[str, object]:
    """What the run ran on: threads of a stage, and how many stages could run side by side, where they are known."""
    return {
        **processor(threads),
        **({} if jobs is None else {"jobs": jobs}),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }  # fmt: skip


def software() -> dict[str, str]:
    """Versions of what computes."""
    found = {"python": platform.python_version()}
    for name in SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def command_line(words: Sequence[str]) -> str:
    """A command as it can be typed again; of an absolute path, which is nobody else's, only its last part stays."""
    return shlex.join(_words(words))


def _words(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        option, equals, value = word.rpartition("=")
        path = value if equals and option.startswith("--") else word
        short = Path(path).name or path if Path(path).is_absolute() else path
        yield f"{option}={short}" if path is not word else short
