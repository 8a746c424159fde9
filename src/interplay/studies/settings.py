"""What a study leaves to the scale: regimes, sizes, budgets. Groups are named for what they are of, as `rl.loss.clip_high`.

`--set KEY=VALUE` reaches every field (`changes.py`); the values of each scale stand in `scales.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from interplay.config import Config
from interplay.data.mixture import World
from interplay.data.tokenizer import TokenizerSettings
from interplay.data.vocabulary import Vocabulary
from interplay.evals.evaluate import check_ks
from interplay.model.next_token import SamplingConfig
from interplay.model.sizes import ModelConfig
from interplay.rl.config import RLSettings
from interplay.studies.values import FromZero, Once, Ops, Shares, Some
from interplay.train.config import TrainSettings
from interplay.train.schedule import Schedule
from interplay.world.graph import Mode

# what single studies ask for, under their names, and the note of where rates were chosen: no other study's stages hold it
OF_ONE_STUDY = frozenset(
    {"extrapolation", "midtraining", "contextual", "headroom", "transfer", "ladder", "tuning", "tuned"}
)


class Pretraining(Config):
    """The budget of pre-training and its mixture: `id_weights` are shares of the id ops (uniform when empty), `edge_share`
    is what edge ops get of the whole, and `hard_share` what hard ones get: where it is not 0, "hard" means rarely seen.
    Within the edge and within hard, each op gets `fall` times what the op before it gets: 1 is uniform, .3 a long tail.
    `curve_*`: the held-out curves on its token grid."""

    tokens: PositiveInt
    edge_share: float = Field(default=0.0, ge=0, le=1)
    hard_share: float = Field(default=0.0, ge=0, lt=1)
    fall: float = Field(default=1.0, gt=0, le=1)
    id_weights: tuple[float, ...] = ()
    curve_points: NonNegativeInt = 8
    curve_problems: PositiveInt = 32


class Midtraining(Config):
    """The budget of mid-training, and how it differs from pre-training; `schedule` where it is not that of `train`."""

    tokens: PositiveInt
    edge_share: float = Field(default=0.5, ge=0, le=1)
    lr_factor: PositiveFloat = 0.5
    schedule: Schedule | None = None


class OfExtrapolation(Config):
    """Op ranges of RL where they are not the regimes'; the selections that are compared with a uniform pool.

    measured_share: measured FLOPs of RL over what it is charged, by the record of an earlier run; gold is matched to it, and
    where it is 1 what RL is charged counts. self_train_group, self_train_replay_group: samples of a problem with which as many
    steps of self-training were measured to cost what RL costs; without one RL's own group. filtered_share: measured FLOPs of a
    step on filtered problems over those of a step on the edge. replay_share: of id problems in gold and self-training with
    replay. gold_lr_factor, self_train_lr_factor: on the learning rates of mid-training and of RL, as `tuning` found them.
    """

    id_ops: Ops = ()
    mixed_ops: Ops = ()
    hard_ops: Ops = ()
    adaptive_threshold: float = Field(default=0.5, gt=0, le=1)
    filter_candidates: PositiveInt = 2000
    measured_share: float = Field(default=1.0, gt=0, le=1)
    self_train_group: PositiveInt | None = None
    self_train_replay_group: PositiveInt | None = None
    filtered_share: float = Field(default=1.0, ge=0.01, le=100)
    replay_share: float = Field(default=0.25, gt=0, lt=1)
    gold_lr_factor: PositiveFloat = 1.0
    self_train_lr_factor: PositiveFloat = 1.0


class OfMidtraining(Config):
    """Budgets in training tokens, and the shares of them that RL gets."""

    budgets: Annotated[tuple[PositiveInt, ...], Once, Some]
    rl_shares: Shares = (0.0, 0.2, 0.5, 0.8, 1.0)


class OfContextual(Config):
    """Shares of `context` in pre-training, and the ops of the other one there."""

    exposures: FromZero = (0.0, 0.001, 0.01, 0.1)
    context: Vocabulary = "school"
    ops: Ops = ()


class OfTransfer(Config):
    """Shares of the new context in RL; in pre-training, `shared` at every op and `atoms` at the lowest.

    The contexts are those of `contextual`.
    """

    shares: FromZero = (0.0, 0.01, 0.02, 0.1, 0.5, 1.0)
    shared: float = Field(default=0.001, gt=0, lt=1)
    atoms: float = Field(default=0.01, gt=0, lt=1)


class OfLadder(Config):
    """Shares of the tokens of pre-training; the whole is always there."""

    shares: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Once] = (0.125, 0.25, 0.5)


Method = Literal["rl", "self_train", "gold"]


class OfTuning(Config):
    """What `tuning` tries: factors on each method's learning rate, multiples of `rl.steps`."""

    methods: Annotated[tuple[Method, ...], Once, Some] = ("rl", "self_train", "gold")
    factors: Annotated[tuple[PositiveFloat, ...], Once, Some] = (0.25, 0.5, 1.0, 2.0, 4.0)
    lengths: Annotated[tuple[PositiveFloat, ...], Once, Some] = (0.5, 1.0, 2.0)


class Tuned(Config):
    """The rows of docs/tuning.md that rates and steps of a scale come from; empty where they were not tuned on `val`."""

    rl: str = ""
    self_train: str = ""
    gold: str = ""


class OfHeadroom(Config):
    """What pre-training shows more or less of (by default the edge), and the shares of it.

    mixes: published mixes by name, one for each share, where what is left over is not shared as `pretrain` shares it.
    """

    ops: Ops = ()
    shares: Shares = (0.001, 0.05, 0.2, 0.33, 0.5)
    mixes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _mixes_fit(self) -> Self:
        if self.mixes and len(self.mixes) != len(self.shares):
            raise ValueError(
                f"headroom.mixes names one mix for each share, got {len(self.mixes)} for {len(self.shares)}; "
                "`headroom.mixes=` leaves the rest to pretrain"
            )
        return self


class Settings(Config):
    """Everything a study at one scale is made with; every field is identity.

    world .. hard_ops      the problems: text, contexts, modes, and the op ranges of the three regimes
    model, tokenizer       what is trained
    train                  how supervised stages train; pretrain, midtrain: the budget and the data of each
    rl                     GRPO; `sample_tokens` is what an RL sample is charged in tokens of training
    problems .. gold       evaluation: problems per regime, samples of each, whether gold likelihood is measured
    extrapolation ..       what one study alone asks for, under its name
    tuned                  where the learning rates come from; a note, which changes no result
    """

    scale: str
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=1 << 31)], ...], Once, Some] = (0,)
    world: World
    contexts: Annotated[tuple[Vocabulary, ...], Once, Some]
    modes: Annotated[tuple[Mode, ...], Once, Some] = ("forward",)
    id_ops: Annotated[Ops, Some]
    edge_ops: Annotated[Ops, Some]
    hard_ops: Annotated[Ops, Some]
    model: ModelConfig
    tokenizer: TokenizerSettings
    train: TrainSettings
    pretrain: Pretraining
    midtrain: Midtraining
    rl: RLSettings
    sample_tokens: PositiveInt
    problems: int = Field(default=200, ge=2)
    samples: int = Field(default=16, ge=1, le=10_000)
    ks: Annotated[tuple[PositiveInt, ...], Once] = (1, 2, 4, 8, 16)
    sampling: SamplingConfig
    gold: bool = True
    extrapolation: OfExtrapolation = OfExtrapolation()
    midtraining: OfMidtraining
    contextual: OfContextual = OfContextual()
    headroom: OfHeadroom = OfHeadroom()
    transfer: OfTransfer = OfTransfer()
    ladder: OfLadder = OfLadder()
    tuning: OfTuning = OfTuning()
    tuned: Tuned = Tuned()

    @property
    def ops(self) -> Ops:
        """Every op of the three regimes."""
        return tuple(sorted({*self.id_ops, *self.edge_ops, *self.hard_ops}))

    @model_validator(mode="after")
    def _samples_differ_and_are_enough(self) -> Self:
        check_ks(self.ks, self.samples)
        if self.sampling.greedy:
            raise ValueError("sampling.greedy: all samples of a problem would be one, and pass@k pass@1")
        return self

    @model_validator(mode="after")
    def _regimes_are_apart(self) -> Self:
        ranges = {"id_ops": self.id_ops, "edge_ops": self.edge_ops, "hard_ops": self.hard_ops}
        for op in self.ops:
            if len(found := [name for name, ops in ranges.items() if op in ops]) > 1:
                raise ValueError(f"an op belongs to one regime, {op} stands in {' and '.join(found)}")
        return self

    @model_validator(mode="after")
    def _texts_fit_the_model(self) -> Self:
        if self.train.packing.width > self.model.max_positions:
            raise ValueError(
                f"train.packing.width {self.train.packing.width} is more than model.max_positions {self.model.max_positions}"
            )
        longest = max(self.sampling.max_new_tokens, self.rl.sampling.max_new_tokens)
        if longest >= self.model.max_positions:
            raise ValueError(
                f"sampling.max_new_tokens and rl.sampling.max_new_tokens leave room for a prompt in model.max_positions "
                f"{self.model.max_positions}; got {longest}"
            )
        if self.sampling.bos or self.rl.sampling.bos:
            raise ValueError(
                "sampling.bos and rl.sampling.bos are for foreign models: a study's tokenizer has no such token"
            )
        return self

    @model_validator(mode="after")
    def _weights_fit(self) -> Self:
        weights = self.pretrain.id_weights
        if weights and (len(weights) != len(self.id_ops) or min(weights) < 0 or not sum(weights)):
            raise ValueError(
                f"pretrain.id_weights are shares of the {len(self.id_ops)} id_ops, none below 0 and not all 0; got {weights}"
            )
        return self
