"""Measuring how fast this machine does what a study asks for, before any stage of it has run: a minute at `micro`.

Short pieces of the study's own stages run in a folder that is thrown away: the same loops on the same shapes with the same
threads, so nothing of it can be mistaken for a result. A model that was not trained yet hardly ever ends a text and is never
right. So texts are cut where gold solutions end in the mean (with lengths that spread as widely as chance makes them, an
evaluation at `micro` took half as long again as with a trained model), and every so many samples are taken to be right, for
half of the groups of RL to have a gradient.
"""

from __future__ import annotations

import itertools
import json
import math
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from transformers import PreTrainedTokenizerFast, TrainerCallback

from interplay import offspring
from interplay.data.tokenizer import encode_document, train_tokenizer
from interplay.evals.evaluate import CHUNK_SAMPLES, evaluate, problems_of
from interplay.evals.nll import evaluate_gold
from interplay.judging.pool import Pool, spare_workers
from interplay.model.build import build
from interplay.model.next_token import SamplingConfig
from interplay.model.sizes import ModelConfig
from interplay.progress import say
from interplay.rl.grpo import reinforce
from interplay.stages.calibration import FOLDER, Calibration, Speed, calibrations, day, keep
from interplay.stages.kinds import EvaluateStage, MidtrainStage, PretrainStage, RLStage, TokenizerStage
from interplay.stages.ran_on import RanOn
from interplay.stages.sampling_cost import sampling_cost
from interplay.stages.stage import Stage, upstream
from interplay.stages.workload import pieces, shape
from interplay.train.metrics import read_metrics
from interplay.train.supervised import supervise

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from interplay.world.problem import Problem
    from interplay.world.verify import Verdict

DOCUMENTS = 2000
TRAIN_STEPS, RL_STEPS = 12, 4
WARM_UP = 2  # steps of training that are not counted; of RL, one
LENGTHS_OF = 64  # problems whose gold says how long texts are


class Bench(NamedTuple):
    """Where a stage's pieces are measured: its identity, a tokenizer of its vocabulary, and a folder for scratch."""

    identity: dict[str, Any]
    tokenizer: PreTrainedTokenizerFast
    folder: Path

    def model(self) -> PreTrainedModel:
        """A new model of the stage's shape."""
        tokenizer, shaped = self.tokenizer, ModelConfig.model_validate(shape(self.identity))
        eos, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
        return build(shaped, len(tokenizer), "calibration", eos_token_id=eos, pad_token_id=pad)

    def cut(self, sampling: SamplingConfig, problems: Sequence[Problem]) -> SamplingConfig:
        """The same sampling to the mean length of the problems' gold solutions."""
        gold = statistics.mean(len(encode_document(self.tokenizer, problem)[1]) for problem in problems)
        return sampling.model_copy(update={"max_new_tokens": min(round(gold), sampling.max_new_tokens)})


Work = list[tuple[Stage, dict[str, Any]]]  # stages with their identities


def calibrate(stages: Sequence[Stage], store: Path, beside: int = 0) -> list[Calibration]:
    """Measure each kind of work that these stages have, and keep what was found in the store: what it has of today stands, so
    that one that was cut goes on. So many processes do the same `beside`, as stages that run side by side.

    Raises ValueError where the stages could not run here, before anything is measured."""
    _can_run(stages)
    todo = _not_of_today(_kinds_of_work(stages), store)
    found = []
    with (
        TemporaryDirectory(prefix="interplay-calibration-") as folder,
        _company(todo, Path(folder), beside if todo else 0),
    ):
        for number, (stage, identity) in enumerate(todo):
            speed = _speed(stage, identity, Path(folder) / str(number))
            found.append(Calibration.today(pieces(identity), RanOn.of(stage.runtime), speed))
            keep(found[-1], store)
    return found


def _kinds_of_work(stages: Sequence[Stage]) -> Work:
    """The first stage of each kind of work."""
    found: dict[str, tuple[Stage, dict[str, Any]]] = {}
    for stage in stages:
        identity = stage.stored_identity()
        found.setdefault(json.dumps(pieces(identity), sort_keys=True), (stage, identity))
    return list(found.values())


def _can_run(stages: Sequence[Stage]) -> None:
    """Raises ValueError, as a run does, where a device or a library of the stages is not here."""
    for stage in stages:
        stage.runtime.check_device()
        if isinstance(stage, RLStage):
            stage.config.check_sampler()


def _not_of_today(todo: Work, store: Path) -> Work:
    """Without what was measured today in the same way."""
    known = [made for made in calibrations(store) if made.date == day()]
    left = [
        (stage, identity)
        for stage, identity in todo
        if not any(made.fits(identity) and made.ran_on == RanOn.of(stage.runtime) for made in known)
    ]
    if len(left) < len(todo):
        stand = f"{len(todo) - len(left)} of {len(todo)} kinds of work were measured today"
        say(f"calibration: {stand}; without {store / FOLDER} they are measured again")
    return left


@contextmanager
def _company(todo: Work, folder: Path, count: int) -> Iterator[None]:
    """While the block runs, `count` processes are at this work; the block begins when all of them are."""
    context = multiprocessing.get_context("spawn")
    company: list[tuple[BaseProcess, Connection]] = []
    try:
        for number in range(count):
            ready, theirs = context.Pipe(duplex=False)
            arguments = (__name__, "keep_busy", theirs, todo, folder / f"beside-{number}")
            company.append((context.Process(target=offspring.serve, args=arguments, daemon=True), ready))
            company[-1][0].start()
            theirs.close()
        for _, ready in company:
            ready.recv()
        yield
    finally:
        for process, _ in company:
            process.kill()
            process.join()


def keep_busy(ready: Connection, todo: Work, folder: Path) -> None:
    """The work over and over, without a word, until the parent ends this process."""
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    ready.send(True)
    for number, (stage, identity) in enumerate(itertools.cycle(todo)):
        _speed(stage, identity, folder / str(number))


def _speed(stage: Stage, identity: dict[str, Any], folder: Path) -> Speed:
    root = upstream(stage)[0]
    assert isinstance(root, TokenizerStage), "all stages start from a tokenizer"
    config = root.config.model_copy(update={"documents": min(DOCUMENTS, root.config.documents)})
    started = time.monotonic()
    tokenizer = train_tokenizer(config)
    if stage is root:
        return Speed(0.0, (time.monotonic() - started) / config.documents)
    bench = Bench(identity, tokenizer, folder)
    match stage:
        case PretrainStage() | MidtrainStage():
            return _training(stage, bench)
        case RLStage():
            return _reinforcing(stage, bench)
        case EvaluateStage():
            return _evaluating(stage, bench)
    raise ValueError(f"{stage.address}: no calibration is known for a stage of kind {stage.kind}")


class Laps(TrainerCallback):
    """When each step began, and when the last one ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Of a step: the end of the one before, measuring and saving included."""
        self.times.append(time.monotonic())

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Of the last step."""
        self.times.append(time.monotonic())


def _training(stage: PretrainStage | MidtrainStage, bench: Bench) -> Speed:
    """A few steps, curves measured in the middle and at the end; what the seconds of the steps leave over is the start."""
    config, batch = stage.config, stage.config.batch_tokens
    points = {TRAIN_STEPS // 2, TRAIN_STEPS} if config.validation else set[int]()
    grid = tuple(step * batch for step in sorted(points - {TRAIN_STEPS}))
    short = config.model_copy(update={"budget_tokens": TRAIN_STEPS * batch, "grid_tokens": grid})
    laps = Laps()
    title = "calibration: training"
    summary = supervise(short, bench.model(), bench.tokenizer, bench.folder, stage.runtime, title, [laps])
    taken = dict(enumerate((b - a for a, b in itertools.pairwise(laps.times)), 1))
    step_s = statistics.mean(s for step, s in taken.items() if step > WARM_UP and step not in points)
    curve_s = max(0.0, statistics.mean(taken[step] for step in points) - step_s) if points else 0.0
    fixed_s = max(0.0, summary["wall_s"] - TRAIN_STEPS * step_s - len(points) * curve_s)
    return Speed(fixed_s, step_s / batch, curve_s)


def _reinforcing(stage: RLStage, bench: Bench) -> Speed:
    """A few steps; the first one is not counted."""
    sampling = bench.cut(stage.config.sampling, list(stage.config.pool.stream.first(LENGTHS_OF)))
    left_out = {"selection": None, "held_out": None, "checkpoint_every": None, "mask_truncated": False}
    config = stage.config.model_copy(update={"steps": RL_STEPS, "sampling": sampling, **left_out})
    runtime = stage.runtime
    paid = partial(pay, math.ceil(config.group / math.log(2)) if config.baseline == "group" else 3)
    with Pool(spare_workers(runtime.threads, 1, runtime.cores), paid) as judge:
        reinforce(config, bench.model(), bench.tokenizer, bench.folder, runtime, "calibration: RL", judge)
    rows = read_metrics(bench.folder / "metrics.jsonl")
    step_s = statistics.mean(row["time/rollout_s"] + row["time/update_s"] for row in rows[1:])
    samples = config.prompts * config.group
    tokens = statistics.mean(row["rl/tokens"] for row in rows)
    return Speed(0.0, step_s / samples, tokens=tokens / samples)


_judged = itertools.count()


def pay(every: int, verdict: Verdict) -> Verdict:
    """The verdict, of every so many one that is right. With `every` = group / ln 2, half of the groups have one."""
    right = next(_judged) % every == 0
    return verdict._replace(strict=right, sound=right, answer_correct=right, process_accuracy=float(right))


def _evaluating(stage: EvaluateStage, bench: Bench) -> Speed:
    """One chunk of samples with their problems from all regimes, and gold where it is asked for."""
    config = stage.config
    wanted = max(1, min(config.problems, CHUNK_SAMPLES // config.samples // len(config.regimes)))
    short = config.model_copy(update={"problems": wanted})
    started = time.monotonic()
    asked = problems_of(short)
    made_s = time.monotonic() - started
    sampling, model = bench.cut(config.sampling, [problem for _, problem in asked]), bench.model()
    title = "calibration: evaluation"
    started = time.monotonic()
    evaluate(
        asked, model, bench.tokenizer, bench.folder, samples=short.samples, sampling=sampling, seed=short.seed,
        runtime=stage.runtime, title=title,
    )  # fmt: skip
    if stage.gold:
        evaluate_gold(
            asked, model, bench.tokenizer, bench.folder, sampling=sampling, runtime=stage.runtime, title=title
        )
    spent = sampling_cost(bench.folder, asked, model, bench.tokenizer)
    samples = len(config.regimes) * wanted * config.samples
    return Speed(0.0, (made_s + time.monotonic() - started) / samples, tokens=spent["tokens"] / samples)
