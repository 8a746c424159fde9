"""The trials of `regimes.py`: one name, one question and the settings that differ from the trial it is compared with."""

from __future__ import annotations

from typing import Literal

from interplay.config import Config
from interplay.data.mixture import World
from interplay.data.packing import PackingConfig
from interplay.model.sizes import ModelConfig
from interplay.train.optimizer import OptimizerConfig
from interplay.train.schedule import Schedule


class Trial(Config):
    """One training from nothing. `shares` are op shares in training, in any unit; `asked` are the ops of the evaluation."""

    question: str
    world: World
    contexts: tuple[str, ...] = ("zoo",)
    shares: dict[int, float]
    asked: tuple[int, ...]
    tokens: int = 3_000_000
    model: ModelConfig = ModelConfig(layers=4, hidden=128, ffn=384, heads=4, kv_heads=4)
    vocab_size: int = 512
    unit: Literal["word", "place", "quantity", "definition"] = "quantity"
    packing: PackingConfig = PackingConfig(width=192, rows=16, loss_on="solution")
    batch_tokens: int = 3072
    precision: Literal["fp32", "bf16"] = "fp32"
    optimizer: OptimizerConfig = OptimizerConfig(kind="muon", lr=4e-3, matrix_lr=0.02, weight_decay=0.01)
    schedule: Schedule = Schedule(kind="wsd", warmup=0.05, decay=0.3, floor=0.0)
    problems: int = 64
    samples: int = 32
    temperature: float = 0.7
    max_new_tokens: int = 160


def even(first: int, last: int) -> dict[int, float]:
    """Equal shares of the ops first..last."""
    return dict.fromkeys(range(first, last + 1), 1.0)


PLAIN = World(
    style="terse", numbers=(1, 20), max_value=60, multipliers=(2, 4), distractors=(1, 2), fan_in=2, totals=0.0,
    locations=4, entities=4, names=4, order="random",
)  # fmt: skip

SHARP = PLAIN.model_copy(update={"copies": 0.0, "differences": 0.5, "order": "ready"})

NINE = SHARP.model_copy(update={"numbers": (1, 9), "max_value": 30, "multipliers": (2, 3)})

CROWD = NINE.model_copy(update={"distractors": (2, 3)})

NEAR = ModelConfig(layers=4, hidden=128, ffn=384, heads=4, kv_heads=4, rope_theta=300.0)

NARROW = PackingConfig(width=128, rows=24, loss_on="solution")
WIDER = PackingConfig(width=144, rows=21, loss_on="solution")

TRIALS: dict[str, Trial] = {
    "plain": Trial(
        question="two operands, no totals, one or two distractors, wide numbers, 16 names, any ready step next",
        world=PLAIN, shares=even(2, 6), asked=(3, 4, 5, 6, 7, 8),
    ),
    "sharp-clear": Trial(
        question="no copies, no distractors, the first ready step next",
        world=SHARP.model_copy(update={"distractors": (0, 0)}), shares=even(3, 7), asked=(3, 4, 5, 6, 7, 8, 9),
    ),
    "sharp": Trial(
        question="no copies, one or two distractors, the first ready step next",
        world=SHARP, shares=even(3, 6), asked=(3, 4, 5, 6, 7, 8), tokens=2_000_000, packing=NARROW, problems=40,
    ),
    "nine": Trial(
        question="constants to 9 and values to 30, ops 5 to 7 alike",
        world=NINE, shares=even(5, 7), asked=(5, 6, 7, 8, 9, 10), tokens=2_000_000, packing=NARROW, problems=40,
    ),
    "nine-random": Trial(
        question="any ready step next, so that a problem is solved in several orders",
        world=NINE.model_copy(update={"order": "random"}), shares=even(5, 7), asked=(5, 6, 7, 8, 9, 10),
        tokens=2_000_000, packing=NARROW, problems=40,
    ),
    "crowd": Trial(
        question="two or three distractors, ops 3 to 5 alike", world=CROWD, shares=even(3, 5), asked=(3, 4, 5, 6, 7, 8),
        packing=WIDER, batch_tokens=3024, problems=40, precision="bf16",
    ),
    "crowd-tail": Trial(
        question="two or three distractors, ops 3 to 5 alike and a tail of ops 6 to 8",
        world=CROWD, shares=even(3, 5) | {6: 0.1, 7: 0.03, 8: 0.01}, asked=(3, 4, 5, 6, 7, 8), tokens=3_000_000,
        packing=WIDER, batch_tokens=3024, problems=40, precision="bf16",
    ),
    "crowd-near": Trial(
        question="the same with rotary base 300 and not a million: more of the frequencies tell near positions apart",
        world=CROWD, shares=even(3, 5) | {6: 0.1, 7: 0.03, 8: 0.01}, asked=(3, 4, 5, 6, 7, 8), tokens=2_000_000,
        packing=WIDER, batch_tokens=3024, problems=40, precision="bf16", model=NEAR,
    ),
    "few-near": Trial(
        question="rotary base 300 and none to four distractors, so that some problems are easy",
        world=NINE.model_copy(update={"distractors": (0, 4)}), shares=even(3, 5) | {6: 0.1, 7: 0.03, 8: 0.01},
        asked=(3, 4, 5, 6, 7, 8), tokens=2_000_000, packing=WIDER, batch_tokens=3024, problems=40, precision="bf16",
        model=NEAR,
    ),
    "crowd-steps": Trial(
        question="rotary base 300, two heads of 64, and steps of a third of the tokens, so three times as many",
        world=CROWD, shares=even(3, 5) | {6: 0.1, 7: 0.03, 8: 0.01}, asked=(3, 4, 5, 6, 7, 8), tokens=2_000_000,
        packing=PackingConfig(width=144, rows=7, loss_on="solution"), batch_tokens=1008, problems=40, precision="bf16",
        model=NEAR.model_copy(update={"heads": 2, "kv_heads": 2}),
    ),
    "crowd-lookup": Trial(
        question="the same steps, and ops 1 and 2: problems that are all looking up",
        world=CROWD, shares=even(1, 5) | {6: 0.1, 7: 0.03, 8: 0.01}, asked=(1, 2, 3, 4, 5, 6, 7, 8), tokens=1_500_000,
        packing=PackingConfig(width=144, rows=7, loss_on="solution"), batch_tokens=1008, problems=40, precision="bf16",
        model=NEAR.model_copy(update={"heads": 2, "kv_heads": 2}),
    ),
    "clear-tail": Trial(
        question="no distractors, numbers to 9: ops 3 to 5 alike and a tail; rotary base 300, small steps",
        world=NINE.model_copy(update={"distractors": (0, 0)}), shares=even(3, 5) | {6: 0.1, 7: 0.03, 8: 0.01},
        asked=(3, 4, 5, 6, 7, 8), tokens=1_500_000, packing=PackingConfig(width=128, rows=12, loss_on="solution"),
        batch_tokens=1536, problems=32, samples=64, precision="bf16", model=NEAR,
        schedule=Schedule(kind="wsd", warmup=0.05, decay=0.5, floor=0.0),
    ),
    "clear-edge": Trial(
        question="not run yet: the same with three times as much of op 6 and twice of 7",
        world=NINE.model_copy(update={"distractors": (0, 0)}), shares=even(3, 5) | {6: 0.3, 7: 0.06, 8: 0.01},
        asked=(4, 5, 6, 7, 8), tokens=1_500_000, packing=PackingConfig(width=128, rows=12, loss_on="solution"),
        batch_tokens=1536, problems=32, samples=32, precision="bf16", model=NEAR,
        schedule=Schedule(kind="wsd", warmup=0.05, decay=0.5, floor=0.0),
    ),
    "one-deep": Trial(
        question="none or one distractor, numbers to 9: ops 3 to 7 alike and a tail of ops 8 to 10",
        world=NINE.model_copy(update={"distractors": (0, 1)}), shares=even(3, 7) | {8: 0.1, 9: 0.03, 10: 0.01},
        asked=(3, 5, 6, 7, 8, 9, 10), tokens=1_800_000, packing=PackingConfig(width=144, rows=11, loss_on="solution"),
        batch_tokens=1584, problems=32, precision="bf16", model=NEAR,
        schedule=Schedule(kind="wsd", warmup=0.05, decay=0.5, floor=0.0),
    ),
    "crowd-long": Trial(
        question="two or three distractors and a tail, at six times the tokens: cut at 9.7M of 18M, lookups still at chance",
        world=CROWD, shares=even(3, 5) | {6: 0.1, 7: 0.03, 8: 0.01}, asked=(3, 4, 5, 6, 7, 8), tokens=18_000_000,
        packing=WIDER, batch_tokens=3024, problems=40, samples=128, precision="bf16", model=NEAR,
    ),
    "clear-long": Trial(
        question="no distractors, ops 3 to 7 and a tail of ops 8 to 10, at six times the tokens",
        world=NINE.model_copy(update={"distractors": (0, 0)}), shares=even(3, 7) | {8: 0.1, 9: 0.03, 10: 0.01},
        asked=(5, 6, 7, 8, 9, 10, 11), tokens=18_000_000, packing=WIDER, batch_tokens=3024, problems=40, samples=128,
        precision="bf16", model=NEAR,
    ),
    "lookup": Trial(
        question="op 1 alone with two or three distractors: nothing but looking up", world=CROWD, shares={1: 1.0}, asked=(1,),
        tokens=1_000_000, packing=PackingConfig(width=96, rows=32, loss_on="solution"), problems=24, samples=8,
        precision="bf16", model=NEAR, schedule=Schedule(kind="wsd", warmup=0.05, decay=0.2, floor=0.0),
    ),
    "lookup-definition": Trial(
        question="the same, a quantity and the `=` that defines it one token", world=CROWD, shares={1: 1.0}, asked=(1,),
        tokens=1_000_000, packing=PackingConfig(width=96, rows=32, loss_on="solution"), problems=24, samples=8,
        precision="bf16", model=NEAR, schedule=Schedule(kind="wsd", warmup=0.05, decay=0.2, floor=0.0), unit="definition",
    ),
    "defined-crowd": Trial(
        question="definition tokens: two or three distractors, ops 1 to 5 and a tail",
        world=CROWD, shares=even(1, 5) | {6: 0.3, 7: 0.1, 8: 0.03}, asked=(1, 3, 4, 5, 6, 7, 8), packing=WIDER,
        batch_tokens=3024, problems=32, precision="bf16", model=NEAR, unit="definition",
    ),
    "defined-crowd-warm": Trial(
        question="the same, the rate warming up over 30 % of the tokens and not 5 %",
        world=CROWD, shares=even(1, 5) | {6: 0.3, 7: 0.1, 8: 0.03}, asked=(1, 3, 4, 5, 6, 7, 8), packing=WIDER,
        batch_tokens=3024, problems=32, precision="bf16", model=NEAR, unit="definition",
        schedule=Schedule(kind="wsd", warmup=0.3, decay=0.3, floor=0.0),
    ),
    "defined-clear": Trial(
        question="definition tokens: no distractors, ops 3 to 5 and a tail",
        world=NINE.model_copy(update={"distractors": (0, 0)}),
        shares=even(3, 5) | {6: 0.3, 7: 0.1, 8: 0.03}, asked=(3, 4, 5, 6, 7, 8, 9), packing=WIDER,
        batch_tokens=3024, problems=32, precision="bf16", model=NEAR, unit="definition",
    ),
    "defined-crowd-long": Trial(
        question="definition tokens: two or three distractors, ops 1 to 5 and a tail, at six times the tokens",
        world=CROWD, shares=even(1, 5) | {6: 0.3, 7: 0.1, 8: 0.03}, asked=(1, 3, 4, 5, 6, 7, 8, 9), packing=WIDER,
        tokens=18_000_000, batch_tokens=3024, problems=32, samples=128, precision="bf16", model=NEAR, unit="definition",
    ),
    "defined-mini": Trial(
        question="two to four distractors, a warm-up of 10 %, otherwise `defined-crowd-long`",
        world=NINE.model_copy(update={"distractors": (2, 4)}), shares=even(1, 5) | {6: 0.3, 7: 0.1, 8: 0.03},
        asked=(1, 2, 3, 4, 5, 6, 7, 8, 9), packing=PackingConfig(width=160, rows=19, loss_on="solution"),
        tokens=18_000_000, batch_tokens=3040, problems=40, samples=128, precision="bf16", model=NEAR, unit="definition",
        schedule=Schedule(kind="wsd", warmup=0.1, decay=0.3, floor=0.0),
    ),
    "defined-micro": Trial(
        question="9 names, ops 1 to 4 and a tail, in 2.5M tokens",
        world=CROWD.model_copy(update={"locations": 3, "entities": 3, "names": 8}),
        shares=even(1, 4) | {5: 0.3, 6: 0.1, 7: 0.03},
        asked=(1, 3, 4, 5, 6, 7, 8), packing=WIDER, tokens=2_500_000, batch_tokens=3024, problems=32, precision="bf16",
        model=NEAR, unit="definition", schedule=Schedule(kind="wsd", warmup=0.3, decay=0.4, floor=0.0),
    ),
    "mini-warm": Trial(
        question="two to four distractors, a warm-up of 30 %, a third of the tokens, fp32",
        world=NINE.model_copy(update={"distractors": (2, 4)}), shares=even(1, 5) | {6: 0.3, 7: 0.1, 8: 0.03},
        asked=(1, 2, 3, 4, 5, 6, 7, 8, 9), packing=PackingConfig(width=160, rows=19, loss_on="solution"),
        tokens=6_000_000, batch_tokens=3040, problems=40, samples=128, model=NEAR, unit="definition",
        schedule=Schedule(kind="wsd", warmup=0.3, decay=0.4, floor=0.0),
    ),
    "micro-four": Trial(
        question="two to four distractors, ops 1 to 4 and a tail of ops 5 to 7, in 3M tokens",
        world=NINE.model_copy(update={"distractors": (2, 4)}), shares=even(1, 4) | {5: 0.3, 6: 0.1, 7: 0.03},
        asked=(1, 2, 3, 4, 5, 6, 7, 8), packing=WIDER, tokens=3_000_000, batch_tokens=3024, problems=40,
        model=NEAR, unit="definition", schedule=Schedule(kind="wsd", warmup=0.3, decay=0.4, floor=0.0),
    ),
}  # fmt: skip

FOUR = TRIALS["micro-four"]
TRIALS |= {
    "micro-two": FOUR.model_copy(
        update={"question": "`micro-four` in two contexts, with more of op 7 and a little of op 8",
                "contexts": ("zoo", "school"), "shares": even(1, 4) | {5: 0.3, 6: 0.1, 7: 0.06, 8: 0.02},
                "asked": (1, 2, 3, 4, 5, 6, 7, 8, 9), "samples": 128}
    ),
    "micro-tail": FOUR.model_copy(
        update={"question": "`micro-four` with more of op 7 and a little of op 8", "samples": 128,
                "shares": even(1, 4) | {5: 0.3, 6: 0.1, 7: 0.06, 8: 0.02}, "asked": (1, 2, 3, 4, 5, 6, 7, 8, 9)}
    ),
    "micro-twelve": FOUR.model_copy(
        update={"question": "`micro-four` with numbers to 12, an edge of 4 % and a tail of 1.2 %, in 4.8M tokens, bf16",
                "world": FOUR.world.model_copy(update={"numbers": (1, 12)}), "samples": 128, "tokens": 4_800_000,
                "shares": even(1, 4) | {5: 0.127, 6: 0.042, 7: 0.038, 8: 0.013}, "asked": (1, 2, 3, 4, 5, 6, 7, 8, 9),
                "precision": "bf16"}
    ),
}  # fmt: skip

TRIALS |= {
    "micro-steps": TRIALS["micro-twelve"].model_copy(
        update={"question": "`micro-twelve` with twice as many steps, of half as many tokens", "batch_tokens": 1440,
                "packing": PackingConfig(width=144, rows=10, loss_on="solution")}
    ),
}  # fmt: skip
