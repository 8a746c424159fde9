"""The policy, its optimiser and its frozen reference: gradient steps on one batch of rollouts, saved and read back whole."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from interplay.data.tokenizer import required_token
from interplay.model.lean import Folded, is_lean
from interplay.model.weights import in_family
from interplay.rl.agreement import distance, must_agree
from interplay.rl.batches import Batch, Tree, by_completion, by_length, by_prompt, groups_of, make_batch, make_tree
from interplay.rl.config import RLConfig
from interplay.rl.gradient import gradient, positions_per_batch
from interplay.rl.logprobs import logprobs_of, logprobs_of_tree, logprobs_sharing_prompts
from interplay.rl.loss import LossParts, policy_loss
from interplay.rl.processes import Processes
from interplay.rl.rollout import Rollout
from interplay.rl.scoring import Scored
from interplay.train.checkpoint import sealed
from interplay.train.optimizer import build_optimizer
from interplay.train.runtime import Runtime
from interplay.train.shares import add_gradients, on_threads


class Learner:
    """The policy, its optimiser and its frozen reference; `update` makes the gradient steps of one batch of rollouts.

    Of several processes each computes the gradient of its share, and all take the same step.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        config: RLConfig,
        runtime: Runtime,
    ) -> None:
        self.device = runtime.torch_device()
        self.accelerator = Accelerator(cpu=runtime.on_cpu)
        self.processes = Processes(self.accelerator)
        self.config, self.runtime, self.pad = config, runtime, required_token(tokenizer, "pad")
        self.reference = copy.deepcopy(model).float().to(self.device).eval() if config.loss.kl else None
        self.model = model.float().to(self.device).eval()  # fp32 whatever was stored; without dropout
        self.optimizer = build_optimizer(self.model, config.optimizer, runtime.threads if runtime.on_cpu else 1)
        self.peak_lrs = [group["lr"] for group in self.optimizer.param_groups]

    def update(self, scored: Scored, step: int) -> dict[str, float]:
        """Run `updates` optimiser steps over equal parts of the rollouts; returns metrics."""
        for group, peak in zip(self.optimizer.param_groups, self.peak_lrs, strict=True):
            group["lr"] = peak * self.config.schedule.factor(step, self.config.steps)
        names = ("rl/kl", "rl/clip_fraction", "rl/grad_norm", "rl/entropy", "rl/first_ratio_deviation")
        totals = dict.fromkeys(names, 0.0)
        tokens, count = sum(len(a) for a in scored.advantages), len(scored.rollouts)
        size = max(1, -(-count // self.config.updates))
        if self.config.sampling.precision == "bf16" and self.config.updates > 1:
            scored = self._with_own_logprobs(scored)
        for update, start in enumerate(range(0, count, size)):
            rows = slice(start, min(start + size, count))
            parts, norm = self._gradient_step(scored.part(rows, (rows.stop - start) / count), on_policy=update == 0)
            totals["rl/grad_norm"] = max(totals["rl/grad_norm"], norm)
            for part in parts:
                totals["rl/kl"] += float(part.kl_sum) / tokens
                totals["rl/entropy"] += float(part.entropy_sum) / tokens
                totals["rl/clip_fraction"] += float(part.clipped_sum) / tokens
                if update == 0:
                    deviation = max(totals["rl/first_ratio_deviation"], float(part.ratio_deviation_max))
                    totals["rl/first_ratio_deviation"] = deviation
        return self.processes.totals(totals, largest=("rl/grad_norm", "rl/first_ratio_deviation"))

    def _gradient_step(self, scored: Scored, on_policy: bool) -> tuple[list[LossParts], float]:
        self.optimizer.zero_grad()
        parts = self.accumulate(scored)
        if on_policy:
            tokens = sum(len(r.completion.tokens) for r in self._share(scored).rollouts)
            self._must_agree([(part.ratio_deviation_max, part.log_ratio_sum) for part in parts], tokens)
        self.processes.sum_gradients(self.model.parameters())
        clip = self.config.optimizer.clip_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        if not math.isfinite(norm):
            raise ValueError(
                f"the gradient norm of an RL update is {float(norm)}: training has diverged and stops before it"
            )
        self.optimizer.step()
        return parts, float(norm)

    def _must_agree(self, distances: list[tuple[Tensor, Tensor]], tokens: int) -> None:
        if not distances:
            return  # a step in which no group had a signal
        largest, log_ratio_sums = (torch.stack(column) for column in zip(*distances, strict=True))
        mean = float(log_ratio_sums.sum()) / max(1, tokens)
        must_agree(float(largest.max()), mean, self.config.sampling.precision, type(self.model).__name__)

    def _with_own_logprobs(self, scored: Scored) -> Scored:
        """The rollouts with the learner's log-probabilities as the old ones: in bf16 the sampler's differ in rounding."""
        policy = self._policy(self.model, scored.rollouts)
        batches = self._batches(scored.rollouts, lean=isinstance(policy, Folded))

        @torch.no_grad()
        def of(rows: list[int]) -> tuple[list[list[float]], tuple[Tensor, Tensor]]:
            rollouts = [scored.rollouts[i] for i in rows]
            batch = make_batch(rollouts, [scored.advantages[i] for i in rows], self.pad, self.device)
            tree = make_tree(rollouts, self.pad) if isinstance(policy, Folded) else None
            logprobs_B_T = self._logprobs(policy, tree, batch, graph=False)[0]
            own = [row[: len(r.completion.tokens)].tolist() for row, r in zip(logprobs_B_T, rollouts, strict=True)]
            return own, distance((logprobs_B_T - batch.old_logprobs_B_T) * batch.mask_B_T)

        rollouts = list(scored.rollouts)
        threads = self.runtime.threads if self.runtime.on_cpu else 1
        found = list(on_threads(of, batches, threads))
        self._must_agree([far for _, far in found], sum(len(r.completion.tokens) for r in rollouts))
        for rows, (own, _) in zip(batches, found, strict=True):
            for i, logprobs in zip(rows, own, strict=True):
                rollouts[i] = rollouts[i]._replace(completion=rollouts[i].completion._replace(logprobs=logprobs))
        return scored._replace(rollouts=rollouts)

    def accumulate(self, scored: Scored) -> list[LossParts]:
        """Add the gradient of this process's share of the loss over these rollouts to the parameters' `grad`."""
        own, total = self._share(scored), self._denominator(scored)
        policy = self._policy(self.model, own.rollouts)
        reference = None if self.reference is None else self._policy(self.reference, own.rollouts)
        batches = self._batches(own.rollouts, lean=isinstance(policy, Folded))
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        trained = policy.leaves if isinstance(policy, Folded) else parameters

        def loss_of(rows: list[int]) -> LossParts:
            return self._loss(policy, reference, own, rows, total)

        parts, gradients = gradient(loss_of, batches, trained, self.runtime.threads if self.runtime.on_cpu else 1)
        if isinstance(policy, Folded) and gradients:
            policy.backward(gradients)
        elif gradients:
            add_gradients(parameters, gradients)
        return parts

    def _policy(self, model: PreTrainedModel, rollouts: list[Rollout]) -> Any:
        """The model as this update computes it: on a CPU by the lean decoder, where that knows it."""
        longest = max((len(r.prompt) + len(r.completion.tokens) for r in rollouts), default=1)
        if not self.runtime.on_cpu or not is_lean(model, longest):
            return model
        return Folded(model, torch.bfloat16 if self.config.sampling.precision == "bf16" else torch.float32)

    def _batches(self, rollouts: list[Rollout], lean: bool) -> list[list[int]]:
        most = positions_per_batch(self.runtime.micro_tokens, self.runtime.on_cpu)
        if lean:
            return by_prompt(rollouts, most)
        return (by_completion if self._shares_prompts else by_length)(rollouts, most)

    @property
    def _shares_prompts(self) -> bool:
        return self.runtime.share_prompts and in_family(self.model)

    def _loss(self, policy: Any, reference: Any, scored: Scored, rows: list[int], total: float) -> LossParts:
        """Some rollouts' share of the loss."""
        config, rollouts = self.config, [scored.rollouts[i] for i in rows]
        batch = make_batch(rollouts, [scored.advantages[i] for i in rows], self.pad, self.device)
        tree = make_tree(rollouts, self.pad) if isinstance(policy, Folded) else None
        logprobs, entropies = self._logprobs(policy, tree, batch, graph=bool(config.loss.entropy))
        with torch.no_grad():
            expected = None if reference is None else self._logprobs(reference, tree, batch, graph=False)[0]
        sampled = batch.old_logprobs_B_T
        # the policy has not moved yet, so it is its own past: no rounding of the sampler's is in the ratio
        own = config.sampling.precision == "bf16" and config.updates == 1
        parts = policy_loss(
            logprobs, logprobs.detach() if own else sampled, batch.advantages_B_T, batch.mask_B_T, config.loss, total,
            reference_B_T=expected, entropy_B_T=entropies,
        )  # fmt: skip
        if own:
            largest, log_ratio_sum = distance((logprobs.detach() - sampled) * batch.mask_B_T)
            parts = parts._replace(ratio_deviation_max=largest, log_ratio_sum=log_ratio_sum)
        return parts

    def _logprobs(self, policy: Any, tree: Tree | None, batch: Batch, graph: bool) -> tuple[Tensor, Tensor]:
        """(log-probabilities, entropies) by a folded policy from its tree, or by a model."""
        temperature = self.config.sampling.temperature
        if tree is not None:
            return logprobs_of_tree(policy, tree, batch, temperature, graph)
        plain = logprobs_sharing_prompts if self._shares_prompts else logprobs_of
        bf16 = self.config.sampling.precision == "bf16"
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=bf16, cache_enabled=False
        ):  # threads would share it
            return plain(policy, batch, temperature, graph)

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
        self.optimizer.load_state_dict(torch.load(folder / "optimizer.pt", map_location=self.device, weights_only=True))
