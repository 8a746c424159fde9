"""Whether what is solved in a new context repeats structures that pre-training served in the old one, or is new."""

from __future__ import annotations

import altair as alt

from interplay.report import charts, select, series, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.theme import Styles
from interplay.schema.measured import SIMILARITY_PARTS, SimilarityCount

WIDTH, HEIGHT = 210, 170
PALE = 0.28
Lines = dict[str, list[tuple[str, str]]]  # the (regime, range of ops) of each, by the name of the line


@placed("by-op", rank=1, heading="Copies or new structures", document="further")
def similarity(records: Records, styles: Styles) -> Figure | None:
    """A panel per trained arm: its solved problems by their similarity to what was served, a line per range of ops."""
    arms = [arm for arm in styles if arm in records.starts] or list(styles)
    rows = [row for row in records.similarity if row.arm in arms]
    lines = _lines(rows)
    panels = []
    for arm in arms:
        own = [row for row in rows if row.arm == arm]
        if own:
            chart = _panel(styles[arm].label, own, lines, min(row.similarity for row in rows))
            panels.append(Panel(styles[arm].label, chart, height=HEIGHT, width=WIDTH))
    served = sorted({row.served for row in rows})
    sample = "–".join(f"{n:,}" for n in dict.fromkeys((served[0], served[-1]))) if served else wording.DASH
    contexts = " and ".join(dict.fromkeys(row.served_context for row in rows))
    caption = (
        "Solved problems (at least one sample strictly right) by the similarity of their graph to the nearest of "
        f"{sample} graphs of {contexts} that pre-training served: shares of a line's solved problems, in tenths; “same” is "
        "the same structure, names and numbers aside. Similarity is the overlap of Weisfeiler-Lehman histograms (sum of "
        "minima over sum of maxima, two rounds). Broad and pale: all problems of that line that were asked; where both "
        "agree, what is solved is as near to pre-training as the task is. "
        f"{wording.plural(len({row.seed for row in rows}), 'seed')} together; no intervals were computed."
    )
    return charts.figure("similarity", "Copies or new structures", caption, panels, (), series.series_keys(list(lines)))


def _lines(rows: list[SimilarityCount]) -> Lines:
    """The lines by name: the ops of one regime in one range; two of the same ops are one line."""
    ops: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        ops.setdefault((row.regime, row.op_range), set()).add(row.op)
    lines: Lines = {}
    for key, found in sorted(ops.items(), key=lambda pair: min(pair[1])):
        lines.setdefault(f"op {select.op_range(sorted(found))}", []).append(key)
    return lines


def _panel(label: str, rows: list[SimilarityCount], lines: Lines, lowest: float) -> alt.LayerChart:
    solved, asked = _shares(label, rows, lines, "solved"), _shares(label, rows, lines, "asked")
    first = int(SIMILARITY_PARTS * lowest + 0.5)
    names = [f"{part / SIMILARITY_PARTS:g}" for part in range(SIMILARITY_PARTS)] + ["same"]
    spelled = "[" + ",".join(f"'{name}'" for name in names) + "]"
    axis = alt.Axis(
        values=list(range(first, SIMILARITY_PARTS + 1)), labelExpr=f"{spelled}[datum.value]", labelFlush=False
    )
    scale = alt.Scale(domain=[min(first, SIMILARITY_PARTS - 1) - 0.3, SIMILARITY_PARTS + 0.3], nice=False)
    x = alt.X("x:Q", title="similarity, from", scale=scale, axis=axis)
    y = charts.share_axis("share of problems", max(row["value"] for row in (*solved, *asked)))
    color, dash, shape = series.series_encoding(list(lines))
    base = alt.Chart().encode(x=x, y=y, color=color)
    pale = alt.Chart(charts.inline(asked)).encode(x=x, y=y, color=color)
    return charts.layered(
        solved,
        pale.mark_line(strokeWidth=6, opacity=PALE, aria=False),
        pale.mark_point(filled=True, size=130, opacity=PALE).encode(description="tip:N"),
        base.mark_line(strokeWidth=2).encode(strokeDash=dash),
        base.mark_point(filled=True, size=46, opacity=1).encode(shape=shape, description="tip:N"),
    )


def _shares(label: str, rows: list[SimilarityCount], lines: Lines, what: str) -> list[Row]:
    """Of each line the share of its problems in each part of the range, from the first part that has any to the last."""
    found: list[Row] = []
    for name, keys in lines.items():
        counts: dict[int, int] = {}
        for row in rows:
            if (row.regime, row.op_range) in keys:
                part = int(SIMILARITY_PARTS * row.similarity + 0.5)
                counts[part] = counts.get(part, 0) + (row.solved if what == "solved" else row.asked)
        total = sum(counts.values())
        met = [part for part, count in counts.items() if count]
        for part in range(min(met, default=1), max(met, default=0) + 1):
            share = counts.get(part, 0) / total
            where = (
                "the same structure"
                if part == SIMILARITY_PARTS
                else f"similarity {part / SIMILARITY_PARTS:g} to {(part + 1) / SIMILARITY_PARTS:g}"
            )
            tip = f"{label}, {name}, {where}: {wording.decimal(share)} of {wording.plural(total, f'{what} problem')}"
            found.append({"series": name, "x": part, "value": round(share, 5), "tip": tip})
    return found
