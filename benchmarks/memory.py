"""Memory of what runs for long: a stream of problems, and RL of many short steps.

    python benchmarks/memory.py stream --problems 10000000
    python benchmarks/memory.py stream --problems 10000000 --short   # of one operation, in terse text: seven times as fast
    python benchmarks/memory.py rl FOLDER --steps 1000

FOLDER is new and holds the RL of an untrained model of one layer. Each prints the resident memory of the process as it
goes on; it should reach a level and stay there.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

TINY = (
    "model.layers=1", "model.hidden=32", "model.ffn=32", "pretrain.tokens=24576", "midtrain.tokens=12288",
    "tokenizer.documents=1500", "sampling.max_new_tokens=24", "rl.sampling.max_new_tokens=24", "rl.prompts=4", "rl.group=4",
    "rl.reward.kind=process",
)  # fmt: skip


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    part = parts.add_parser("stream")
    part.add_argument("--problems", type=int, default=1_000_000)
    part.add_argument("--short", action="store_true")
    part.set_defaults(run=lambda asked: stream(asked.problems, asked.short))
    part = parts.add_parser("rl")
    part.add_argument("folder", type=Path)
    part.add_argument("--steps", type=int, default=1000)
    part.set_defaults(run=lambda asked: rl(asked.folder, asked.steps))
    asked = parser.parse_args()
    asked.run(asked)


def stream(problems: int, short: bool) -> None:
    """Every item of a stream once; twenty lines."""
    from interplay.data.mixture import Mixture, World
    from interplay.data.stream import Stream

    mixture = Mixture.uniform(range(2, 11), ["zoo", "school", "movie"], ["forward", "reverse"])
    source, began = Stream(world=World(), mixture=mixture), time.monotonic()
    if short:
        source = Stream(world=World(style="terse"), mixture=Mixture.uniform([1], ["zoo"]))
    for number, _ in enumerate(source.first(problems), 1):
        if number % max(1, problems // 20) == 0 or number in (1000, 10_000):
            say(f"{number:>10,} problems", began)


def rl(folder: Path, steps: int) -> None:
    """The arm of a study that ends with so many RL steps, in this process; a line every twentieth of them."""
    from interplay.cli import main

    began = time.monotonic()

    def watch() -> None:
        told = 0
        while True:
            time.sleep(0.2)
            done = sum(len(path.read_text().splitlines()) for path in folder.glob("rl/*/metrics.jsonl"))
            if done // (steps // 20) > told // (steps // 20):
                told = done
                say(f"{done:>10,} steps", began)

    threading.Thread(target=watch, daemon=True).start()
    changes = [word for change in (*TINY, f"rl.steps={steps}") for word in ("--set", change)]
    sys.argv = [
        "interplay",
        "run",
        "quickstart",
        "--arms",
        "base_rl",
        "--store",
        str(folder),
        "--threads",
        "1",
        *changes,
    ]
    main()


def say(what: str, began: float) -> None:
    """One line with the memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(f"{what}  {pages * 4096 / 1e6:8.1f} MB  {time.monotonic() - began:8.0f} s", flush=True)


if __name__ == "__main__":
    main()
