"""Groups from which RL learns nothing: all samples of a problem earn the same."""

from __future__ import annotations

from interplay.report import charts, wording
from interplay.report.charts import Figure, Key, Panel, Row
from interplay.report.labelled_rows import ROW
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.segments import BLOCK, bars_of, segments
from interplay.report.theme import PARTS, Styles

SIGNALS = (("all wrong", PARTS[1]), ("mixed: a signal", PARTS[0]), ("all right", PARTS[2]))


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
                rows += segments(f"{style.label} · op {op}", title.lower(), [n for n, _ in SIGNALS], parts, 1.0, "")
        if rows:
            height = ROW * len({row["arm"] for row in rows})
            panels.append(Panel(title, bars_of(rows, *map(list, zip(*SIGNALS, strict=True))), height=height, width=250))
    keys = [Key(name, color, marker=BLOCK, line=False) for name, color in SIGNALS]
    caption = (
        "Groups of samples of one problem by their rewards, per op (numbers in per cent, mean over steps and "
        f"{wording.plural(len(records.study.seeds), 'seed')}). Where all samples get one reward, RL has no signal: too "
        "hard or already learned."
    )
    return charts.figure("silent", "Groups without signal", caption, panels, keys=keys)
