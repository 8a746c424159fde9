"""The stages that studies are put together from, made from the settings of a scale.

Two studies that ask for the same treatment get the same stage, so a base model, an RL arm or an evaluation is computed once
for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from interplay.data.mixes import RANGES
from interplay.data.mixture import Mixture, blend
from interplay.data.stream import Split, Stream
from interplay.data.tokenizer import TokenizerConfig
from interplay.evals.evaluate import EvaluateConfig, Regime
from interplay.rl.config import RLConfig
from interplay.rl.pools import Selection, UniformPool
from interplay.rl.rewards import RewardConfig
from interplay.stages.kinds import Checkpointed, EvaluateStage, MidtrainStage, PretrainStage, RLStage, TokenizerStage
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Contrast, Workplace
from interplay.train.config import TrainConfig
from interplay.train.curves import Validation

Seed = int


class Recipe(NamedTuple):
    """Stages at one scale, in one workplace."""

    chosen: Settings
    place: Workplace

    def every_seed(self, arms_of_seed: Callable[[Recipe, Seed], list[Arm]]) -> tuple[Arm, ...]:
        """The arms of all seeds."""
        return tuple(arm for seed in self.chosen.seeds for arm in arms_of_seed(self, seed))

    @property
    def regimes(self) -> dict[str, Mixture]:
        """The op ranges over every context, by regime."""
        chosen = self.chosen
        ranges = {"id": chosen.id_ops, "edge": chosen.edge_ops, "hard": chosen.hard_ops}
        return {name: self.over(ops) for name, ops in ranges.items()}

    def published(self, name: str) -> Mixture:
        """A published mix of op ranges over every context and mode. Raises ValueError for an unknown name."""
        if name not in RANGES:
            raise ValueError(f"no published mix {name!r}; there are {', '.join(RANGES)}")
        return blend((self.over(ops), share) for ops, share in RANGES[name].items())

    def with_id(self, share: float) -> Mixture:
        """The edge, and this share of id problems."""
        return blend([(self.regimes["edge"], 1 - share), (self.regimes["id"], share)])

    def over(self, ops: Sequence[int]) -> Mixture:
        """These ops over every context and mode, uniformly."""
        return Mixture.uniform(ops, self.chosen.contexts, self.chosen.modes)

    def graded(self, share: float, ops: Sequence[int] = (), hard_share: float | None = None) -> Mixture:
        """What models are pre-trained on: the id ops in their weights, and `share` of other ops (by default the edge), which
        falls from op to op as the scale says. The share of hard ops, the scale's, is taken from all of them alike."""
        chosen, special = self.chosen, tuple(ops) or self.chosen.edge_ops
        equal = (1 / len(chosen.id_ops),) * len(chosen.id_ops)
        weights = dict(zip(chosen.id_ops, chosen.pretrain.id_weights or equal, strict=True))
        usual = {op: weight for op, weight in weights.items() if op not in special}
        total = sum(usual.values())
        parts = [(self.over([op]), (1 - share) * weight / total) for op, weight in usual.items()]
        mixture = blend([*parts, (self.falling(special), share)] if share else parts)
        hard = chosen.pretrain.hard_share if hard_share is None else hard_share
        return blend([(mixture, 1 - hard), (self.falling(chosen.hard_ops), hard)]) if hard else mixture

    def falling(self, ops: Sequence[int]) -> Mixture:
        """These ops over every context and mode, each op with `pretrain.fall` times the share of the one before it."""
        weights = [self.chosen.pretrain.fall**i for i in range(len(ops))]
        return blend((self.over([op]), weight / sum(weights)) for op, weight in zip(ops, weights, strict=True))

    @property
    def tokenizer_config(self) -> TokenizerConfig:
        """One tokenizer for all arms, seeds and studies, trained on every op and context that is ever asked."""
        chosen = self.chosen
        contexts = list(dict.fromkeys((*chosen.contexts, chosen.contextual.context)))
        ranges = (chosen.id_ops, chosen.edge_ops, chosen.hard_ops)
        every = blend((Mixture.uniform(ops, contexts, chosen.modes), 1 / len(ranges)) for ops in ranges)
        return TokenizerConfig.model_validate(
            chosen.tokenizer.model_dump() | {"stream": Stream(world=chosen.world, mixture=every)}
        )

    def tokenizer(self) -> TokenizerStage:
        """Its stage."""
        return TokenizerStage(config=self.tokenizer_config, **self.place.stage("tokenizer"))

    def base(self, seed: Seed) -> PretrainStage:
        """The model that most studies start from."""
        return self.pretrained(self.graded(self.chosen.pretrain.edge_share), seed)

    def pretrained(self, mixture: Mixture, seed: Seed, name: str = "base", tokens: int | None = None) -> PretrainStage:
        """A model from scratch on a mixture, by default on the scale's tokens, with its curves on the token grid."""
        chosen, cells = self.chosen, self.over(self.chosen.ops)
        tokens, points = tokens or chosen.pretrain.tokens, chosen.pretrain.curve_points
        config = self.supervised(mixture, tokens, seed).model_copy(
            update={
                "grid_tokens": tuple(tokens * i // points for i in range(1, points)),
                "validation": Validation(problems=chosen.pretrain.curve_problems, mixture=cells) if points else None,
            }
        )
        return PretrainStage(
            tokenizer=self.tokenizer(), model=chosen.model, seed=seed, config=config,
            **self.place.stage(f"pre-training of {name} {seed}"),
        )  # fmt: skip

    def midtrained(
        self,
        start: PretrainStage,
        mixture: Mixture,
        tokens: int,
        seed: Seed,
        name: str = "mid",
        split: Split = "train",
        lr_factor: float = 1.0,
        **of_stream: object,
    ) -> MidtrainStage:
        """Continued training on a mixture, with a complete schedule of its own; `lr_factor` is on the learning rates of
        mid-training, `of_stream` are more fields of its stream."""
        config = self.supervised(mixture, tokens, seed, self.chosen.midtrain.lr_factor * lr_factor, split)
        if of_stream:
            stream = Stream.model_validate(config.stream.model_dump() | of_stream)
            config = config.model_copy(update={"stream": stream})
        if self.chosen.midtrain.schedule is not None:
            config = config.model_copy(update={"schedule": self.chosen.midtrain.schedule})
        return MidtrainStage(start=start, config=config, **self.place.stage(f"mid-training of {name} {seed}"))

    def reinforced(
        self,
        start: PretrainStage | MidtrainStage,
        mixture: Mixture,
        seed: Seed,
        name: str,
        *,
        steps: int | None = None,
        reward: RewardConfig | None = None,
        selection: Selection | None = None,
        changes: Mapping[str, object] | None = None,
    ) -> RLStage:
        """GRPO on a mixture, from problems that supervised training never sees."""
        config = self.reinforcement(mixture, seed).model_copy(update={"selection": selection})
        asked = {"steps": steps or config.steps, "reward": reward or config.reward, **(changes or {})}
        config = RLConfig.model_validate(config.model_dump() | asked)
        return RLStage(start=start, config=config, **self.place.stage(f"RL of {name} {seed}"))

    def reinforcement(self, mixture: Mixture, seed: Seed) -> RLConfig:
        """GRPO on a mixture as the scale does it."""
        chosen = self.chosen
        pool = UniformPool(stream=Stream(world=chosen.world, mixture=mixture, split="rl", seed=seed))
        return RLConfig.model_validate(chosen.rl.model_dump() | {"pool": pool, "seed": seed})

    def arm(
        self,
        name: str,
        label: str,
        description: str,
        seed: Seed,
        checkpoint: Checkpointed,
        *,
        start: str = "",
        factors: Mapping[str, float | str] | None = None,
        regimes: Mapping[str, Mixture] | None = None,
        split: Split = "test",
    ) -> Arm:
        """A checkpoint with its evaluation: the same unseen problems for every arm and seed."""
        chosen = self.chosen
        config = EvaluateConfig(
            world=chosen.world,
            regimes=tuple(Regime(name=r, mixture=mix) for r, mix in (regimes or self.regimes).items()),
            problems=chosen.problems,
            samples=chosen.samples,
            ks=chosen.ks,
            sampling=chosen.sampling,
            split=split,
        )
        stage = EvaluateStage(
            checkpoint=checkpoint, config=config, gold=chosen.gold, **self.place.stage(f"evaluation of {name} {seed}")
        )
        return Arm(name, label, description, seed, checkpoint, stage, dict(factors or {}), start)

    def before_and_after_rl(
        self, name: str, shown: str, told: tuple[str, str], seed: Seed, base: PretrainStage, mixture: Mixture,
        factor: Mapping[str, float | str], regimes: Mapping[str, Mixture] | None = None,
    ) -> list[Arm]:  # fmt: skip
        """A base and the same after GRPO on a mixture: two arms that differ in the factor `stage`.

        `shown` says what pre-training had, `told` describes the base and the RL in words.
        """
        trained = self.reinforced(base, mixture, seed, name)
        before, after = f"{told[0]} with {shown}", f"then {told[1]} (pre-training had {shown})"
        return [
            self.arm(name, f"Base, {shown}", before, seed, base, regimes=regimes,
                     factors={**factor, "stage": "pre-training"}),
            self.arm(f"{name}_rl", f"RL, {shown}", after, seed, trained, start=name, regimes=regimes,
                     factors={**factor, "stage": "and RL"}),
        ]  # fmt: skip

    def supervised(
        self, mixture: Mixture, tokens: int, seed: Seed, lr_factor: float = 1.0, split: Split = "train"
    ) -> TrainConfig:
        """Tokens of a mixture with a complete schedule of their own. Raises ValueError where they fill no row."""
        chosen, optimizer = self.chosen, self.chosen.train.optimizer
        if tokens < (width := chosen.train.packing.width):
            raise ValueError(
                f"a training of {tokens} tokens is less than one row of {width}, train.packing.width: more of pretrain.tokens, "
                "midtrain.tokens, midtraining.budgets or ladder.shares, whichever this study divides"
            )
        rates = {"lr": optimizer.lr * lr_factor, "matrix_lr": optimizer.matrix_lr * lr_factor}
        return TrainConfig.model_validate(
            chosen.train.model_dump()
            | {
                "stream": Stream(world=chosen.world, mixture=mixture, seed=seed, split=split),
                "budget_tokens": tokens,
                "optimizer": optimizer.model_dump() | rates,
            }
        )


def gains(arms: Sequence[Arm], asked: Sequence[tuple[str, str]], ks: Sequence[int]) -> tuple[Contrast, ...]:
    """The same pairs as `compared`, each arm's gain over the arm it started from: `NAME-gain`."""
    return tuple(
        contrast._replace(name=f"{contrast.name}-gain", label=f"{contrast.label}, gains", gain=True)
        for contrast in compared(arms, asked, ks)
    )


def compared(arms: Sequence[Arm], asked: Sequence[tuple[str, str]], ks: Sequence[int]) -> tuple[Contrast, ...]:
    """(treatment, control) in every regime that the arms are asked, labelled as readers know the arms.

    With few doses two names can stand for one arm: a pair counts once, and no arm is compared with itself.
    """
    labels = {arm.name: arm.label for arm in arms}
    distinct = [(one, other) for one, other in dict.fromkeys(asked) if one != other]
    named = [(one, other, f"{labels[one]} against {labels[other]}") for one, other in distinct]
    return pairs(named, [regime.name for regime in arms[0].evaluation.config.regimes], ks)


def pairs(asked: Sequence[tuple[str, str, str]], regimes: Iterable[str], ks: Sequence[int]) -> tuple[Contrast, ...]:
    """(treatment, control, label) in every regime at pass@1 and at the largest k."""
    names = tuple(regimes)
    return tuple(
        Contrast(f"{treatment}-{control}-{regime}-{k}", label, treatment, control, regime, k)
        for treatment, control, label in asked
        for regime in names
        for k in sorted({1, max(ks)})
    )
