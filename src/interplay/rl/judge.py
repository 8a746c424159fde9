"""Verdicts that always arrive: in this process, or in worker processes with a time limit.

The verifier is linear-time and raises nothing, so judging in this process is the default. Workers are for a verifier of
one's own: a text whose judge raises, dies or takes too long earns nothing and says so in its error class.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from interplay.world.verify import Reference, ReleasedRule, Verdict, verify

CHUNK = 64
FAILED, TIMED_OUT = "judge_failed", "judge_timed_out"


class Text(NamedTuple):
    """One solution to judge."""

    reference: Reference
    text: str
    truncated: bool


Verify = Callable[..., Verdict]


class Judge(Protocol):
    """Verdicts in the order of the texts; never raises."""

    def __call__(self, texts: Sequence[Text]) -> list[Verdict]: ...


def without_verdict(text: Text, error: str) -> Verdict:
    """What a text gets whose judge did not answer."""
    released = ReleasedRule(text.reference, text.text, False)
    return Verdict(False, False, False, 0.0, error, (), None, {}, released)


def judge_inline(texts: Sequence[Text], verify: Verify = verify) -> list[Verdict]:
    """Judge in this process."""
    return [_judge(text, verify) for text in texts]


def _judge(text: Text, verify: Verify) -> Verdict:
    try:
        return verify(text.reference, text.text, truncated=text.truncated)
    except Exception:
        return without_verdict(text, FAILED)


def _serve(connection: Connection, verify: Verify) -> None:
    """A worker's loop: a chunk in, its verdicts out; nothing in means stop."""
    while chunk := connection.recv():
        connection.send(judge_inline(chunk, verify))


class _Worker:
    """A process and the line to it; replaced when it dies or has to be ended."""

    def __init__(self, verify: Verify) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs, verify), daemon=True)
        self.process.start()
        theirs.close()

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.line.close()


class WorkerJudge:
    """A judge in `workers` processes; a text has `limit_s` seconds. Use it as a context, so that the processes end."""

    def __init__(self, workers: int, limit_s: float = 5.0, verify: Verify = verify) -> None:
        if workers < 1 or limit_s <= 0:
            raise ValueError(f"workers and limit_s must be positive, got {workers} and {limit_s}")
        self.limit_s, self.verify = limit_s, verify
        self.workers = [_Worker(verify) for _ in range(workers)]
        for worker in range(workers):  # a process takes a while to start; that is not the text's time
            self._start(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self.workers:
            worker.end()

    def __call__(self, texts: Sequence[Text]) -> list[Verdict]:
        """Whole chunks first; a chunk that got stuck is judged again text by text to find the one at fault."""
        verdicts: dict[int, Verdict] = {}
        again: list[list[int]] = []
        chunks = [list(range(start, min(start + CHUNK, len(texts)))) for start in range(0, len(texts), CHUNK)]
        for indices, answer in self._judge_all(texts, chunks):
            if isinstance(answer, str):
                again += [[i] for i in indices]
            else:
                verdicts.update(zip(indices, answer, strict=True))
        for (index,), answer in self._judge_all(texts, again):
            verdicts[index] = without_verdict(texts[index], answer) if isinstance(answer, str) else answer[0]
        return [verdicts[i] for i in range(len(texts))]

    def _judge_all(self, texts: Sequence[Text], tasks: list[list[int]]) -> list[tuple[list[int], Any]]:
        """(task, verdicts or the error class) of every task, in rounds of one task per worker."""
        answers: list[tuple[list[int], Any]] = []
        for start in range(0, len(tasks), len(self.workers)):
            current = tasks[start : start + len(self.workers)]
            for worker, task in zip(self.workers, current, strict=False):
                worker.line.send([texts[i] for i in task])
            answers += [(task, self._answer(worker)) for worker, task in enumerate(current)]
        return answers

    def _answer(self, worker: int) -> Any:
        line = self.workers[worker].line
        error = TIMED_OUT
        if wait([line], timeout=self.limit_s):
            try:
                return line.recv()
            except (EOFError, OSError):
                error = FAILED
        self.workers[worker].end()
        self.workers[worker] = _Worker(self.verify)
        self._start(worker)
        return error

    def _start(self, worker: int) -> None:
        self.workers[worker].line.send(())
