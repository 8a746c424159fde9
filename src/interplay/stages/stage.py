"""The cached steps of a study. A stage is its config: the config gives the address, the address the result.

exca turns each stage into an address and caches what `run` returns, which is paths inside the stage's folder and plain
values. `runtime` never enters an address. A stage that was cut off left its folder behind and goes on from there; a lock
on the folder keeps two runs in one store from doing a stage twice. The folder says what it is: `stage.json` is the
resolved identity, `attempts.jsonl` has a line for each time the work began, `summary.json` is written last.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import exca
from exca.utils import ConfigExporter
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt
from transformers import PreTrainedTokenizerFast

from interplay.data.tokenizer import TokenizerConfig, load_tokenizer, train_tokenizer
from interplay.evals.evaluate import EvaluateConfig, evaluate, problems_of
from interplay.evals.nll import evaluate_gold
from interplay.model.build import build, load
from interplay.model.sizes import ModelConfig
from interplay.rl.grpo import RLConfig, reinforce
from interplay.stages.lock import hold
from interplay.stages.spent import sampling_cost
from interplay.train.publish import finish, read_summary
from interplay.train.runtime import Runtime
from interplay.train.supervised import TrainConfig, supervise

logging.getLogger("exca").setLevel(logging.ERROR)  # what it warns of, whoever runs the stages says in a line

Result = dict[str, Any]


class Stage(BaseModel):
    """What all stages share; a subclass names itself in `kind` and applies its `infra` to `run`."""

    model_config = ConfigDict(extra="forbid")
    _exclude_from_cls_uid: tuple[str, ...] = ("runtime", "label")

    label: str = ""
    runtime: Runtime = Runtime()

    @property
    def address(self) -> str:
        """Short name of the stage's identity, the same in every store."""
        kind: str = self.kind  # type: ignore[attr-defined]
        return f"{kind}/{hashlib.sha256(self._infra.uid().encode()).hexdigest()[:10]}"

    @property
    def folder(self) -> Path:
        """Where the stage keeps its files."""
        return Path(self._infra.uid_folder(create=True))

    @property
    def cached(self) -> bool:
        """True when the result is there."""
        return bool(self._infra.status() == "completed")

    @property
    def _infra(self) -> Any:
        return self.infra  # type: ignore[attr-defined]

    @contextmanager
    def _alone(self) -> Iterator[Path]:
        """The stage's folder, for one process at a time. Whoever waited may find the summary there."""
        with hold(self.folder) as folder:
            staging = folder / ".stage.json.staging"
            staging.write_text(json.dumps({"label": self.label, **self.identity()}, indent=1))
            staging.replace(folder / "stage.json")
            if read_summary(folder) is None:
                with (folder / "attempts.jsonl").open("a") as attempts:
                    attempts.write(json.dumps({"began_s": round(time.time(), 3), "process": os.getpid()}) + "\n")
            yield folder

    def identity(self) -> dict[str, Any]:
        """The resolved config, without what does not change the result, and the version of each stage."""
        return {"address": self.address, **self._described()}

    def _described(self) -> dict[str, Any]:
        stages = {name: value._described() for name, value in self if isinstance(value, Stage)}
        return {**self._infra.config(uid=True, exclude_defaults=False), **stages, "version": self._infra.version}

    def _exca_uid_dict_override(self) -> dict[str, Any]:
        """What exca makes an address of. Left alone it forgets the version of every stage but the last, and shows a kind
        only where some other stage could have stood in its place, which depends on who else uses the object."""
        own = ConfigExporter(uid=True, exclude_defaults=True, ignore_first_override=True).apply(self)
        return {**own, "kind": self.kind, "version": self._infra.version}  # type: ignore[attr-defined]


class TokenizerStage(Stage):
    """Train the tokenizer."""

    kind: Literal["tokenizer"] = "tokenizer"
    config: TokenizerConfig
    infra: exca.TaskInfra = exca.TaskInfra(version="1", mode="retry")

    @infra.apply
    def run(self) -> Result:
        """Returns {"tokenizer": folder}."""
        with self._alone() as folder:
            if (done := read_summary(folder)) is not None:
                return done
            started = time.monotonic()
            tokenizer = train_tokenizer(self.config)
            tokenizer.save_pretrained(folder / "tokenizer")
            summary = {"tokenizer": "tokenizer", "vocab_size": len(tokenizer), "wall_s": time.monotonic() - started}
            return finish(folder, summary, scratch=())

    def load(self) -> Any:
        """The tokenizer, trained first where it is not there."""
        return load_tokenizer(self.folder / self.run()["tokenizer"])


class PretrainStage(Stage):
    """Train a model from scratch."""

    kind: Literal["pretrain"] = "pretrain"
    tokenizer: TokenizerStage
    model: ModelConfig
    config: TrainConfig
    seed: NonNegativeInt = 0
    infra: exca.TaskInfra = exca.TaskInfra(version="2", mode="retry")

    @infra.apply
    def run(self) -> Result:
        """Returns the summary of `supervise`."""
        tokenizer = self.tokenizer.load()
        model = build(
            self.model, len(tokenizer), self.seed,
            eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )  # fmt: skip
        with self._alone() as folder:
            return supervise(self.config, model, tokenizer, folder, self.runtime, self.label or "pre-training")


class MidtrainStage(Stage):
    """Continue training on another mixture, with a schedule of its own."""

    kind: Literal["midtrain"] = "midtrain"
    start: PretrainStage
    config: TrainConfig
    infra: exca.TaskInfra = exca.TaskInfra(version="2", mode="retry")

    @infra.apply
    def run(self) -> Result:
        """Returns the summary of `supervise`."""
        model, tokenizer = open_checkpoint(self.start)
        with self._alone() as folder:
            return supervise(self.config, model, tokenizer, folder, self.runtime, self.label or "mid-training")


class RLStage(Stage):
    """Reinforce a checkpoint."""

    kind: Literal["rl"] = "rl"
    start: Annotated[PretrainStage | MidtrainStage, Field(discriminator="kind")]
    config: RLConfig
    infra: exca.TaskInfra = exca.TaskInfra(version="1", mode="retry")

    @infra.apply
    def run(self) -> Result:
        """Returns the summary of `reinforce`."""
        model, tokenizer = open_checkpoint(self.start)
        with self._alone() as folder:
            return reinforce(self.config, model, tokenizer, folder, self.runtime, self.label or "RL")


Checkpointed = PretrainStage | MidtrainStage | RLStage
Trained = Annotated[Checkpointed, Field(discriminator="kind")]


class EvaluateStage(Stage):
    """Sample and verify a checkpoint's solutions; with `gold`, also measure how likely it finds the gold ones."""

    kind: Literal["evaluate"] = "evaluate"
    checkpoint: Trained
    config: EvaluateConfig
    gold: bool = False
    infra: exca.TaskInfra = exca.TaskInfra(version="1", mode="retry")

    @infra.apply
    def run(self) -> Result:
        """Returns {"problems": count, "samples": per problem}; the tables lie in the stage's folder."""
        model, tokenizer = open_checkpoint(self.checkpoint)
        with self._alone() as folder:
            if (done := read_summary(folder)) is not None:
                return done
            started = time.monotonic()
            config = self.config
            asked = problems_of(config)
            evaluate(
                asked, model, tokenizer, folder, samples=config.samples, sampling=config.sampling,
                seed=config.seed, runtime=self.runtime, title=self.label or "evaluation",
            )  # fmt: skip
            if self.gold:
                evaluate_gold(
                    asked, model, tokenizer, folder, max_new_tokens=config.sampling.max_new_tokens,
                    runtime=self.runtime, title=f"{self.label or 'evaluation'}, gold",
                )  # fmt: skip
            summary = {
                "problems": len(asked), "samples": config.samples, "wall_s": time.monotonic() - started,
                **sampling_cost(folder, asked, model, tokenizer),
            }  # fmt: skip
            return finish(folder, summary, scratch=("parts",))


def open_checkpoint(stage: Checkpointed) -> tuple[Any, PreTrainedTokenizerFast]:
    """(model, tokenizer) of a training stage, which runs first where it has not. Raises ValueError when damaged."""
    path = stage.folder / stage.run()["checkpoint"]
    return load(path), load_tokenizer(path)


def upstream(stage: Stage) -> list[Stage]:
    """The stages a stage needs, first things first, itself last."""
    return [*(s for parent in parents(stage) for s in upstream(parent)), stage]


def parents(stage: Stage) -> list[Stage]:
    """The stages whose results a stage opens."""
    return [value for _, value in stage if isinstance(value, Stage)]


def data_of(stage: Stage) -> str:
    """The problems a stage works on, in words."""
    config: Any = stage.config  # type: ignore[attr-defined]
    match stage.kind:  # type: ignore[attr-defined]
        case "rl":
            mixtures = [config.pool.stream.mixture]
        case "evaluate":
            mixtures = [regime.mixture for regime in config.regimes]
        case _:
            mixtures = [config.stream.mixture]
    cells = [cell for mixture in mixtures for cell in mixture.cells]
    ops = ", ".join(map(str, sorted({cell.op for cell in cells})))
    return f"op {ops} of {' and '.join(dict.fromkeys(cell.context for cell in cells))}"
