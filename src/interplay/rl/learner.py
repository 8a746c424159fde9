"""The policy, its optimiser and its frozen reference: gradient steps on one batch of rollouts, saved and read back whole."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from interplay.rl.config import RLConfig
from interplay.rl.loss import LossParts, policy_loss
from interplay.rl.rollout import Batch, logprobs_of, make_batch
from interplay.rl.scoring import Scored
from interplay.rl.shared import logprobs_sharing_prompts
from interplay.train.checkpoint import seal
from interplay.train.optimizer import build_optimizer
from interplay.train.runtime import Runtime


class Learner:
    """The policy, its optimiser and its frozen reference; `update` makes the gradient steps of one batch of rollouts.

    `share_prompts` computes a group's prompt once in the update: the same gradient up to floating-point order, faster.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: PreTrainedTokenizerFast,
        config: RLConfig,
        runtime: Runtime,
        share_prompts: bool = False,
    ) -> None:
        self.share_prompts = share_prompts
        self.device = runtime.torch_device()
        self.accelerator = Accelerator(cpu=runtime.on_cpu)
        self.config, self.runtime, self.pad = config, runtime, tokenizer.pad_token_id
        self.reference = copy.deepcopy(model).to(self.device).eval() if config.loss.kl else None
        self.model = model.to(self.device).train()
        self.optimizer = build_optimizer(self.model, config.optimizer)
        self.peak_lrs = [group["lr"] for group in self.optimizer.param_groups]

    def update(self, scored: Scored, step: int) -> dict[str, float]:
        """Run `updates` optimiser steps over equal parts of the rollouts; returns metrics."""
        for group, peak in zip(self.optimizer.param_groups, self.peak_lrs, strict=True):
            group["lr"] = peak * self.config.schedule.factor(step, self.config.steps)
        names = ("rl/kl", "rl/clip_fraction", "rl/grad_norm", "rl/entropy", "rl/first_ratio_deviation")
        totals = dict.fromkeys(names, 0.0)
        tokens, count = sum(len(a) for a in scored.advantages), len(scored.rollouts)
        size = max(1, -(-count // self.config.updates))
        for update, start in enumerate(range(0, count, size)):
            rows = slice(start, min(start + size, count))
            parts, norm = self._gradient_step(scored.part(rows, (rows.stop - start) / count))
            totals["rl/grad_norm"] = max(totals["rl/grad_norm"], norm)
            for part in parts:
                totals["rl/kl"] += float(part.kl_sum) / tokens
                totals["rl/entropy"] += float(part.entropy_sum) / tokens
                totals["rl/clip_fraction"] += float(part.clipped_sum) / tokens
                if update == 0:
                    deviation = max(totals["rl/first_ratio_deviation"], float(part.ratio_deviation_max))
                    totals["rl/first_ratio_deviation"] = deviation
        return totals

    def _gradient_step(self, scored: Scored) -> tuple[list[LossParts], float]:
        self.optimizer.zero_grad()
        parts = self.accumulate(scored)
        clip = self.config.optimizer.clip_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.optimizer.step()
        return parts, float(norm)

    def accumulate(self, scored: Scored) -> list[LossParts]:
        """Add the gradient of the loss over these rollouts to the parameters' `grad`."""
        config = self.config
        total = self._denominator(scored)
        parts = []
        of, batches = logprobs_of, self._micro_batches(scored)
        if self.share_prompts:
            of, batches = logprobs_sharing_prompts, self._micro_batches_of_groups(scored)
        for batch in batches:
            logprobs, entropies = of(self.model, batch, config.sampling.temperature)
            reference = None
            if self.reference is not None:
                with torch.no_grad():
                    reference, _ = of(self.reference, batch, config.sampling.temperature)
            part = policy_loss(
                logprobs, batch.old_logprobs_B_T, batch.advantages_B_T, batch.mask_B_T, config.loss, total,
                reference_B_T=reference, entropy_B_T=entropies,
            )  # fmt: skip
            self.accelerator.backward(part.loss)
            parts.append(part._replace(loss=part.loss.detach()))
        return parts

    def _denominator(self, scored: Scored) -> float:
        rollouts = len(scored.rollouts) + scored.silent_rollouts
        match self.config.loss.denominator:
            case "tokens":
                return float(sum(len(a) for a in scored.advantages) + scored.silent_tokens)
            case "sequences":
                return float(rollouts)
            case "constant":
                return float(rollouts * self.config.sampling.max_new_tokens)

    def _micro_batches(self, scored: Scored) -> list[Batch]:
        """Rollouts of similar length together, at most `micro_tokens` positions each."""
        lengths = [len(r.prompt) + len(r.completion.tokens) for r in scored.rollouts]
        order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
        batches, start = [], 0
        while start < len(order):
            end = start + 1
            while end < len(order) and lengths[order[end]] * (end + 1 - start) <= self.runtime.micro_tokens:
                end += 1
            rows = order[start:end]
            picked = [scored.rollouts[i] for i in rows], [scored.advantages[i] for i in rows]
            batches.append(make_batch(*picked, self.pad, self.device))
            start = end
        return batches

    def _micro_batches_of_groups(self, scored: Scored) -> list[Batch]:
        """Whole groups of similar prompts together: at most `micro_tokens` positions, or one group."""
        groups = [list(rows) for _, rows in groupby(range(len(scored.rollouts)), lambda i: scored.rollouts[i].prompt)]
        longest = [max(len(scored.rollouts[i].completion.tokens) for i in rows) for rows in groups]
        prompts = [len(scored.rollouts[rows[0]].prompt) for rows in groups]
        batches: list[list[int]] = []
        held = width = 0
        for g in sorted(range(len(groups)), key=lambda g: (prompts[g], longest[g], g)):
            count, wide = held + len(groups[g]), max(width, prompts[g] + longest[g])
            if not batches or count * wide > self.runtime.micro_tokens:
                batches.append([])
                count, wide = len(groups[g]), prompts[g] + longest[g]
            batches[-1] += groups[g]
            held, width = count, wide
        return [
            make_batch([scored.rollouts[i] for i in rows], [scored.advantages[i] for i in rows], self.pad, self.device)
            for rows in batches
        ]

    def save(self, folder: Path, texts: Mapping[str, str]) -> None:
        """Weights, optimiser state and small files by name, in a folder that appears whole or not at all."""
        staging = folder.parent / f".staging-{folder.name}"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        save_file({name: p.contiguous() for name, p in self.model.named_parameters()}, staging / "policy.safetensors")
        torch.save(self.optimizer.state_dict(), staging / "optimizer.pt")
        for name, text in texts.items():
            (staging / name).write_text(text)
        seal(staging, folder)

    def load(self, folder: Path) -> None:
        """Read back the weights and the optimiser state that `save` wrote."""
        weights = load_file(folder / "policy.safetensors", device=str(self.device))
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights[name])
        self.optimizer.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))
