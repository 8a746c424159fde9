"""Checkpoints asked: their solutions of problems, and how often these are right. Needs the extra `train`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from interplay.api.rows import Dataset, numbered_problem
from interplay.config import plain_errors
from interplay.data.row_files import write_rows
from interplay.evals.pass_at_k import default_ks
from interplay.extras import need
from interplay.stages.named import named_checkpoint
from interplay.world.problem import Problem

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Asked = Iterable[Mapping[str, object] | Problem]


@plain_errors
def sample(
    checkpoint: str | Path,
    problems: Asked,
    *,
    samples: int = 1,
    temperature: float = 0.7,
    max_new_tokens: int = 1024,
    seed: int = 0,
    threads: int = 0,
    store: str | Path = "store",
) -> list[list[str]]:
    """Solutions of a checkpoint: a list of `samples` texts for each problem, tags kept.

    `checkpoint` is a Hugging Face folder, the folder of a stage that trains, or a stage's address or label in `store`. A
    sample depends on the weights, the problem, its number and the seed, not on what else is asked. Raises ValueError for a
    folder that cannot be loaded or a row that is no problem.
    """
    need("torch", "train")
    from interplay.evals.evaluate import draw
    from interplay.model.build import load_with_tokenizer
    from interplay.model.next_token import SamplingConfig
    from interplay.train.runtime import Runtime
    from interplay.world.randomness import derive

    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")
    asked = _problems(problems)
    folder = named_checkpoint(checkpoint, store)
    model: PreTrainedModel
    model, tokenizer = load_with_tokenizer(folder)
    runtime = Runtime(threads=threads or _threads())
    cast(Any, model).to(runtime.torch_device())
    sampling = SamplingConfig(temperature=temperature, max_new_tokens=max_new_tokens)
    drawn = draw(
        model, tokenizer, asked, samples=samples, sampling=sampling, seed=derive("evaluate", seed), runtime=runtime
    )
    texts = [text.text for text in drawn.texts]
    return [texts[start : start + samples] for start in range(0, len(texts), samples)]


@plain_errors
def evaluate(
    checkpoint: str | Path,
    data: str | Path | Dataset | Sequence[Mapping[str, object]],
    *,
    samples: int = 128,
    ks: Sequence[int] = (),
    out: str | Path | None = None,
    temperature: float = 0.7,
    max_new_tokens: int = 1024,
    seed: int = 0,
    threads: int = 0,
    gold: bool = False,
    bos: bool = False,
    store: str | Path = "store",
) -> dict[str, Any]:
    """Sample solutions, verify every step, and give pass@k under all rules with intervals: what `interplay eval` prints.

    `checkpoint` is named as for `sample`. `data` is a file or rows. The records are kept in `out` when it is given; an
    evaluation there that was cut goes on.
    Without `ks`: 1, 8, 64, 128 as far as the samples go. `bos` begins each prompt with the tokenizer's first token, as some
    foreign models need. Raises ValueError for anything the caller can mend.
    """
    need("torch", "train")
    from interplay.evals.evaluate import check_ks
    from interplay.evals.run import EvalRequest, run_eval

    ks = tuple(ks) or default_ks(samples)
    check_ks(ks, samples)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "rows.jsonl"
        if isinstance(data, (str, Path)):
            file = Path(data)
        else:
            write_rows(file, data)
        folder = Path(scratch) / "records" if out is None else Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        summary = run_eval(
            EvalRequest(
                checkpoint=named_checkpoint(checkpoint, store), data=file, out=folder, samples=samples,
                ks=ks, temperature=temperature,
                max_new_tokens=max_new_tokens, seed=seed, threads=threads or _threads(), gold=gold, verify_workers=0,
                bos=bos,
            )
        )  # fmt: skip
    assert summary is not None, "one process, which merges"
    return summary if out is not None else {key: value for key, value in summary.items() if key != "out"}


def _problems(asked: Asked) -> list[Problem]:
    """Raises ValueError for what is no row and no problem, with its number."""
    if isinstance(asked, (str, bytes, Mapping, Problem)):
        raise ValueError(f"problems are a list of rows or problems, got {type(asked).__name__}")
    found = []
    for number, each in enumerate(asked, start=1):
        if not isinstance(each, (Mapping, Problem)):
            raise ValueError(f"problem {number} is a {type(each).__name__}; a row of `dataset` or a problem is needed")
        found.append(each if isinstance(each, Problem) else numbered_problem(each, number))
    return found


def _threads() -> int:
    return min(2, os.cpu_count() or 1)
