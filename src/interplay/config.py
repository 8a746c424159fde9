"""The one base class of every config, and how a change of one is spelled on a command line.

Unknown fields are an error, and nothing writes into a config once it is made: a variant is a new, validated value, so what
is written beside a result is what produced it.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Base of every config in the package."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def key_value(text: str, what: str) -> tuple[str, str]:
    """KEY and VALUE of KEY=VALUE; the value may be empty or hold further signs. Raises ValueError naming `what`."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise ValueError(f"{what} takes KEY=VALUE, got {text!r}")
    return key, value
