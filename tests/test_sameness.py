"""Results do not depend on where and how a process runs: 1 problems, verdicts and addresses under another hash seed, locale,
time zone, folder, umask, terminal and `python -O`; 2 the records and checkpoints of a study likewise, in a store whose path
has blanks and letters of other scripts (slow); 3 a store that was moved or copied is whole (slow)."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "stages"))
from tiny_study import command, digests

from tiny_settings import TINY

PLAIN = {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC", "TERM": "dumb", "COLUMNS": "80"}
OTHER = {
    "PYTHONHASHSEED": "4242",
    "LC_ALL": "C.UTF-8",
    "TZ": "Asia/Kathmandu",
    "TERM": "xterm-256color",
    "COLUMNS": "33",
}

PROGRAM = """
import sys
from pathlib import Path
import interplay
from interplay.studies.catalogue import STUDIES, make_study
from interplay.train.runtime import Runtime
for context, style in (("zoo", "full"), ("school", "terse")):
    for row in interplay.dataset(context=context, op=5, n=8, seed=3, style=style):
        verdict = interplay.score(row, row["solution"])
        print(row["problem"], row["solution"], f"strict={verdict.strict}", verdict.paper_v1, verdict.nodes, verdict.steps)
for name in sorted(STUDIES):
    print([stage.address for stage in make_study(name, "micro", {}, Path("store"), Runtime()).stages])
"""


def ran(words, variables, folder, umask=0o022):
    """What a process prints that runs in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | variables | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(words, env=environment, cwd=folder, umask=umask, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    return ended.stdout


def test_problems_verdicts_and_addresses_are_the_same_everywhere(tmp_path):
    plain = ran([sys.executable, "-c", PROGRAM], PLAIN, tmp_path / "plain")
    other = ran([sys.executable, "-O", "-c", PROGRAM], OTHER, tmp_path / "мои опыты 実験", umask=0o077)
    assert plain == other
    assert plain.count(b"strict=True") == 16


def records(store):
    """Every file of a study's records but the ones that hold times and the command."""
    (folder,) = (store / "studies").glob("quickstart-*")
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".csv", ".jsonl", ".parquet"))
    return {name: (folder / name).read_bytes() for name in [*names, "claims.json"]}


@pytest.mark.slow
def test_a_study_is_the_same_everywhere_and_its_store_may_be_moved_and_copied(tmp_path):
    plain, odd = tmp_path / "store", tmp_path / "мои опыты" / 'a store\'s "実験"'
    words = command(plain, TINY, "--threads", "1")
    ran(words, PLAIN, tmp_path / "here")
    words[words.index(str(plain))] = str(odd)
    ran([words[0], "-O", *words[1:]], OTHER, tmp_path / "über all", umask=0o027)
    assert len(records(plain)) >= 10
    assert records(odd) == records(plain)
    assert digests(odd) == digests(plain)
    assert not [path for path in odd.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o007]
    before = records(plain)
    moved, copied = tmp_path / "moved", tmp_path / "copied"
    shutil.copytree(plain, copied)
    plain.rename(moved)
    for store in (moved, copied):
        words[words.index(str(odd))] = str(store)
        told = json.loads(ran(words, PLAIN, tmp_path / "here").splitlines()[-1])
        assert (told["run_stages"], len(told["cached_stages"])) == ([], 9)
        assert records(store) == before
        words[words.index(str(store))] = str(odd)
