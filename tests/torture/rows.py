"""Files of rows, made hostile: through `verify`, `data stats`, `data convert` and `eval`. One clear line or it works, in
bounded memory, and nothing half-written."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hostile_text import TEXTS
from torture.runs import Run, complaint
from torture.stores import stages, staging
from torture.trial import Trial, Workshop

MEMORY = 1 << 30  # bytes that one command may take beyond what the campaign holds
BOMB = 120 << 20
VALUES: tuple[Any, ...] = (
    None, True, -1, 0.5, 10**30, 10**400, float("nan"), float("inf"), "", "9" * 5000, "\0", "\u202e", "</script>", [], {},
    [[[]]], {"a": {"b": [1, None]}}, "=1+1", ["x"] * 1000, "\ud800", -(2**63), 1e308,
)  # fmt: skip
Rows = list[dict[str, Any]]


def rows_of_a_person(work: Workshop, rng: random.Random) -> Trial:
    """One file, one command."""
    folder = work.fresh()
    trial = Trial("hostile rows", "")
    trial.place = work.rarest("hostile rows", tuple(HARMS), rng)
    made = Run(
        ["data", "sample", "--op", "3", "--n", "6", "--style", "terse", "--seed", str(rng.randrange(99))],
        folder / "good.jsonl",
    )
    made.wait()
    rows = [json.loads(line) for line in made.said.splitlines() if line.startswith("{")]
    for row in rows:
        row["completion"] = row["solution"]
    name, content = HARMS[trial.place](rows, rng)
    (folder / name).write_bytes(content)
    words, codes = _command(work, folder, folder / name, rng)
    run = Run(words, folder / "said.log")
    run.wait()
    trial.faults += [f"{' '.join(words[:2])}: {fault}" for fault in complaint(run, codes)]
    trial.faults += [*run.orphans(), *staging(folder)]
    if run.code == 2 and (folder / "converted.jsonl").exists():
        trial.faults.append("a refused file was written in part")
    if run.memory > MEMORY + made.memory:
        trial.faults.append(f"{' '.join(words[:2])} took {run.memory >> 20} MB")
    return trial


def _command(work: Workshop, folder: Path, file: Path, rng: random.Random) -> tuple[list[str], list[int]]:
    (model, *_) = sorted((stages(work.reference.store, "pretrain")[0] / "checkpoints").glob("step-*"), reverse=True)
    return rng.choice((
        (["verify", str(file)], [0, 2]),
        (["verify", str(file), "--steps"], [0, 2]),
        (["data", "stats", str(file)], [0, 2]),
        (["data", "convert", str(file), str(folder / "converted.jsonl")], [0, 2]),
        (["data", "convert", str(file), str(folder / "converted.parquet")], [0, 2]),
        (["eval", str(model), "--data", str(file), "--samples", "1", "--threads", "1", "--max-new-tokens", "4",
          "--out", str(folder / "out"), "--verify-workers", "0"], [0, 2]),
    ))  # fmt: skip


def _lines(rows: Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _values(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    for _ in range(rng.randrange(1, 8)):
        row = rng.choice(rows)
        row[rng.choice(sorted(row) or ["x"])] = rng.choice((*VALUES, rng.choice(tuple(TEXTS.values()))))
    return "rows.jsonl", _lines(rows)


def _keys(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    for row in rows:
        for _ in range(rng.randrange(3)):
            row.pop(rng.choice(sorted(row) or ["x"]), None)
        row[rng.choice(("", "\0", "a.b", "x" * 1000, "id", "\ud800"))] = 1
    return "rows.jsonl", _lines(rows)


def _nested(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    depth = int(10 ** rng.uniform(2, 6))
    deep = rng.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth))
    place = rng.randrange(len(rows) + 1)
    return "rows.jsonl", _lines(rows[:place]) + f'{{"problem": {deep}}}\n'.encode() + _lines(rows[place:])


def _bytes(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    text = _lines(rows).decode()
    content = bytearray(text.encode(rng.choice(("utf-8", "utf-16", "latin-1", "utf-32", "utf-8-sig"))))
    for _ in range(rng.randrange(5)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return rng.choice(("rows.jsonl", "rows.json", "rows.parquet")), bytes(content)


def _cut(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    content = rng.choice((_lines, lambda r: json.dumps(r).encode(), lambda r: gzip.compress(_lines(r)), _parquet))(rows)
    return "rows.jsonl", content[: rng.randrange(len(content))]


def _packed(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    content = bytearray(gzip.compress(_lines(rows)))
    for _ in range(rng.randrange(1, 4)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return "rows.jsonl.gz", bytes(content)


def _bomb(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    filler = rng.choice((b"[", b"9", b" ", b"a", b"\n", b'{"a":'))
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb", compresslevel=1) as file:
        file.write(_lines(rows))
        for _ in range(BOMB >> 20):
            file.write(filler * ((1 << 20) // len(filler)))
    return "rows.jsonl.gz", held.getvalue()


def _long_line(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    return "rows.jsonl", _lines(rows) + b'{"problem": "' + rng.choice((b"9", b"a ", b"\\u0041")) * (50 << 20) + b'"}\n'


def _parquet(rows: Rows, rng: random.Random | None = None) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({name: [str(row.get(name)) for row in rows] for name in rows[0]}), held)
    return held.getvalue()


def _typed(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    """Columns of types that a row of ours does not have."""
    odd = (
        pa.array([b"\xff\0"] * len(rows)), pa.array([2**62] * len(rows), pa.timestamp("us")), pa.nulls(len(rows)),
        pa.array([{"a": None}] * len(rows)), pa.array([[(b"k", 1)]] * len(rows), pa.map_(pa.binary(), pa.int8())),
        pa.array([10**37] * len(rows), pa.decimal128(38, 0)), pa.array(["x"] * len(rows)).dictionary_encode(),
        pa.array([-(2**31)] * len(rows), pa.date32()), pa.array([float("nan")] * len(rows), pa.float32()),
    )  # fmt: skip
    table = pa.table({name: [str(row[name]) for row in rows] for name in rows[0]})
    for name in rng.sample(table.column_names, min(3, table.num_columns)):
        table = table.set_column(table.column_names.index(name), name, rng.choice(odd))
    held = io.BytesIO()
    pq.write_table(table, held)
    return "rows.parquet", held.getvalue()


def _flipped(rows: Rows, rng: random.Random) -> tuple[str, bytes]:
    content = bytearray(_parquet(rows))
    for _ in range(rng.randrange(1, 6)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return "rows.parquet", bytes(content)


HARMS: dict[str, Callable[[Rows, random.Random], tuple[str, bytes]]] = {
    "values": _values,
    "keys": _keys,
    "nesting": _nested,
    "bytes and encodings": _bytes,
    "cut": _cut,
    "gzip, flipped": _packed,
    "gzip bomb": _bomb,
    "a line of 50 MB and more": _long_line,
    "Parquet of other types": _typed,
    "Parquet, flipped": _flipped,
}
