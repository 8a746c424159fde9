"""How a contrast between two arms is spelled: who against whom, where, by which measure."""

from __future__ import annotations

from collections.abc import Iterable

from interplay.report.theme import COLD, MUTED, WARM, Styles
from interplay.schema.measured import Effect
from interplay.schema.study import Claim
from interplay.schema.verdicts import COUNTED

COLOURS = "Blue: better, orange: worse (a fall of hacking is better), grey: the interval contains zero."
GAINS = "“gains”: what each of the two gained over the arm that it started from."
MANY_EFFECTS = 24  # a longer table is folded away behind the matrix


def sides(effect: Effect, styles: Styles) -> str:
    """`RL on edge vs Base`."""
    return f"{styles[effect.treatment].label} vs {styles[effect.control].label}"


def pair(effect: Effect, styles: Styles) -> str:
    """The same; in brackets what is compared where it is not the share solved by the strict rule. No two effects of one
    regime, op and k have the same pair."""
    compared = _compared(effect)
    return f"{sides(effect, styles)} ({', '.join(compared)})" if compared else sides(effect, styles)


def where(effect: Effect) -> str:
    """The regime, and the op where it is one."""
    return effect.regime if effect.op == "all" else f"{effect.regime}, op {effect.op}"


def rules_of(effect: Effect) -> str:
    """Empty under the strict rule; both rules where the control has another."""
    control = effect.control_rule or effect.rule
    if effect.rule != control:
        return f"{effect.rule} vs {control}"
    return "" if effect.rule == "strict" else effect.rule


def measure(effect: Effect) -> str:
    """pass@1, with what is compared where it is not the share solved by the strict rule."""
    return ", ".join((f"pass@{effect.k}", *_compared(effect)))


def _compared(effect: Effect) -> list[str]:
    """`gains` where each arm is taken less its own start; the rules where they are not the strict one."""
    return [part for part in ("gains" if effect.gain else "", rules_of(effect)) if part]


def improvement(effect: Effect) -> float:
    """The effect with its sign so that above zero is better: of what one wants less of, a fall is."""
    value = effect.effect or 0.0
    return -value if effect.rule in COUNTED else value


def paint(effect: Effect) -> str:
    """The colour of better, of worse, or of what cannot be told."""
    if effect.lo is None or effect.hi is None or effect.lo <= 0 <= effect.hi:
        return MUTED
    return COLD if improvement(effect) > 0 else WARM


def on_gains(found: Iterable[Effect]) -> str:
    """What a caption says where some effects are of gains; else nothing."""
    return f" {GAINS}" if any(effect.gain for effect in found) else ""


def extent(found: Iterable[Effect | Claim]) -> tuple[float, float]:
    """Zero and all intervals, with a little room."""
    ends = [0.0] + [end for one in found for end in (one.lo, one.hi, one.effect) if end is not None]
    room = 0.06 * (max(ends) - min(ends)) or 0.01
    return min(ends) - room, max(ends) + room
