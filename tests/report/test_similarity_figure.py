"""Copies or new structures: shares of what was solved and of what was asked, a line per range of ops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import synthetic_records as synthetic

from interplay.report import figures, theme
from interplay.report.charts import Figure
from interplay.report.records import read_records
from interplay.report.slim import slim
from interplay.schema.measured import SimilarityCount

COUNTS = {  # (op, similarity): asked, solved; op 2 is shown, what lies beyond is in two ranges
    (2, 1.0): (40, 30), (3, 0.7): (10, 1), (4, 0.4): (10, 1), (4, 1.0): (20, 6), (6, 0.3): (30, 1), (6, 0.6): (10, 3),
}  # fmt: skip


def counts(seed: int) -> list[dict[str, Any]]:
    ranges = {2: ("B", "id"), 3: ("B deep", "id"), 4: ("B deep", "id"), 6: ("B deep", "edge")}
    return [
        {"arm": arm, "seed": seed, "regime": ranges[op][0], "op": op, "op_range": ranges[op][1], "served_context": "A",
         "served": 1000, "similarity": similarity, "asked": asked, "solved": solved if arm != "base" else 0}
        for arm in ("base", "rl50_0", "rl100_0") for (op, similarity), (asked, solved) in COUNTS.items()
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = synthetic.write(tmp_path / "large", seeds=(0, 1), design=synthetic.LARGE)
    synthetic.rows(made / "similarity.csv", SimilarityCount, [row for seed in (0, 1) for row in counts(seed)])
    return made


def drawn(folder: Path) -> Figure | None:
    records = read_records(folder)
    found = figures.all_figures(records, theme.arm_styles(records.arms))
    return next((figure for _, figure in found if figure.name == "similarity"), None)


def test_each_line_is_the_share_of_what_it_solved_beside_what_was_asked(folder: Path) -> None:
    figure = drawn(folder)
    assert figure is not None
    assert [panel.title for panel in figure.panels] == ["50 % RL, 0.7M", "100 % RL, 0.7M"]  # a start is no treatment
    assert [key.label for key in figure.keys] == ["op 2", "op 3–4", "op 6"]
    spec = figure.panels[0].spec()
    solved = {(row["series"], row["x"]): row["value"] for row in spec["data"]["values"]}
    asked = {(row["series"], row["x"]): row["value"] for row in spec["layer"][0]["data"]["values"]}
    assert solved["op 2", 10] == asked["op 2", 10] == 1
    assert (solved["op 3–4", 10], asked["op 3–4", 10]) == (0.75, 0.5)
    assert (solved["op 3–4", 5], asked["op 3–4", 5]) == (0, 0)  # nothing there is a zero within a line
    assert (solved["op 6", 3], asked["op 6", 3]) == (0.25, 0.75)
    assert "0.750 of 16 solved problems" in {row["series"]: row["tip"] for row in spec["data"]["values"]}["op 3–4"]
    assert "nearest of 1,000 graphs of A" in figure.caption
    assert "2 seeds together" in figure.caption


def test_small_records_draw_the_same(folder: Path, tmp_path: Path) -> None:
    small, whole = drawn(slim(folder, tmp_path / "small")), drawn(folder)
    assert small is not None
    assert small == whole


def test_what_was_not_measured_or_not_solved_is_not_drawn(folder: Path) -> None:
    alone = [row for row in counts(0) if row["arm"] == "base"]
    synthetic.rows(folder / "similarity.csv", SimilarityCount, alone)
    assert drawn(folder) is None
    nothing = [row | {"solved": 0} for row in counts(0)]
    synthetic.rows(folder / "similarity.csv", SimilarityCount, nothing)
    figure = drawn(folder)
    assert figure is not None
    assert figure.panels[0].spec()["data"]["values"] == []  # what was asked stays
    (folder / "similarity.csv").unlink()
    assert drawn(folder) is None
    synthetic.rows(folder / "similarity.csv", SimilarityCount, [counts(0)[0] | {"arm": "unheard"}])
    with pytest.raises(ValueError, match=r"similarity\.csv.*no arm 'unheard'"):
        read_records(folder)
