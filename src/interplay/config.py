"""The one base class of every config: unknown fields are an error, and nothing writes into a config once it is made.

A variant of a config is a new, validated value, so what is written beside a result is what produced it.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Base of every config in the package."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
