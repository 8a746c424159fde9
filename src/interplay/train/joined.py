"""Several optimisers that step as one, so that a schedule, a checkpoint and a trainer see a single optimiser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import torch


class Joined(torch.optim.Optimizer):
    """Several optimisers that step as one. Their parameter groups are shared, so a schedule moves all of them."""

    def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
        self.parts = parts
        super().__init__([p for part in parts for group in part.param_groups for p in group["params"]], {})
        self.param_groups = [group for part in parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Step every part."""
        assert closure is None, "a joined optimiser takes no closure"
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of every part."""
        for part in self.parts:
            part.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """State of every part."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave; the groups are shared again afterwards."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        raise TypeError("an optimiser shares its parameters with a model and cannot be copied")
