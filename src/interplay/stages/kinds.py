"""The kinds of stages: tokenizer, pre-training, mid-training, RL, evaluation. What one starts from runs before it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, NonNegativeInt

from interplay.data.mixture import Mixture
from interplay.data.tokenizer import TokenizerConfig, load_tokenizer, train_tokenizer
from interplay.evals.evaluate import TABLES, EvaluateConfig, evaluate, problems_of
from interplay.files import staged_folder
from interplay.model.sizes import ModelConfig
from interplay.rank import share_of_environment
from interplay.rl.config import RLConfig
from interplay.stages.sampling_cost import sampling_cost
from interplay.stages.stage import Infra, Result, Stage
from interplay.train.config import TrainConfig
from interplay.train.publish import finish

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class TokenizerStage(Stage):
    """Train the tokenizer."""

    kind: Literal["tokenizer"] = "tokenizer"
    config: TokenizerConfig
    infra: Infra = Infra(version="2", mode="retry")

    @property
    def work(self) -> str:
        """In words."""
        return f"{self.config.documents:,} documents, {self.config.vocab_size:,} tokens in the vocabulary"

    @property
    def mixtures(self) -> tuple[Mixture, ...]:
        """Of what it works on."""
        return (self.config.stream.mixture,)

    @infra.apply
    def run(self) -> Result:
        """Returns {"tokenizer": folder}."""
        return self._run()

    def do(self, folder: Path) -> Result:
        """By one process."""
        started = time.monotonic()
        tokenizer = train_tokenizer(self.config)
        with staged_folder(folder / "tokenizer") as staging:
            tokenizer.save_pretrained(staging)
        summary = {"tokenizer": "tokenizer", "vocab_size": len(tokenizer), "wall_s": time.monotonic() - started}
        return finish(folder, summary, published=("tokenizer",))

    def load(self) -> PreTrainedTokenizerFast:
        """The tokenizer, trained first where it is not there."""
        return load_tokenizer(self.folder / self.made()["tokenizer"])


class SupervisedStage(Stage):
    """What pre-training and mid-training share."""

    config: TrainConfig

    @property
    def work(self) -> str:
        """In words."""
        return f"{self.config.budget_tokens:,} tokens on {self.data}"

    @property
    def mixtures(self) -> tuple[Mixture, ...]:
        """Of what it works on."""
        return (self.config.stream.mixture,)


class PretrainStage(SupervisedStage):
    """Train a model from scratch."""

    kind: Literal["pretrain"] = "pretrain"
    tokenizer: TokenizerStage
    model: ModelConfig
    seed: NonNegativeInt = 0
    infra: Infra = Infra(version="4", mode="retry")

    @infra.apply
    def run(self) -> Result:
        """Returns the summary of `supervise`."""
        return self._run()

    def do(self, folder: Path) -> Result:
        """The processes share the blocks of each step."""
        from interplay.model.build import build
        from interplay.train.supervised import supervise

        tokenizer = self.tokenizer.load()
        model = build(
            self.model, len(tokenizer), self.seed,
            eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )  # fmt: skip
        return supervise(self.config, model, tokenizer, folder, self.runtime, self.label or "pre-training")


class MidtrainStage(SupervisedStage):
    """Continue training on another mixture, with a schedule of its own."""

    kind: Literal["midtrain"] = "midtrain"
    start: PretrainStage
    infra: Infra = Infra(version="4", mode="retry")

    @infra.apply
    def run(self) -> Result:
        """Returns the summary of `supervise`."""
        return self._run()

    def do(self, folder: Path) -> Result:
        """The processes share the blocks of each step."""
        from interplay.train.supervised import supervise

        model, tokenizer = open_checkpoint(self.start)
        return supervise(self.config, model, tokenizer, folder, self.runtime, self.label or "mid-training")


class RLStage(Stage):
    """Reinforce a checkpoint."""

    kind: Literal["rl"] = "rl"
    start: Annotated[PretrainStage | MidtrainStage, Field(discriminator="kind")]
    config: RLConfig
    infra: Infra = Infra(version="3", mode="retry")

    @property
    def work(self) -> str:
        """In words."""
        return (
            f"{self.config.steps} steps of {self.config.prompts} problems x {self.config.group} samples on {self.data}"
        )

    @property
    def mixtures(self) -> tuple[Mixture, ...]:
        """Of what it works on."""
        return (self.config.pool.stream.mixture,)

    @infra.apply
    def run(self) -> Result:
        """Returns the summary of `reinforce`."""
        return self._run()

    def do(self, folder: Path) -> Result:
        """The processes share the problems and the gradient of each step."""
        from interplay.rl.grpo import reinforce

        model, tokenizer = open_checkpoint(self.start)
        return reinforce(self.config, model, tokenizer, folder, self.runtime, self.label or "RL")


Checkpointed = PretrainStage | MidtrainStage | RLStage
Trained = Annotated[Checkpointed, Field(discriminator="kind")]


class EvaluateStage(Stage):
    """Sample and verify a checkpoint's solutions; with `gold`, also measure how likely it finds the gold ones."""

    kind: Literal["evaluate"] = "evaluate"
    checkpoint: Trained
    config: EvaluateConfig
    gold: bool = False
    infra: Infra = Infra(version="2", mode="retry")

    @property
    def work(self) -> str:
        """In words."""
        return f"{self.config.problems} problems per regime x {self.config.samples} samples"

    @property
    def mixtures(self) -> tuple[Mixture, ...]:
        """Of what it works on."""
        return tuple(regime.mixture for regime in self.config.regimes)

    @infra.apply
    def run(self) -> Result:
        """Returns {"problems": count, "samples": per problem}; the tables lie in the stage's folder."""
        return self._run()

    def do(self, folder: Path) -> Result:
        """The processes share the chunks of problems; the first one merges."""
        from interplay.evals.nll import evaluate_gold

        model, tokenizer = open_checkpoint(self.checkpoint)
        started = time.monotonic()
        config, share = self.config, share_of_environment()
        asked = problems_of(config)
        unfit = evaluate(
            asked, model, tokenizer, folder, samples=config.samples, sampling=config.sampling,
            seed=config.seed, runtime=self.runtime, title=self.label or "evaluation", share=share,
        )  # fmt: skip
        if self.gold:
            evaluate_gold(
                asked, model, tokenizer, folder, sampling=config.sampling, runtime=self.runtime,
                title=f"{self.label or 'evaluation'}, gold", share=share,
            )  # fmt: skip
        summary: Result = {"problems": len(asked), "samples": config.samples, "processes": share.world, "unfit": unfit}
        if not share.is_first:
            return summary
        summary |= {"wall_s": time.monotonic() - started, **sampling_cost(folder, asked, model, tokenizer)}
        return finish(folder, summary, published=TABLES, scratch=("parts",))


KINDS: tuple[type[Stage], ...] = (TokenizerStage, PretrainStage, MidtrainStage, RLStage, EvaluateStage)


def open_checkpoint(stage: Checkpointed) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """(model, tokenizer) of a training stage, which runs first where it has not. Raises ValueError when damaged."""
    from interplay.model.build import load_with_tokenizer

    return load_with_tokenizer(stage.folder / stage.made()["checkpoint"])
