"""Every code block of README.md and docs/ works when it is pasted, page by page; `make test-docs` adds the slow ones.

With REWRITE_PAGES=1 in the environment a page that shows another output gets the one that was printed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from code_blocks import DIRECTIVES, FENCE, PAGES, ROOT, RUN, SHRINK, Block, agrees, blocks, small

from fake_server import serving

RUNNING = [page for page in PAGES if any(b.language in RUN and b.directive != "not run" for b in blocks(page))]
OF_PAGE = {str(page.relative_to(ROOT)): page for page in RUNNING}
WITH_SLOW = {name: page for name, page in OF_PAGE.items() if any(b.directive == "slow" for b in blocks(page))}


def test_every_block_says_what_it_is_and_nothing_is_left_out():
    for page in PAGES:
        text = page.read_text()
        assert len(FENCE.findall(text)) == len(re.findall(r"^ *```", text, re.MULTILINE)) / 2, page
        for block in blocks(page):
            assert block.language or "--8<--" not in block.text, block.place
            assert block.directive in ("", *DIRECTIVES), block.place
            if block.directive in ("not run", "slow"):
                assert len(block.reason.split()) >= 2, f"{block.place}: say why"
            if re.match(r"(interplay|make|pip|python|\. \.venv|accelerate) ", block.text):
                assert block.language == "sh" or block.directive == "output", f"{block.place}: a command is `sh`"


def test_output_may_leave_lines_out():
    assert agrees("a\n...\nd\n", "a\nb\nc\nd\n")
    assert agrees("a\n", "a\n")
    assert not agrees("a\n...\nd\n", "a\nb\n")
    assert not agrees("a\n", "a\nb\n")
    assert agrees("a\n", "b\n", "a\n")
    assert not agrees("a\n", "b\n", "c\n")


@pytest.fixture(scope="session")
def made_store(tmp_path_factory):
    """A tiny quickstart, for pages that look into a store that is there."""
    folder = tmp_path_factory.mktemp("made")
    _prepare(folder)
    _sh(folder, "interplay run quickstart --scale micro", {})
    return folder / "store"


@pytest.mark.parametrize("name", OF_PAGE)
def test_the_blocks_of_a_page_work_when_pasted(name, made_store, tmp_path, monkeypatch):
    _run_page(OF_PAGE[name], made_store, tmp_path, monkeypatch, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_SLOW)
def test_the_slow_blocks_of_a_page_work_when_pasted(name, made_store, tmp_path, monkeypatch):
    _run_page(WITH_SLOW[name], made_store, tmp_path, monkeypatch, slow=True)


def _run_page(page: Path, store: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, slow: bool) -> None:
    _prepare(folder)
    shutil.copytree(store, folder / "store")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    namespace: dict[str, object] = {"__name__": "pasted"}
    printed: tuple[str, ...] = ("",)
    with serving(lambda prompt, number: (200, "The answer is 3.")) as (url, _):
        for block in blocks(page):
            if block.directive == "output":
                if "REWRITE_PAGES" in os.environ:
                    _rewrite(block, printed)
                    continue
                assert not printed or agrees(block.text, *printed), (
                    f"{block.place} is not what was printed:\n" + "\n".join(printed)
                )
            elif block.language in RUN and (block.directive == "" or (slow and block.directive == "slow")):
                if block.language == "sh":
                    printed = _sh(folder, block.text, {"SERVER": url, "OPENAI_API_KEY": "none"}, block)
                else:
                    printed = (_python(block, namespace),)
            elif block.language in RUN:
                printed = ()  # what was not run printed nothing here; tests/interop/test_examples.py compares it


def _rewrite(block: Block, printed: tuple[str, ...]) -> None:
    """Put what was printed to stdout where the page shows something else; where it leaves lines out, a person does that."""
    if printed and not agrees(block.text, *printed) and "...\n" not in block.text:
        page = block.page.read_text()
        assert page.count(block.text) == 1, block.place
        block.page.write_text(page.replace(block.text, printed[0].rstrip("\n") + "\n"))


def _prepare(folder: Path) -> None:
    """What a fresh clone has, as far as pages use it, and the command."""
    (folder / "shrink.py").write_text(SHRINK)
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copytree(ROOT / "docs" / "studies", folder / "docs" / "studies")
    command = folder / "bin" / "interplay"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m interplay.cli "$@"\n')
    command.chmod(0o755)


def _sh(folder: Path, text: str, more: dict[str, str], block: Block | None = None) -> tuple[str, str]:
    """What it printed to stdout and to stderr."""
    paths = {
        "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", small(text)], capture_output=True, text=True, cwd=folder,
        env={**os.environ, **paths, **more}, timeout=900,
    )  # fmt: skip
    place = block.place if block else "the fixture"
    assert done.returncode == 0, f"{place} ended with {done.returncode}:\n{small(text)}\n{done.stderr[-3000:]}"
    return done.stdout, done.stderr


def _python(block: Block, namespace: dict[str, object]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(small(block.text, "python"), block.place, "exec"), namespace)
    return printed.getvalue()
