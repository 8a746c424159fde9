"""How likely a model finds the gold solutions, and what it answers when it does not draw: gold NLL and greedy accuracy.

The NLL is that of the whole completion (steps, answer, end token) given the prompt, teacher-forced, without temperature. It
moves where pass@k is still 0 or already 1. One row per problem in `gold.parquet`, made in parts like the samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from interplay.data.tokenizer import encode_document, required_token
from interplay.evals.evaluate import Asked, draw
from interplay.evals.evaluation import read_problems
from interplay.evals.intervals import mean_interval
from interplay.evals.parts import Finish, do_parts, merge
from interplay.judging.pool import judge_here
from interplay.model.likelihood import nll_sums
from interplay.model.next_token import Precision, SamplingConfig
from interplay.model.sampler import positions_of
from interplay.progress import progress
from interplay.rank import ALONE, Share
from interplay.schema import sampled
from interplay.schema.parquet import read_table, table_of
from interplay.schema.verdicts import RULES, columns_of
from interplay.train.runtime import Runtime
from interplay.world.problem import Problem

CHUNK_PROBLEMS = 256


class GoldNLL(NamedTuple):
    """Negative log-likelihood of one gold completion, in nats, and its tokens (the end token included)."""

    nll_sum: float
    num_tokens: int

    @property
    def mean(self) -> float:
        """Per token."""
        return self.nll_sum / self.num_tokens


def nll(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    problems: Sequence[Problem],
    *,
    bos: bool = False,
    max_tokens: int = 1 << 13,
    precision: Precision = "fp32",
) -> list[GoldNLL]:
    """Of every problem's gold, in order; NaN where the document is longer than the model's positions."""
    first = [required_token(tokenizer, "bos")] if bos else []
    documents = [(first + prompt, gold) for prompt, gold in (encode_document(tokenizer, p) for p in problems)]
    longest = positions_of(model)
    fitting = [i for i, (prompt, gold) in enumerate(documents) if len(prompt) + len(gold) <= longest]
    found = dict(
        zip(
            fitting,
            nll_sums(model, [documents[i] for i in fitting], max_tokens=max_tokens, precision=precision),
            strict=True,
        )
    )
    return [GoldNLL(found.get(i, math.nan), len(gold)) for i, (_, gold) in enumerate(documents)]


def evaluate_gold(
    asked: Asked,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    *,
    sampling: SamplingConfig,
    runtime: Runtime,
    title: str = "gold",
    share: Share = ALONE,
) -> None:
    """Fill `folder` with `gold.parquet`, in the order of `asked`, resuming from the parts that are there. What is answered
    is as `sampling` says, but the most likely token each time."""
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    problems = [problem for _, problem in asked]
    chunks = [problems[start : start + CHUNK_PROBLEMS] for start in range(0, len(problems), CHUNK_PROBLEMS)]
    paths = [parts / f"gold-{number:06d}.parquet" for number in range(len(chunks))]
    greedy = SamplingConfig(
        greedy=True, max_new_tokens=sampling.max_new_tokens, bos=sampling.bos, precision=sampling.precision
    )
    cast(Any, model).to(runtime.torch_device()).eval()

    def begin(number: int) -> Finish:
        rows = _gold_rows(model, tokenizer, chunks[number], greedy, runtime)
        return lambda: table_of(rows, sampled.Gold)

    with progress(title, len(chunks), "chunks") as update:
        do_parts(paths, begin, update, share=share)
    if share.is_first:
        merge(paths, folder / "gold.parquet")


def _gold_rows(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    sampling: SamplingConfig,
    runtime: Runtime,
) -> list[dict[str, object]]:
    scores = nll(model, tokenizer, problems, bos=sampling.bos, precision=sampling.precision)
    drawn = draw(model, tokenizer, problems, samples=1, sampling=sampling, seed=0, runtime=runtime)
    rows = []
    for score, said, verdict in zip(scores, drawn.rows, judge_here(drawn.texts, columns_of), strict=True):
        greedy = {"text": said["text"], "num_tokens": said["num_tokens"], "finished": said["finished"], **verdict}
        row = {"problem_id": said["problem_id"], "nll_sum": score.nll_sum, "num_tokens": score.num_tokens}
        rows.append(row | {f"greedy_{name}": value for name, value in greedy.items()})
    return rows


def summarize_gold(folder: Path, by: Sequence[str] = ("regime",)) -> list[dict[str, object]]:
    """One row per group of problems: mean NLL per gold token and per solution, and greedy accuracy, with intervals.

    `by` names columns of `problems.parquet`; grouped by regime there is also a row "all". The NLL per token is the mean
    over problems of each one's own; gold longer than the model's positions has none and is left out of it.
    """
    gold, problems = read_table(folder / "gold.parquet", sampled.Gold), read_problems(folder)
    if gold["problem_id"].to_pylist() != problems["problem_id"].to_pylist():
        raise ValueError(f"{folder / 'gold.parquet'} is not of the problems beside it")
    keys = list(zip(*(problems[column].to_pylist() for column in by), strict=True))
    groups = {key: np.array([own == key for own in keys]) for key in dict.fromkeys(keys)}
    if tuple(by) == ("regime",):
        groups = {("all",): np.ones(len(keys), bool)} | groups
    columns = {
        name: gold[name].to_numpy() for name in ("nll_sum", "num_tokens", *(f"greedy_{c}" for c in RULES.values()))
    }
    rows = []
    for key, chosen in groups.items():
        row: dict[str, object] = dict(zip(by, key, strict=True)) | {"n_problems": int(chosen.sum())}
        nll_sum, num_tokens = columns["nll_sum"][chosen], columns["num_tokens"][chosen]
        fits = np.isfinite(nll_sum)
        nll_sum, num_tokens = nll_sum[fits], num_tokens[fits]
        row |= _interval("nll_per_token", nll_sum / num_tokens, key, bounded=False)
        row |= {"nll_per_solution": round(float(nll_sum.mean()), 6) if len(nll_sum) else None}
        for rule, column in RULES.items():
            row |= _interval(f"greedy_{rule}", columns[f"greedy_{column}"][chosen].astype(float), key, bounded=True)
        rows.append(row)
    return rows


def _interval(name: str, values: Any, key: tuple[Any, ...], *, bounded: bool) -> dict[str, float | None]:
    estimate = mean_interval(values, names=("gold", *map(str, key)), bounded=bounded)
    ends = {name: estimate.value, f"{name}_lo": estimate.lo, f"{name}_hi": estimate.hi}
    return {end: round(value, 6) if np.isfinite(value) else None for end, value in ends.items()}
