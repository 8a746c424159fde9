"""Layers: a file imports from its own layer and from those before it; `world` imports the standard library alone;
nobody but `interplay.files` puts a file in its place."""

import ast
import re
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "interplay"
CLI = (
    *("cli_options", "cli_data", "cli_records", "cli_plan", "cli_run", "cli_eval", "cli_store", "cli_training", "cli"),
    "__main__",
)
LAYERS = (
    *("world", "schema", "judging", "data", "model", "train", "rl", "evals", "stages", "studies", "records", "report"),
    *("run_study", "api", "__init__", "bench", "interop", *CLI),
)
FREE = {
    "extras",
    "folders",
    "config",
    "folder_claim",
    "files",
    "manifest",
    "offspring",
    "progress",
    "rank",
    "signals",
    "track",
}  # roots that import nothing of the package but each other
FILES = sorted(SOURCE.rglob("*.py"))


def imported(path: Path) -> list[str]:
    """Every module a file names, relative imports spelled out."""
    package = ("interplay", *path.relative_to(SOURCE).with_suffix("").parts[:-1])
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = package[: len(package) - node.level + 1] if node.level else ()
            names.append(".".join([*stem, *([node.module] if node.module else [])]))
    return names


def layer_of(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_point_to_the_left(path):
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    for name in imported(path):
        top = name.split(".")[0]
        if own == "world":
            assert top == "interplay" or top in sys.stdlib_module_names, f"world imports {name}"
        if top != "interplay" or layer_of(name) in {"", *FREE}:
            continue
        assert own not in FREE, f"{own} is free of layers, but imports {name}"
        assert own in LAYERS, f"{own} is in no layer"
        assert LAYERS.index(layer_of(name)) <= LAYERS.index(own), f"{own} imports {name}"
        assert layer_of(name) != "interop" or own in ("interop", *CLI), f"only cli may import {name}"


def test_files_stay_readable():
    too_long = {path.name: n for path in FILES if (n := len(path.read_text().splitlines())) > 400}
    assert not too_long
    long_functions = [
        f"{path.name}:{node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 60
    ]
    assert not long_functions


STAGING_NAME = re.compile(r"^\.(staging|tmp|partial)|\.(staging|tmp|partial)$")
WRITES = {"write_text", "write_bytes", "save_pretrained", "touch"}


def sites(path):
    """Where a module puts a file in its place by itself: a rename, a name for staging, or a text written in place."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and re.search(
            r"(^\.|\.$)(staging|tmp|partial)|\.(staging|tmp|partial)$", str(node.value)
        ):
            yield node.lineno, "a name for staging"
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, receiver = node.func.attr, ast.unparse(node.func.value)
        if name in ("rename", "renames") or (name == "replace" and len(node.args) == 1 and not node.keywords):
            yield node.lineno, "a rename"
        if name in WRITES and not ("staging" in ast.unparse(node) or receiver.startswith("probe")):
            yield node.lineno, "a text written in place"
        opened = [a.value for a in [*node.args, *(k.value for k in node.keywords)] if isinstance(a, ast.Constant)]
        if name == "open" and {"w", "wb", "x"} & set(map(str, opened)) and "staging" not in ast.unparse(node):
            yield node.lineno, "a file opened for writing"


def test_nobody_stages_but_the_one_module():
    found = {
        f"{path.relative_to(SOURCE)}:{line} {what}"
        for path in SOURCE.rglob("*.py")
        if path != SOURCE / "files.py"
        for line, what in sites(path)
    }
    assert not found
    assert len(list(sites(SOURCE / "files.py"))) >= 3
