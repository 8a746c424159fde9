"""Whether a model keeps the documents of a packed row apart.

Packed rows say where a document begins by position ids that start again. Most models of transformers read attention out of
them; some take the ids and attend through the row all the same. Which do is asked of the model itself: a list of names would
be out of date with the next release.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LENGTH = 8  # tokens of each of the two documents


@torch.no_grad()
def keeps_documents_apart(model: PreTrainedModel) -> bool:
    """True where the second document of a row gets the same logits whatever the first one says."""
    if "position_ids" not in inspect.signature(model.forward).parameters:
        return False
    device, size = next(model.parameters()).device, int(model.config.vocab_size)
    second = torch.arange(LENGTH, device=device) % size
    rows_R_T = torch.stack([torch.cat([(second + shift) % size, second]) for shift in (1, 2)])
    positions_R_T = torch.arange(LENGTH, device=device).repeat(2, 2)
    training = model.training
    model.eval()
    try:
        one, other = model(input_ids=rows_R_T, position_ids=positions_R_T, use_cache=False).logits[:, LENGTH:].float()
    finally:
        model.train(training)
    return bool(torch.allclose(one, other, rtol=0, atol=1e-4 * float(one.abs().max()) + 1e-12, equal_nan=True))
