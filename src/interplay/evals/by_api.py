"""Evaluate a model behind a server on a file of problems: ask, judge, count, into the same records as a checkpoint's.

A rule of its own, `said`, stands beside the step rules: is the number right that the text gives as its answer, in whatever way
general models say it? It never takes the place of a step rule, and it can be guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from interplay.data.instructions import chat, examples, told_in_other_words
from interplay.data.row_files import read_items
from interplay.evals.evaluate import TABLES, Asked, Drawn, problem_rows, sample_table
from interplay.evals.evaluation import Counts
from interplay.evals.from_file import problems_of_items
from interplay.evals.remote import ANSWERS, Answer, Key, RemoteConfig, ask, cost_of
from interplay.evals.summary import estimates, summarize
from interplay.files import write_table
from interplay.folder_claim import claim
from interplay.judging.pool import Pool
from interplay.judging.texts import Text
from interplay.manifest import file_digest
from interplay.progress import progress, say
from interplay.schema import sampled
from interplay.schema.parquet import table_of
from interplay.schema.verdicts import columns_of
from interplay.train.publish import finish
from interplay.world.problem import Problem
from interplay.world.reference import Reference
from interplay.world.said import said_answer

SAID = "said"


class RemoteRequest(NamedTuple):
    """One evaluation by API, as the command line asks for it; `price` is dollars per million prompt and completion tokens."""

    config: RemoteConfig
    data: Path
    out: Path
    samples: int
    ks: tuple[int, ...]
    price: tuple[float, float] | None = None


def run_by_api(request: RemoteRequest) -> dict[str, object]:
    """Run it, or go on where it was cut; the summary with pass@k rows. Raises ValueError for anything the caller can mend."""
    if not request.data.is_file():
        raise ValueError(f"no such file: {request.data}")
    found = problems_of_items(read_items(request.data))
    claim(
        request.out,
        {**request.config.identity(), "data": file_digest(request.data), "samples": request.samples},
        "evaluation",
    )
    if found.left_out:
        say(found.left_out)
    shows_examples = request.config.prompt == "chat" and request.config.shots
    if shows_examples and (note := told_in_other_words(problem for _, problem in found.asked)):
        say(note)
    prompts = {problem.id: _prompt(request.config, problem) for _, problem in found.asked}
    with progress(request.config.model, len(prompts) * request.samples, "answers") as update:
        answers = ask(request.config, prompts, request.samples, request.out, update)
    if all(answer.finish_reason.startswith("refused") for answer in answers.values()):
        first = next(iter(answers.values()))
        raise ValueError(f"{request.config.base_url} refused every prompt; the first: {first.finish_reason}")
    _write(found.asked, answers, request.out)
    summary = {
        "out": str(request.out), "model": request.config.model, "problems": len(found.asked), "samples": request.samples,
        "bad_rows": found.bad, "defective_rows": found.defective, "repeated_rows": found.repeated,
        "refused": sum(answer.finish_reason.startswith("refused") for answer in answers.values()),
        "cut_off": sum(answer.finish_reason == "length" for answer in answers.values()),
        **cost_of(answers, request.price),
        "pass_at_k": [*summarize(request.out, request.ks), *_said(found.asked, answers, request.ks)],
    }  # fmt: skip
    return finish(request.out, summary, published=(*TABLES, ANSWERS))


def _prompt(config: RemoteConfig, problem: Problem) -> str | list[dict[Any, str]]:
    return problem.prompt if config.prompt == "tags" else chat(problem, examples(problem, config.shots))


def _write(asked: Asked, answers: Mapping[Key, Answer], out: Path) -> None:
    """`problems.parquet` and `samples.parquet`, as of a checkpoint."""
    references = {problem.id: Reference.from_graph(problem.graph, problem.solution) for _, problem in asked}
    drawn = Drawn([], [])
    for answer in answers.values():
        finished = answer.finish_reason == "stop"
        drawn.rows.append(
            {"problem_id": answer.problem_id, "sample": answer.sample, "text": answer.text,
             "num_tokens": answer.completion_tokens, "finished": finished}
        )  # fmt: skip
        drawn.texts.append(Text(references[answer.problem_id], answer.text, truncated=not finished))
    with Pool(0, columns_of) as pool:
        judged = pool.submit(drawn.texts)()
    write_table(out / "problems.parquet", table_of(problem_rows(asked), sampled.Problem))
    write_table(out / "samples.parquet", sample_table(drawn, judged))


def _said(asked: Asked, answers: Mapping[Key, Answer], ks: Sequence[int]) -> list[dict[str, object]]:
    """pass@k by the answer that a text says it has."""
    right = dict.fromkeys((problem.id for _, problem in asked), 0)
    drawn = dict(right)
    gold = {problem.id: problem.graph.answer for _, problem in asked}
    for answer in answers.values():
        drawn[answer.problem_id] += 1
        right[answer.problem_id] += said_answer(answer.text) == gold[answer.problem_id]
    counts = Counts(tuple(right), np.array(list(drawn.values())), np.array(list(right.values())))
    return estimates(np.array([regime for regime, _ in asked]), counts, SAID, ks)
