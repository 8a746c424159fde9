"""How a Vega-Lite chart becomes a picture: inside the page, and as a file of its own. Runs in the process that draws.

The module is light on purpose: that process is started for a report and should draw soon.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

import vl_convert

from interplay.report.theme import GRID, INK, MUTED, ROLES

Spec = dict[str, object]
_PAINT = re.compile(r'\b(fill|stroke)="(#[0-9a-fA-F]{6})"')
_COORDINATES = re.compile(r'(?<= )(d|transform|[xy][12]?|x|y|width|height|viewBox)="([^"<]*)"')
_LONG_DECIMAL = re.compile(r"-?\d+\.\d{2,}")
PR_SET_PDEATHSIG = 1  # of the kernel


def config(legend: bool) -> Spec:
    """The Vega-Lite configuration of every chart; on the page the legend is HTML."""
    font = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
    axis = {"labelColor": MUTED, "titleColor": INK, "titleFontWeight": "normal", "labelFontSize": 11}
    axis |= {"titleFontSize": 12, "titlePadding": 6, "gridColor": GRID, "domainColor": MUTED, "tickColor": MUTED}
    return {
        "font": font,
        "background": "#ffffff" if legend else None,
        "view": {"stroke": None},
        "axis": axis | {"tickSize": 4, "labelPadding": 4},
        "axisY": {"domain": False, "ticks": False},
        "axisX": {"grid": False},
        "title": {"color": INK, "fontSize": 13, "fontWeight": 600, "anchor": "start", "offset": 8},
        "legend": {"disable": not legend, "orient": "bottom", "title": None, "labelFontSize": 12, "labelLimit": 400,
                   "labelColor": INK, "symbolSize": 70, "symbolOpacity": 1, "symbolStrokeWidth": 2,
                   "direction": "horizontal", "columns": 5, "columnPadding": 26, "labelOffset": 6},
    }  # fmt: skip


def page_svg(spec: Spec, name: str) -> str:
    """A chart as SVG inside the page: colours are CSS variables, ids are the page's own, no namespace, no size."""
    svg = vl_convert.vegalite_to_svg(spec | {"config": config(legend=False)})
    head, _, body = svg.partition(">")
    box = re.search(r'viewBox="([^"]*)"', head)
    assert box is not None, "a picture without a viewBox"
    _, _, width, height = box[1].split()
    body = _PAINT.sub(_variable, body)
    body = _COORDINATES.sub(lambda m: f'{m[1]}="{_LONG_DECIMAL.sub(_shorter, m[2])}"', body)
    body = re.sub(r'\bid="([\w-]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r"url\(#([\w-]+)\)", rf"url(#{name}-\1)", body)
    body = body.replace(' pointer-events="none"', "").replace(' opacity="1"', "").replace(' class="background"', "")
    return f'<svg viewBox="0 0 {width} {height}" style="--natural:{width}px" role="group">{body}'


def _variable(match: re.Match[str]) -> str:
    color = match[2].lower()
    role = ROLES.get(color)
    return match[0] if role is None else f'{match[1]}="var({role})"'


def _shorter(match: re.Match[str]) -> str:
    short = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def saved_svg(spec: Spec) -> str:
    """A chart as a file of its own, with its legend."""
    svg: str = vl_convert.vegalite_to_svg(spec | {"config": config(legend=True), "padding": 12})
    return _COORDINATES.sub(lambda m: f'{m[1]}="{_LONG_DECIMAL.sub(_shorter, m[2])}"', svg)


def saved_pdf(svg: str) -> bytes:
    """A saved picture as PDF."""
    pdf: bytes = vl_convert.svg_to_pdf(svg)
    return pdf


def serve(pipe: str, parent: str) -> None:
    """Draw one after another what comes through the pipe, (panels, figure) each, until None comes; then send it all.

    A list of `(SVG of each panel, SVG, PDF)` is sent, or in one string why it could not be drawn.
    """
    _go_with(int(parent))
    asked, drawn = Connection(int(pipe)), []
    with suppress(EOFError, OSError):  # the caller is gone
        while (each := asked.recv()) is not None:
            name, panels, whole = each
            try:
                shown = tuple(page_svg(panel, f"{name}-{number}") for number, panel in enumerate(panels))
                svg = saved_svg(whole)
                drawn.append((shown, svg, saved_pdf(svg)))
            except ValueError as error:
                asked.send(f"{name}: {error}")
                return
        asked.send(drawn)


def _go_with(parent: int) -> None:
    """Let the kernel end this process with its parent, since a thread that watched would not be heard during a drawing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
