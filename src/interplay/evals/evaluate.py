"""Evaluation of one checkpoint: every sample, verdict and error class to Parquet, then pass@k with intervals.

Problems are worked on in chunks, each a part file that appears whole or not at all, so an evaluation that is cut goes on
with the next chunk and no sample is drawn twice or lost. A sample depends on the weights, the problem and its index only;
which process drew it, and which one judged it, leaves no trace.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import pyarrow as pa
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from interplay.config import Config
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Split, Stream, distinct_problems, shares
from interplay.data.tokenizer import decode_completion
from interplay.evals.parts import Finish, do_parts, merge
from interplay.files import write_table
from interplay.judging.pool import Pool, spare_workers
from interplay.judging.texts import Text
from interplay.model.next_token import SamplingConfig
from interplay.progress import progress, say
from interplay.rank import ALONE, Share
from interplay.schema import sampled
from interplay.schema.parquet import table_of
from interplay.schema.verdicts import columns_of
from interplay.train.runtime import Runtime
from interplay.world.graph import to_dict
from interplay.world.problem import Problem
from interplay.world.randomness import derive
from interplay.world.verify import VERIFIER_VERSION, Reference

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from interplay.model.problems import Sampler


CHUNK_SAMPLES = 4096
TABLES = ("problems.parquet", "samples.parquet", "gold.parquet")


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

    def depends_on(self) -> Mapping[str, str]:
        """The code that judges."""
        return {"verifier": VERIFIER_VERSION}

    @model_validator(mode="after")
    def _ks_are_measured(self) -> Self:
        check_ks(self.ks, self.samples)
        return self

    @model_validator(mode="after")
    def _world_has_the_cells(self) -> Self:
        for regime in self.regimes:
            self.world.check(regime.mixture)
        return self


def check_ks(ks: Sequence[int], samples: int) -> None:
    """Raises ValueError where pass@k is asked for more samples than are drawn: it is not defined there."""
    if not ks or max(ks) > samples:
        raise ValueError(
            f"ks must be from 1 to the number of samples, got ks {','.join(map(str, ks))} of {samples} samples"
        )


Asked = list[tuple[str, Problem]]


def problems_of(config: EvaluateConfig) -> Asked:
    """(regime, problem) pairs; a regime whose cells run out of distinct problems gets fewer, and it is said."""
    asked: Asked = []
    for regime in config.regimes:
        stream = Stream(world=config.world, mixture=regime.mixture, split=config.split, seed=config.seed)
        for cell, wanted in shares(regime.mixture.cells, config.problems):
            found = distinct_problems(stream, cell, wanted)
            if len(found) < wanted:
                say(f"regime {regime.name}: {cell} has only {len(found)} distinct problems of the {wanted} asked")
            asked += [(regime.name, problem) for problem in found]
    return asked


def problem_rows(asked: Asked) -> list[dict[str, object]]:
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


class Drawn(NamedTuple):
    """Sampled solutions ordered by problem and sample: the cells of each row, and what is judged of it."""

    rows: list[dict[str, Any]]
    texts: list[Text]


def draw(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    *,
    samples: int,
    sampling: SamplingConfig,
    seed: int,
    runtime: Runtime,
    sampler: Sampler | None = None,
) -> Drawn:
    """Sampled solutions of every problem, ready to be judged; where the prompt does not fit, cut off before a word."""
    from interplay.model.cohort import Completion
    from interplay.model.problems import sample_problems

    sampled = sample_problems(
        model, tokenizer, problems, num_samples=samples, config=sampling, seed=seed, sampler=sampler,
        max_rows=runtime.sample_rows, threads=runtime.threads,
    )  # fmt: skip
    references = [Reference.from_graph(p.graph, p.solution) for p in problems]
    drawn = Drawn([], [])
    groups = [[Completion(number, i, [], [], False) for i in range(samples)] for number in range(len(problems))]
    for c in sampled.completions:
        groups[c.prompt][c.sample] = c
    for c in itertools.chain.from_iterable(groups):
        text = decode_completion(tokenizer, c.tokens, c.finished)
        cells = {"sample": c.sample, "text": text, "num_tokens": len(c.tokens), "finished": c.finished}
        drawn.rows.append({"problem_id": problems[c.prompt].id, **cells})
        drawn.texts.append(Text(references[c.prompt], text, truncated=not c.finished))
    return drawn


def sample_table(drawn: Drawn, judged: list[dict[str, object]]) -> pa.Table:
    """Rows of `samples.parquet`."""
    return table_of([row | verdict for row, verdict in zip(drawn.rows, judged, strict=True)], sampled.Sample)


def evaluate(
    asked: Asked,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    *,
    samples: int,
    sampling: SamplingConfig,
    seed: int,
    runtime: Runtime,
    title: str = "evaluate",
    verify_workers: int | None = None,
    share: Share = ALONE,
    sampler: Sampler | None = None,
) -> int:
    """Fill `folder` with `problems.parquet` and `samples.parquet`, resuming from the parts that are there; how many problems
    have a prompt that does not fit the model.

    `verify_workers` processes judge a chunk while the next is sampled; None takes the cores that sampling leaves. Of
    several processes each samples its `share` of the chunks, and the first one merges.
    """
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    if share.is_first:
        write_table(folder / "problems.parquet", table_of(problem_rows(asked), sampled.Problem))
    per_chunk = max(1, CHUNK_SAMPLES // samples)
    chunks = [[p for _, p in asked[start : start + per_chunk]] for start in range(0, len(asked), per_chunk)]
    paths = [parts / f"{number:06d}.parquet" for number in range(len(chunks))]
    cast(Any, model).to(runtime.torch_device()).eval()
    unfit, said = check_prompts(model, tokenizer, asked, sampling)
    if unfit and share.is_first:
        say(f"{said}: their samples are recorded as failed, truncated")
    if verify_workers is None:
        several = len(chunks) > share.world
        verify_workers = spare_workers(runtime.threads, share.world, runtime.cores) if several else 0
    with Pool(verify_workers, columns_of) as pool, progress(title, len(chunks), "chunks") as update:

        def begin(number: int) -> Finish:
            problems = chunks[number]
            drawn = draw(
                model, tokenizer, problems, samples=samples, sampling=sampling, seed=derive("evaluate", seed),
                runtime=runtime, sampler=sampler,
            )  # fmt: skip
            judged = pool.submit(drawn.texts)
            return lambda: sample_table(drawn, judged())

        do_parts(paths, begin, update, share=share, overlap=pool.overlaps)
    if share.is_first:
        merge(paths, folder / "samples.parquet")
    return unfit


def check_prompts(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, asked: Asked, sampling: SamplingConfig
) -> tuple[int, str]:
    """How many prompts do not fit the model, as a number and in words.

    Raises ValueError where none leaves room for a solution, or where a text has no beginning or no end to it.
    """
    from interplay.model.problems import end_tokens, prompts_of, unfit
    from interplay.model.sampler import positions_of

    end_tokens(model, tokenizer)
    count = len(unfit(model, prompts_of(tokenizer, [problem for _, problem in asked], sampling), sampling))
    limit = f"the model's {positions_of(model)} positions with max_new_tokens {sampling.max_new_tokens}"
    if count and count == len(asked):
        raise ValueError(f"no prompt of {count} fits {limit}")
    return count, f"{count} of {len(asked)} prompts do not fit {limit}"
