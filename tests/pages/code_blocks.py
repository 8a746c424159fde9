"""The code blocks of README.md and docs/, and how each is checked: what a reader pastes must work as it stands.

A block of `sh` or `python` is run, in the order of its page and in one folder for the page. A comment on the line before it,
which no reader sees, says otherwise:

    <!-- not run: REASON -->   needs a GPU, a cluster, a server on the network, another environment
    <!-- slow: REASON -->      runs in `make test-docs` alone
    <!-- output -->            a block of `text`: what the block above printed, a line `...` standing for any number of lines;
                               all of stdout, or all of stderr

Budgets and placeholders are made small and real by one table, `SMALL`; whatever it does not name runs as it is written.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = ("sh", "python")
DIRECTIVES = ("not run", "slow", "output")

TINY = (
    "pretrain.tokens=8192", "pretrain.curve_points=2", "pretrain.curve_problems=2", "midtrain.tokens=4096", "seeds=0",
    "rl.steps=1", "rl.prompts=2", "rl.group=2", "problems=4", "samples=2", "ks=1,2", "tokenizer.documents=100",
    "sampling.max_new_tokens=16", "rl.sampling.max_new_tokens=16", "model.layers=1", "model.hidden=32", "model.ffn=32",
    "midtraining.budgets=12288,16384", "sample_tokens=600", "extrapolation.filter_candidates=4",
)  # fmt: skip
OF_A_STUDY = " ".join(f"--set {change}" for change in TINY) + " --threads 1"

# what stands in a page (a regular expression), and what is run in its place
SMALL: tuple[tuple[str, str], ...] = (
    (r"^make quickstart\b", "interplay run quickstart --scale micro"),
    (r"^make test\b.*", "true"),  # it would run itself
    (r"^make docs-reports\b.*", "true"),  # of the committed records; tests/report builds each page
    (r"^\. \.venv/bin/activate", "true"),  # the tests run in an environment that is active already
    (r"^make torture\b.*", "true"),  # tests/test_torture.py runs a trial of each quick kind
    # a plan trains nothing, but where it calibrates
    (r"^(interplay run (?!.*--plan(?! --calibrate))[^#\n]*?)( *#.*)?$", rf"\1 {OF_A_STUDY}"),
    (r"^(interplay run tuning .*) --set seeds=0 ", r"\1 --set seeds=100 "),  # it takes no seed that a study reports
    (r"^((?!.*--base-url).*)--samples \d+", r"\1--samples 2"),  # a server of the test answers at once
    (r"^((?!.*--base-url).*)--k [\d,]+", r"\1--k 1,2"),
    (r"--max-new-tokens \d+", "--max-new-tokens 16"),
    (r"^(interplay data stats --scale micro)", r"\1 --n 20 --served 100"),
    (r"\b(interplay train --example micro)\b", r"\1 | python shrink.py"),
    (r"\b(interplay rl --example micro(?: --start (?:\"[^\"]*\"|\S+))?)", r"\1 | python shrink.py"),
    (r"store/studies/NAME", "store/studies/$(ls store/studies | head -n 1)"),
    (r"--base-url URL --model NAME", "--base-url $SERVER --model mock"),
    (r"--n \d{4,}", "--n 50"),
    (r"interplay bench (\w+)", r"interplay bench \1 --help"),  # each measures for half a minute
)
SMALL_PYTHON: tuple[tuple[str, str], ...] = (
    (r"budget_tokens=10_000_000_000", "budget_tokens=8192"),
    (r"batch_tokens=256 \* 2048", "batch_tokens=4096"),
    (r"width=2048, rows=16", "width=1024, rows=2"),
    (r"grid_tokens=tuple\(.*\)", "grid_tokens=(4096,)"),
    (r"Validation\(problems=32\)", "Validation(problems=1)"),
    (r"workers=4", "workers=0"),
    (r'size\("paper"\)', 'size("micro")'),
    (r"TokenizerConfig\(stream=stream\)", "TokenizerConfig(stream=stream, documents=100)"),
)
SHRINK = '''"""A job's JSON from standard input with the budgets of a test."""
import json, sys
job = json.load(sys.stdin)
config = job["config"]
if "budget_tokens" in config:
    config |= {"budget_tokens": 8192, "grid_tokens": [4096]}
    config.pop("validation", None)
    job["model"] |= {"layers": 1, "hidden": 32, "ffn": 32}
    job["tokenizer"]["documents"] = 100
else:
    config |= {"steps": 1, "prompts": 2, "group": 2}
    config["sampling"] |= {"max_new_tokens": 16}
json.dump(job, sys.stdout)
'''


class Block(NamedTuple):
    """A fenced block. `directive` is one of DIRECTIVES or empty, `reason` what stands behind it."""

    page: Path
    line: int
    language: str
    text: str
    directive: str
    reason: str

    @property
    def place(self) -> str:
        """PAGE:LINE, as an editor takes it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


FENCE = re.compile(r"(?:^<!-- ([a-z ]+?)(?:: (.*?))? -->\n)?^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page; files that the site pulls in are read."""
    text = page.read_text()
    found = []
    for match in FENCE.finditer(text):
        directive, reason, language, body = match.groups()
        body = INCLUDED.sub(lambda name: (ROOT / "examples" / name.group(1)).read_text(), body)
        found.append(
            Block(page, text.count("\n", 0, match.start(3)) + 1, language, body, directive or "", reason or "")
        )
    return found


def small(text: str, language: str = "sh") -> str:
    """A block as it is run here."""
    for pattern, instead in SMALL if language == "sh" else SMALL_PYTHON:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def agrees(shown: str, *printed: str) -> bool:
    """Whether the shown output is one of the printed texts; a line `...` in it stands for any number of lines."""
    parts = [re.escape(part.strip("\n")) for part in re.split(r"^\.\.\.$", shown.strip("\n"), flags=re.MULTILINE)]
    whole = r"\s*" + r"[\s\S]*".join(parts) + r"\s*"
    return any(re.fullmatch(whole, text) is not None for text in printed)
