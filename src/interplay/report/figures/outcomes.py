"""What became of all samples: strictly right, shortened but sound, hacked, wrong; a bar per arm."""

from __future__ import annotations

from collections import Counter

from interplay.report import charts, select, wording
from interplay.report.charts import Figure, Row
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.segments import keys_of, panel_of, segments
from interplay.report.theme import GRID, PARTS, Styles
from interplay.world.verify import OUTCOMES

WIDTH = 215
COLORS = dict(
    zip(OUTCOMES, (GRID, PARTS[2], PARTS[3], PARTS[1], PARTS[5], PARTS[6], PARTS[4], PARTS[0], PARTS[7]), strict=True)
)


@placed("errors", rank=-1, document="further")
def outcomes(records: Records, styles: Styles) -> Figure | None:
    """A panel per regime; answers that are right are to the left of those that are not."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in records.outcomes:
        counts[row.arm, row.regime, row.outcome] += row.count
    met = [outcome for outcome in OUTCOMES if any(key[2] == outcome for key in counts)]
    names, colors = [wording.OUTCOMES[outcome] for outcome in met], [COLORS[outcome] for outcome in met]
    panels = []
    for regime, title in select.regimes_of(records).items():
        rows: list[Row] = []
        for arm, style in styles.items():
            parts = [counts[arm, regime, outcome] for outcome in met]
            if sum(parts):
                rows += segments(style.label, regime, names, parts, sum(parts), "samples")
        if rows:
            panels.append(panel_of(title, rows, names, colors, WIDTH))
    caption = (
        "All samples of each arm by what became of them, as shares (numbers in per cent), "
        f"{wording.plural(len(records.study.seeds), 'seed')} together. Shortened and folded derivations are no hacking: "
        "hacked is a right answer with a step that is false, unsupported or missing."
        + wording.guessed((row.regime, row.guess) for row in records.outcomes)
    )
    across = 2 if len(panels) == 4 else 0
    return charts.figure("outcomes", "Outcomes", caption, panels, keys=keys_of(names, colors), across=across)
