"""ladder: how far must pre-training have gone before each op is solved in one try, in several, at all?

A rung is a model from scratch on a share of the scale's tokens, with a complete schedule of its own: checkpoints of one run
would be compared before its learning rate has come down. The last rung is the base of the other studies. What is asked reaches
from id to hard ops, at every k, so a rung shows which op it solves in one of k tries before it solves it in one.
"""

from __future__ import annotations

from interplay.stages.rates import quantity
from interplay.studies.recipe import Recipe, Seed, compared
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Study, Workplace


def arms_of_seed(recipe: Recipe, seed: Seed) -> list[Arm]:
    """A model for each share of the tokens."""
    chosen = recipe.chosen
    mixture = recipe.graded(chosen.pretrain.edge_share)
    arms = []
    for tokens in rungs(chosen):
        name = arm_name(tokens)
        trained = recipe.pretrained(mixture, seed, "base" if tokens == chosen.pretrain.tokens else name, tokens)
        told = f"pre-training on {tokens:,} tokens with a schedule of its own"
        arms.append(recipe.arm(name, quantity(tokens), told, seed, trained, factors={"tokens": float(tokens)}))
    return arms


def rungs(chosen: Settings) -> list[int]:
    """Tokens of each model, whole batches, fewest first, the scale's own last; two that come out alike are one."""
    batch, own = chosen.train.batch_tokens, chosen.pretrain.tokens
    fewer = {max(1, round(share * own / batch)) * batch for share in chosen.ladder.shares if share < 1}
    return [*sorted(tokens for tokens in fewer if tokens < own), own]


def arm_name(tokens: int) -> str:
    """`on_400k`."""
    return f"on_{quantity(tokens)}"


def ladder(chosen: Settings, place: Workplace) -> Study:
    """The paper's figure of pass@k over pre-training, every rung with its own schedule."""
    recipe, top = Recipe(chosen, place), max(chosen.ks)
    arms = recipe.every_seed(arms_of_seed)
    names = [arm_name(tokens) for tokens in rungs(chosen)]
    steps = list(zip(names[1:], names, strict=False))
    claims = []
    if steps:
        before, after = (quantity(tokens) for tokens in rungs(chosen)[-2:])
        told, last = f"Pre-training from {before} to {after} tokens still", "-".join(steps[-1])
        claims = [
            Claim(f"{told} adds capability on the edge: pass@{top} rises", f"{last}-edge-{top}"),
            Claim(f"{told} raises pass@1 on id", f"{last}-id-1"),
        ]
    return Study(
        name="ladder",
        title="Which op is solved when in pre-training?",
        question="How much pre-training does each op need until it is solved in one of k tries, and until in one?",
        settings=chosen,
        arms=arms,
        contrasts=compared(arms, steps, chosen.ks),
        claims=tuple(claims),
        x="tokens",
    )
