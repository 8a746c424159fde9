"""Problems as a sequence of rows: made when they are looked at, and to and from files, `datasets` and data frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from numbers import Integral
from pathlib import Path
from typing import Any, overload

from interplay.config import plain_errors
from interplay.data.draw import ALONE, DISTINCT, file_row, free, shared
from interplay.data.mixture import Mixture, World
from interplay.data.row_files import read_rows, write_rows
from interplay.data.stream import Split, Stream
from interplay.evals.from_file import problem_of
from interplay.extras import need
from interplay.world.problem import Problem

Row = dict[str, Any]
ARGUMENTS = ("context", "op", "mode", "n", "seed", "scale", "regime", "split")  # of `dataset`, before the axes


class Dataset(Sequence[Row]):
    """Rows with the fields of our files; `graph` is JSON text. Indexing gives a row, slicing another dataset."""

    def __init__(self, rows: Sequence[Mapping[str, object]]) -> None:
        self._rows = rows

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> Row | Dataset:
        if isinstance(index, slice):
            return Dataset(_Part(self._rows, range(len(self))[index]))
        return dict(self._rows[range(len(self))[index]])

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"<interplay.Dataset of {len(self)} rows>"

    @property
    def problems(self) -> list[Problem]:
        """The rows as problems. Raises ValueError naming the row that is none."""
        return [numbered_problem(row, number) for number, row in enumerate(self, start=1)]

    @classmethod
    def read(cls, path: str | Path) -> Dataset:
        """The rows of a file: JSON lines, a JSON array or Parquet, packed or not. Raises ValueError naming a bad row."""
        return cls([dict(row) for row in read_rows(path)])

    def write(self, path: str | Path) -> None:
        """Write the rows to `.jsonl`, `.jsonl.gz` or `.parquet`; the file appears whole or not at all."""
        write_rows(path, self)

    @classmethod
    def from_datasets(cls, rows: Iterable[Mapping[str, Any]]) -> Dataset:
        """From a Hugging Face dataset, or any rows; what it filled with None is left out."""
        return cls([_plain(row) for row in rows])

    def to_datasets(self) -> Any:
        """As a Hugging Face `datasets.Dataset`. Raises ValueError where the library is not installed."""
        return need("datasets", "interop").Dataset.from_list(list(self))

    @classmethod
    def from_pandas(cls, frame: Any) -> Dataset:
        """From a data frame, a row each; empty cells are left out."""
        return cls([_plain(row) for row in frame.to_dict("records")])

    def to_pandas(self) -> Any:
        """As a data frame. Raises ValueError where pandas is not installed."""
        return need("pandas", "report").DataFrame(list(self))


class _Part(Sequence[Row]):
    """Some of the rows, none of them made before it is asked for."""

    def __init__(self, rows: Sequence[Mapping[str, object]], places: range) -> None:
        self.rows, self.places = rows, places

    def __getitem__(self, index: Any) -> Any:
        return self.rows[self.places[index]]

    def __len__(self) -> int:
        return len(self.places)


class _Drawn(Sequence[Row]):
    """Rows that are drawn at each look: row i is a function of the world, the mixture, the seed and i."""

    def __init__(self, world: World, mixture: Mixture, count: int, seed: int, split: Split | None) -> None:
        self.world, self.mixture, self.number, self.seed, self.split = world, mixture, count, seed, split

    def __getitem__(self, index: Any) -> Any:
        return file_row(self.problem(index))

    def __len__(self) -> int:
        return self.number

    def problem(self, index: int) -> Problem:
        if self.split is None:
            return free(self.world, self.mixture, self.seed, index)
        return Stream(world=self.world, mixture=self.mixture, split=self.split, seed=self.seed)[index]


@plain_errors
def dataset(
    context: str | Sequence[str] | None = None,
    op: int | Sequence[int] | None = None,
    mode: str | Sequence[str] | None = None,
    n: int = 100,
    seed: int = 0,
    scale: str | None = None,
    regime: str = "id",
    split: str | None = None,
    **axes: Any,
) -> Dataset:
    """`n` problems, made when they are looked at; several contexts, ops or modes in equal shares.

    Without a scale: context "zoo", op 5, forward, sentences, no distractors. With one (micro, mini, small, paper): what
    that scale asks in a regime (id, edge, hard), as far as no other argument says otherwise. `axes` are those of
    `interplay data sample`, `distractors=(0, 2)` or `names=8`. Of the splits "test" and "val" the problems are
    distinct and made at once, and fewer where there are no more; of "train" and "rl" they are what training meets.
    Equal arguments give equal rows. Raises ValueError naming an argument that cannot be.
    """
    for name, number in (("n", n), ("seed", seed)):
        if isinstance(number, bool) or not isinstance(number, Integral):
            raise ValueError(f"{name} is a whole number, got {number!r}")
    if n < 0:
        raise ValueError(f"n must not be negative, got {n}")
    world, mixture = _asked(context, op, mode, scale, regime, axes)
    if split is not None and split not in ("train", "rl", "val", "test"):
        raise ValueError(f"split must be one of train, rl, val, test, got {split!r}")
    if split in DISTINCT:
        source = Stream(world=world, mixture=mixture, split=split, seed=seed)
        return Dataset([file_row(problem) for problem in shared(source, n)])
    return Dataset(_Drawn(world, mixture, n, seed, split))  # type: ignore[arg-type]


@plain_errors
def generate(n: int = 1, seed: int = 0, **which: Any) -> list[Problem]:
    """`n` problems with their graphs, gold solutions, prompts and completions; `which` as for `dataset`.

    Raises ValueError naming an argument that cannot be.
    """
    return dataset(n=n, seed=seed, **which).problems


def _asked(
    context: Any, op: Any, mode: Any, scale: str | None, regime: str, axes: Mapping[str, Any]
) -> tuple[World, Mixture]:
    contexts, modes, ops, chosen = ALONE
    if scale is not None:
        from interplay.studies.scales import regime_of  # what belongs to studies loads more than a problem needs

        contexts, modes, ops, chosen = regime_of(scale, regime)
    unknown = sorted(axes.keys() - World.model_fields.keys())
    if unknown:
        near = get_close_matches(unknown[0], [*ARGUMENTS, *World.model_fields], n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(World.model_fields)}"
        raise ValueError(f"no such axis: {unknown[0]!r}; {hint}")
    world = World(**{**chosen, **axes})
    mixture = Mixture.uniform(_several(op, ops), _several(context, contexts), _several(mode, modes))
    for cell in mixture.cells:
        world.spec(cell)
    return world, mixture


def _several(asked: Any, otherwise: Sequence[Any]) -> list[Any]:
    if asked is None:
        return list(otherwise)
    return [asked] if isinstance(asked, (str, int)) else list(asked)


def numbered_problem(row: Mapping[str, object], number: int) -> Problem:
    """A row as a problem. Raises ValueError with the row's number."""
    try:
        return problem_of(row)
    except ValueError as error:
        raise ValueError(f"row {number}: {error}") from None


def _plain(row: Mapping[str, Any]) -> Row:
    """A row without empty cells; numbers that a column made into fractions are whole again."""
    plain: Row = {}
    for name, value in row.items():
        if hasattr(value, "item") and not isinstance(value, (str, bytes)):
            value = value.item() if getattr(value, "ndim", 0) == 0 else value.tolist()
        if value is None or (isinstance(value, float) and math.isnan(value)):
            continue
        plain[str(name)] = int(value) if name in ("op", "d") and isinstance(value, float) else value
    return plain
