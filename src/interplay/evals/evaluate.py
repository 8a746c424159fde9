"""Evaluation of one checkpoint: every sample, verdict and error class to Parquet, then pass@k with intervals.

Problems are worked on in chunks, each a part file that appears whole or not at all, so an evaluation that is cut goes on
with the next chunk and no sample is drawn twice or lost. A sample depends on the weights, the problem and its index only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, NonNegativeInt, PositiveInt
from transformers import PreTrainedTokenizerFast

from interplay.config import Config
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Split, Stream, distinct_problems
from interplay.data.tokenizer import decode_completion
from interplay.model.sampler import SamplingConfig, sample
from interplay.progress import progress, say
from interplay.train.runtime import Runtime
from interplay.world.graph import to_dict
from interplay.world.problem import Problem
from interplay.world.randomness import derive
from interplay.world.verify import Reference, verify

CHUNK_SAMPLES = 4096

PROBLEMS = pa.schema(
    [("problem_id", pa.string()), ("regime", pa.string()), ("context", pa.string()), ("op", pa.int16()),
     ("mode", pa.string()), ("problem", pa.string()), ("question", pa.string()), ("solution", pa.string()),
     ("answer", pa.string()), ("graph", pa.string())]
)  # fmt: skip
SAMPLES = pa.schema(
    [("problem_id", pa.string()), ("sample", pa.int32()), ("text", pa.string()), ("num_tokens", pa.int32()),
     ("finished", pa.bool_()), ("answer", pa.string()), ("strict", pa.bool_()), ("exact", pa.bool_()),
     ("paper_v1", pa.bool_()), ("answer_correct", pa.bool_()), ("process_accuracy", pa.float32()),
     ("error", pa.string())]
)  # fmt: skip


class Regime(Config):
    """A named set of cells; its problems are shared equally among them."""

    name: str
    mixture: Mixture


class EvaluateConfig(Config):
    """What is asked and how often. Problems are the same for every checkpoint, so arms are compared in pairs."""

    world: World
    regimes: tuple[Regime, ...]
    problems: PositiveInt = Field(default=200, description="per regime")
    samples: PositiveInt = 128
    sampling: SamplingConfig
    ks: tuple[PositiveInt, ...] = (1, 8, 64, 128)
    split: Split = "test"
    seed: NonNegativeInt = 0


Asked = list[tuple[str, Problem]]


def problems_of(config: EvaluateConfig) -> Asked:
    """(regime, problem) pairs; a regime whose cells run out of distinct problems gets fewer, and it is said."""
    asked: Asked = []
    for regime in config.regimes:
        stream = Stream(world=config.world, mixture=regime.mixture, split=config.split, seed=config.seed)
        cells = regime.mixture.cells
        for position, cell in enumerate(cells):
            wanted = (config.problems + len(cells) - 1 - position) // len(cells)
            found = distinct_problems(stream, cell, wanted)
            if len(found) < wanted:
                say(f"regime {regime.name}: {cell} has only {len(found)} distinct problems of the {wanted} asked")
            asked += [(regime.name, problem) for problem in found]
    return asked


def problem_rows(asked: Asked) -> list[dict[str, Any]]:
    """Rows of `problems.parquet`."""
    return [
        {
            "problem_id": problem.id,
            "regime": regime,
            "context": problem.context,
            "op": problem.op,
            "mode": problem.mode,
            "problem": problem.problem,
            "question": problem.question,
            "solution": problem.solution,
            "answer": str(problem.answer),
            "graph": json.dumps(to_dict(problem.graph), separators=(",", ":")),
        }
        for regime, problem in asked
    ]


def sample_rows(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    *,
    samples: int,
    sampling: SamplingConfig,
    seed: int,
    rows: int,
) -> Iterable[dict[str, Any]]:
    """Sample and verify: rows of `samples.parquet`, ordered by problem and sample."""
    prompts = [tokenizer.backend_tokenizer.encode(p.prompt, add_special_tokens=False).ids for p in problems]
    references = [Reference.from_graph(p.graph, p.solution) for p in problems]
    completions = sample(
        model,
        prompts,
        num_samples=samples,
        config=sampling,
        stop_ids=[tokenizer.eos_token_id],
        seed=seed,
        keys=[p.id for p in problems],
        max_rows=rows,
    )
    for completion in sorted(completions, key=lambda c: (c.prompt, c.sample)):
        text = decode_completion(tokenizer, completion.tokens)
        verdict = verify(references[completion.prompt], text, truncated=not completion.finished)
        yield {
            "problem_id": problems[completion.prompt].id,
            "sample": completion.sample,
            "text": text,
            "num_tokens": len(completion.tokens),
            "finished": completion.finished,
            "answer": verdict.answer,
            "strict": verdict.strict,
            "exact": verdict.exact,
            "paper_v1": verdict.paper_v1,
            "answer_correct": verdict.answer_correct,
            "process_accuracy": verdict.process_accuracy,
            "error": verdict.error,
        }


def evaluate(
    asked: Asked,
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    *,
    samples: int,
    sampling: SamplingConfig,
    seed: int,
    runtime: Runtime,
    title: str = "evaluate",
) -> None:
    """Fill `folder` with `problems.parquet` and `samples.parquet`, resuming from the parts that are there."""
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    write_table(problem_rows(asked), PROBLEMS, folder / "problems.parquet")
    per_chunk = max(1, CHUNK_SAMPLES // samples)
    chunks = [asked[start : start + per_chunk] for start in range(0, len(asked), per_chunk)]
    model.to(runtime.torch_device()).eval()
    with progress(title, len(chunks)) as update:
        for number, chunk in enumerate(chunks):
            part = parts / f"{number:06d}.parquet"
            if not part.exists():
                rows = sample_rows(
                    model,
                    tokenizer,
                    [problem for _, problem in chunk],
                    samples=samples,
                    sampling=sampling,
                    seed=derive("evaluate", seed),
                    rows=runtime.sample_rows,
                )
                write_table(list(rows), SAMPLES, part)
            update(number + 1)
    tables = [pq.read_table(parts / f"{number:06d}.parquet") for number in range(len(chunks))]
    _write(pa.concat_tables(tables).combine_chunks(), folder / "samples.parquet")


def write_table(rows: list[dict[str, Any]], schema: pa.Schema, path: Path) -> None:
    """Write rows as Parquet; the file appears whole or not at all."""
    _write(pa.Table.from_pylist(rows, schema), path)


def _write(table: pa.Table, path: Path) -> None:
    staging = path.with_name(f".{path.name}.staging")
    pq.write_table(table, staging, compression="zstd")
    staging.replace(path)
