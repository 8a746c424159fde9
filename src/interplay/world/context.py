"""Vocabularies: the words a problem is told in, read from TOML files.

A context is data, so adding one is adding a file. The text formats are grammars, and a name that contains a word of
the grammar could not be read back; such names are refused here, with the file and the key, before a problem is made
of them. A built-in context has the name of its file; one of your own is named by its words, so that neither the place
of its file nor another file of that name matters.

    entities = ["lion", "otter", ...]      # at least 24
    locations = ["Meadow", "Canyon", ...]  # at least 24
    [phrases]
    total = "animals"                      # what all entities of a location are together
    average = "cubs"                       # what each entity has; used when d = 3
"""

from __future__ import annotations

import hashlib
import json
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

Style = Literal["full", "terse"]
STYLES: tuple[str, ...] = get_args(Style)

MIN_NAMES = 24
_BUILT_IN = Path(__file__).parent / "contexts"
_KEYS = {"entities", "locations", "phrases"}
# Words that carry the grammar of either style: inside a name they would end it or change what it is.
_GRAMMAR = """a an and answer as average between by define difference divide does equals equations exists find greater
have how in is isolate know many minus move no not number of per plus question simplifying so solution solve sum than
the times total we what x"""
_GRAMMAR_WORDS = frozenset(_GRAMMAR.split())


class Names(NamedTuple):
    """Every quantity's name in one style: counts[location][entity], averages likewise, totals[location]."""

    counts: tuple[tuple[str, ...], ...]
    averages: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]
    totals3: tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """A vocabulary. `total` and `average` are plurals: what a location holds, and what each of those has."""

    name: str
    entities: tuple[str, ...]
    locations: tuple[str, ...]
    total: str
    average: str

    @cached_property
    def digest(self) -> str:
        """Of the words: what two contexts of one digest say is the same, whatever they are called."""
        return words_digest(self.entities, self.locations, self.total, self.average)

    def names(self, style: str) -> Names:
        """The names of all quantities in a style. Raises ValueError for an unknown style."""
        try:
            return self._names[style]
        except KeyError:
            raise ValueError(f"unknown style {style!r}; the styles are {', '.join(STYLES)}") from None

    @cached_property
    def _names(self) -> dict[str, Names]:
        return {"full": self._tabulate(full=True), "terse": self._tabulate(full=False)}

    def _tabulate(self, full: bool) -> Names:
        of_average, of_total, of_total3 = self.average, self.total, self.average
        if full:
            of_average = f"average number of {self.average}"
            of_total = f"total number of {self.total}"
            of_total3 = f"total number of {self.average} of all {self.total}"
        return Names(
            counts=tuple(tuple(f"{e} in {place}" for e in self.entities) for place in self.locations),
            averages=tuple(
                tuple(f"{of_average} per {e} in {place}" for e in self.entities) for place in self.locations
            ),
            totals=tuple(f"{of_total} in {place}" for place in self.locations),
            totals3=tuple(f"{of_total3} in {place}" for place in self.locations),
        )


def names() -> list[str]:
    """The built-in contexts, sorted."""
    return sorted(path.stem for path in _BUILT_IN.glob("*.toml"))


def words_digest(entities: Sequence[str], locations: Sequence[str], total: str, average: str) -> str:
    """Eight hexadecimal digits."""
    spelled = json.dumps([list(entities), list(locations), total, average])
    return hashlib.sha256(spelled.encode()).hexdigest()[:8]


def load(name_or_path: str | Path) -> Context:
    """A built-in context by name, or a TOML file by path. Raises ValueError naming the file and the key at fault."""
    path = Path(name_or_path)
    return from_data(_read(path), source=str(path)) if path.suffix == ".toml" else _built_in(str(name_or_path))


@lru_cache(maxsize=64)
def _built_in(name: str) -> Context:
    if name not in names():
        raise ValueError(f"unknown context {name!r}; there are {', '.join(names())} (or give a .toml file)")
    path = _BUILT_IN / f"{name}.toml"
    return from_data(_read(path), name=name, source=str(path))


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        where = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise ValueError(f"{path}: cannot be read as a context: there is no such file{where}") from error
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        RecursionError,
    ) as error:  # the last: nested too deeply
        raise ValueError(f"{path}: cannot be read as a context: {error}") from error


def from_data(data: Mapping[str, object], name: str = "", source: str = "context") -> Context:
    """A context from the values of a TOML file. Raises ValueError naming `source` and the key.

    Without a name it is called by what its locations hold and the digest of its words: `utensils-5f2a90c1`.
    """
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise ValueError(f"{source}: unknown key {unknown[0]!r}; the keys are {', '.join(sorted(_KEYS))}")
    phrases = data.get("phrases")
    if not isinstance(phrases, Mapping) or set(phrases) != {"total", "average"}:
        raise ValueError(f"{source}: phrases must be a table with the keys total and average")
    entities = _name_list(data.get("entities"), f"{source}: entities")
    locations = _name_list(data.get("locations"), f"{source}: locations")
    for key in ("total", "average"):
        _check_name(phrases[key], f"{source}: phrases.{key}")
    total, average = (unicodedata.normalize("NFC", str(phrases[key])) for key in ("total", "average"))
    seen: dict[str, str] = {}
    for key, word in [("phrases.total", total), ("phrases.average", average)] + [
        (key, word) for key, words in (("entities", entities), ("locations", locations)) for word in words
    ]:
        if word.casefold() in seen:
            raise ValueError(f"{source}: {key}: {word!r} is given twice (first under {seen[word.casefold()]})")
        seen[word.casefold()] = key
    own_name = f"{total.replace(' ', '_')}-{words_digest(entities, locations, total, average)}"
    return Context(name or own_name, entities, locations, total, average)


def _name_list(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{where} must be a list of names")
    for name in value:
        _check_name(name, where)
    if len(value) < MIN_NAMES:
        raise ValueError(f"{where} needs at least {MIN_NAMES} names, got {len(value)}")
    return tuple(unicodedata.normalize("NFC", name) for name in value)


def _check_name(name: object, where: str) -> None:
    if not isinstance(name, str) or not name:
        raise ValueError(f"{where}: {name!r} is not a name")
    if name != " ".join(name.split()):
        raise ValueError(f"{where}: {name!r} has blanks at an end, doubled, or of another kind")
    for word in name.split(" "):
        if odd := next((letter for letter in word if not _may_stand(letter)), None):
            named = f"{odd!r} (U+{ord(odd):04X})"
            raise ValueError(
                f"{where}: {name!r} may hold only letters, hyphens and apostrophes, got {named} in {word!r}"
            )
        if word.casefold() in _GRAMMAR_WORDS or len(word) == 1:
            raise ValueError(f"{where}: {name!r} contains {word!r}, which is a word of the text format")


def _may_stand(letter: str) -> bool:
    """A letter or a mark that belongs to one, such as the vowel signs of Hindi and Thai."""
    return letter.isalpha() or letter in "-'" or unicodedata.category(letter) in ("Mn", "Mc")
