"""The explorer in a real browser, with real clicks and keys, against an oracle that reads the record in Python.

Every test ends by looking at what the browser had to say: no error, no dialog, no request but the page itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import synthetic_samples as synthetic
from explorer_oracle import GROUPS, Chosen, Oracle
from test_explorer import HOSTILE, altered

from browser import CHROMIUM, Browser, Page, chromium
from hostile_text import UNICODE
from interplay.report import wording
from interplay.report.explorer import build_explorer
from interplay.report.explorer_read import read_explored
from interplay.report.theme import arm_styles

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]

READY = "!document.getElementById('panes').hidden && document.querySelector('#detail h2, #detail .notice')"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    return synthetic.page(folder, synthetic.arms(folder / "evaluations", synthetic.ask(10), (0, 1), 4))


@pytest.fixture(scope="module")
def oracle(made: Path) -> Oracle:
    return Oracle(read_explored(made.parent, synthetic.LABELS))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A fresh tab; whatever the test did, the browser has nothing to complain of."""
    page = browser.page()
    yield page
    assert page.complaints() == []
    assert len({address.partition("#")[0] for address in page.requests()}) == 1


def opened(tab: Page, made: Path, fragment: str = "") -> None:
    tab.open(made.as_uri() + fragment, READY)
    if fragment.startswith("#search="):  # on a page that is open already the new address is read a moment later
        tab.wait(
            f"document.getElementById('search').value === {json.dumps(unquote(fragment.removeprefix('#search=')))}"
        )


def settle(tab: Page, sample: str | None = None) -> str:
    """Wait until the address says what is shown; gives it."""
    tab.wait("new URLSearchParams(location.hash.slice(1)).has('sample')" if sample is None else
             f"new URLSearchParams(location.hash.slice(1)).get('sample') === {sample!r}")  # fmt: skip
    address: str = tab.run("location.hash")
    return address


def agree(tab: Page, oracle: Oracle, chosen: Chosen) -> None:
    """The list, its length and every count are what the oracle says."""
    wanted = oracle.found(chosen)
    rows = tab.run(
        "[...document.querySelectorAll('#rows [role=option]')]"
        ".map((row) => [row.dataset.sample, row.ariaPosInSet, row.ariaSetSize].map(Number))"
    )
    assert rows or not wanted
    for number, position, size in rows:
        assert wanted[position - 1] == number
        assert size == len(wanted)
    shown = tab.texts("#count")[0].split(" ")[0]
    assert int(shown.replace(",", "")) == len(wanted)
    counts = tab.run(
        "[...document.querySelectorAll('.choice')].map((choice) => [choice.querySelector('input').name,"
        " choice.querySelector('input').value, choice.querySelector('.many').textContent])"
    )
    assert {group for group, _, _ in counts} == set(GROUPS)
    for group in GROUPS:
        expected = oracle.counts(chosen, group)
        told = {value: int(count.replace(",", "")) for name, value, count in counts if name == group}
        assert {value: count for value, count in told.items() if count} == dict(expected)


def test_filters_find_what_the_oracle_finds(tab: Page, made: Path, oracle: Oracle) -> None:
    opened(tab, made)
    chosen: Chosen = {}
    agree(tab, oracle, chosen)
    clicks = [("arm", "mid"), ("error", "wrong_value"), ("error", "missing_node"), ("seed", "1"), ("arm", "mid"),
              ("outcome", "hacked"), ("op", "14"), ("seed", "1"), ("mode", "reverse"), ("error", "wrong_value")]  # fmt: skip
    for group, value in clicks:
        tab.click(f".choice:has(input[name={group}][value='{value}'])")
        chosen[group] = chosen.get(group, set()) ^ {value}
        chosen = {name: names for name, names in chosen.items() if names}
        agree(tab, oracle, chosen)
    tab.click("#clear")
    agree(tab, oracle, {})


def test_it_opens_on_a_right_answer_whose_fault_is_in_a_step(tab: Page, made: Path, oracle: Oracle) -> None:
    telling = {"wrong_parent", "wrong_value", "false_equality"}
    found = [i for i in oracle.found({"outcome": {"hacked"}, "error": telling}) if len(oracle.samples[i].steps) > 2]
    opened(tab, made)
    first = int(tab.run("document.querySelector('[aria-selected=true]').dataset.sample"))
    assert first == next(i for i in found if any(step.error for step in oracle.samples[i].steps))
    sample = oracle.samples[first]
    assert wording.OUTCOMES["hacked"] in tab.texts("#detail .badge")[0]
    assert tab.texts("#detail .marks .yes")[-1] == "✓ answer"
    assert tab.texts("#detail .answer b") == [sample.answer, oracle.problems[sample.problem_id].answer]
    tab.click(".choice:has([value=hacked])")
    agree(tab, oracle, {"outcome": {"hacked"}})


def test_a_click_in_the_list_shows_that_sample_unchanged(tab: Page, made: Path, oracle: Oracle) -> None:
    opened(tab, made, f"#sample={oracle.name(0)}")
    for place in (3, 7, 5):
        tab.click(f"#sample-{place}")
        settle(tab, oracle.name(place))
        sample, problem = oracle.samples[place], oracle.problems[oracle.samples[place].problem_id]
        written = "".join(tab.texts(".writing .trace .text"))
        assert "".join(written.split()) == "".join(sample.text.split())
        assert tab.texts("#detail .problem .asked") == [problem.question]
        assert tab.run(f"document.querySelector('#sample-{place}').ariaSelected") == "true"
        verdicts = tab.run(
            "[...document.querySelectorAll('.writing .step-line')].map((line) => line.classList.contains('wrong'))"
        )
        assert verdicts == [step.error is not None for step in sample.steps]


def test_keys_go_through_samples_and_faults(tab: Page, made: Path, oracle: Oracle) -> None:
    opened(tab, made)
    wanted = oracle.found({"error": {"false_equality"}})
    tab.press("/")
    assert tab.run("document.activeElement.id") == "search"
    tab.press("Escape")
    tab.click(".choice:has([value=false_equality])")
    for key, place in (("j", 1), ("j", 2), ("k", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
        tab.press(key)
        settle(tab, oracle.name(wanted[place]))
    tab.run("document.getElementById('list').focus()")
    tab.press("ArrowDown", "ArrowDown", "ArrowUp")
    settle(tab, oracle.name(wanted[3]))
    tab.press("n")
    faulty = [i for i, step in enumerate(oracle.samples[wanted[3]].steps) if step.error]
    assert tab.run("document.activeElement.dataset.step") == str(faulty[0])
    assert tab.run("document.activeElement.ariaPressed") == "true"
    assert tab.run("document.querySelectorAll('svg.graph .node.lit').length") == 1
    tab.press("Escape")
    assert tab.run("document.querySelectorAll('.lit').length") == 0 or tab.run(
        "document.activeElement.matches('.fault')"
    )
    tab.press("g")
    gold = "".join(tab.texts(".golden .text"))
    assert "".join(gold.split()) == "".join(oracle.problems[oracle.samples[wanted[3]].problem_id].solution.split())
    tab.press("?")
    assert tab.run("document.getElementById('help').open")
    tab.press("Escape")
    tab.wait("!document.getElementById('help').open")
    tab.press("x")
    agree(tab, oracle, {})


def test_an_address_opens_exactly_what_was_shown(tab: Page, browser: Browser, made: Path, oracle: Oracle) -> None:
    opened(tab, made)
    chosen = {"error": {"wrong_parent", "truncated"}, "regime": {"hard"}, "arm": {"base_rl", "mid"}}
    for group, value in ((group, value) for group, values in chosen.items() for value in sorted(values)):
        tab.click(f".choice:has([name={group}][value={value}])")
    tab.press("j", "j", "g", "m")
    tab.wait("location.hash.includes('model=hidden')")
    address = settle(tab)
    state = """[[...document.querySelectorAll('.choice :checked')].map((box) => box.value),
        document.getElementById('detail').textContent, document.querySelectorAll('.golden').length,
        document.querySelector('[aria-selected=true]').id, document.getElementById('count').textContent]"""
    fresh = browser.page()
    opened(fresh, made, address)
    assert fresh.run(state) == tab.run(state)
    agree(fresh, oracle, chosen)
    assert int(fresh.run("document.querySelector('[aria-selected=true]').dataset.sample")) in oracle.found(chosen)[2:]
    assert settle(fresh) == address
    assert fresh.complaints() == []


@pytest.mark.parametrize("fragment", ["#error=nothing&sample=no/such/sample", "#%%%&op=,,\\\\", "#sample=&arm="])
def test_an_address_that_names_nothing_shows_everything(tab: Page, made: Path, oracle: Oracle, fragment: str) -> None:
    opened(tab, made, fragment)
    agree(tab, oracle, {})


def test_searching_finds_words_in_problems_and_solutions(tab: Page, made: Path, oracle: Oracle) -> None:
    opened(tab, made)
    tab.press("/")
    tab.type("UNICORN in")
    wanted = [i for i, sample in enumerate(oracle.samples) if "unicorn in" in sample.text]
    tab.wait(f"document.getElementById('count').textContent.startsWith('{len(wanted)} of')")
    rows = tab.run("[...document.querySelectorAll('#rows [role=option]')].map((row) => Number(row.dataset.sample))")
    assert rows == wanted[: len(rows)]


@pytest.mark.parametrize(
    "error", ["wrong_value", "wrong_parent", "undefined_variable", "missing_node", "wrong_answer", None]
)
def test_the_graph_has_every_quantity_and_marks_the_first_fault(
    tab: Page, made: Path, oracle: Oracle, error: str | None
) -> None:
    number = next(i for i, sample in enumerate(oracle.samples) if sample.error == error and len(sample.steps) > 1)
    sample = oracle.samples[number]
    graph = oracle.graphs[sample.problem_id]
    opened(tab, made, f"#sample={oracle.name(number)}")
    named = {name for step in sample.steps if step.name != "the equation" for name in (step.name, *step.parents)}
    assert tab.run("document.querySelectorAll('svg.graph .node').length") == len(named | set(graph.rules))
    edges = {(parent, name) for name, rule in graph.rules.items() for parent in rule.operands}
    edges |= {(parent, step.name) for step in sample.steps if step.name != "the equation" for parent in step.parents}
    assert tab.run("document.querySelectorAll('svg.graph .edge').length") == len(edges)
    missing = set(graph.order) - {step.name for step in sample.steps}
    statuses = Counter(tab.run("[...document.querySelectorAll('svg.graph .node')].map((node) => node.classList[1])"))
    assert statuses["missing"] == len(
        missing - ({graph.asked} if graph.unknown and sample.steps[-1].name == "the equation" else set())
    )
    assert tab.run("document.querySelectorAll('svg.graph .node.first').length") == (error is not None)
    assert tab.run("document.querySelectorAll('.trace .first').length") == (error is not None)
    if error is not None:
        assert error.replace("_", " ") in tab.texts("svg.graph .first .fault")[0]
        assert error.replace("_", " ") in tab.texts(".trace .first .why")[0]


def test_a_step_lights_up_its_quantity_and_the_reverse(tab: Page, made: Path, oracle: Oracle) -> None:
    number = next(i for i, sample in enumerate(oracle.samples) if sample.strict and len(sample.steps) > 3)
    sample = oracle.samples[number]
    names = list(oracle.graphs[sample.problem_id].rules)
    opened(tab, made, f"#sample={oracle.name(number)}")
    tab.hover("[data-step='1']")
    second = names.index(sample.steps[1].name)
    lit = f"document.querySelector('svg.graph .node[data-node=\"{second}\"]').classList.contains('lit')"
    assert tab.run(lit)
    tab.hover(f".node[data-node='{names.index(sample.steps[0].name)}']")
    assert not tab.run(lit)
    assert tab.run("document.querySelector('[data-step=\"0\"]').classList.contains('lit')")
    tab.click("[data-step='1']")
    tab.hover("#detail h2")
    assert tab.run(lit)
    assert tab.run("document.querySelector('[data-step=\"1\"]').ariaPressed") == "true"
    tab.press("Escape")
    tab.hover("#detail .marks")
    assert not tab.run(lit) or tab.run("document.activeElement.matches('[data-step]')")


def test_other_arms_are_one_click_away(tab: Page, made: Path, oracle: Oracle) -> None:
    opened(tab, made, f"#sample={oracle.name(0)}")
    dots = tab.run("[...document.querySelectorAll('.dot')].map((dot) => Number(dot.dataset.go))")
    same = [i for i, sample in enumerate(oracle.samples) if sample.problem_id == oracle.samples[0].problem_id]
    assert dots == same
    tab.click(f".dot[data-go='{same[-1]}']")
    settle(tab, oracle.name(same[-1]))


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_sticks_out(tab: Page, made: Path, width: int) -> None:
    tab.size(width, 844)
    opened(tab, made, "#op=14&error=wrong_parent")
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run("document.getElementById('detail').scrollWidth <= document.getElementById('detail').clientWidth")


def test_whatever_can_be_pressed_has_a_name(tab: Page, made: Path) -> None:
    opened(tab, made, "#gold=shown")
    tree = tab.call("Accessibility.getFullAXTree")["nodes"]
    pressed = [
        node
        for node in tree
        if node.get("role", {}).get("value") in ("button", "checkbox", "option", "listbox", "link", "searchbox")
    ]
    assert len(pressed) > 40
    assert [node for node in pressed if not node.get("name", {}).get("value")] == []


def test_hostile_text_stays_text(tab: Page, made: Path, tmp_path: Path) -> None:
    for name in ("problems.parquet", "samples.parquet"):
        (tmp_path / name).write_bytes((made.parent / name).read_bytes())
    rows = pq.read_table(tmp_path / "samples.parquet").num_rows
    texts, names = iter(HOSTILE * rows), iter(HOSTILE * rows * 60)
    altered(tmp_path / "samples.parquet", "text", lambda text: text + next(texts))
    altered(tmp_path / "samples.parquet", "answer", lambda _: HOSTILE[0])
    altered(
        tmp_path / "samples.parquet",
        "steps",
        lambda steps: [
            {**s, "name": next(names), "parents": [*s["parents"], next(names)], "value": HOSTILE[0]} for s in steps
        ][:4],
    )
    altered(tmp_path / "problems.parquet", "question", lambda text: text + HOSTILE[0] + "\0")
    altered(tmp_path / "problems.parquet", "solution", lambda text: text + HOSTILE[0])
    page = build_explorer(tmp_path, synthetic.study((0, 1)), arm_styles(synthetic.LABELS))
    assert page is not None
    opened(tab, page, "#gold=shown")
    scripts = tab.run("document.scripts.length")
    for _ in range(len(HOSTILE) + 2):
        assert tab.run("document.querySelectorAll('img, iframe, object, embed, b b, [onload], [onerror]').length") == 0
        tab.press("j")
    assert tab.run("document.scripts.length") == scripts == 1
    shown = tab.run("document.getElementById('detail').textContent")
    assert HOSTILE[0] in shown
    opened(tab, page, "#search=alert(2)")
    assert HOSTILE[1] in tab.run("document.getElementById('detail').textContent")
    opened(tab, page, "#search=" + quote(UNICODE["bidi"].partition(" ")[2].partition(" ")[0]))
    assert "U+202E" in tab.texts(".writing .unseen")
    opened(tab, page, "#search=long long")
    tab.click(".writing .more")
    assert tab.run("document.querySelector('.writing').textContent.length") > 90_000


@pytest.mark.slow
def test_twenty_thousand_samples_load_and_filter(tab: Page, made: Path, tmp_path: Path) -> None:
    table = pq.read_table(made.parent / "samples.parquet")
    times = -(-20_000 // table.num_rows)
    place, numbers = table.column_names.index("sample"), table["sample"].to_pylist()
    copies = [
        table.set_column(place, "sample", pa.array([n + 4 * turn for n in numbers], pa.int32()))
        for turn in range(times)
    ]
    pq.write_table(pa.concat_tables(copies).slice(0, 20_000), tmp_path / "samples.parquet")
    (tmp_path / "problems.parquet").write_bytes((made.parent / "problems.parquet").read_bytes())
    page = build_explorer(tmp_path, synthetic.study((0, 1)), arm_styles(synthetic.LABELS))
    assert page is not None
    oracle = Oracle(read_explored(tmp_path, synthetic.LABELS))
    opened(tab, page)
    assert tab.texts("#count") == ["20,000 samples"]
    assert tab.run("document.querySelectorAll('#rows [role=option]').length") < 100
    tab.click(".choice:has([value=wrong_parent])")
    agree(tab, oracle, {"error": {"wrong_parent"}})
    tab.run("document.getElementById('list').focus()")
    tab.press("End")
    settle(tab, oracle.name(oracle.found({"error": {"wrong_parent"}})[-1]))
    agree(tab, oracle, {"error": {"wrong_parent"}})
