"""Vocabularies: the built-in ones are sound, and a user's file is refused with the file and the key at fault."""

from __future__ import annotations

import unicodedata
from itertools import combinations
from pathlib import Path

import pytest

from interplay.world.context import from_data, load, names
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference, verify

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def data(**changes: object) -> dict[str, object]:
    good: dict[str, object] = {
        "entities": [f"item{a}" for a in LETTERS],
        "locations": [f"Place{a}" for a in LETTERS],
        "phrases": {"total": "things", "average": "parts"},
    }
    return good | changes


def test_there_are_six_contexts() -> None:
    assert {"zoo", "school", "movie"} < set(names())
    assert len(names()) >= 6


@pytest.mark.parametrize("name", names())
def test_built_in_names_are_single_ascii_words(name: str) -> None:
    context = load(name)
    for word in (*context.entities, *context.locations, context.total, context.average):
        assert word.isascii()
        assert word.isalpha()
    assert all(word.islower() for word in context.entities)
    assert all(word[0].isupper() for word in context.locations)


def test_built_in_contexts_share_no_word() -> None:
    words = {
        name: {*load(name).entities, *load(name).locations, load(name).total, load(name).average} for name in names()
    }
    for a, b in combinations(names(), 2):
        assert not {w.lower() for w in words[a]} & {w.lower() for w in words[b]}, (a, b)


def test_a_users_file_works_like_a_built_in_one(tmp_path: Path) -> None:
    path = tmp_path / "garage.toml"
    entities = ", ".join(f'"part {a}{a}"' for a in LETTERS)
    locations = ", ".join(f'"Shelf O\'{a}{a}"' for a in LETTERS)
    path.write_text(
        f'entities = [{entities}]\nlocations = [{locations}]\n[phrases]\ntotal = "parts"\naverage = "bolts"\n'
    )
    made = make(Spec(op=12, mode="reverse", d=3), str(path), "full", stream(1))
    assert made.context == load(path).name == f"parts-{load(path).digest}"
    assert "in Shelf O'" in made.problem


def test_an_unknown_context_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown context 'zooo'; there are harbor, .*zoo"):
        load("zooo")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entities": ["lion"] * 30}, "entities: 'lion' is given twice"),
        ({"entities": ["lion"]}, "entities needs at least 24 names, got 1"),
        ({"locations": "Meadow"}, "locations must be a list"),
        ({"locations": [*[f"Place{a}" for a in LETTERS], "itema"]}, "'itema' is given twice .first under entities"),
        (
            {"locations": [*[f"Place{a}" for a in LETTERS], "THINGS"]},
            "'THINGS' is given twice .first under phrases.total",
        ),
        ({"entities": ["bird per cage"]}, "entities: 'bird per cage' contains 'per'"),
        ({"entities": ["Sum"]}, "contains 'Sum'"),
        ({"entities": ["fox, red"]}, "only letters"),
        ({"entities": ["fox 2"]}, "only letters"),
        ({"entities": ["fox "]}, "blanks"),
        ({"entities": ["q"]}, "contains 'q'"),
        ({"entities": [3]}, "3 is not a name"),
        ({"phrases": {"total": "animals"}}, "phrases must be a table with the keys total and average"),
        ({"phrases": {"total": "animals", "average": "cubs in all"}}, "phrases.average: 'cubs in all' contains 'in'"),
        ({"colour": 1}, "unknown key 'colour'"),
    ],
)
def test_a_bad_file_is_refused_with_the_key(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"mine.toml: .*{message}"):
        from_data(data(**changes), "mine", "mine.toml")


@pytest.mark.parametrize("content", [b"entities = [", b"\xff\xfe", b"entities = " + b"[" * 5000])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.toml: cannot be read"):
        load(str(path))


def test_a_missing_file_and_an_unknown_style_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="cannot be read as a context"):
        load(str(tmp_path / "none.toml"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"^none.toml: .* there is no such file in {tmp_path}$"):
        load("none.toml")
    with pytest.raises(ValueError, match="unknown style 'loud'; the styles are full, terse"):
        load("zoo").names("loud")


@pytest.mark.parametrize("word", ["e\u0301le\u0300ve", "शेर", "เสือ", "हाथी", "ÉCOLE"])
@pytest.mark.parametrize("style", ["full", "terse"])
def test_names_of_any_script_are_read_back(word: str, style: str) -> None:
    context = from_data(data(entities=[f"{word}{a}" for a in LETTERS]), name="own")
    assert all(unicodedata.is_normalized("NFC", name) for name in context.entities)
    for mode in ("forward", "reverse"):
        problem = make(Spec(op=6, mode=mode), context, style, stream("scripts", word, style, mode))
        reference = Reference.from_graph(problem.graph, problem.solution)
        for form in ("NFC", "NFD"):
            assert verify(reference, unicodedata.normalize(form, problem.solution)).exact


def test_a_mark_that_is_no_letter_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match=r"U\+200D"):
        from_data(data(entities=[f"शे\u200dर{a}" for a in LETTERS]), name="own")
