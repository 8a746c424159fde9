"""One stage on several processes of this machine, each with a device of its own and all with one result.

The process that was given the stage holds its folder and works on nothing itself. It starts the members as `torchrun` would
(RANK, WORLD_SIZE, a store to meet at), with one difference: a member sees its own device and no other, so that nothing in
it can take a second one. The first member writes the summary; a member that fails or dies ends the others, and what the
stage saved last is what the next attempt goes on from.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from interplay import offspring
from interplay.stages.environment import environment, visible_gpus
from interplay.stages.execute import ending, failure

if TYPE_CHECKING:
    from interplay.stages.stage import Stage

LEAVE_S = 60.0  # for a member to end after the first has written the summary


def do_together(stage: Stage, folder: Path) -> None:
    """Do a stage whose folder is held. Raises ValueError where there are too few GPUs, RuntimeError where a member failed."""
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    count = stage.processes
    devices = _devices(stage)
    meeting = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    member = stage.on(max(1, stage.runtime.threads // count), stage.runtime.cores, 1)
    with _members() as members:
        for rank in range(count):
            changes = {
                "RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": str(count),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(meeting.port), "TORCHELASTIC_USE_AGENT_STORE": "True",
                "CUDA_VISIBLE_DEVICES": devices[rank], **({} if devices[rank] else {"ACCELERATE_USE_CPU": "true"}),
            }  # fmt: skip
            with environment(changes):
                members.append(_Member(member, folder))
        _wait(members)


def _devices(stage: Stage) -> list[str]:
    """What each member sees; nothing on a CPU."""
    if stage.runtime.on_cpu:
        return [""] * stage.processes
    gpus = visible_gpus()
    if len(gpus) < stage.processes:
        raise ValueError(f"{stage.address} takes {stage.processes} GPUs, {len(gpus)} are visible to it")
    return gpus[: stage.processes]


class _Member:
    """One process of a stage and the line on which it says how it ended."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, far = context.Pipe(duplex=False)
        self.process: BaseProcess = context.Process(
            target=offspring.serve, args=(__name__, "serve", stage, folder, far)
        )
        self.process.start()
        far.close()  # so that the end of the process is seen as the end of the line

    def error(self) -> str:
        """What went wrong in one line; empty where nothing did. Call it when there is something on the line."""
        try:
            return str(self.line.recv())
        except (EOFError, OSError):
            self.process.join()
            return f"its process ended with {ending(self.process.exitcode or 0)}"


@contextmanager
def _members() -> Iterator[list[_Member]]:
    """A list of members, none of which outlives the block."""
    members: list[_Member] = []
    try:
        yield members
    finally:
        for member in members:
            member.process.kill()
            member.process.join()


def _wait(members: list[_Member]) -> None:
    """Until all have ended. The first failure is raised: what the others say of it is that they were left alone."""
    rank_of = {member.line: rank for rank, member in enumerate(members)}
    while rank_of:
        for line in wait(list(rank_of)):
            rank = rank_of.pop(line)  # type: ignore[call-overload]
            if error := members[rank].error():
                raise RuntimeError(f"process {rank} of {len(members)}: {error}")
    until = time.monotonic() + LEAVE_S
    for member in members:
        member.process.join(max(0.0, until - time.monotonic()))


def serve(stage: Stage, folder: Path, line: Connection) -> None:
    """A member's life: its share of the stage, then one line of how it went."""
    error = ""
    try:
        stage.do(folder)
    except BaseException as raised:
        traceback.print_exc()
        error = failure(raised)
    with suppress(OSError):
        line.send(error)
    if not error:
        _leave_the_group()


def _leave_the_group() -> None:
    """The threads of a process group must not outlive the interpreter."""
    if "torch.distributed" in sys.modules:
        import torch.distributed as dist

        if dist.is_initialized():
            dist.destroy_process_group()
