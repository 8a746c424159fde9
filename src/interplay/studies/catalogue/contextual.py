"""contextual: how much exposure to a new context does transfer need?

Context A is pre-trained at every op of id and edge, context B only at the lowest op and only by a small share. RL then asks
both, half and half, at all those ops. What counts is B beyond its lowest op. One more pair of arms has both contexts at all
ops in pre-training: what transfer could reach. Models that were shown more of B also start higher there, so what exposure does
for RL is a gain against a gain: RL over its own base, against RL over the base without exposure.
"""

from __future__ import annotations

from interplay.data.mixture import Mixture, blend
from interplay.data.vocabulary import Words, context_of
from interplay.studies.recipe import Recipe, compared, gains
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Study, Workplace
from interplay.studies.values import percent


def contexts(chosen: Settings) -> tuple[str | Words, str | Words]:
    """(A, B). Raises ValueError where there is no other context than B."""
    others = [context for context in chosen.contexts if context != chosen.contextual.context]
    if not others:
        raise ValueError(f"contextual.context {chosen.contextual.context} needs another one beside it in contexts")
    return others[0], chosen.contextual.context


def shown_ops(chosen: Settings) -> tuple[int, ...]:
    """The ops of context A in pre-training and of both contexts in RL. Raises ValueError where none is beyond the lowest."""
    ops = chosen.contextual.ops or (*chosen.id_ops, *chosen.edge_ops)
    if len(ops) < 2:
        raise ValueError(f"contextual.ops {ops[0]}: at least two, the lowest that B is shown and one beyond it")
    return ops


def regimes(chosen: Settings) -> dict[str, Mixture]:
    """A and B at the ops of RL; B apart at the op that was shown and at those beyond it."""
    a, b = contexts(chosen)
    ops = shown_ops(chosen)
    return {
        "A": Mixture.uniform(ops, [a], chosen.modes),
        "B shown": Mixture.uniform([min(ops)], [b], chosen.modes),
        "B beyond": Mixture.uniform([op for op in ops if op > min(ops)], [b], chosen.modes),
    }


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """A base and its RL arm for each exposure, and for both contexts at all ops."""
    chosen, asked = recipe.chosen, regimes(recipe.chosen)
    a, b = contexts(chosen)
    ops = shown_ops(chosen)
    everything = Mixture.uniform(ops, [a, b], chosen.modes)
    mixtures = {
        base_name(share): (blend([(asked["A"], 1 - share), (asked["B shown"], share)]) if share else asked["A"], share)
        for share in chosen.contextual.exposures
    }
    mixtures["b_all"] = (everything, 0.5)
    arms: list[Arm] = []
    for name, (mixture, share) in mixtures.items():
        base, level = recipe.pretrained(mixture, seed, name), f"{100 * share:g} %"
        shown, factor = ("B at all ops", "all ops") if name == "b_all" else (f"{level} B", level)
        told = ("pre-training on A", "GRPO on A and B")
        arms += recipe.before_and_after_rl(
            name, shown, told, seed, base, everything, {"exposure": factor}, regimes=asked
        )
    return arms


def base_name(share: float) -> str:
    """`b_0_1` for 0.1 %."""
    return f"b_{percent(share)}"


def contextual(chosen: Settings, place: Workplace) -> Study:
    """The paper's section 4."""
    recipe, top = Recipe(chosen, place), max(chosen.ks)
    names = [base_name(share) for share in chosen.contextual.exposures]
    arms = recipe.every_seed(arms_of_seed)
    asked = [(f"{name}_rl", name) for name in (*names, "b_all")]
    against = [(f"{name}_rl", f"{names[0]}_rl") for name in names[1:]] + [(f"{names[-1]}_rl", "b_all_rl")]
    claims = []
    for name, share in zip(names[1:], chosen.contextual.exposures[1:], strict=True):
        enough = share >= 0.01
        claims.append(
            Claim(f"{100 * share:g} % exposure {'is enough' if enough else 'is too little'} for RL to carry B beyond "
                  f"what was shown: its gain in pass@{top} against the gain without exposure",
                  f"{name}_rl-{names[0]}_rl-B beyond-{top}-gain", "T2", "paper", "up" if enough else "flat")
        )  # fmt: skip
    claims.append(
        Claim(f"Without any exposure RL does not carry B: pass@{top} stays", f"{names[0]}_rl-{names[0]}-B beyond-{top}",
              "T2", "paper", "flat")
    )  # fmt: skip
    return Study(
        name="contextual",
        title="How much exposure does a new context need?",
        question="How much of a context must pre-training show before RL can carry reasoning over to it?",
        settings=chosen,
        arms=arms,
        contrasts=(*compared(arms, [*asked, *against], chosen.ks), *gains(arms, against, chosen.ks)),
        claims=tuple(claims),
        x="exposure",
        by="stage",
        beside=context_of(contexts(chosen)[0]).name,
    )
