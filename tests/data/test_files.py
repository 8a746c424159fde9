"""Files as people have them: whatever comes in is read, or refused with file and line; what goes out loses nothing."""

import datetime
import decimal
import gzip
import io
import json
import struct
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interplay.data import json_rows
from interplay.data.row_files import convert, read_items, read_rows, write_rows
from interplay.world.randomness import stream

A, B = {"op": 2, "x": "é"}, {"op": 3}
LINES = '{"op": 2, "x": "é"}\n{"op": 3}\n'


def read(path, content):
    """(values, faults with their places) of a file that holds these bytes."""
    path.write_bytes(content)
    items = list(read_items(path))
    return [item.value for item in items if item.fault is None], [f"{i.place}: {i.fault}" for i in items if i.fault]


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        LINES.rstrip("\n"),
        "\ufeff" + LINES,
        LINES.replace("\n", "\r\n"),
        LINES.replace("\n", "\r"),
        "\ufeff" + LINES.replace("\n", "\r\n\r\n  \t\r\n"),
        "\n\n" + LINES,
        '{"op": 2, "x": "é"}\n\ufeff{"op": 3}\n',
        '[{"op": 2, "x": "é"}, {"op": 3}]',
        '\ufeff [{"op": 2, "x": "é"},\n {"op": 3}\n]\n',
        '[\n{"op": 2, "x": "é"}\n,\n{"op": 3}]',
        json.dumps([A, B], indent=2),
        json.dumps(A, indent=2) + "\n" + json.dumps(B, indent=2) + "\n",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_marks_line_ends_blanks_and_arrays_are_no_rows(tmp_path, text, packed):
    content = gzip.compress(text.encode()) if packed else text.encode()
    assert read(tmp_path / "any.name", content) == ([A, B], [])


def test_a_list_among_lines_is_a_bad_row_and_not_a_file(tmp_path):
    assert read(tmp_path / "a.jsonl", b'[1]\n{"op": 3}\n')[0] == [[1], B]
    values, faults = read(tmp_path / "a.jsonl", b'[1\n{"op": 3}\n{"op": 3}\n')
    assert values == [B, B]
    assert "line 1: not JSON" in faults[0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "not JSON"),
        (b'{"a": 1} {"b": 2}', "not JSON (Extra data, column 10)"),
        (b'{"x": "caf\xe9"}', "not UTF-8: the byte 0xe9"),
        (b'{"x": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"x": "\\ud800"}', "half a character, \\ud800"),
        (b'{"x": ' + b"7" * 5000 + b"}", "more than 4,300 digits"),
        (b'{"x": 1e999}', "out of range"),
        (b'{"x": 1, "x": 2}', "'x' stands twice"),
        (b"[" * 100_000, "nested"),
        (b'{"x": ' + b"[" * 100 + b"]" * 100 + b"}", "nested more than 64 deep"),
        (b'{"a": "\0"}', "not JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_next_one_is_read(tmp_path, line, reason):
    values, faults = read(tmp_path / "a.jsonl", b'{"op": 3}\r\n\r\n' + line + b'\n{"op": 3}\n')
    assert values == [B, B]
    assert len(faults) == 1
    assert faults[0].startswith(f"{tmp_path}/a.jsonl, line 3: ")
    assert reason in faults[0]


def test_pairs_of_surrogates_are_characters(tmp_path):
    assert read(tmp_path / "a.jsonl", b'{"x": "\\ud83d\\ude00"}')[0] == [{"x": "\U0001f600"}]


def test_a_line_that_is_too_long_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(json_rows, "MAX_ROW_CHARS", 100)
    long = b'{"x": "' + b"a" * 1000 + b'"}\n'
    values, faults = read(tmp_path / "a.jsonl", long + b'{"op": 3}\n' + long + b'{"op": 3}\n' + long)
    assert values == [B, B]
    assert [fault.split(": ")[0].rpartition(" ")[2] for fault in faults] == ["1", "3", "5"]
    monkeypatch.setattr(json_rows, "MAX_SKIPPED_CHARS", 500)
    with pytest.raises(ValueError, match=r"line 1: a line of more than .* the rest is not read"):
        list(read_items(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("at", [1, 50, 63, 64, 65, 200])
def test_values_go_over_the_edges_of_what_is_read_at_once(tmp_path, monkeypatch, at):
    monkeypatch.setattr(json_rows, "_CHUNK_CHARS", 64)
    rows = [{"x": "y" * at, "n": 10**at}, B, A] * 5
    assert read(tmp_path / "a.json", json.dumps(rows).encode())[0] == rows
    assert read(tmp_path / "a.json", json.dumps(rows, indent=1).encode())[0] == rows


CONTENT = gzip.compress(b"".join(b'{"op": 3, "n": %d}\n' % i for i in range(20_000)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (CONTENT[: len(CONTENT) // 2], "cut short after line"),
        (CONTENT[:-4], "cut short after line"),
        (CONTENT[:5000] + bytes(100) + CONTENT[5100:], "damaged or cut short"),
        (CONTENT[:5], "after its beginning"),
        ('{"op": 3}'.encode("utf-16"), "UTF-16"),
        ('{"op": 3}'.encode("utf-16-le"), "UTF-16"),
        (b"PAR1" + bytes(50), "not a readable Parquet file from its beginning"),
        (b"PK\x03\x04abc", "is zip"),
        (b"(\xb5/\xfdabc", "is zstd"),
        (b'[{"op": 3}, {"op": 3}', "the array is not closed after row 2"),
        (b'[{"op": 3}, {"op": 3', "row 2: not JSON"),
    ],
)
def test_a_damaged_file_is_one_line_after_the_rows_before(tmp_path, content, reason):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason) as raised:
        list(read_items(path))
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_file_is_said(tmp_path):
    for path, reason in ((tmp_path, "cannot be read"), (tmp_path / "no", "no such file"), (tmp_path / "a\0b", "null")):
        with pytest.raises(ValueError, match=reason):
            list(read_items(path))


LATE = [{"op": 2}, {"op": 2, "candidate": "c"}, {"op": 2, "candidate": None, "n": 1180591620717411303424}]
ROWS = [
    LATE,
    [LATE[0]] * 4096 + LATE,
    [{"a": 1}, {"a": "1"}, {"a": None}, {"a": [1]}, {"a": {"b": 1}}, {"a": True}, {"a": 1.5}],
    [{"a": None}, {"a": None}],
    [{"a": None}, {"b": None}],
    [{"a": 1}, {"a": 0.5}],
    [{"a": 2**60}, {"a": 0.5}],
    [{"a": []}, {"a": [1]}, {"a": None}, {"a": [None, 3]}],
    [{"a": []}],
    [{"a": {}}, {"a": {}}],
    [{"a": [{}]}, {"a": [{"b": 1}]}],
    [{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None}]}] * 2,
    [{"messages": [{"role": "user"}]}, {"messages": [{"role": "user", "content": "x"}]}],
    [{"a": {"b": {"c": 1}}}, {"a": {"b": None}}],
    [{"graph": {"rules": {"x in Y": 1}}}, {"graph": {"rules": {}}}, {"graph": "text"}],
    [{"": 1, "a.b": 2, "ü": 3, "\n": 4, "interplay": 5}],
    [{"a": -(2**63)}, {"a": 2**63 - 1}],
    [{"a": -(2**63) - 1}],
    [{"a": "\0"}, {"a": "\u2028\x85\x1e"}],
    [],
]


@pytest.mark.parametrize("rows", ROWS, ids=range(len(ROWS)))
def test_no_field_and_no_row_is_lost_on_any_way(tmp_path, rows):
    source = tmp_path / "a.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = source
    for name in ("b.parquet", "c.jsonl.gz", "d.parquet", "e.parquet", "f.jsonl"):
        assert convert(before, tmp_path / name) == len(rows)
        assert list(read_rows(tmp_path / name)) == rows
        before = tmp_path / name
    assert len(list(tmp_path.iterdir())) == 6


def test_a_graph_that_is_text_is_that_text_to_other_readers(tmp_path):
    text = json.dumps({"rules": {"x in Y": 1}})
    write_rows(tmp_path / "a.parquet", [{"graph": text}])
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == [{"graph": text}]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=200)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["a", "b", "graph", "é"]), values, min_size=1), max_size=6))
def test_any_rows_come_back_from_parquet(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "a.parquet"
    assert write_rows(path, rows) == len(rows)
    back = list(read_rows(path))
    assert back == rows
    assert [list(map(type, row.values())) for row in back if not row] == []


def test_a_chat_keeps_its_columns_in_parquet(tmp_path):
    """Other libraries read nested columns; JSON text stands only where no type holds all the values."""
    rows = [{"prompt": [{"role": "user", "content": "a"}], "extra_info": {"index": i, "score": i / 2}} for i in (0, 1)]
    write_rows(tmp_path / "a.parquet", rows)
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == rows


def table_of_every_type():
    return pa.table(
        {
            "when": pa.array([0, 10**18], pa.int64()).cast(pa.timestamp("us")),
            "day": pa.array([0, 10**9], pa.int32()).cast(pa.date32()),
            "took": pa.array([0, 10**18], pa.int64()).cast(pa.duration("s")),
            "raw": pa.array([b"text", b"\xff\xfe"]),
            "exact": pa.array([decimal.Decimal("1.50"), None]),
            "word": pa.array(["a", "b"]).dictionary_encode(),
            "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
            "inner": pa.array([{"at": datetime.date(2020, 1, 2), "b": b"x"}, None]),
            "small": pa.array([1, 2], pa.uint64()),
        }
    )


def test_every_type_of_parquet_is_read(tmp_path):
    pq.write_table(table_of_every_type(), tmp_path / "a.parquet")
    first, second = read_rows(tmp_path / "a.parquet")
    assert (first["when"], second["when"]) == ("1970-01-01 00:00:00.000000", 10**18)
    assert (first["day"], second["day"]) == ("1970-01-01", 10**9)
    assert (first["raw"], second["raw"]) == ("text", "//4=")
    assert (first["exact"], first["word"], first["map"], first["small"]) == ("1.50", "a", [["k", 1]], 1)
    assert first["inner"] == {"at": "2020-01-02", "b": "x"}
    assert convert(tmp_path / "a.parquet", tmp_path / "b.jsonl") == 2
    assert list(read_rows(tmp_path / "b.jsonl")) == [first, second]
    convert(tmp_path / "a.parquet", tmp_path / "c.parquet")
    assert pq.read_table(tmp_path / "c.parquet").equals(table_of_every_type())


def test_a_parquet_row_that_cannot_be_read_is_named(tmp_path):
    ends = pa.py_buffer(struct.pack("<4i", 0, 1, 2, 3))
    texts = pa.Array.from_buffers(pa.string(), 3, [None, ends, pa.py_buffer(b"a\xffc")])
    pq.write_table(pa.table({"x": texts}), tmp_path / "a.parquet")
    items = list(read_items(tmp_path / "a.parquet"))
    assert [item.value for item in items if item.fault is None] == [{"x": "a"}, {"x": "c"}]
    assert items[1].place.endswith("a.parquet, row 2")
    assert "'x' cannot be read" in items[1].fault
    with pytest.raises(ValueError, match="row 2"):
        convert(tmp_path / "a.parquet", tmp_path / "b.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_a_flipped_or_cut_parquet_file_is_one_clear_line(tmp_path):
    rng = stream("flips")
    write_rows(tmp_path / "a.parquet", [{"op": i, "x": f"text {i}"} for i in range(500)])
    whole = (tmp_path / "a.parquet").read_bytes()
    for _ in range(60):
        place = rng.randrange(4, len(whole))
        changed = bytes([*whole[:place], whole[place] ^ (1 << rng.randrange(8)), *whole[place + 1 :]])
        (tmp_path / "b.parquet").write_bytes(changed if rng.random() < 0.7 else whole[:place])
        said = ""
        try:
            list(read_items(tmp_path / "b.parquet"))
        except ValueError as error:
            said = str(error)
        assert not said or ("b.parquet" in said and "\n" not in said)


BAD_SOURCES = [b'{"a": 1}\nnot json\n', b'{"a": 1}\n[1]\n', b'{"a": 1}\n{"a": "\\ud800"}\n', CONTENT[:9000]]


@pytest.mark.parametrize("name", ["b.parquet", "b.jsonl", "b.jsonl.gz"])
@pytest.mark.parametrize("content", BAD_SOURCES, ids=range(len(BAD_SOURCES)))
def test_a_conversion_that_fails_leaves_nothing_and_spares_what_was_there(tmp_path, content, name):
    (tmp_path / "a.jsonl").write_bytes(content)
    (tmp_path / name).write_text("before")
    with pytest.raises(ValueError, match=r"a\.jsonl"):
        convert(tmp_path / "a.jsonl", tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a.jsonl", name])
    assert (tmp_path / name).read_text() == "before"


def test_what_cannot_be_written_is_said(tmp_path):
    for target, reason in (
        (tmp_path / "a.csv", "must end in"),
        (tmp_path / "a.json", "must end in"),
        (tmp_path / "no" / "a.jsonl", "cannot be written"),
        (tmp_path / "no" / "a.parquet", "cannot be written"),
    ):
        with pytest.raises(ValueError, match=reason):
            write_rows(target, [A])
    with pytest.raises(ValueError, match="without any field"):
        write_rows(tmp_path / "a.parquet", [{}])
    with pytest.raises(ValueError, match="JSON cannot hold"):
        write_rows(tmp_path / "a.jsonl", [{"a": object()}])
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_json_does_not_have_goes_to_parquet_and_is_named_on_the_way_to_json(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"x": 1.5, "y": [1.5]}\n{"x": NaN, "y": [Infinity]}\n')
    assert convert(tmp_path / "a.jsonl", tmp_path / "a.parquet") == 2
    assert [str(row) for row in read_rows(tmp_path / "a.parquet")] == [
        str(row) for row in read_rows(tmp_path / "a.jsonl")
    ]
    for source in ("a.jsonl", "a.parquet"):
        with pytest.raises(ValueError, match="row 2: the field 'x' holds NaN or an infinite number"):
            convert(tmp_path / source, tmp_path / "b.jsonl")
        assert not (tmp_path / "b.jsonl").exists()


def test_standard_input_is_read_like_a_file(monkeypatch):
    for content in (LINES.encode(), gzip.compress(LINES.encode()), b"\xef\xbb\xbf" + LINES.encode()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert list(read_rows("-")) == [A, B]


PEAK = """
import re, sys
import pyarrow.parquet
from interplay.data.row_files import convert, read_items
def peak():  # of this program alone: ru_maxrss begins with what the process that started it had
    with open("/proc/self/status") as status:
        return int(re.search("VmHWM:\\s+([0-9]+) kB", status.read())[1])
before = peak()
number = sum(1 for _ in read_items(sys.argv[1]))
if len(sys.argv) > 2:
    convert(sys.argv[1], sys.argv[2])
print(number, peak() - before)
"""


def peak_kilobytes(*paths):
    """(rows, growth of the largest memory) of a process that reads, and perhaps converts, a file."""
    done = subprocess.run([sys.executable, "-c", PEAK, *map(str, paths)], capture_output=True, text=True, check=True)
    rows, kilobytes = map(int, done.stdout.split())
    return rows, kilobytes


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the largest memory")
def test_wide_rows_and_bombs_take_bounded_memory(tmp_path):
    wide = "x" * 500_000
    write_rows(tmp_path / "wide.parquet", ({"op": 2, "x": f"{i}{wide}"} for i in range(600)))  # 300 MB
    rows, kilobytes = peak_kilobytes(tmp_path / "wide.parquet", tmp_path / "again.jsonl")
    assert rows == 600
    assert kilobytes < 250_000  # all rows would take more than 300,000
    digits = stream("wide").randbytes(150_000).hex()  # what does not compress is held twice
    groups = [pa.table({"x": [f"{i}{digits}" for i in range(first, first + 20)]}) for first in range(0, 600, 20)]
    with pq.ParquetWriter(tmp_path / "theirs.parquet", groups[0].schema) as writer:
        for group in groups:
            writer.write_table(group)
    rows, kilobytes = peak_kilobytes(tmp_path / "theirs.parquet", tmp_path / "copy.parquet")
    assert rows == 600
    assert kilobytes < 150_000  # 180,000 more if the reader read ahead
    same = pa.table(
        {"x": pa.array([wide[:100_000]] * 2000)}
    )  # one value in a dictionary page: the file does not tell its size
    pq.write_table(same, tmp_path / "same.parquet")
    rows, kilobytes = peak_kilobytes(tmp_path / "same.parquet")
    assert rows == 2000
    assert kilobytes < 180_000  # of 200,000
    with gzip.open(tmp_path / "bomb.gz", "wb", compresslevel=1) as bomb:
        bomb.write(b'{"op": 2}\n{"x": "')
        for _ in range(100):
            bomb.write(bytes(2_000_000).replace(b"\0", b"z"))
        bomb.write(b'"}\n{"op": 2}\n')
    rows, kilobytes = peak_kilobytes(tmp_path / "bomb.gz")
    assert rows == 3
    assert kilobytes < 200_000
