"""Files as other programs leave them, judged: what stands in them is right or wrong, or one line says where it cannot be read.

The verdicts and the words of a refusal were written down from the rules before a file was read.
"""

import gzip
import json

import pytest

from interplay import generate
from interplay.data.row_files import read_items
from interplay.data.verify_file import Tally, verdicts
from interplay.world.problem import to_row

ROW = to_row(generate(op=4)[0])
RIGHT = str(ROW["solution"])
CHAT = [{"role": "user", "content": "?"}, {"role": "assistant", "content": RIGHT}]
PLAIN = {name: ROW[name] for name in ("problem", "question", "solution")}


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def of(candidate, **more):
    return ROW | {"candidate": candidate} | more


def public(old="", new=""):
    return {name: str(text).replace(old, new) for name, text in PLAIN.items()} | {"candidate": RIGHT.replace(old, new)}


TWICE = "The number of tiger in Cave equals 3. The number of tiger in Cave equals 4."
GOOD = lines(of(RIGHT))
JUDGED = {
    "gzip under another name": (gzip.compress(GOOD.encode()), [True]),
    "a marked array in gzip": (gzip.compress(b"\xef\xbb\xbf" + json.dumps([of(RIGHT)] * 2, indent=1).encode()), [True] * 2),
    "two files in one gzip": (gzip.compress(GOOD.encode()) * 2, [True, True]),
    "an array on a line": (json.dumps([of(RIGHT), of("no.")]), [True, False]),
    "an array with a last comma": (f"[{GOOD.strip()},\n{GOOD.strip()},\n]", [True, True]),
    "null among candidates": (lines(of([RIGHT, None, "no."])), [True, None, False]),
    "a null candidate beside a row": (lines(of(None)) + GOOD, [None, True]),
    "several chats": (lines(of([CHAT, CHAT])), [True, True]),
    "parts of a message": (lines(of([{"type": "text", "text": RIGHT}])), [True]),
    "answers of an interface": (
        lines(of({"choices": [{"text": RIGHT, "finish_reason": "stop"}, {"message": {"content": "no."}}]})),
        [True, False],
    ),
    "nonsense among rows": ('{"x": 1}\nnonsense\n\n' + GOOD, [None, None, True]),
    "a public row": (lines(public()), [True]),
    "a full stop in a name": (lines(public("Bluff", "Washington D.C.")), [True]),
    "padding that contradicts itself": (
        lines(public() | {"problem": f"{ROW['problem']} {TWICE}"}),
        [True],
    ),
}  # fmt: skip
REFUSED = {
    "UTF-16": (GOOD.encode("utf-16"), "x.jsonl, line 1: not UTF-8 but UTF-16"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-be"), "x.jsonl, line 1: not UTF-8 but UTF-16"),
    "zstd": (b"(\xb5/\xfdxxxx", "x.jsonl is zstd"),
    "Parquet that is none": (b"PAR1" + b"x" * 50, "x.jsonl is not a readable Parquet file"),
    "nothing": ("", "there are no rows"),
    "an empty array": ("[]", "there are no rows"),
    "numbers": ("[1, 2]", "not an object but a number .*x.jsonl, line 1"),
    "an array that is not closed": (f"[{GOOD.strip()},\n{GOOD.strip()}", "the array is not closed after row 2"),
    "gzip that is cut": (gzip.compress(GOOD.encode() * 3)[:-20], "x.jsonl is damaged or cut short after"),
    "a table of commas": ("problem,question\na,b\n", "not JSON .*x.jsonl, line 1"),
    "no candidate": (lines(of([])), "'candidate' is an empty list"),
    "a number as candidate": (lines(of(12)), "'candidate' is not text"),
    "the symbolic subset": (
        lines(public() | {"problem": "assign V1 = 3. assign V2 = V1 + 2.", "question": "What is V2?"}),
        "the symbolic subset is not supported",
    ),
    "modular arithmetic": (
        lines(public() | {"problem": "The number of each Bag's Pens equals 3 mod 23.", "question": "How many Pens?"}),
        "modular arithmetic",
    ),
    "a lost fact": (lines(public(" The number of heron in Bluff equals 6.", "")), "fact missing: .*'heron in Bluff'"),
}


def judged(content, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tally = Tally()
    found = [v["strict"] for v in verdicts(read_items(path), tally, "solution", "candidate", "strict")]
    tally.lines("candidate")  # raises where no row could be judged
    return found


@pytest.mark.parametrize("kind", JUDGED)
def test_a_file_as_people_have_it_is_judged(kind, tmp_path):
    content, expected = JUDGED[kind]
    assert judged(content, tmp_path) == expected


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_without_a_row_to_judge_says_where_and_why(kind, tmp_path):
    content, said = REFUSED[kind]
    with pytest.raises(ValueError, match=said):
        judged(content, tmp_path)


def test_rows_of_verl_written_by_pandas_with_numpy_are_judged(tmp_path):
    pandas, numpy = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    asked = {"role": "user", "content": f"{ROW['problem']} {ROW['question']}"}
    row = {
        "prompt": numpy.array([asked], dtype=object),
        "reward_model": {"ground_truth": RIGHT, "style": "rule"},
        "extra_info": {"index": numpy.int64(3), "score": float("nan")},
        "responses": numpy.array([RIGHT, "no.", None], dtype=object),
    }
    pandas.DataFrame([row]).to_parquet(tmp_path / "x.parquet")
    tally = Tally()
    found = verdicts(read_items(tmp_path / "x.parquet"), tally, "solution", "responses", "strict")
    assert [verdict["strict"] for verdict in found] == [True, False, None]
