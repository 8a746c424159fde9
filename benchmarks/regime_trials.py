"""The trials of `regimes.py`: one name, one question and what differs from the trial it is compared with."""

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


TRIALS: dict[str, Trial] = {}


def trial(name: str, question: str, like: str = "", **changes: object) -> None:
    """Write down a trial: the settings of another one, and its own."""
    TRIALS[name] = Trial.model_validate((dict(TRIALS[like]) if like else {}) | {"question": question} | changes)


def even(first: int, last: int) -> dict[int, float]:
    """Equal shares of the ops first..last."""
    return dict.fromkeys(range(first, last + 1), 1.0)


def ops(first: int, last: int) -> tuple[int, ...]:
    """The ops first..last."""
    return tuple(range(first, last + 1))


def distracted(world: World, least: int = 0, most: int = 0) -> World:
    """The world with so many distractors."""
    return world.model_copy(update={"distractors": (least, most)})


def wsd(warmup: float, decay: float) -> Schedule:
    """A schedule by the shares of the tokens that it warms up and decays over."""
    return Schedule(kind="wsd", warmup=warmup, decay=decay, floor=0.0)


def rows(width: int, count: int) -> dict[str, object]:
    """A batch of so many rows of that width."""
    return {"packing": PackingConfig(width=width, rows=count, loss_on="solution"), "batch_tokens": width * count}


PLAIN = World(
    style="terse", numbers=(1, 20), max_value=60, multipliers=(2, 4), distractors=(1, 2), fan_in=2, totals=0.0,
    locations=4, entities=4, names=4, order="random",
)  # fmt: skip

SHARP = PLAIN.model_copy(update={"copies": 0.0, "differences": 0.5, "order": "ready"})

NINE = SHARP.model_copy(update={"numbers": (1, 9), "max_value": 30, "multipliers": (2, 3)})

CROWD = distracted(NINE, 2, 3)

NEAR = ModelConfig(layers=4, hidden=128, ffn=384, heads=4, kv_heads=4, rope_theta=300.0)

TAIL = {6: 0.1, 7: 0.03, 8: 0.01}
LONGER_TAIL = {6: 0.3, 7: 0.1, 8: 0.03}
EARLY_TAIL = {5: 0.3, 6: 0.1, 7: 0.03}

trial(
    "plain", "two operands, no totals, one or two distractors, wide numbers, 16 names, any ready step next",
    world=PLAIN, shares=even(2, 6), asked=ops(3, 8),
)  # fmt: skip
trial(
    "sharp-clear", "no copies, no distractors, the first ready step next",
    world=distracted(SHARP), shares=even(3, 7), asked=ops(3, 9),
)  # fmt: skip
trial(
    "sharp", "no copies, one or two distractors, the first ready step next", world=SHARP, shares=even(3, 6), asked=ops(3, 8),
    tokens=2_000_000, **rows(128, 24), problems=40,
)  # fmt: skip
trial(
    "nine",
    "constants to 9 and values to 30, ops 5 to 7 alike",
    "sharp",
    world=NINE,
    shares=even(5, 7),
    asked=ops(5, 10),
)
trial(
    "nine-random", "any ready step next, so that a problem is solved in several orders", "nine",
    world=NINE.model_copy(update={"order": "random"}),
)  # fmt: skip
trial(
    "crowd", "two or three distractors, ops 3 to 5 alike", world=CROWD, shares=even(3, 5), asked=ops(3, 8), **rows(144, 21),
    problems=40, precision="bf16",
)  # fmt: skip
trial(
    "crowd-tail",
    "two or three distractors, ops 3 to 5 alike and a tail of ops 6 to 8",
    "crowd",
    shares=even(3, 5) | TAIL,
)
trial(
    "crowd-near", "the same with rotary base 300 and not a million: more of the frequencies tell near positions apart",
    "crowd-tail", tokens=2_000_000, model=NEAR,
)  # fmt: skip
trial(
    "few-near", "rotary base 300 and none to four distractors, so that some problems are easy", "crowd-near",
    world=distracted(NINE, 0, 4),
)  # fmt: skip
trial(
    "crowd-steps", "rotary base 300, two heads of 64, and steps of a third of the tokens, so three times as many",
    "crowd-near", **rows(144, 7), model=NEAR.model_copy(update={"heads": 2, "kv_heads": 2}),
)  # fmt: skip
trial(
    "crowd-lookup", "the same steps, and ops 1 and 2: problems that are all looking up", "crowd-steps",
    shares=even(1, 5) | TAIL, asked=ops(1, 8), tokens=1_500_000,
)  # fmt: skip
trial(
    "clear-tail", "no distractors, numbers to 9: ops 3 to 5 alike and a tail; rotary base 300, small steps", "crowd-near",
    world=distracted(NINE), tokens=1_500_000, **rows(128, 12), problems=32, samples=64, schedule=wsd(0.05, 0.5),
)  # fmt: skip
trial(
    "clear-edge", "not run yet: the same with three times as much of op 6 and twice of 7", "clear-tail",
    shares=even(3, 5) | {6: 0.3, 7: 0.06, 8: 0.01}, asked=ops(4, 8), samples=32,
)  # fmt: skip
trial(
    "one-deep", "none or one distractor, numbers to 9: ops 3 to 7 alike and a tail of ops 8 to 10", "clear-edge",
    world=distracted(NINE, 0, 1), shares=even(3, 7) | {8: 0.1, 9: 0.03, 10: 0.01}, asked=(3, *ops(5, 10)),
    tokens=1_800_000, **rows(144, 11),
)  # fmt: skip
trial(
    "crowd-long",
    "two or three distractors and a tail, at six times the tokens: cut at 9.7M of 18M, lookups still at chance",
    "crowd-near", tokens=18_000_000, samples=128,
)  # fmt: skip
trial(
    "clear-long", "no distractors, ops 3 to 7 and a tail of ops 8 to 10, at six times the tokens", "crowd-long",
    world=distracted(NINE), shares=even(3, 7) | {8: 0.1, 9: 0.03, 10: 0.01}, asked=ops(5, 11),
)  # fmt: skip
trial(
    "lookup", "op 1 alone with two or three distractors: nothing but looking up", world=CROWD, shares={1: 1.0}, asked=(1,),
    tokens=1_000_000, **rows(96, 32), problems=24, samples=8, precision="bf16", model=NEAR, schedule=wsd(0.05, 0.2),
)  # fmt: skip
trial("lookup-definition", "the same, a quantity and the `=` that defines it one token", "lookup", unit="definition")
trial(
    "defined-crowd", "definition tokens: two or three distractors, ops 1 to 5 and a tail", "crowd", problems=32,
    shares=even(1, 5) | LONGER_TAIL, asked=(1, *ops(3, 8)), model=NEAR, unit="definition",
)  # fmt: skip
trial(
    "defined-crowd-warm", "the same, the rate warming up over 30 % of the tokens and not 5 %", "defined-crowd",
    schedule=wsd(0.3, 0.3),
)  # fmt: skip
trial(
    "defined-clear", "definition tokens: no distractors, ops 3 to 5 and a tail", "defined-crowd", world=distracted(NINE),
    shares=even(3, 5) | LONGER_TAIL, asked=ops(3, 9),
)  # fmt: skip
trial(
    "defined-crowd-long",
    "definition tokens: two or three distractors, ops 1 to 5 and a tail, at six times the tokens", "defined-crowd",
    asked=(1, *ops(3, 9)), tokens=18_000_000, samples=128,
)  # fmt: skip
trial(
    "defined-mini", "two to four distractors, a warm-up of 10 %, otherwise `defined-crowd-long`", "defined-crowd-long",
    world=distracted(NINE, 2, 4), asked=ops(1, 9), **rows(160, 19), problems=40, schedule=wsd(0.1, 0.3),
)  # fmt: skip
trial(
    "defined-micro", "9 names, ops 1 to 4 and a tail, in 2.5M tokens", "defined-crowd",
    world=CROWD.model_copy(update={"locations": 3, "entities": 3, "names": 8}), shares=even(1, 4) | EARLY_TAIL,
    tokens=2_500_000, schedule=wsd(0.3, 0.4),
)  # fmt: skip
trial(
    "mini-warm", "two to four distractors, a warm-up of 30 %, a third of the tokens, fp32", "defined-mini",
    tokens=6_000_000, precision="fp32", schedule=wsd(0.3, 0.4),
)  # fmt: skip
trial(
    "micro-four", "two to four distractors, ops 1 to 4 and a tail of ops 5 to 7, in 3M tokens", "defined-micro",
    world=distracted(NINE, 2, 4), asked=ops(1, 8), tokens=3_000_000, problems=40, precision="fp32",
)  # fmt: skip
trial(
    "micro-tail", "`micro-four` with more of op 7 and a little of op 8", "micro-four",
    shares=even(1, 4) | EARLY_TAIL | {7: 0.06, 8: 0.02}, asked=ops(1, 9), samples=128,
)  # fmt: skip
trial(
    "micro-two", "`micro-four` in two contexts, with more of op 7 and a little of op 8", "micro-tail",
    contexts=("zoo", "school"),
)  # fmt: skip
trial(
    "micro-twelve", "`micro-four` with numbers to 12, an edge of 4 % and a tail of 1.2 %, in 4.8M tokens, bf16", "micro-tail",
    world=distracted(NINE, 2, 4).model_copy(update={"numbers": (1, 12)}), tokens=4_800_000, precision="bf16",
    shares=even(1, 4) | {5: 0.127, 6: 0.042, 7: 0.038, 8: 0.013},
)  # fmt: skip
trial("micro-steps", "`micro-twelve` with twice as many steps, of half as many tokens", "micro-twelve", **rows(144, 10))
trial(
    "micro-three", "`micro-tail` with an edge of three ops, each half as often as the one before, in 4.2M tokens", "micro-tail",
    shares=even(1, 4) | {5: 0.148, 6: 0.074, 7: 0.037, 8: 0.0345, 9: 0.0172}, tokens=4_200_000, **rows(160, 24),
)  # fmt: skip
trial(
    "micro-tilt", "`micro-three` with half as much again of ops 3 and 4 as of 1 and 2", "micro-three",
    shares={1: 0.8, 2: 0.8, 3: 1.2, 4: 1.2, 5: 0.148, 6: 0.074, 7: 0.037, 8: 0.0345, 9: 0.0172},
)  # fmt: skip
trial("micro-short", "`micro-three` with twice as many steps, of half as many tokens", "micro-three", **rows(160, 12))
trial("micro-more", "`micro-three` in 5.4M tokens", "micro-three", tokens=5_400_000)
trial(
    "micro-large", "`micro-three` with half as many steps, of twice as many tokens, in 4.8M tokens", "micro-three",
    tokens=4_800_000, **rows(160, 48),
)  # fmt: skip
trial(
    "micro-fast", "`micro-large` with matrices at 1.5 times the rate", "micro-large",
    optimizer=OptimizerConfig(kind="muon", lr=6e-3, matrix_lr=0.03, weight_decay=0.01),
)  # fmt: skip
trial(
    "micro-slow", "`micro-large` at two thirds of the rates", "micro-large",
    optimizer=OptimizerConfig(kind="muon", lr=2.7e-3, matrix_lr=0.0133, weight_decay=0.01),
)  # fmt: skip
