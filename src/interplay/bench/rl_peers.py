"""Whom `bench rl` is measured beside: TRL's GRPOTrainer with its own generation, or our step sampled by `generate`."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback

from interplay.world.verify import verify

if TYPE_CHECKING:
    from interplay.bench.rl import Steps

AfterStep = Callable[[float], bool]
Peer = Callable[["Steps", AfterStep, int], None]


def trl_steps(steps: Steps, after: AfterStep, count: int) -> None:
    """`count` steps of TRL's trainer; after each one `after` is told its seconds and says whether to go on."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    trl: Any = import_module("trl")  # by name: neither is a requirement of the package
    datasets: Any = import_module("datasets")

    from interplay.bench.rl import GROUP, NEW_TOKENS, PROMPTS

    class Clock(TrainerCallback):
        """Times a step from its first sample to its optimiser's step."""

        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.began = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if not after(time.perf_counter() - self.began):
                control.should_training_stop = True

    def paid(completions: list[str], p: list[int], **kwargs: object) -> list[float]:
        verdicts = [verify(steps.references[at], text, truncated=True) for at, text in zip(p, completions, strict=True)]
        return [float(verdict.strict or i % 2) for i, verdict in enumerate(verdicts)]

    learned = steps.config.optimizer
    with tempfile.TemporaryDirectory() as folder:
        settings = trl.GRPOConfig(
            output_dir=folder, use_cpu=True, bf16=False, learning_rate=learned.lr, lr_scheduler_type="constant",
            adam_beta1=learned.betas[0], adam_beta2=learned.betas[1], max_grad_norm=learned.clip_norm, optim="adamw_torch",
            max_steps=count, per_device_train_batch_size=PROMPTS * GROUP, num_generations=GROUP, loss_type="dapo",
            max_completion_length=NEW_TOKENS, generation_kwargs={"min_new_tokens": NEW_TOKENS}, temperature=1.0, beta=0.0,
            gradient_checkpointing=False, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True,
        )  # fmt: skip
        rows = {"prompt": [p.prompt for p in steps.problems], "p": list(range(PROMPTS))}
        trainer = trl.GRPOTrainer(
            model=steps.learner.model, reward_funcs=paid, args=settings, processing_class=steps.tokenizer,
            train_dataset=datasets.Dataset.from_dict(rows), callbacks=[Clock()],
        )  # fmt: skip
        with redirect_stdout(sys.stderr):  # it prints what it logs
            trainer.train()


def generate_steps(steps: Steps, after: AfterStep, count: int) -> None:
    """The same, of our own step with `generate` in place of our sampler; both learn from the same tokens."""
    from interplay.bench.rl import GROUP, NEW_TOKENS
    from interplay.model.sampler import sample

    sampling = steps.config.sampling.model_copy(update={"max_new_tokens": NEW_TOKENS})
    model, pad = steps.learner.model, steps.tokenizer.pad_token_id
    completions = list(sample(model, steps.prompts, num_samples=GROUP, config=sampling, stop_ids=[], seed=0))
    width = max(map(len, steps.prompts))
    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in steps.prompts])
    for _ in range(count):
        clock = [time.perf_counter()]
        model.eval()
        with torch.inference_mode():
            model.generate(
                ids, attention_mask=(ids != pad).long(), do_sample=True, num_return_sequences=GROUP,
                min_new_tokens=NEW_TOKENS, max_new_tokens=NEW_TOKENS, pad_token_id=pad,
            )  # fmt: skip
        model.train()
        steps.rest_of_step(clock, completions)
        if not after(clock[-1] - clock[0]):
            return


PEERS: Mapping[str, tuple[str, Peer]] = {
    "trl": ("TRL GRPOTrainer with its own generation", trl_steps),
    "generate": ("the same step sampled by transformers.generate (TRL is not installed)", generate_steps),
}
