"""Numbers that README.md and docs/findings.md have in sentences and in typed tables are those of the committed records.

What a command writes is held by the command. Here stand the few numbers that a person typed: a record that changes turns these
tests red, and the message says what the page should say.
"""

import csv
import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "docs" / "studies"
PAGES = "\n\n".join((ROOT / page).read_text() for page in ("README.md", "docs/findings.md"))

# of each typed table: the start of its header, its study, its columns (regime and k), its rows (contrast)
TABLES = {
    "| change, six trainings |": (
        "quickstart_micro",
        ["edge-1", "edge-32", "id-1", "hard-32"],
        {
            "RL on the edge, from pre-training": "base_rl-base",
            "mid-training on id and edge": "mid-base",
            "RL on the edge, from mid-training": "mid_rl-mid",
        },
    ),
    "| RL, three trainings |": (
        "extrapolation_micro",
        ["edge-1", "edge-128", "hard-128", "id-1"],
        {
            "on id": "rl_id-base",
            "on id and edge": "rl_mixed-base",
            "on the edge": "rl_edge-base",
            "on edge and hard, uniformly": "rl_ood-base",
            "on the same, the range raised with accuracy": "adaptive-base",
            "on the same, the range raised by schedule": "scheduled-base",
            "on hard": "rl_hard-base",
            "on edge and hard, filtered to what the base sometimes solves": "filtered-base",
            "on the same, filtered again after each quarter": "refreshed-base",
            "self-training on right samples instead": "self_train-base",
            "self-training with a quarter of id": "self_train_replay-base",
            "gold solutions of the same problems instead": "gold-base",
            "gold with a quarter of id": "gold_replay-base",
        },
    ),
}

# of each table of doses: the start of its header, its study, its columns (arm, regime and k), its rows (the arm of a dose)
DOSES = {
    "| share of RL, three trainings |": (
        "midtraining_micro",
        [
            f"rl_{{}}_of_{budget} {told}"
            for told in ("edge 1", "edge 32", "hard 32")
            for budget in ("1.12M", "2.25M", "4.5M")
        ],
        {"none: mid-training alone": "0", "a fifth": "20", "half": "50", "four fifths": "80", "all of it": "100"},
    ),
    "| shown of B |": (
        "contextual_micro",
        ["{} B shown 1", "{} B beyond 1", "{} B beyond 32", "{}_rl B beyond 1", "{}_rl B beyond 32"],
        {
            "nothing": "b_0",
            "op 1, 1 % of pre-training": "b_1",
            "op 1, 10 % of pre-training": "b_10",
            "ops 1 to 7, half of pre-training": "b_all",
        },
    ),
    "| shown of the edge |": (
        "headroom_micro",
        ["{} edge 1", "{}_rl edge 1", "{} edge 32", "{}_rl edge 32", "{} id 1", "{}_rl id 1"],
        {
            "nothing": "edge_0",
            "3 % of pre-training": "edge_3",
            "half of pre-training": "edge_50",
        },
    ),
    "| RL has of B |": (
        "transfer_micro",
        [
            "shared{} B beyond 1",
            "shared{} B beyond 32",
            "shared{} A 1",
            "atoms{} B shown 1",
            "atoms{} B beyond 1",
            "atoms{} B beyond 32",
        ],
        {
            "before RL": "",
            "nothing": "_rl_0",
            "1 %": "_rl_1",
            "2 %": "_rl_2",
            "10 %": "_rl_10",
            "half": "_rl_50",
            "all of it": "_rl_100",
        },
    ),
}

# of each sentence: its beginning, its study, and the arm, regime and k of every level in it, in their order
BASE = ["base id 1", "base edge 1", "base edge 128", "base hard 1", "base hard 128"]
LEVELS = [
    ("RL from pre-training alone", "quickstart_micro", ["base edge 1", "base_rl edge 1", "base edge 32", "base_rl edge 32"]),
    ("Mid-training on 0.7M tokens", "quickstart_micro", ["mid edge 1", "mid edge 32"]),
    ("At `micro`, three trainings with 128", "extrapolation_micro", BASE),
    ("of edge and hard; the base has", "midtraining_micro", ["base edge 1", "base edge 32", "base hard 32"]),
    ("With 4.5M mid-training alone", "midtraining_micro", ["rl_0_of_4.5M edge 1", "rl_0_of_4.5M edge 32"]),
    ("At `mini`, one op deeper", "extrapolation_mini", BASE),
    ("RL on the edge, at a rate", "extrapolation_mini", ["rl_edge edge 1"]),
    ("In 128 tries it has", "extrapolation_mini", ["rl_edge edge 128", "rl_edge hard 1", "rl_edge hard 128"]),
    ("Of what was shown it solves", "extrapolation_mini", ["rl_edge id 1"]),
]  # fmt: skip


@cache
def effects(study):
    """Every effect of a study: its name and (effect, lo, hi), as they are written."""
    with (STUDIES / study / "effects.csv").open() as file:
        return {row["name"]: (row["effect"], row["lo"], row["hi"]) for row in csv.DictReader(file)}


@cache
def levels(study):
    """The mean over all trainings, as it is written, by arm, regime and k."""
    wanted = {"seed": "all", "op": "all", "rule": "strict", "metric": "pass@k"}
    with (STUDIES / study / "results.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if wanted.items() <= row.items()]
    return {f"{row['arm']} {row['regime']} {row['k']}": row["value"] for row in rows}


def rounded(written, digits, times=1):
    """A number to so many digits, halves away from zero."""
    return str((Decimal(written) * times).quantize(Decimal(10) ** -digits, ROUND_HALF_UP))


def short(written, digits=3):
    """.123 or -.123."""
    return rounded(written, digits).replace("0.", ".", 1)


def shown(effect):
    """An effect with its interval as a typed table has it."""
    value, lo, hi = map(short, effect)
    return f"{'' if value.startswith('-') else '+'}{value} \\[{lo}, {hi}\\]"


def table_rows(header):
    """The cells of the table under a header, by the first cell of their row."""
    lines = PAGES[PAGES.index(header) :].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[: lines.index("")]]
    return {first: rest for first, *rest in cells}


@pytest.mark.parametrize("header", TABLES)
def test_a_typed_table_has_the_effects_of_its_study(header):
    study, columns, rows = TABLES[header]
    told = table_rows(header)
    assert told.keys() == rows.keys()
    assert told == {
        row: [shown(effects(study)[f"{contrast}-{column}"]) for column in columns] for row, contrast in rows.items()
    }


@pytest.mark.parametrize("header", DOSES)
def test_a_table_of_doses_has_the_levels_of_its_study(header):
    study, columns, arms = DOSES[header]
    told, level = table_rows(header), levels(study)
    assert told == {row: [short(level[one.format(arm)]) for one in columns] for row, arm in arms.items()}


@pytest.mark.parametrize(("start", "study", "which"), LEVELS)
def test_a_sentence_has_the_levels_of_its_study(start, study, which):
    text = " ".join(PAGES.split())
    assert text.count(start) == 1
    told = re.findall(r"(?<![\d\[])\.\d+", text[text.index(start) :])[: len(which)]
    assert told == [short(levels(study)[one], len(number) - 1) for one, number in zip(which, told, strict=True)]


def test_an_effect_in_points_is_one_of_a_record():
    """`+16.1 points [12.2, 20.2]`: value and interval stand together in the effects of some committed study."""
    studies = [path.parent.name for path in STUDIES.glob("*/effects.csv")]
    known = {tuple(rounded(n, 1, 100) for n in effect) for study in studies for effect in effects(study).values()}
    number = r"([+-]?\d+\.\d)"
    told = re.findall(rf"(?<![\d.]){number}(?: points)?\s+\\?\[{number}, {number}\\?\]", PAGES)
    assert len(told) > 5
    assert [one for one in told if (one[0].lstrip("+"), *one[1:]) not in known] == []


def test_the_tutorial_shows_the_first_seed_of_the_quickstart():
    """With the 200 problems of `make quickstart`, which the study of rewards asks the same base and the same RL."""
    with (STUDIES / "process_reward_micro" / "results.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if (row["seed"], row["regime"], row["k"]) == ("0", "edge", "1")]
    level = {row["arm"]: Decimal(row["value"]) for row in rows if row["rule"] == "strict"}
    told = re.search(r"without mid-training +([+-][\d.]+) \[", (ROOT / "docs" / "tutorial.md").read_text())
    assert told
    assert abs(Decimal(told[1]) - (level["strict"] - level["base"])) <= Decimal("0.0006")
