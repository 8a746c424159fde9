"""Packed training tokens per CPU second of one process and of several at once: does the data keep up with a GPU?

`python benchmarks/data_rate.py [--processes 1,2,16] [--blocks 20]` prints JSON. The problems are those of `paper` (op 2 to 10,
three contexts, forward and reverse). Time is each process's own CPU time, so that a busy machine bends the figure little;
what is lost between processes (memory bandwidth, caches) still shows as fewer tokens a CPU second. `needed_cores` is how many
such cores feed a GPU that trains 103M parameters at 45 % of 989 TFLOP/s, about 600,000 tokens a second.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path

from interplay.data.mixture import Mixture, World
from interplay.data.packing import PackingConfig, pack_block
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, encode_document, load_tokenizer, train_tokenizer

NEEDED = 600_000
SOURCE = Stream(
    world=World(), mixture=Mixture.uniform(range(2, 11), ["zoo", "school", "movie"], ["forward", "reverse"])
)
PACKING = PackingConfig(width=2048, rows=16)


def packed_rate(job: tuple[str, int, int]) -> tuple[float, float]:
    """Tokens a CPU second of packing blocks, and of tokenizing alone; each process has blocks of its own."""
    folder, process, blocks = job
    tokenizer = load_tokenizer(Path(folder))
    pack_block(SOURCE, tokenizer, PACKING, 1_000 * (process + 1))  # what is made once
    began = time.process_time()
    for block in range(blocks):
        pack_block(SOURCE, tokenizer, PACKING, 1_000 * (process + 1) + block)
    packed_s = time.process_time() - began
    problems = list(SOURCE.first(200))
    began = time.process_time()
    tokens = sum(len(part) for problem in problems for part in encode_document(tokenizer, problem))
    return blocks * PACKING.rows * PACKING.width / packed_s, tokens / (time.process_time() - began)


def measure(counts: list[int], blocks: int) -> dict[str, object]:
    """Rates by number of processes."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        train_tokenizer(TokenizerConfig(stream=SOURCE, documents=1500)).save_pretrained(folder)
        for count in counts:
            with multiprocessing.get_context("spawn").Pool(count) as pool:
                found = pool.map(packed_rate, [(folder, process, blocks) for process in range(count)], chunksize=1)
            each, words = (statistics.mean(rate) for rate in zip(*found, strict=True))
            rows.append({
                "processes": count, "packed_per_cpu_s": round(each), "tokenized_per_cpu_s": round(words),
                "all_with_a_core_each": round(each * count), "needed_cores": round(NEEDED / each, 1),
            })  # fmt: skip
    return {
        "name": "data_rate",
        "unit": "tokens per CPU second",
        "needed": NEEDED,
        "cores": os.cpu_count(),
        "rows": rows,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--processes", default="1,2", help="numbers of processes, comma-separated")
    parser.add_argument("--blocks", type=int, default=20, help="blocks of 16 x 2048 tokens for each process")
    given = parser.parse_args()
    print(json.dumps(measure([int(count) for count in given.processes.split(",")], given.blocks), indent=1))


if __name__ == "__main__":
    main()
