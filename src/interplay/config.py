"""The one base class of every config, and how a change of one is spelled on a command line.

Unknown fields are an error, and nothing writes into a config once it is made: a variant is a new, validated value, so what
is written beside a result is what produced it. An address is made of a config's identity: its fields, and what else its results
depend on, such as the version of the code that it configures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

P = ParamSpec("P")
R = TypeVar("R")

KIND = "kind"  # tells members of a union apart, so it is said even where it is the default


class OneSchema(BaseModel):
    """A model whose JSON schema is made once a class: exca asks for it whenever it makes an address."""

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """As pydantic makes it; not to be written into."""
        return super().model_json_schema(*args, **options) if args or options else _schema(cls)


@cache
def _schema(model: type[OneSchema]) -> dict[str, Any]:
    return super(OneSchema, model).model_json_schema()


class Config(OneSchema):
    """Base of every config in the package."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def depends_on(self) -> Mapping[str, object]:
        """What results depend on that no field says; or what stands for a field, under its name."""
        return {}

    def identity(self, defaults: bool = True) -> dict[str, object]:
        """The fields and what the config depends on, as JSON values; without `defaults` a field that is its default is left
        out, so that a field which is added later moves no address."""
        found = {}
        for name, field in type(self).model_fields.items():
            value, default = getattr(self, name), field.get_default(call_default_factory=True)
            said = identity_of(value, defaults)
            usual = said == {} and isinstance(default, Config) if isinstance(value, Config) else value == default
            if defaults or name == KIND or not usual:
                found[name] = said
        return found | dict(self.depends_on())


def identity_of(value: Any, defaults: bool = True) -> Any:
    """A value as JSON, configs inside by their identity."""
    match value:
        case Config():
            return value.identity(defaults)
        case Mapping():
            return {str(name): identity_of(inside, defaults) for name, inside in value.items()}
        case list() | tuple():
            return [identity_of(inside, defaults) for inside in value]
        case Path():
            return str(value)
        case _:
            return value


def said(error: ValidationError, option: str = "") -> str:
    """The first thing that is wrong, in one line that names the field."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part.isidentifier())
    what = first["msg"].removeprefix("Value error, ")
    value = first["input"]
    shown = first["type"] != "value_error" and isinstance(value, (str, int, float))
    given = f", got {(value[:60] if isinstance(value, str) else value)!r}" if shown else ""
    return f"{option} {where}".strip() + f": {what}{given}" if option or where else what + given


def plain_errors(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with what pydantic finds wrong said in one line; pydantic takes five, and links to its own manual."""

    @wraps(function)
    def plain(*args: P.args, **named: P.kwargs) -> R:
        try:
            return function(*args, **named)
        except ValidationError as error:
            raise ValueError(said(error)) from None

    return plain


def key_value(text: str, what: str) -> tuple[str, str]:
    """KEY and VALUE of KEY=VALUE; the value may be empty or hold further signs. Raises ValueError naming `what`."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise ValueError(f"{what} takes KEY=VALUE, got {text!r}")
    return key, value
