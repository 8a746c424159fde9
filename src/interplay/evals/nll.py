"""How likely a model finds the gold solutions, and what it answers when it does not draw: gold NLL and greedy accuracy.

The NLL is that of the whole completion (steps, answer, end token) given the prompt, teacher-forced, without temperature. It
moves where pass@k is still 0 or already 1. One row per problem in `gold.parquet`, made in parts like the samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from interplay.data.tokenizer import encode_document
from interplay.evals.evaluate import Asked, draw
from interplay.evals.intervals import mean_interval
from interplay.evals.judge import judge
from interplay.evals.parts import ALONE, Finish, Share, do_parts, merge
from interplay.evals.records import read_problems
from interplay.model.sampler import SamplingConfig
from interplay.model.weights import in_family
from interplay.progress import progress
from interplay.schema import sampled
from interplay.schema.parquet import read_table, table_of
from interplay.schema.verdicts import RULES
from interplay.train.runtime import Runtime
from interplay.world.problem import Problem

CHUNK_PROBLEMS = 256
MAX_LOGITS = 1 << 25  # numbers held at once in fp32, twice over


class GoldNLL(NamedTuple):
    """Negative log-likelihood of one gold completion, in nats, and its tokens (the end token included)."""

    nll_sum: float
    num_tokens: int

    @property
    def mean(self) -> float:
        """Per token."""
        return self.nll_sum / self.num_tokens


Document = tuple[list[int], list[int]]


def nll(
    model: Any, tokenizer: PreTrainedTokenizerFast, problems: Sequence[Problem], *, max_tokens: int = 1 << 13
) -> list[GoldNLL]:
    """Of every problem's gold, in order. Problems of like length share a batch of at most `max_tokens` positions."""
    documents = [encode_document(tokenizer, problem) for problem in problems]
    max_tokens = max(1, min(max_tokens, MAX_LOGITS // int(model.config.vocab_size)))
    found: dict[int, GoldNLL] = {}
    for batch in _batches([len(prompt) + len(gold) for prompt, gold in documents], max_tokens):
        sums = _nll_sums(model, [documents[index] for index in batch])
        found |= {i: GoldNLL(total, len(documents[i][1])) for i, total in zip(batch, sums, strict=True)}
    return [found[index] for index in range(len(documents))]


def _batches(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Indices in order of length, cut where the padded batch would grow beyond the bound."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[index] > max_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


@torch.inference_mode()
def _nll_sums(model: Any, documents: Sequence[Document]) -> list[float]:
    """Right padding needs no attention mask: the real positions of a causal model never see it."""
    texts = [prompt + gold for prompt, gold in documents]
    input_ids_B_T = torch.zeros((len(texts), max(map(len, texts))), dtype=torch.long)
    scored_B_T = torch.zeros_like(input_ids_B_T, dtype=torch.bool)  # positions whose next token is of the gold
    for row, (prompt, gold) in enumerate(documents):
        input_ids_B_T[row, : len(texts[row])] = torch.tensor(texts[row])
        scored_B_T[row, len(prompt) - 1 : len(prompt) + len(gold) - 1] = True
    rows_N, positions_N = scored_B_T.nonzero(as_tuple=True)
    targets_N = input_ids_B_T[rows_N, positions_N + 1].to(model.device)
    logits_N_V = _logits(model, input_ids_B_T.to(model.device), rows_N, positions_N).float()
    nll_N = torch.nn.functional.cross_entropy(logits_N_V, targets_N, reduction="none").double().cpu()
    return [float(x) for x in torch.zeros(len(texts), dtype=torch.float64).index_add_(0, rows_N, nll_N)]


def _logits(model: Any, input_ids_B_T: Tensor, rows_N: Tensor, positions_N: Tensor) -> Tensor:
    """[N, V] at the asked positions only, where the model is one whose head is a plain product."""
    if not in_family(model):
        logits_B_T_V: Tensor = model(input_ids=input_ids_B_T, use_cache=False).logits
        return logits_B_T_V[rows_N, positions_N]
    hidden_B_T_D = model.model(input_ids=input_ids_B_T, use_cache=False).last_hidden_state
    logits_N_V: Tensor = model.lm_head(hidden_B_T_D[rows_N, positions_N])
    return logits_N_V


def evaluate_gold(
    asked: Asked,
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    *,
    max_new_tokens: int,
    runtime: Runtime,
    title: str = "gold",
    share: Share = ALONE,
) -> None:
    """Fill `folder` with `gold.parquet`, in the order of `asked`, resuming from the parts that are there."""
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    problems = [problem for _, problem in asked]
    chunks = [problems[start : start + CHUNK_PROBLEMS] for start in range(0, len(problems), CHUNK_PROBLEMS)]
    paths = [parts / f"gold-{number:06d}.parquet" for number in range(len(chunks))]
    sampling = SamplingConfig(greedy=True, max_new_tokens=max_new_tokens)
    model.to(runtime.torch_device()).eval()

    def begin(number: int) -> Finish:
        rows = _gold_rows(model, tokenizer, chunks[number], sampling, runtime)
        return lambda: table_of(rows, sampled.Gold)

    with progress(title, len(chunks)) as update:
        do_parts(paths, begin, update, share=share)
    if share.is_first:
        merge(paths, folder / "gold.parquet")


def _gold_rows(
    model: Any, tokenizer: PreTrainedTokenizerFast, problems: list[Problem], sampling: SamplingConfig, runtime: Runtime
) -> list[dict[str, Any]]:
    scores = nll(model, tokenizer, problems)
    jobs = draw(model, tokenizer, problems, samples=1, sampling=sampling, seed=0, rows=runtime.sample_rows)
    rows = []
    for problem, score, job, (verdict,) in zip(problems, scores, jobs, judge(jobs), strict=True):
        said = job.draws[0]
        greedy = {"text": said.text, "num_tokens": said.num_tokens, "finished": said.finished, **verdict}
        row = {"problem_id": problem.id, "nll_sum": score.nll_sum, "num_tokens": score.num_tokens}
        rows.append(row | {f"greedy_{name}": value for name, value in greedy.items()})
    return rows


def summarize_gold(folder: Path, by: Sequence[str] = ("regime",)) -> list[dict[str, Any]]:
    """One row per group of problems: mean NLL per gold token and per solution, and greedy accuracy, with intervals.

    `by` names columns of `problems.parquet`; grouped by regime there is also a row "all". The NLL per token is the mean
    over problems of each one's own.
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
        row: dict[str, Any] = dict(zip(by, key, strict=True)) | {"n_problems": int(chosen.sum())}
        nll_sum, num_tokens = columns["nll_sum"][chosen], columns["num_tokens"][chosen]
        row |= _interval("nll_per_token", nll_sum / num_tokens, key, bounded=False)
        row |= {"nll_per_solution": round(float(nll_sum.mean()), 6)}
        for rule, column in RULES.items():
            row |= _interval(f"greedy_{rule}", columns[f"greedy_{column}"][chosen].astype(float), key, bounded=True)
        rows.append(row)
    return rows


def _interval(name: str, values: Any, key: tuple[Any, ...], *, bounded: bool) -> dict[str, float | None]:
    estimate = mean_interval(values, names=("gold", *map(str, key)), bounded=bounded)
    ends = {name: estimate.value, f"{name}_lo": estimate.lo, f"{name}_hi": estimate.hi}
    return {end: round(value, 6) if np.isfinite(value) else None for end, value in ends.items()}
