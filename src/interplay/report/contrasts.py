"""How a contrast between two arms is spelled: who against whom, where, by which measure."""

from __future__ import annotations

from interplay.report.theme import Styles
from interplay.schema.measured import Effect
from interplay.schema.verdicts import COUNTED

COLOURS = "Blue: better, orange: worse (a fall of hacking is better), grey: the interval contains zero."
MANY_EFFECTS = 24  # a longer table is folded away behind the matrix


def pair(effect: Effect, styles: Styles) -> str:
    """`RL on edge vs Base`; with the rules where they are not the strict one."""
    name = f"{styles[effect.treatment].label} vs {styles[effect.control].label}"
    rules = rules_of(effect)
    return f"{name} ({rules})" if rules else name


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
    """pass@1, with the rule where it is not the strict one."""
    gain = "gains" if effect.gain else ""
    return ", ".join(part for part in (f"pass@{effect.k}", gain, rules_of(effect)) if part)


def improvement(effect: Effect) -> float:
    """The effect with its sign so that above zero is better: of what one wants less of, a fall is."""
    value = effect.effect or 0.0
    return -value if effect.rule in COUNTED else value
