"""The gradient of one supervised step on a CPU: rows in shares, the lean decoder where it knows the model.

Other models of transformers go through their own forward pass, in bf16 by autocast. Both give the mean loss per labelled
token of the whole step, and its gradient in fp32.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from interplay.data.packing import IGNORED
from interplay.model.lean import Folded, documents_seen, is_lean, nats
from interplay.train.shares import add_gradients, cut, summed_gradients

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Batch = Mapping[str, Tensor]  # input_ids, labels, position_ids, each R_T


def add_step_gradient(model: PreTrainedModel, batch: Batch, precision: str, labels: float, threads: int) -> float:
    """Add the gradient of the batch's nats divided by `labels` to the parameters' `grad`; returns that loss."""
    rows, width = batch["input_ids"].shape
    shares = [
        {name: batch[name][rows_of] for name in ("input_ids", "labels", "position_ids")} for rows_of in cut(rows, width)
    ]
    if is_lean(model, width):
        folded = Folded(model, torch.bfloat16 if precision == "bf16" else torch.float32)
        found, gradients = summed_gradients(lambda share: _lean(folded, share), shares, threads)
        torch._foreach_div_(gradients, labels)
        folded.backward(gradients)
    else:
        trained = [p for p in model.parameters() if p.requires_grad]
        forward = _forward(model, precision)
        found, gradients = summed_gradients(lambda share: _plain(forward, trained, share), shares, threads)
        torch._foreach_div_(gradients, labels)
        add_gradients(trained, gradients)
    return sum(found) / labels


def _lean(folded: Folded, share: Batch) -> tuple[float, tuple[Tensor, ...]]:
    positions_R_T = share["position_ids"]
    rows = folded.rows(share["input_ids"], positions_R_T, documents_seen(positions_R_T))
    next_N = F.pad(share["labels"][:, 1:], (0, 1), value=IGNORED).reshape(-1)
    places_L = (next_N != IGNORED).nonzero()[:, 0]
    loss = nats(folded.leaves, folded.shape, rows, places_L, next_N[places_L])
    return float(loss.detach()), torch.autograd.grad(loss, folded.leaves)


def _plain(
    forward: Callable[[Batch], Tensor], trained: Sequence[Tensor], share: Batch
) -> tuple[float, tuple[Tensor, ...]]:
    logits_N_V = forward(share)[:, :-1].flatten(0, 1).float()
    loss = F.cross_entropy(logits_N_V, share["labels"][:, 1:].flatten(), ignore_index=IGNORED, reduction="sum")
    return float(loss.detach()), torch.autograd.grad(loss, trained, allow_unused=True, materialize_grads=True)


def _forward(model: PreTrainedModel, precision: str) -> Callable[[Batch], Tensor]:
    """Logits of rows of documents. transformers reads documents out of position ids only where no cache is made."""
    names = ["input_ids"] + ["position_ids"] * ("position_ids" in inspect.signature(model.forward).parameters)

    def logits(share: Batch) -> Tensor:
        with torch.autocast(
            "cpu", torch.bfloat16, enabled=precision == "bf16", cache_enabled=False
        ):  # threads would share it
            found: Tensor = model(**{name: share[name] for name in names}, use_cache=False).logits
        return found

    return logits
