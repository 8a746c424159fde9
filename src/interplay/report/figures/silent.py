"""Groups from which RL learns nothing: all samples of a problem earn the same."""

from __future__ import annotations

from interplay.report import charts, wording
from interplay.report.charts import Figure, Row
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.segments import keys_of, panel_of, segments
from interplay.report.theme import PARTS, Styles

NAMES, COLORS = ["all wrong", "mixed: a signal", "all right"], [PARTS[1], PARTS[0], PARTS[2]]


@placed("learning", rank=2, heading="Groups from which RL learns nothing", document="further")
def silent(records: Records, styles: Styles) -> Figure | None:
    """Groups without signal, per arm and op: over the whole of RL and over its last quarter."""
    panels = []
    for part, title in (("all", "Whole run"), ("last quarter", "Last quarter")):
        rows: list[Row] = []
        for arm, style in styles.items():
            own = [row for row in records.silent if row.arm == arm and row.part == part and row.op != "all"]
            for op in sorted({int(row.op) for row in own}):
                pairs = [(row.silent_wrong or 0.0, row.silent_right or 0.0) for row in own if row.op == op]
                wrong, right = (sum(axis) / len(pairs) for axis in zip(*pairs, strict=True))
                parts = [wrong, max(0.0, 1 - wrong - right), right]
                rows += segments(f"{style.label} · op {op}", title.lower(), NAMES, parts, 1.0, "")
        if rows:
            panels.append(panel_of(title, rows, NAMES, COLORS, width=250))
    caption = (
        "Groups of samples of one problem by their rewards, per op (numbers in per cent, mean over steps and "
        f"{wording.plural(len(records.study.seeds), 'seed')}). Where all samples get one reward, RL has no signal: too "
        "hard or already learned."
    )
    return charts.figure("silent", "Groups without signal", caption, panels, keys=keys_of(NAMES, COLORS))
