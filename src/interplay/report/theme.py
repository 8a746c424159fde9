"""One look for every figure: colours, shapes and dashes of the arms.

Arms have the colours of Okabe and Ito, which stay apart for colour-blind readers, and each its own shape and dash, so
that a printed page in grey can be read as well. On the page every colour of a picture is a CSS variable: one picture
serves light and dark. The pictures saved beside the page keep plain colours and carry their own legend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INK, MUTED, GRID, SHADE = "#1b1f24", "#59636f", "#e2e6ea", "#f3f5f7"
COLD, WARM = "#0a6ebd", "#c8501e"  # better and worse in a heat map, by opacity, so that one cell serves both themes


def _ramp(stops: Sequence[str], count: int) -> tuple[str, ...]:
    """`count` colours from the first stop through the others to the last."""
    channels = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops]
    found = []
    for step in range(count):
        at = step / (count - 1) * (len(stops) - 1)
        low = min(int(at), len(stops) - 2)
        pairs = zip(channels[low], channels[low + 1], strict=True)
        found.append("#" + "".join(f"{round(a + (b - a) * (at - low)):02x}" for a, b in pairs))
    return tuple(found)


# Role -> its colours on a light and on a dark ground. Each hex value occurs once: a picture is drawn in the light ones and
# the page finds the role of each again.
PALETTES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "arm": (
        (
            "#5b6470",
            "#0072b2",
            "#d55e00",
            "#009e73",
            "#cc79a7",
            "#e69f00",
            "#56b4e9",
            "#8a6f00",
            "#6a3fa0",
            "#8c1d40",
            "#007a87",
            "#b0563c",
        ),
        (
            "#aeb6c0",
            "#4aa8e0",
            "#f2884b",
            "#2cc29a",
            "#e3a0c6",
            "#f2b83f",
            "#8fd0f5",
            "#d3bd4e",
            "#b191e6",
            "#e27c98",
            "#3fb8c4",
            "#dd8e74",
        ),
    ),
    "part": (
        ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#9aa1a9", "#332288", "#997700", "#dd99aa"),
        ("#6f9fd0", "#f28a97", "#5cb56a", "#d6c65c", "#7fd4f0", "#c765a0", "#8f979f", "#8a7fd6", "#c5a53a", "#e6b8c4"),
    ),
    "step": (
        _ramp(("#9cc3e6", "#2f7cc0", "#08244a"), 12),
        _ramp(("#2f5f94", "#5fa0dc", "#e3f0fc"), 12),
    ),
    "cold": ((COLD,), ("#57b0f2",)),
    "warm": ((WARM,), ("#f79460",)),
}
LIGHT, PARTS, STEPS = (PALETTES[role][0] for role in ("arm", "part", "step"))
STAR = "M0,-1L.27,-.37L.95,-.31L.43,.14L.59,.81L0,.45L-.59,.81L-.43,.14L-.95,-.31L-.27,-.37Z"
SALTIRE = "M-.8,-.45L-.45,-.8L0,-.35L.45,-.8L.8,-.45L.35,0L.8,.45L.45,.8L0,.35L-.45,.8L-.8,.45L-.35,0Z"
LENS = "M0,-1L.45,-.5L.45,.5L0,1L-.45,.5L-.45,-.5Z"
HOURGLASS = "M-.75,-.85L.75,-.85L.2,0L.75,.85L-.75,.85L-.2,0Z"
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left",
          STAR, SALTIRE, LENS, HOURGLASS)  # fmt: skip
DASHES = (
    (1, 0),
    (6, 2),
    (2, 2),
    (8, 2, 2, 2),
    (4, 2),
    (1, 2),
    (10, 3),
    (6, 2, 1, 2),
    (12, 2, 2, 2),
    (3, 1),
    (8, 4),
    (4, 1, 1, 1),
)
MARKERS = (
    '<circle cx="18" cy="7" r="4"/>',
    '<rect x="14.4" y="3.4" width="7.2" height="7.2"/>',
    '<path d="M18 2.4 22.6 10.8H13.4Z"/>',
    '<path d="M18 1.8 22.4 7 18 12.2 13.6 7Z"/>',
    '<path d="M18 11.6 13.4 3.2H22.6Z"/>',
    '<path d="M16.6 2.6h2.8v3h3v2.8h-3v3h-2.8v-3h-3V5.6h3Z"/>',
    '<path d="M13.8 2.4 22.2 7 13.8 11.6Z"/>',
    '<path d="M22.2 2.4 13.8 7 22.2 11.6Z"/>',
    f'<path transform="translate(18 7) scale(5.4)" d="{STAR}"/>',
    f'<path transform="translate(18 7) scale(5)" d="{SALTIRE}"/>',
    f'<path transform="translate(18 7) scale(5.4)" d="{LENS}"/>',
    f'<path transform="translate(18 7) scale(5)" d="{HOURGLASS}"/>',
)

ROLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", SHADE: "--shade"}
ROLES |= {color: f"--{role}-{i}" for role, (light, _) in PALETTES.items() for i, color in enumerate(light)}


class Swatch:
    """What a legend shows of a line or a bar."""

    color: str
    dash: tuple[int, ...]

    @property
    def css(self) -> str:
        """The CSS colour that follows the page's theme."""
        return css_of(self.color)

    @property
    def dash_css(self) -> str:
        """`stroke-dasharray`; `none` for a solid line."""
        return "none" if self.dash == (1, 0) else " ".join(map(str, self.dash))


@dataclass(frozen=True)
class ArmStyle(Swatch):
    """How one arm looks everywhere."""

    arm: str
    label: str
    index: int
    color: str
    shape: str
    dash: tuple[int, ...]
    marker: str


Styles = dict[str, ArmStyle]  # by the arm's name, in the study's order


def arm_styles(labels: dict[str, str]) -> Styles:
    """Style of every arm, by its place in the study. Beyond twelve arms colours return with the next shape."""
    styles = {}
    for place, (arm, label) in enumerate(labels.items()):
        index, turn = place % len(LIGHT), place // len(LIGHT)
        other = (index + turn) % len(SHAPES)
        styles[arm] = ArmStyle(arm, label, index, LIGHT[index], SHAPES[other], DASHES[other], MARKERS[other])
    return styles


def css_of(color: str) -> str:
    """The CSS variable of a picture's colour."""
    return f"var({ROLES[color]})"


def sheet() -> str:
    """Every palette as CSS variables, for both themes."""

    def variables(dark: bool) -> str:
        pairs = ((role, enumerate(both[dark])) for role, both in PALETTES.items())
        return "".join(f"--{role}-{i}:{color};" for role, colors in pairs for i, color in colors)

    system = f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{variables(True)}}}}}"
    return f":root{{{variables(False)}}}\n{system}\n@media screen{{:root[data-theme=dark]{{{variables(True)}}}}}\n"


def step_color(place: int, count: int) -> str:
    """Colour of the `place`-th of `count` ordered things, from pale to dark."""
    return STEPS[round(place * (len(STEPS) - 1) / max(count - 1, 1)) if count > 1 else len(STEPS) // 2]
