"""How a run's mistakes change while it trains, from its `rollouts.parquet`: error classes by window of steps.

The class is that of a rollout's first error. Reward hacking is a right answer with an error in its derivation, so its share
by class says in which way a run is paid for what it did not derive.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from interplay.schema import sampled
from interplay.schema.parquet import read_table


def errors_by_window(rollouts: Path, window: int) -> list[dict[str, object]]:
    """A row per window of `window` steps and error class, in order; the class is None where nothing is wrong.

    first_step, last_step  the window
    rollouts, share        with this class, and their share of the window's
    hacked                 share of the window's rollouts that have this class and the outcome `hacked`
    """
    if window < 1:
        raise ValueError(f"window must be positive, got {window}")
    columns = read_table(rollouts, sampled.Rollout, ("step", "error", "outcome")).to_pydict()
    found: Counter[tuple[int, str | None]] = Counter()
    hacked: Counter[tuple[int, str | None]] = Counter()
    totals: Counter[int] = Counter()
    for step, error, outcome in zip(*columns.values(), strict=True):
        number = (step - 1) // window
        totals[number] += 1
        found[number, error] += 1
        hacked[number, error] += outcome == "hacked"
    return [
        {
            "first_step": number * window + 1,
            "last_step": (number + 1) * window,
            "error": error,
            "rollouts": count,
            "share": count / totals[number],
            "hacked": hacked[number, error] / totals[number],
        }
        for (number, error), count in sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    ]
