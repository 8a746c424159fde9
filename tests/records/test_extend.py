"""Arms that are added to a kept seed: its folder becomes what one run of all arms leaves, or stays as it was."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interplay.cli import app
from interplay.records.extend import Part, to_run
from interplay.records.merge import gathered, kept_for
from interplay.run_study import run_study
from interplay.studies.catalogue import make_study
from interplay.studies.study import Study
from interplay.train.runtime import Runtime
from tiny_settings import TINY

# half of the large budget is the small one: arms of the two share a stage, whose rows stand under the first of them
TWO_BUDGETS = TINY | {
    "pretrain.curve_points": "2", "pretrain.curve_problems": "2", "midtraining.rl_shares": "0,0.5,1",
    "midtraining.budgets": "15360,30720",
}  # fmt: skip
TIMED = ("study.json", "about.json", "stages.json", "problems.parquet", "samples.parquet")


def study(store: Path, **changed: str) -> Study:
    changes = TWO_BUDGETS | {name.replace("__", "."): value for name, value in changed.items()}
    return make_study("midtraining", "micro", changes, store, Runtime(threads=1))


def ran(made: Study, store: Path, kept: dict[int, Path] | None = None) -> Path:
    return run_study(made, store, "interplay run midtraining", kept=kept).folder


def tables(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in found
        if path.name not in TIMED or (path.parent != folder and path.name == "problems.parquet")
    }


def asked(store: Path, records: Path) -> list[str]:
    """The command line that runs what kept seeds lack."""
    words = [word for pair in TWO_BUDGETS.items() for word in ("--set", "=".join(pair))]
    return ["run", "midtraining", "--threads", "1", "--store", str(store), "--records", str(records), *words]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    """The records of all arms, copied: a run of the same study in the same store writes where they were."""
    return Path(shutil.copytree(ran(study(store), store), tmp_path_factory.mktemp("copied") / "whole"))


@pytest.fixture(scope="module")
def parts(store: Path, whole: Path) -> dict[str, Path]:
    """The seed with some of the arms: those of one budget, of the other, and the base alone."""
    made = study(store)
    small, large = [arm.name for arm in made.arms][1:4], [arm.name for arm in made.arms][4:]
    chosen = {"small": ["base", *small], "large": ["base", *large], "base": ["base"], "last": large[-1:]}
    return {name: ran(made.only(arms), store) / "seeds/seed-0" for name, arms in chosen.items()}


@pytest.mark.parametrize("name", ["small", "large", "base", "last"])
def test_added_arms_give_the_bytes_of_one_run_of_all(
    store: Path, whole: Path, parts: dict[str, Path], name: str, tmp_path: Path
) -> None:
    """Whichever came first, and where one budget alone was asked for, whose settings say so."""
    kept = tmp_path / "kept" / "seed-0"
    shutil.copytree(parts[name], kept)
    made = study(store)
    assert kept_for(made, kept.parent) == {0: kept}
    again = ran(made, store, {0: kept})
    one, other = tables(whole), tables(again)
    assert one.keys() == other.keys()
    assert {path for path in one if one[path] != other[path]} == set()
    about, before = (json.loads((folder / "seeds/seed-0/about.json").read_text()) for folder in (again, whole))
    assert about["stages"].keys() == before["stages"].keys()


def test_one_arm_that_is_kept_runs_again_beside_those_that_lack(store: Path, parts: dict[str, Path]) -> None:
    made = study(store)
    names = [arm.name for arm in made.arms]
    assert [arm.name for arm in to_run(made, {0: parts["small"]}).arms] == ["base", *names[4:]]
    assert [arm.name for arm in to_run(made, {0: parts["last"]}).arms] == names
    assert to_run(made, {}) == made
    assert to_run(made.only(names[:4]), {0: parts["small"]}).arms == ()


def test_what_comes_out_otherwise_is_refused_and_nothing_is_lost(
    store: Path, parts: dict[str, Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept" / "midtraining_micro" / "seed-0"
    shutil.copytree(parts["small"], kept)
    text = (kept / "curves.csv").read_text().splitlines()
    assert text[1].startswith("base,0,pretrain")
    (kept / "curves.csv").write_text(
        "\n".join([text[0], text[1].replace("base,0,pretrain,", "base,0,pretrain,9"), *text[2:]])
    )
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    command = asked(store, tmp_path / "kept")
    refused = CliRunner().invoke(app, command)
    assert isinstance(refused.exception, ValueError)
    assert "what it has, run again, comes out otherwise (curves.csv: pretrain/" in str(refused.exception)
    assert before == {path.name: path.read_bytes() for path in kept.iterdir()}


def test_the_command_adds_what_is_lacking_and_says_so_in_the_plan(
    store: Path, whole: Path, parts: dict[str, Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept" / "midtraining_micro" / "seed-0"
    shutil.copytree(parts["small"], kept)
    command = asked(store, tmp_path / "kept")
    planned = CliRunner().invoke(app, [*command, "--plan"])
    assert planned.exit_code == 0, planned.output
    assert "evaluation of rl_50_of_30.7k 0" in planned.stdout
    assert "evaluation of rl_50_of_15.4k 0" not in planned.stdout
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert tables(kept) == tables(whole / "seeds/seed-0")
    again = CliRunner().invoke(app, command)
    assert json.loads(again.stdout.strip().splitlines()[-1])["cached_stages"] == []


def test_other_settings_and_arms_that_are_not_asked_for_are_refused(
    store: Path, parts: dict[str, Path], tmp_path: Path
) -> None:
    kept = tmp_path / "seed-0"
    shutil.copytree(parts["small"], kept)
    with pytest.raises(ValueError, match=r"other settings than this run asks for: the setting rl\.prompts: 2 -> 4"):
        kept_for(study(store, rl__prompts="4"), tmp_path)
    with pytest.raises(ValueError, match=r"seed-0 has the arm rl_0_of_15\.4k, which this run leaves out"):
        kept_for(study(store, midtraining__budgets="30720"), tmp_path)
    with pytest.raises(ValueError, match=r"the arm rl_0_of_15\.4k, which one of them lacks"):
        gathered([parts["small"], parts["large"]])
    made = study(store)
    with pytest.raises(ValueError, match="seed-0 has its arms in another order"):
        to_run(made._replace(arms=(*made.arms[:1], *reversed(made.arms[1:]))), {0: parts["small"]})


@pytest.mark.parametrize("name", ["silent.csv", "curves.csv", "guesses.csv", "examples.jsonl", "outcomes.csv"])
def test_a_kept_seed_that_lacks_a_table_is_refused_before_anything_runs(
    store: Path, parts: dict[str, Path], tmp_path: Path, name: str
) -> None:
    kept = tmp_path / "seed-0"
    shutil.copytree(parts["small"], kept)
    (kept / name).unlink()
    with pytest.raises(ValueError, match=rf"seed-0/{name}: the record is missing"):
        to_run(study(store), {0: kept})


def test_a_seed_that_lies_elsewhere_is_refused(store: Path, parts: dict[str, Path], tmp_path: Path) -> None:
    """What a run adds is kept under the seed's own name: two of them would lie there."""
    shutil.copytree(parts["small"], tmp_path / "backup" / "seed-0")
    with pytest.raises(ValueError, match=r"backup/seed-0 holds seed 0, which is kept as .*seed-0: move it"):
        kept_for(study(store), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file is a file; seeds are kept in a folder of this name"):
        kept_for(study(store), tmp_path / "file")


def test_a_solution_may_hold_any_line_end(parts: dict[str, Path], tmp_path: Path) -> None:
    kept = tmp_path / "seed-0"
    shutil.copytree(parts["small"], kept)
    before = Part(kept).examples("base", last=False)
    text = (kept / "examples.jsonl").read_text(encoding="utf-8")
    (kept / "examples.jsonl").write_text(text.replace('"question": "', '"question": "\u2028\u0085'), encoding="utf-8")
    after = Part(kept).examples("base", last=False)
    assert [row["question"] for row in after] == [f"\u2028\u0085{row['question']}" for row in before]
    assert before
