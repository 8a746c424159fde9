"""The policy, its optimiser and its frozen reference: gradient steps on one batch of rollouts, saved and read back whole."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from interplay.rl.batches import by_completion, by_length, groups_of, make_batch
from interplay.rl.config import RLConfig
from interplay.rl.gradient import add_gradient, positions_per_batch
from interplay.rl.logprobs import logprobs_of, logprobs_sharing_prompts
from interplay.rl.loss import LossParts, policy_loss
from interplay.rl.processes import Processes
from interplay.rl.scoring import Scored
from interplay.train.checkpoint import sealed
from interplay.train.optimizer import build_optimizer
from interplay.train.runtime import Runtime


class Learner:
    """The policy, its optimiser and its frozen reference; `update` makes the gradient steps of one batch of rollouts.

    Of several processes each computes the gradient of its share, and all take the same step.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: PreTrainedTokenizerFast,
        config: RLConfig,
        runtime: Runtime,
    ) -> None:
        self.device = runtime.torch_device()
        self.accelerator = Accelerator(cpu=runtime.on_cpu)
        self.processes = Processes(self.accelerator)
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
        return self.processes.totals(totals, largest=("rl/grad_norm", "rl/first_ratio_deviation"))

    def _gradient_step(self, scored: Scored) -> tuple[list[LossParts], float]:
        self.optimizer.zero_grad()
        parts = self.accumulate(scored)
        self.processes.sum_gradients(self.model.parameters())
        clip = self.config.optimizer.clip_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.optimizer.step()
        return parts, float(norm)

    def accumulate(self, scored: Scored) -> list[LossParts]:
        """Add the gradient of this process's share of the loss over these rollouts to the parameters' `grad`."""
        runtime, own, total = self.runtime, self._share(scored), self._denominator(scored)
        threads = runtime.threads if runtime.split_updates and runtime.on_cpu else 1
        cut = by_completion if runtime.share_prompts else by_length
        batches = cut(own.rollouts, positions_per_batch(runtime.micro_tokens, runtime.on_cpu))
        return add_gradient(lambda rows: self._loss(own, rows, total), batches, self.model, threads)

    def _loss(self, scored: Scored, rows: list[int], total: float) -> LossParts:
        """Some rollouts' share of the loss."""
        config, of = self.config, logprobs_sharing_prompts if self.runtime.share_prompts else logprobs_of
        temperature, entropy_graph = config.sampling.temperature, bool(config.loss.entropy)
        picked = [scored.rollouts[i] for i in rows], [scored.advantages[i] for i in rows]
        batch = make_batch(*picked, self.pad, self.device)
        logprobs, entropies = of(self.model, batch, temperature, entropy_graph)
        reference = None
        if self.reference is not None:
            with torch.no_grad():
                reference, _ = of(self.reference, batch, temperature)
        return policy_loss(
            logprobs, batch.old_logprobs_B_T, batch.advantages_B_T, batch.mask_B_T, config.loss, total,
            reference_B_T=reference, entropy_B_T=entropies,
        )  # fmt: skip

    def _denominator(self, scored: Scored) -> float:
        rollouts = len(scored.rollouts) + scored.silent_rollouts
        match self.config.loss.denominator:
            case "tokens":
                return float(sum(len(a) for a in scored.advantages) + scored.silent_tokens)
            case "sequences":
                return float(rollouts)
            case "constant":
                return float(rollouts * self.config.sampling.max_new_tokens)

    def _share(self, scored: Scored) -> Scored:
        """This process's part of the rollouts: whole groups, the longest dealt out first."""
        if self.processes.world == 1:
            return scored
        lengths = [len(r.prompt) + len(r.completion.tokens) for r in scored.rollouts]
        groups = sorted(groups_of(scored.rollouts), key=lambda rows: (-sum(lengths[i] for i in rows), rows))
        rows = sorted(i for group in self.processes.mine(groups) for i in group)
        return Scored([scored.rollouts[i] for i in rows], [scored.advantages[i] for i in rows])

    def save(self, folder: Path, texts: Mapping[str, str]) -> None:
        """Weights, optimiser state and small files by name, in a folder that appears whole or not at all."""
        with sealed(folder) as staging:
            weights = {name: p.contiguous() for name, p in self.model.named_parameters()}
            save_file(weights, staging / "policy.safetensors")
            torch.save(self.optimizer.state_dict(), staging / "optimizer.pt")
            for name, text in texts.items():
                (staging / name).write_text(text, encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Read back the weights and the optimiser state that `save` wrote."""
        weights = load_file(folder / "policy.safetensors", device=str(self.device))
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights[name])
        self.optimizer.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))
