"""What a model is told before a problem: rules and examples, also where the words of the problem's context are not known."""

from interplay.data.draw import free
from interplay.data.instructions import chat, examples, told_in_other_words
from interplay.data.mixture import Mixture, World
from interplay.data.vocabulary import Words
from interplay.world.context import load
from interplay.world.problem import Problem

ZOO = load("zoo")
OWN = Words(entities=ZOO.entities, locations=ZOO.locations, total="beings", average="ideas")


def drawn(context: str | Words, **world: object) -> Problem:
    return free(World(**world), Mixture.uniform([4], [context], ["reverse"]), 0, 0)  # type: ignore[arg-type]


def test_a_problem_of_an_own_or_foreign_context_is_shown_examples_too():
    for problem in (drawn(OWN, style="terse"), drawn("school")._replace(context="teachers_in_school", style="")):
        shown = examples(problem, 3)
        assert [example.context for example in shown] == ["zoo"] * 3
        assert {example.mode for example in shown} == {problem.mode}
        assert {example.style for example in shown} == {problem.style or "full"}
        assert len(chat(problem, shown)) == 8


def test_examples_of_a_known_context_are_told_in_its_words_and_others_are_named():
    known, own = drawn("school"), drawn(OWN)
    assert {example.context for example in examples(known, 2)} == {"school"}
    assert told_in_other_words([known]) == ""
    assert told_in_other_words([known, own]).startswith(f"the words of {own.context!r} are not known here")


def test_a_row_cannot_name_a_file_to_be_read(tmp_path):
    named = drawn("zoo")._replace(context=str(tmp_path / "no_such_file.toml"))
    assert len(examples(named, 1)) == 1
