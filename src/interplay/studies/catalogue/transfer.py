"""transfer: does RL carry a context that RL itself shows in small shares?

shared  pre-training on context A with a trace of context B at every op: B's primitives are there
atoms   pre-training on context A with a share of B's simplest problems alone

From each of the two bases, GRPO on both contexts at all ops, B having a share between nothing and everything. What counts is B
beyond its lowest op, above the base that RL started from.
"""

from __future__ import annotations

from interplay.data.mixture import Mixture, blend
from interplay.studies.catalogue.contextual import contexts, regimes, shown_ops
from interplay.studies.recipe import Recipe, compared
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Study, Workplace, measured
from interplay.studies.values import percent

BEYOND = "B beyond"
ENOUGH, LITTLE = 0.1, 0.01  # the paper's: from a tenth of B in RL on B is unlocked, with a hundredth it is not


def bases(chosen: Settings) -> dict[str, tuple[str, Mixture]]:
    """What pre-training shows, in words and as a mixture."""
    asked, own = regimes(chosen), chosen.transfer
    everywhere = Mixture.uniform(shown_ops(chosen), [contexts(chosen)[1]], chosen.modes)
    return {
        "shared": (
            f"{own.shared:.1%} of B at all ops",
            blend([(asked["A"], 1 - own.shared), (everywhere, own.shared)]),
        ),
        "atoms": (f"{own.atoms:.1%} of B's atoms", blend([(asked["A"], 1 - own.atoms), (asked["B shown"], own.atoms)])),
    }


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """Both bases, and an RL arm of each for every share of B."""
    chosen, asked = recipe.chosen, regimes(recipe.chosen)
    b_at_all_ops = Mixture.uniform(shown_ops(chosen), [contexts(chosen)[1]], chosen.modes)
    arms: list[Arm] = []
    for name, (shown, mixture) in bases(chosen).items():
        base = recipe.pretrained(mixture, seed, name)
        factors: dict[str, float | str] = {"pre-training": shown}
        arms.append(recipe.arm(name, f"Base, {shown}", "pre-training on A", seed, base, regimes=asked, factors=factors))
        for share in chosen.transfer.shares:
            parts = [(asked["A"], 1 - share), (b_at_all_ops, share)]
            trained = recipe.reinforced(base, blend(part for part in parts if part[1]), seed, arm_name(name, share))
            arms.append(
                recipe.arm(arm_name(name, share), f"RL with {share:.0%} B, {shown}", "then GRPO on A and B", seed, trained,
                           start=name, regimes=asked, factors=factors | {"share of B in RL": share})
            )  # fmt: skip
    return arms


def arm_name(base: str, share: float) -> str:
    """`atoms_rl_10`."""
    return f"{base}_rl_{percent(share)}"


def transfer(chosen: Settings, place: Workplace) -> Study:
    """The paper's appendix A.6."""
    recipe, top, shares = Recipe(chosen, place), max(chosen.ks), chosen.transfer.shares
    arms = recipe.every_seed(arms_of_seed)
    asked = [(arm_name(base, share), base) for base in bases(chosen) for share in shares]
    asked += [(arm_name("atoms", share), arm_name("atoms", 0.0)) for share in shares if share]
    claims = [
        Claim(f"With shared primitives RL without any of B carries B beyond its simplest problems: pass@{top} rises",
              f"{arm_name('shared', 0.0)}-shared-{BEYOND}-{top}", "T5", "paper"),
        Claim(f"With B's atoms alone RL without any of B leaves B beyond them as it was: pass@{top} stays",
              f"{arm_name('atoms', 0.0)}-atoms-{BEYOND}-{top}", "T6", "paper", "flat"),
        Claim(f"After B's atoms {LITTLE:.0%} of B in RL is too little: pass@{top} against none",
              f"{arm_name('atoms', LITTLE)}-{arm_name('atoms', 0.0)}-{BEYOND}-{top}", "T6", "paper", "flat"),
        Claim(f"After B's atoms {ENOUGH:.0%} of B in RL unlocks B: pass@{top} against none",
              f"{arm_name('atoms', ENOUGH)}-{arm_name('atoms', 0.0)}-{BEYOND}-{top}", "T6", "paper"),
        Claim(f"RL on B alone leaves A as it was: pass@{top} on A stays",
              f"{arm_name('atoms', 1.0)}-atoms-A-{top}", "T6", "paper", "flat"),
    ]  # fmt: skip
    contrasts = compared(arms, asked, chosen.ks)
    return Study(
        name="transfer",
        title="Does RL carry a context that RL itself shows in small shares?",
        question="How much of a context must RL show when pre-training had its primitives, or its atoms alone?",
        settings=chosen,
        arms=arms,
        contrasts=contrasts,
        claims=measured(claims, contrasts),
        x="share of B in RL",
        by="pre-training",
    )
