"""What a spec asks for is what every problem has: op recounted from the words, and every other axis."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interplay.data.gsm_infinite import GoldDefect
from interplay.evals.from_file import problem_of
from interplay.world import graph as graphs
from interplay.world.context import load, names
from interplay.world.graph import MAX_OP, Graph, evaluate
from interplay.world.problem import Problem, make, to_row
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.solve import solve

STYLES = ("full", "terse")
MODES = ("forward", "reverse")


def problem(spec: Spec, context: str = "zoo", style: str = "terse", *seed: int | str) -> Problem:
    return make(spec, context, style, stream("test", *seed))


def check(made: Problem, spec: Spec) -> None:
    """Everything a problem of this spec promises, from its words and from its graph."""
    graph = made.graph
    solution = solve(made.problem, made.question, load(made.context))
    assert solution == (graph.answer, spec.op)
    assert graph.op == spec.op
    assert (graph.mode, graph.d) == (spec.mode, spec.d)
    assert graph.order[-1] == graph.target
    assert set(graphs.needed_order(graph.rules, graph.target)) == set(graph.order)
    values = true_values(graph)
    assert all(1 <= values[name] <= spec.max_value for name in graph.order)
    assert all(0 <= value <= spec.max_value for value in values.values())
    if spec.d == 3:
        assert any(graph.rules[name].kind in ("average", "total3") for name in graph.order)
    if spec.mode == "reverse":
        assert graph.given == values[graph.target]
        assert spec.unknown[0] <= graph.answer <= spec.unknown[1]


def true_values(graph: Graph) -> dict[str, int]:
    lines = evaluate(graph.rules, all_in_order(graph))
    return {name: slope * graph.answer + constant for name, (slope, constant) in lines.items()}


def all_in_order(graph: Graph) -> list[str]:
    order: dict[str, None] = {}
    for name in graph.rules:
        order |= dict.fromkeys(graphs.needed_order(graph.rules, name))
    return list(order)


def depth(graph: Graph) -> int:
    levels: dict[str, int] = {}
    for name in graph.order:
        levels[name] = 1 + max((levels[parent] for parent in graph.rules[name].operands), default=0)
    return levels[graph.target]


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    mode = draw(st.sampled_from(MODES))
    op = draw(st.integers(2 if mode == "reverse" else 1, MAX_OP))
    return Spec(op=op, mode=mode, d=draw(st.sampled_from((2, 3))), distractors=draw(st.sampled_from((0, 3, (0, 8)))))


@settings(max_examples=400)
@given(specs(), st.sampled_from(names()), st.sampled_from(STYLES), st.integers())
def test_every_problem_is_solved_from_its_words_with_the_asked_op(
    spec: Spec, context: str, style: str, seed: int
) -> None:
    check(make(spec, context, style, stream(seed)), spec)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("d", [2, 3])
def test_every_op_has_problems(mode: str, d: int) -> None:
    for op in range(2 if mode == "reverse" else 1, MAX_OP + 1):
        spec = Spec(op=op, mode=mode, d=d, distractors=2)  # type: ignore[arg-type]
        check(problem(spec, "school", STYLES[op % 2], mode, d, op), spec)


@given(st.integers(2, 30), st.sampled_from(MODES), st.integers(0, 12), st.integers())
def test_the_number_of_distractors_is_exact_and_none_joins_a_needed_total(
    op: int, mode: str, count: int, seed: int
) -> None:
    spec = Spec(op=op, mode=mode, distractors=count)  # type: ignore[arg-type]
    graph = make(spec, "zoo", "terse", stream(seed)).graph
    assert len(graph.distractors) == count
    for name in graph.rules:
        rule = graph.rules[name]
        if rule.combine == "total":
            location = name.rpartition(" in ")[2]
            counts = [n for n, r in graph.rules.items() if r.kind == "count" and n.endswith(f" in {location}")]
            assert sorted(rule.operands) == sorted(counts)


@given(st.integers(2, 20), st.data(), st.sampled_from(MODES), st.sampled_from((2, 3)), st.integers())
def test_the_longest_chain_is_as_long_as_asked(op: int, data: st.DataObject, mode: str, d: int, seed: int) -> None:
    least = 2 if op <= 8 else 3
    asked = data.draw(st.integers(least, op))
    spec = Spec(op=op, mode=mode, d=d, depth=asked)  # type: ignore[arg-type]
    made = make(spec, "zoo", "terse", stream(seed))
    assert depth(made.graph) == asked
    check(made, spec)


@given(st.integers(2, 40), st.integers(1, 4), st.sampled_from(MODES), st.integers())
def test_fan_in_bounds_the_stated_rules(op: int, fan_in: int, mode: str, seed: int) -> None:
    graph = make(Spec(op=op, mode=mode, fan_in=fan_in), "zoo", "terse", stream(seed)).graph  # type: ignore[arg-type]
    assert all(len(rule.operands) <= fan_in for rule in graph.rules.values() if not rule.implicit)


@given(
    st.integers(2, 10),
    st.sampled_from(MODES),
    st.sampled_from((2, 3)),
    st.integers(2, 4),
    st.integers(4, 6),
    st.integers(),
)
def test_locations_entities_and_names_are_bounded(
    op: int, mode: str, d: int, locations: int, entities: int, seed: int
) -> None:
    spec = Spec(op=op, mode=mode, d=d, locations=locations, entities=entities, names=8, distractors=2)  # type: ignore[arg-type]
    made = make(spec, "zoo", "terse", stream(seed))
    check(made, spec)
    context = load("zoo")
    places = {name.rpartition(" in ")[2] for name in made.graph.rules}
    stated = [name for name, rule in made.graph.rules.items() if not rule.implicit]
    things = {name.rpartition(" in ")[0].rpartition(" per ")[2] for name in stated}
    assert len(places) <= locations
    assert len(things) <= entities
    assert places <= set(context.locations[:8])
    assert things <= set(context.entities[:8])


@given(st.integers(2, 8), st.sampled_from(MODES), st.sampled_from((20, 30)), st.integers())
def test_small_worlds_stay_small(op: int, mode: str, max_value: int, seed: int) -> None:
    spec = Spec(
        op=op,
        mode=mode,
        numbers=(1, 5),
        max_value=max_value,
        locations=3,
        entities=4,
        unknown=(1, 9),
        distractors=(0, 2),
    )  # type: ignore[arg-type]
    made = make(spec, "zoo", "terse", stream(seed))
    check(made, spec)
    literals = [rule.literal for rule in made.graph.rules.values() if rule.literal is not None]
    assert all(1 <= literal <= 5 for literal in literals)


@st.composite
def tight_specs(draw: st.DrawFn) -> dict[str, object]:
    """Any combination of small bounds, most of which leave little room or none."""
    high = draw(st.integers(1, 9))
    return {
        "op": draw(st.integers(2, 24)),
        "mode": draw(st.sampled_from(MODES)),
        "d": draw(st.sampled_from((2, 3))),
        "distractors": draw(st.sampled_from((0, 1, 4))),
        "depth": draw(st.sampled_from((None, 2, 3, 5))),
        "fan_in": draw(st.sampled_from((None, 1, 2, 3))),
        "locations": draw(st.sampled_from((None, 1, 2, 3))),
        "entities": draw(st.sampled_from((None, 1, 2, 4))),
        "numbers": (1, high),
        "multipliers": (2, max(2, high)),
        "unknown": (1, high),
        "max_value": draw(st.integers(9, 40)),
        "totals": draw(st.sampled_from((0.0, 0.35, 1.0))),
    }


@settings(max_examples=500)
@given(tight_specs(), st.integers())
def test_tight_bounds_are_kept_or_refused(bounds: dict[str, object], seed: int) -> None:
    try:
        spec = Spec(**bounds)  # type: ignore[arg-type]
        made = make(spec, "zoo", "terse", stream(seed))
    except ValueError:
        return  # the messages have their own test
    check(made, spec)
    assert spec.depth in (None, depth(made.graph))


@given(st.integers(4, 30), st.integers())
def test_the_share_of_totals_reaches_from_none_to_most(op: int, seed: int) -> None:
    none, most = (
        [rule.implicit for rule in make(Spec(op=op, totals=t), "zoo", "terse", stream(seed)).graph.rules.values()]
        for t in (0.0, 1.0)
    )
    assert not any(none)
    assert any(most) or op < 6


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"op": 0}, "op must be in 1..60 in forward mode, got 0"),
        ({"op": 1, "mode": "reverse"}, "op must be in 2..60 in reverse mode, got 1"),
        ({"op": 61}, "op must be in 1..60"),
        ({"op": 5, "mode": "sideways"}, "mode must be forward or reverse"),
        ({"op": 5, "d": 4}, "d must be 2 or 3"),
        ({"op": 5, "depth": 6}, "depth must be in 2..5 at op 5, got 6"),
        ({"op": 5, "depth": (1, 3)}, "depth must be in 2..5"),
        ({"op": 40, "depth": 2, "fan_in": 3, "totals": 0.0}, "cannot be reached at depth 2 and fan_in 3: at most 7"),
        ({"op": 5, "fan_in": 0}, "fan_in must be at least 1"),
        ({"op": 5, "locations": 4, "names": 3}, "locations 4 is more than the 3 names in use"),
        ({"op": 5, "locations": 2, "entities": 2, "distractors": 4}, "4 distractors need more than 2 locations x 2"),
        ({"op": 5, "distractors": (3, 1)}, "distractors must be"),
        ({"op": 5, "distractors": -1}, "distractors must be"),
        ({"op": 5, "numbers": (0, 4)}, "numbers must be a range LO,HI with 1 <= LO"),
        ({"op": 5, "multipliers": (1, 4)}, "multipliers must be a range LO,HI with 2 <= LO"),
        ({"op": 5, "unknown": (9, 3)}, "unknown must be a range"),
        ({"op": 5, "numbers": (1, 9), "max_value": 15, "mode": "reverse"}, "unknown reaches 20, above max_value 15"),
        ({"op": 5, "max_value": 10}, "numbers reaches 20, above max_value 10"),
        ({"op": 5, "totals": 1.5}, r"totals must be in 0\.\.1"),
    ],
)
def test_a_wrong_spec_says_which_bound_it_breaks(bad: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Spec(**bad)  # type: ignore[arg-type]


def test_the_unknown_binds_reverse_problems_alone() -> None:
    assert Spec(op=5, numbers=(1, 9), max_value=15).mode == "forward"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"op": 40, "locations": 1, "entities": 3}, "1 locations x 3 entities"),
        ({"op": 60, "depth": 2, "fan_in": 2}, "more than depth 2, fan_in 2"),
        (
            {"op": 30, "fan_in": 1, "totals": 0.0, "numbers": (4, 4), "entities": 5, "locations": 5, "max_value": 20},
            "op 30 does not fit under max_value 20 with numbers .4, 4.",
        ),
        ({"op": 5, "entities": 99}, "has 28 entities, the spec asks for 99"),
        ({"op": 5, "names": 99}, "has 28 locations, the spec asks for 99"),
    ],
)
def test_bounds_without_room_are_an_error_and_no_endless_loop(bad: dict[str, object], message: str) -> None:
    for seed in range(20):
        with pytest.raises(ValueError, match=message):
            problem(Spec(**bad), "zoo", "terse", seed)  # type: ignore[arg-type]


def test_a_lone_constant_is_op_one() -> None:
    made = problem(Spec(op=1), "zoo", "terse")
    assert made.problem == f"{made.graph.target} = {made.graph.answer} ."


def without_the_space_at_its_end(made: Problem) -> Problem:
    """The problem as it is read: a file of GSM-Infinite has a space after the last fact, a reader's id is of the text alone."""
    if made.style == "terse":
        return made
    problem = made.problem.removesuffix(" ")
    assert problem == made.problem.strip() != made.problem
    spelled = f"{problem}\n{made.question}\n{made.solution}".encode()
    return made._replace(problem=problem, id=hashlib.blake2b(spelled, digest_size=8).hexdigest())


@given(specs(), st.sampled_from(STYLES), st.integers())
def test_rows_come_back_as_the_problem_they_were(spec: Spec, style: str, seed: int) -> None:
    made = make(spec, "movie", style, stream(seed))
    row = json.loads(json.dumps(to_row(made)))
    back = problem_of(row)
    assert back == without_the_space_at_its_end(made)
    assert list(back.graph.rules) == list(made.graph.rules)
    assert (back.prompt, back.completion) == (made.prompt, made.completion)
    assert problem_of(json.loads(json.dumps(to_row(back)))) == back
    assert row["mode"] == {"forward": "normalforward", "reverse": "forwardreverse"}[spec.mode]
    assert row["solution"].endswith(f"Answer: {row['answer']}.")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lacking", ["problem", "question", "solution"])
def test_a_row_that_lacks_a_text_says_which(lacking: str, mode: str, style: str) -> None:
    row = to_row(problem(Spec(op=3, mode=mode), "zoo", style))  # type: ignore[arg-type]
    for value in (None, 3):
        with pytest.raises(
            ValueError, match=f"^the field '{lacking}' is {'missing' if value is None else 'not text'}$"
        ):
            problem_of({**row, lacking: value})
    del row[lacking]
    with pytest.raises(ValueError, match=f"^the field '{lacking}' is missing$"):
        problem_of(row)


@pytest.mark.parametrize("mode", MODES)
def test_a_row_that_lacks_its_graph_is_read_from_its_words_or_refused(mode: str) -> None:
    full, terse = (problem(Spec(op=3, mode=mode), "zoo", style) for style in STYLES)  # type: ignore[arg-type]
    bare = [{key: value for key, value in to_row(made).items() if key != "graph"} for made in (full, terse)]
    assert problem_of(bare[0]) == without_the_space_at_its_end(full)
    with pytest.raises(GoldDefect, match="judged by the field graph of its row"):
        problem_of(bare[1])


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "from interplay.world.problem import make, to_row; from interplay.world.sample import Spec\n"
        "from interplay.world.randomness import stream; from interplay.world.digest import digest\n"
        "for i in range(40):\n"
        " spec = Spec(op=2 + i, mode=('forward', 'reverse')[i % 2], d=2 + i // 2 % 2, distractors=(0, 5))\n"
        " p = make(spec, 'zoo', ('full', 'terse')[i // 4 % 2], stream(i))\n"
        " print(to_row(p), digest(p.graph), digest(p.graph, 'structure'))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


def test_distractors_do_not_follow_op() -> None:
    from interplay.data.stats import stats

    rows = [
        to_row(problem(Spec(op=2 + i % 19, mode=MODES[i // 19 % 2], distractors=(0, 6)), "zoo", "terse", i))  # type: ignore[arg-type]
        for i in range(5_700)
    ]
    found = stats(rows)
    assert abs(found.op_distractors) < 0.04  # standard error 0.013
    assert found.op_prompt_chars > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_no_confounds_over_twenty_thousand_problems(mode: str) -> None:
    from interplay.data.stats import stats

    found = stats(
        to_row(problem(Spec(op=2 + i % 19, mode=mode, distractors=(0, 6)), "zoo", "full", mode, i))  # type: ignore[arg-type]
        for i in range(20_000)
    )
    assert abs(found.op_distractors) < 0.02
    assert found.length_grows
    assert max(entry.top_share for entry in found.by_op if entry.op >= 4) <= 0.10


def thin(graph: Graph) -> list[str]:
    """Needed steps that only repeat another quantity: copies, and totals of one member."""
    rules = graph.rules
    return [name for name in graph.order if len(rules[name].operands) == 1 and rules[name].literal is None]


@given(
    st.integers(3, 24),
    st.sampled_from(MODES),
    st.sampled_from((2, 3)),
    st.sampled_from((1, 2, 4)),
    st.sampled_from((0.0, 0.35)),
    st.integers(),
)
def test_without_copies_every_derived_quantity_has_two_in_edges(
    op: int, mode: str, d: int, fan_in: int, totals: float, seed: int
) -> None:
    spec = Spec(op=op, mode=mode, d=d, fan_in=fan_in, totals=totals, copies=0.0, distractors=2)  # type: ignore[arg-type]
    try:
        made = make(spec, "zoo", "terse", stream(seed))
    except ValueError:
        assert (fan_in, op % 2) == (1, 0), "only chains of one operand each cannot reach every op"
        return
    check(made, spec)
    assert not thin(made.graph)


def test_copies_are_as_frequent_as_asked_and_do_not_move_op_or_distractors() -> None:
    def share(copies: float | None) -> float:
        graphs_ = [problem(Spec(op=8, copies=copies, distractors=2), "zoo", "terse", i).graph for i in range(300)]
        assert {(graph.op, len(graph.distractors)) for graph in graphs_} == {(8, 2)}
        return sum(len(thin(graph)) for graph in graphs_) / sum(len(graph.order) for graph in graphs_)

    shares = [share(copies) for copies in (0.0, 0.2, 0.5, None)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[1] > 0.02
    assert shares[3] > 0.2
    assert len(thin(problem(Spec(op=2, copies=0.0)).graph)) == 1, "op 2 has nothing but copies"


def test_differences_and_products_are_as_frequent_as_asked() -> None:
    def forms(**axes: float) -> tuple[int, int]:
        rules = [
            rule
            for i in range(200)
            for rule in problem(Spec(op=8, distractors=3, **axes), "zoo", "terse", i).graph.rules.values()  # type: ignore[arg-type]
        ]
        return sum(rule.combine == "difference" for rule in rules), sum(rule.join == "*" for rule in rules)

    few, usual, many = (forms(differences=share, products=share) for share in (0.0, 0.5, 1.0))
    assert few[0] < usual[0] < many[0]
    assert few[1] < usual[1] < many[1]
    assert few[1] == 0


@given(st.integers(2, 24), st.sampled_from(MODES), st.integers())
def test_ready_order_takes_the_first_fact_that_is_ready(op: int, mode: str, seed: int) -> None:
    graph = make(Spec(op=op, mode=mode, order="ready", distractors=2), "zoo", "terse", stream(seed)).graph  # type: ignore[arg-type]
    text = list(graph.rules)  # stated facts as told, then the totals
    known: list[str] = []
    for name in graph.order:
        ready = [n for n in text if n in graph.order and n not in known and set(graph.rules[n].operands) <= set(known)]
        assert name == ready[0]
        known.append(name)
    assert known[-1] == graph.target


@pytest.mark.parametrize("axis", ["totals", "copies", "differences", "products"])
def test_a_chance_is_between_none_and_all(axis: str) -> None:
    with pytest.raises(ValueError, match=rf"{axis} must be in 0..1, got 1.5"):
        Spec(op=5, **{axis: 1.5})  # type: ignore[arg-type]


def test_a_chain_without_copies_is_no_longer_than_op_can_pay() -> None:
    with pytest.raises(ValueError, match="op 7 without copies has depth 4 at most, got 5"):
        Spec(op=7, copies=0.0, depth=5)
