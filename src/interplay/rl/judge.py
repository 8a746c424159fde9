"""Verdicts that always arrive: in this process, or in worker processes with a time limit.

The verifier is linear-time and raises nothing, so judging in this process is the default. Workers are for a verifier of
one's own: a text whose judge raises, dies or takes too long earns nothing and says so in its error class.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from interplay.world.verify import Reference, ReleasedRule, Verdict, verify

CHUNK = 64
FAILED, TIMED_OUT, READY = "judge_failed", "judge_timed_out", "ready"
START_S = 300.0  # a busy machine starts a process late; one that cannot start any has to say so


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
    return Verdict(False, False, False, False, 0, False, 0.0, error, error, (), None, {}, released)


def judge_inline(texts: Sequence[Text], verify: Verify = verify) -> list[Verdict]:
    """Judge in this process."""
    return [_judge(text, verify) for text in texts]


def _judge(text: Text, verify: Verify) -> Verdict:
    try:
        return verify(text.reference, text.text, truncated=text.truncated)
    except Exception:
        return without_verdict(text, FAILED)


def _serve(connection: Connection, verify: Verify) -> None:
    """A worker's loop: it says that it is there, then a chunk in, its verdicts out, until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
    with suppress(EOFError, OSError):
        connection.send(READY)
        while True:
            connection.send(judge_inline(connection.recv(), verify))


class _Worker:
    """A process and the line to it; replaced when it dies or has to be ended."""

    def __init__(self, verify: Verify) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs, verify), daemon=True)
        self.process.start()
        theirs.close()

    def wait_until_ready(self) -> None:
        """Starting takes a while, which is not the first text's time. Raises RuntimeError where it fails."""
        if not self.line.poll(START_S) or self.line.recv() != READY:
            raise RuntimeError(f"a judge's process did not start within {START_S:.0f} s")

    def ask(self, texts: list[Text]) -> None:
        """Send a chunk; where nobody is there to read it, `answer` will say so."""
        with suppress(OSError):
            self.line.send(texts)

    def answer(self, limit_s: float) -> list[Verdict] | str:
        """The verdicts of the chunk, or the class of the error."""
        if not self.line.poll(limit_s):
            return TIMED_OUT
        try:
            verdicts: list[Verdict] = self.line.recv()
        except (EOFError, OSError):
            return FAILED
        return verdicts

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
        for worker in self.workers:
            worker.wait_until_ready()

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

    def _judge_all(self, texts: Sequence[Text], tasks: list[list[int]]) -> list[tuple[list[int], list[Verdict] | str]]:
        """(task, verdicts or the error class) of every task, in rounds of one task per worker."""
        answers: list[tuple[list[int], list[Verdict] | str]] = []
        for start in range(0, len(tasks), len(self.workers)):
            current = tasks[start : start + len(self.workers)]
            for worker, task in zip(self.workers, current, strict=False):
                worker.ask([texts[i] for i in task])
            answers += [(task, self._answer(number)) for number, task in enumerate(current)]
        return answers

    def _answer(self, number: int) -> list[Verdict] | str:
        """A worker's answer; one that gave none is replaced."""
        answer = self.workers[number].answer(self.limit_s)
        if isinstance(answer, str):
            self.workers[number].end()
            self.workers[number] = _Worker(self.verify)
            self.workers[number].wait_until_ready()
        return answer


@contextmanager
def opened(workers: int) -> Iterator[Judge]:
    """A judge in so many worker processes, which end with the context; in this process where there are none."""
    if not workers:
        yield judge_inline
        return
    with WorkerJudge(workers) as judge:
        yield judge
