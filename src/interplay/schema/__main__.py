"""`python -m interplay.schema` prints every table with its columns and what they mean, as docs/reports.md has them."""

from __future__ import annotations

from interplay.schema import TABLES, VERSION


def markdown() -> str:
    """A heading per table, a line per column."""
    parts = [f"The tables are of version {VERSION}."]
    for table in TABLES:
        columns = [f"| `{name}` | {meaning} |" for name, meaning in table.row.meanings().items()]
        summary = (table.row.__doc__ or "").strip().splitlines()[0]
        parts.append(f"### `{table.file}` in {table.place}\n\n{summary}")
        parts.append("\n".join(["| column | meaning |", "|---|---|", *columns]))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
