"""extrapolation: does RL reach deeper than pre-training?

base        pre-training on the id ops, with a trace of edge ops where the scale asks for it
rl_id       GRPO on the id ops
rl_mixed    GRPO on id and edge ops
rl_edge     GRPO on the edge ops
rl_hard     GRPO on the hard ops
rl_ood      GRPO on every op beyond pre-training, uniformly: the comparison arm of the next two
adaptive    the same problems, the op range raised when the top of it is mastered
filtered    the same problems, only those the start model fails at k=1 and solves within k=K; fewer steps, since the
            measurement that finds them and the samples learned from are paid from what RL on the edge costs
refreshed   the same filter, measured again by the policy as it is after each quarter; fewer steps still
scheduled   the comparison arm of adaptive: the op range raised step by step, whatever the accuracy
self_train  self-training on right samples of the same edge problems, without a baseline, with more samples of each
gold        supervised training on gold solutions of the very problems that rl_edge is asked, again and again
*_replay    the last two with a share of id problems, so that what was known is not forgotten

The first seven take as many steps of as many samples, which is equal nominal compute: one RL sample is charged 5/3 of its
tokens, as in the paper's equation. Measured they differ, since groups without a signal are not learned from. The edge filter,
self-training and gold are matched to what RL on the edge was measured to cost, where a scale says it (`measured_share`,
`self_train_group`, `filtered_share` of `extrapolation`), else to what it is charged. What every arm really took stands in its
record.
"""

from __future__ import annotations

from interplay.rl.pools import Adaptive, Edge, Refreshed, Scheduled
from interplay.stages.kinds import Checkpointed
from interplay.studies.budget import filtered_steps, refreshing
from interplay.studies.catalogue.controls import gold_trained, matched_self_trained
from interplay.studies.recipe import Recipe, compared
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Study, Workplace

SUPERVISED = {
    "gold": "gold solutions of the same problems",
    "gold_replay": "gold solutions of the same problems with id replay",
    "self_train": "self-training on its own right samples",
    "self_train_replay": "self-training with id replay",
}
SELECTED = ("adaptive", "filtered", "refreshed", "scheduled")
RANGES = {"rl_id": "id", "rl_mixed": "id and edge", "rl_edge": "edge", "rl_hard": "hard"}


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """Fourteen arms from one base."""
    chosen, mixes = recipe.chosen, recipe.regimes
    base = recipe.base(seed)
    beyond = recipe.over((*chosen.edge_ops, *chosen.hard_ops))
    ranges = {
        "rl_id": recipe.over(chosen.extrapolation.id_ops or chosen.id_ops),
        "rl_mixed": recipe.over(chosen.extrapolation.mixed_ops or (*chosen.id_ops, *chosen.edge_ops)),
        "rl_edge": mixes["edge"],
        "rl_hard": recipe.over(chosen.extrapolation.hard_ops or chosen.hard_ops),
    }
    adaptive = Adaptive(start_op=min(chosen.edge_ops), threshold=chosen.extrapolation.adaptive_threshold)
    scheduled = Scheduled(start_op=adaptive.start_op, steps=chosen.rl.steps)
    edge_filter = Edge(candidates=chosen.extrapolation.filter_candidates, samples=chosen.rl.group)
    every, refreshed_steps = refreshing(chosen)
    refreshed = Refreshed(candidates=edge_filter.candidates, samples=edge_filter.samples, every=every)
    made: list[tuple[str, str, str, Checkpointed]] = [("base", "Base", "pre-training alone", base)]
    made += [
        (
            name,
            f"RL on {where}",
            f"GRPO on {where} ops",
            recipe.reinforced(base, ranges[name], seed, f"base on {where}"),
        )
        for name, where in RANGES.items()
    ]
    made += [
        ("rl_ood", "RL on all OOD", "GRPO on edge and hard ops, uniformly",
         recipe.reinforced(base, beyond, seed, "base on all OOD")),
        ("adaptive", "RL, adaptive", "GRPO on edge and hard ops, the range raised with accuracy",
         recipe.reinforced(base, beyond, seed, "base, adaptive", selection=adaptive)),
        ("filtered", "RL, edge filter", "GRPO on the edge and hard problems that base sometimes solves",
         recipe.reinforced(base, beyond, seed, "base, filtered", selection=edge_filter, steps=filtered_steps(chosen))),
        ("refreshed", "RL, refreshed filter", "GRPO on the edge and hard problems that the policy sometimes solves by then",
         recipe.reinforced(base, beyond, seed, "base, refreshed", selection=refreshed, steps=refreshed_steps)),
        ("scheduled", "RL, scheduled", "GRPO on edge and hard ops, the range raised step by step",
         recipe.reinforced(base, beyond, seed, "base, scheduled", selection=scheduled)),
        ("self_train", "Self-training", "right samples of edge problems, without a baseline",
         matched_self_trained(recipe, base, seed, "base, self-training")),
        ("self_train_replay", "Self-training, replay", "right samples of edge problems and of a share of id problems",
         matched_self_trained(recipe, base, seed, "base, self-training with replay", replay=True)),
        ("gold", "Gold", "supervised on gold solutions of the problems of RL on the edge",
         gold_trained(recipe, base, seed, "base on gold")),
        ("gold_replay", "Gold, replay", "supervised on the same gold solutions and on a share of id problems",
         gold_trained(recipe, base, seed, "base on gold with replay", replay=True)),
    ]  # fmt: skip
    return [
        recipe.arm(name, label, what, seed, checkpoint, start="" if name == "base" else "base", factors={"arm": label})
        for name, label, what, checkpoint in made
    ]


def extrapolation(chosen: Settings, place: Workplace) -> Study:
    """The paper's section 3, its controls, and the selections it recommends."""
    recipe, top = Recipe(chosen, place), max(chosen.ks)
    arms = recipe.every_seed(arms_of_seed)
    supervised = tuple(SUPERVISED)
    asked = [(name, "base") for name in (*RANGES, "rl_ood", *SELECTED, *supervised)]
    asked += [("adaptive", "rl_ood"), ("filtered", "rl_ood"), ("filtered", "rl_edge"), ("rl_ood", "rl_edge")]
    asked += [("refreshed", "filtered"), ("adaptive", "scheduled"), ("scheduled", "rl_ood")]
    asked += [("rl_edge", name) for name in ("rl_id", "rl_hard", *supervised)]
    return Study(
        name="extrapolation",
        title="Does RL reach deeper than pre-training?",
        question="Which RL problems raise verified accuracy beyond the depth of pre-training, and does anything cheaper?",
        settings=chosen,
        arms=arms,
        contrasts=compared(arms, asked, chosen.ks),
        claims=claims(top, "measured" if chosen.extrapolation.measured_share < 1 else "nominal"),
    )


def claims(top: int, matched: str) -> tuple[Claim, ...]:
    """Fixed before any run; `matched` is the compute by which gold, self-training and the filter cost what RL costs."""
    return (
        Claim(f"RL on edge ops adds capability on the edge: pass@{top} rises", f"rl_edge-base-edge-{top}", "T1", "paper"),
        Claim(f"RL on id ops leaves pass@{top} on id unchanged", f"rl_id-base-id-{top}", "T1", "paper", "flat"),
        Claim(f"RL on hard ops adds nothing on hard: pass@{top} stays", f"rl_hard-base-hard-{top}", "T1", "paper", "flat"),
        Claim(f"RL on edge ops reaches hard ops: pass@{top} rises there", f"rl_edge-base-hard-{top}", "T1", "paper"),
        Claim("RL on edge ops beats RL on id ops on the edge, pass@1", "rl_edge-rl_id-edge-1", "T1", "paper"),
        Claim("RL on edge ops beats RL on hard ops on the edge, pass@1", "rl_edge-rl_hard-edge-1", "T1", "paper"),
        Claim(f"RL on all OOD ops reaches hard ops further than RL on edge ops in as many steps: pass@{top}",
              f"rl_ood-rl_edge-hard-{top}"),
        Claim("RL on all OOD ops does worse on the edge than RL on edge ops in as many steps, pass@1",
              "rl_ood-rl_edge-edge-1", direction="down"),
        Claim("An adaptive range beats a uniform one in as many steps on the edge, pass@1", "adaptive-rl_ood-edge-1"),
        Claim("Problems filtered to the edge of competence beat uniform ones on the edge, pass@1",
              "filtered-rl_ood-edge-1", "guidance", "paper"),
        Claim(f"Problems filtered to the edge of competence beat RL on the edge ops at equal {matched} compute, pass@1",
              "filtered-rl_edge-edge-1", "guidance", "paper"),
        Claim("A filter measured again during RL beats one measured before it at as much compute, on the edge, pass@1",
              "refreshed-filtered-edge-1"),
        Claim("A range raised with accuracy beats one raised by schedule on the edge, pass@1", "adaptive-scheduled-edge-1"),
        *(Claim(f"RL beats {what} at equal {matched} compute on the edge, pass@1", f"rl_edge-{name}-edge-1")
          for name, what in SUPERVISED.items()),
        *(Claim(f"RL keeps more of what was known than {what}: pass@1 on id", f"rl_edge-{name}-id-1")
          for name, what in SUPERVISED.items()),
    )  # fmt: skip
