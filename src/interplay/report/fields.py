"""What fields of records are made of. A field this version does not know is ignored, so that records may grow; a number
that is not there (an empty cell, NaN) is None.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, FiniteFloat


def absent(value: Any) -> Any:
    """What a CSV file can say instead of a number; pass@k is NaN where there are fewer than k samples."""
    missing = (isinstance(value, str) and value.strip().lower() in ("", "nan", "none")) or value != value
    return None if missing else value


Figure = Annotated[FiniteFloat | None, BeforeValidator(absent)]
Whole = Annotated[int | None, BeforeValidator(absent)]
SeedOrAll = int | Literal["all"]
Factor = FiniteFloat | str


class Record(BaseModel):
    """Base of all records."""

    model_config = ConfigDict(extra="ignore", frozen=True)
