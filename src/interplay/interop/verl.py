"""Rows and a reward for verl: Parquet files it trains on, and `compute_score` as it calls it.

```sh
python -m interplay.interop.verl train.parquet --op 2 --op 3 --n 10000
# in verl: data.train_files=train.parquet reward.custom_reward_function.path=pkg://interplay.interop.verl \\
#          reward.custom_reward_function.name=compute_score
```

verl needs other versions of transformers than interplay trains with; this module imports neither, so it works in verl's
environment with the light install. verl adds up one number per completion: step credit cannot be expressed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from interplay.data.instructions import chat, examples
from interplay.data.row_files import write_rows
from interplay.data.stream import Stream
from interplay.interop.exchange import gold_of, problems, scores

DATA_SOURCE = "interplay"


def rows(stream: Stream, n: int, *, shots: int = 0) -> Iterator[dict[str, Any]]:
    """The first `n` problems as verl's rows: a conversation with instructions, the gold string as ground truth."""
    for index in range(n):
        problem = stream[index]
        yield {
            "data_source": DATA_SOURCE,
            "prompt": chat(problem, examples(problem, shots)),
            "ability": "reasoning",
            "reward_model": {"style": "rule", "ground_truth": gold_of(problem)},
            "extra_info": {"index": index, "split": stream.split, "op": problem.op, "mode": problem.mode},
        }


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, object] | None = None,
    rule: str = "strict",
    **_: object,
) -> dict[str, float]:
    """`score` by the rule (`reward.custom_reward_function.reward_kwargs.rule`), and every other rule under its name."""
    found = scores(ground_truth, solution_str)
    if rule not in found:
        raise ValueError(f"rule must be one of {', '.join(found)}, got {rule!r}")
    return {"score": found[rule], **found}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a Parquet file of rows."""
    parser = argparse.ArgumentParser(prog="python -m interplay.interop.verl", description=main.__doc__)
    parser.add_argument("target", help="the .parquet file to write")
    parser.add_argument("--op", type=int, action="append", required=True, help="repeatable")
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--shots", type=int, default=0, help="examples before each problem")
    for name, default in (
        ("context", "zoo"),
        ("mode", "forward"),
        ("style", "full"),
        ("scale", ""),
        ("split", "train"),
    ):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    which = {name: getattr(asked, name) for name in ("context", "mode", "style", "scale", "split", "seed")}
    try:
        print(f"{write_rows(asked.target, rows(problems(asked.op, **which), asked.n, shots=asked.shots))} rows")
    except ValueError as error:
        parser.error(" ".join(str(error).split()))


if __name__ == "__main__":
    main()
