"""headroom: how much of the edge must pre-training have shown for RL to add most?

For each share of edge ops in pre-training: a model from scratch, then GRPO on the edge ops. The id ops keep their relative
weights (at `paper` the mixes are the published ones) and no hard op is shown; every model sees the same number of tokens.
Where RL ends mixes what pre-training left with what RL added, so where RL gains most is asked of gains; the middle share
stands for partial competence and is fixed before the run.
"""

from __future__ import annotations

from interplay.studies.recipe import Recipe, compared, gains
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Study, Workplace, measured
from interplay.studies.values import percent


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """A base and its RL arm for each share."""
    arms: list[Arm] = []
    own = recipe.chosen.headroom
    for number, share in enumerate(own.shares):
        name, shown = base_name(share), f"{100 * share:.3g} % {varied(recipe.chosen)}"
        mixture = recipe.published(own.mixes[number]) if own.mixes else recipe.graded(share, own.ops, hard_share=0.0)
        base = recipe.pretrained(mixture, seed, name)
        told = ("pre-training", "GRPO on edge ops")
        arms += recipe.before_and_after_rl(name, shown, told, seed, base, recipe.regimes["edge"], {"edge share": share})
    return arms


def varied(chosen: Settings) -> str:
    """What pre-training shows more or less of: the edge, or the ops that a scale names."""
    ops = chosen.headroom.ops or chosen.edge_ops
    return "edge" if ops == chosen.edge_ops else f"op {ops[0]}-{ops[-1]}"


def base_name(share: float) -> str:
    """`edge_0_1` for 0.1 %."""
    return f"edge_{percent(share)}"


def headroom(chosen: Settings, place: Workplace) -> Study:
    """The paper's appendix A.7."""
    recipe, top = Recipe(chosen, place), max(chosen.ks)
    names = [base_name(share) for share in chosen.headroom.shares]
    arms = recipe.every_seed(arms_of_seed)
    asked = [(f"{name}_rl", name) for name in names]
    shown = varied(chosen)
    told = "the edge" if shown == "edge" else shown
    first, middle, most = names[0], names[len(names) // 2], names[-1]
    against = [(f"{most}_rl", f"{first}_rl"), (f"{middle}_rl", f"{first}_rl"), (f"{middle}_rl", f"{most}_rl")]
    claims = [
        Claim(f"RL adds capability where {told} was {100 * share:.3g} % of pre-training: edge pass@{top} rises",
              f"{name}_rl-{name}-edge-{top}", "T7", "paper")
        for name, share in zip(names, chosen.headroom.shares, strict=True)
    ]  # fmt: skip
    claims += [
        Claim(f"More {shown} data in pre-training leaves RL higher: edge pass@{top}, most against least",
              f"{most}_rl-{first}_rl-edge-{top}", "T7", "paper"),
        Claim(f"The gain of RL peaks at partial competence: in edge pass@{top} it is larger at the middle share than at the "
              "least and at the most", f"{middle}_rl-{first}_rl-edge-{top}-gain", "T7", "paper",
              also=(f"{middle}_rl-{most}_rl-edge-{top}-gain",)),
    ]  # fmt: skip
    contrasts = (*compared(arms, [*asked, *against], chosen.ks), *gains(arms, against, chosen.ks))
    return Study(
        name="headroom",
        title="How much hard data should pre-training hold?",
        question="How does RL's gain on the edge depend on how much of the edge pre-training has shown?",
        settings=chosen,
        arms=arms,
        contrasts=contrasts,
        claims=measured(claims, contrasts),
        x="edge share",
        by="stage",
    )
