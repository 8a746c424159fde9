"""What a table is made of: a row type that says each column's type and meaning, and refuses a column it does not know.

Every table of the project is a class of rows in this package. Whoever writes a table and whoever reads it use the class, so
a column is added, renamed or retyped in one place. Tables in Parquet take their types from the same class.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

VERSION = 4  # of all tables together; raised when a column comes, goes or changes its meaning


class Row(BaseModel):
    """Base of all rows. Unknown and missing columns are errors; a row cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The names of the columns, in the order of the file."""
        return tuple(cls.model_fields)

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What each column says."""
        return {name: field.description or "" for name, field in cls.model_fields.items()}


class Arrow(NamedTuple):
    """The type of a number in Parquet, where it is narrower than Python's."""

    name: str


def column(meaning: str) -> Any:
    """A column of this meaning, without a default: a row must have it."""
    return Field(description=meaning)


def absent(value: object) -> object:
    """What a CSV file can say instead of a number; pass@k is NaN where there are fewer than k samples."""
    missing = (isinstance(value, str) and value.strip().lower() in ("", "nan", "none")) or value != value
    return None if missing else value


Int16 = Annotated[int, Arrow("int16")]
Int32 = Annotated[int, Arrow("int32")]
Float32 = Annotated[float, Arrow("float32")]
Figure = Annotated[FiniteFloat | None, BeforeValidator(absent)]  # a number, or an empty cell
Whole = Annotated[int | None, BeforeValidator(absent)]
SeedOrAll = int | Literal["all"]
Factor = FiniteFloat | str

# columns that many tables have
ArmName = Annotated[str, Field(description="arm, by its name in `study.json`")]
Seed = Annotated[SeedOrAll, Field(description="training seed; `all` is all seeds together")]
Regime = Annotated[str, Field(description="regime, a named set of problems")]
Op = Annotated[SeedOrAll, Field(description="operation count; `all` is every op of the regime")]
Low = Annotated[Figure, Field(description="lower end of the 95 % interval")]
High = Annotated[Figure, Field(description="upper end of the 95 % interval")]
NumProblems = Annotated[Whole, Field(description="problems")]
NumSamples = Annotated[Whole, Field(description="samples of each problem")]
NumSeeds = Annotated[Whole, Field(description="training seeds")]


def optional(annotation: object) -> bool:
    """Whether a column of this type may be empty."""
    if hasattr(annotation, "__metadata__"):
        return optional(get_args(annotation)[0])
    return type(None) in get_args(annotation)


def types_of(row: type[Row]) -> dict[str, object]:
    """Each column's annotation."""
    hints = get_type_hints(row, include_extras=True)
    return {name: hints[name] for name in row.model_fields}
