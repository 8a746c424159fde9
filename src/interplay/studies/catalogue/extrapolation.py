"""extrapolation: does RL reach deeper than pre-training?

base        pre-training on the id ops, with a trace of edge ops where the scale asks for it
rl_id       GRPO on the id ops
rl_mixed    GRPO on id and edge ops
rl_edge     GRPO on the edge ops
rl_hard     GRPO on the hard ops
rl_ood      GRPO on every op beyond pre-training, uniformly: the comparison arm of the next two
adaptive    the same problems, the op range raised when the top of it is mastered
filtered    the same problems, only those the start model fails at k=1 and solves within k=K; fewer steps, since the
            measurement that finds them is paid from the same budget
self_train  self-training on right samples of the edge ops, without a baseline
gold        supervised training on gold solutions of the same edge problems

All treatments cost the same in nominal compute: one RL sample is charged 5/3 of its tokens, as in the paper's equation.
"""

from __future__ import annotations

from interplay.rl.pools import Adaptive, Edge
from interplay.rl.presets import PRESETS
from interplay.stages.kinds import Checkpointed
from interplay.studies.budget import filtered_steps, rl_tokens
from interplay.studies.recipe import Recipe, compared
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Study, Workplace

RANGES = {"rl_id": "id", "rl_mixed": "id and edge", "rl_edge": "edge", "rl_hard": "hard"}


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """Ten arms from one base."""
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
    edge_filter = Edge(candidates=chosen.extrapolation.filter_candidates, samples=chosen.rl.group)
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
        ("self_train", "Self-training", "right samples of edge problems, without a baseline",
         recipe.reinforced(base, mixes["edge"], seed, "base, self-training", changes=PRESETS["raft"])),
        ("gold", "Gold", "supervised on gold solutions of the RL problems of the edge",
         recipe.midtrained(base, mixes["edge"], rl_tokens(chosen, chosen.rl.steps), seed, "base on gold", split="rl")),
    ]  # fmt: skip
    return [
        recipe.arm(name, label, what, seed, checkpoint, start="" if name == "base" else "base", factors={"arm": label})
        for name, label, what, checkpoint in made
    ]


def extrapolation(chosen: Settings, place: Workplace) -> Study:
    """The paper's section 3, its controls, and the selections it recommends."""
    recipe, top = Recipe(chosen, place), max(chosen.ks)
    arms = recipe.every_seed(arms_of_seed)
    treatments = (*RANGES, "rl_ood", "adaptive", "filtered", "self_train", "gold")
    asked = [(name, "base") for name in treatments] + [("adaptive", "rl_ood"), ("filtered", "rl_ood")]
    asked += [("rl_edge", name) for name in ("rl_id", "rl_hard", "gold", "self_train")] + [("rl_ood", "rl_edge")]
    return Study(
        name="extrapolation",
        title="Does RL reach deeper than pre-training?",
        question="Which RL problems raise verified accuracy beyond the depth of pre-training, and does anything cheaper?",
        settings=chosen,
        arms=arms,
        contrasts=compared(arms, asked, chosen.ks),
        claims=claims(top),
    )


def claims(top: int) -> tuple[Claim, ...]:
    """Fixed before any run."""
    return (
        Claim(f"RL on edge ops adds capability on the edge: pass@{top} rises", f"rl_edge-base-edge-{top}", "T1", "paper"),
        Claim(f"RL on id ops leaves pass@{top} on id unchanged", f"rl_id-base-id-{top}", "T1", "paper", "flat"),
        Claim(f"RL on hard ops adds nothing on hard: pass@{top} stays", f"rl_hard-base-hard-{top}", "T1", "paper", "flat"),
        Claim(f"RL on edge ops reaches hard ops: pass@{top} rises there", f"rl_edge-base-hard-{top}", "T1", "paper"),
        Claim("RL on edge ops beats RL on id ops on the edge, pass@1", "rl_edge-rl_id-edge-1", "T1", "paper"),
        Claim("RL on edge ops beats RL on hard ops on the edge, pass@1", "rl_edge-rl_hard-edge-1", "T1", "paper"),
        Claim(f"RL on all OOD ops reaches hard ops further than RL on edge ops at equal compute: pass@{top}",
              f"rl_ood-rl_edge-hard-{top}"),
        Claim("RL on all OOD ops does worse on the edge than RL on edge ops at equal compute, pass@1",
              "rl_ood-rl_edge-edge-1", direction="down"),
        Claim("An adaptive range beats a uniform one at equal compute on the edge, pass@1", "adaptive-rl_ood-edge-1"),
        Claim("Problems filtered to the edge of competence beat uniform ones on the edge, pass@1",
              "filtered-rl_ood-edge-1", "guidance", "paper"),
        Claim("RL beats supervised training on gold at equal compute on the edge, pass@1", "rl_edge-gold-edge-1"),
        Claim("RL beats self-training on its own right samples on the edge, pass@1", "rl_edge-self_train-edge-1"),
    )  # fmt: skip
