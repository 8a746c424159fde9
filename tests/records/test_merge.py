"""Seeds kept in folders: put together they give what one run gives, and never what was made with other settings."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interplay.cli import app
from interplay.records.merge import gathered
from interplay.records.seeds import read_seed
from interplay.report.page import build_report
from interplay.run_study import merge_seeds, run_study
from interplay.studies.catalogue import make_study
from interplay.train.runtime import Runtime

TINY = {
    "pretrain.tokens": 8192, "pretrain.curve_points": 2, "pretrain.curve_problems": 2, "rl.steps": 1, "rl.prompts": 2,
    "rl.group": 2, "problems": 4, "samples": 2, "ks": "1,2", "tokenizer.documents": 100, "sampling.max_new_tokens": 16,
    "rl.sampling.max_new_tokens": 16, "model.layers": 1, "model.hidden": 32, "model.ffn": 32,
}  # fmt: skip
TIMED = ("study.json", "about.json", "stages.json")  # what holds times, or the stages of one run
SEEN = ("problems.parquet", "samples.parquet")  # what the explorer shows of stages in the store


def ran(store: Path, *seeds: int) -> Path:
    """The records of a run of these seeds; every seed is trained once in this store."""
    overrides = {key: str(value) for key, value in TINY.items()} | {"seeds": ",".join(map(str, seeds))}
    study = make_study("noise", "micro", overrides, store, Runtime(threads=1))
    return run_study(study.of_seeds(seeds), store, "interplay run noise").folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def whole(store: Path) -> Path:
    return ran(store, 0, 1, 2)


@pytest.fixture(scope="module")
def seeds(store: Path, whole: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each seed as a run of its own leaves it, in a place of its own."""
    kept = []
    for seed in (0, 1, 2):
        kept.append(tmp_path_factory.mktemp("elsewhere") / f"seed-{seed}")
        shutil.copytree(ran(store, seed) / "seeds" / f"seed-{seed}", kept[-1])
    return kept


def tables(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.name not in TIMED and path.name[0] != "."]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in found
        if not (path.parent == folder and path.name in SEEN)
    }


def copied(folder: Path, target: Path) -> Path:
    return Path(shutil.copytree(folder, target))


def changed(path: Path, change) -> None:
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


def test_a_seed_says_how_many_stages_ran_side_by_side_and_is_the_same_seed_whatever_they_were(
    seeds: list[Path], tmp_path: Path
) -> None:
    """It counts the prompts that did not fit, too; a seed that was kept before says neither."""
    about = json.loads((seeds[0] / "about.json").read_text())
    assert about["machine"]["threads"] == about["machine"]["jobs"] == 1
    assert {s["summary"].get("unfit") for s in about["stages"].values() if s["kind"] in ("rl", "evaluate")} == {0}
    two, before = tmp_path / "two", tmp_path / "before"
    for copy, machine in ((two, about["machine"] | {"jobs": 2}), (before, {"cores": 2})):
        shutil.copytree(seeds[0], copy)
        (copy / "about.json").write_text(json.dumps(about | {"machine": machine}))
    assert list(gathered([seeds[0], two, before])) == [0]
    merge_seeds([two, seeds[1]], tmp_path / "out", "", "interplay records merge")
    assert json.loads((tmp_path / "out" / "study.json").read_text())["machine"]["jobs"] == "2; 1"
    merge_seeds([before], tmp_path / "old", "", "interplay records merge")
    assert "jobs" not in json.loads((tmp_path / "old" / "study.json").read_text())["machine"]


def test_seeds_that_ran_apart_give_the_bytes_of_one_run(whole: Path, seeds: list[Path], tmp_path: Path) -> None:
    merge_seeds([seeds[2], seeds[0], seeds[1].parent], tmp_path / "merged", "", "c")
    one, other = tables(whole), tables(tmp_path / "merged")
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] != other[name]} == set()
    assert json.loads((tmp_path / "merged/study.json").read_text())["seeds"] == [0, 1, 2]
    assert build_report(tmp_path / "merged").exists()
    assert not [name for name in one if name.endswith("similarity.csv")]  # of a study that asks it alone


def test_records_that_were_merged_can_be_merged_again(whole: Path, seeds: list[Path], tmp_path: Path) -> None:
    assert list(gathered([whole, seeds[1]])) == [0, 1, 2]  # a seed that is there twice, and the same
    again = read_seed(gathered([whole])[1])
    assert again.said.seed == 1
    assert again.arms["rl_edge"].nll is not None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda found: found["settings"]["rl"].update(steps=7), r"the setting rl\.steps: 1 -> 7"),
        (lambda found: found["settings"].update(problems=5), r"the setting problems: 4 -> 5"),
        (lambda found: found["arms"].pop("rl_edge"), "the arm rl_edge, which one of them lacks"),
        (
            lambda found: next(s for s in found["stages"].values() if s["kind"] == "rl").update(version="9"),
            r'the arm rl_edge, checkpoint\.version: "3" -> "9"',
        ),
        (lambda found: found.update(study="another"), "study: noise -> another"),
    ],
)
def test_other_settings_are_refused_by_the_first_that_differs(seeds: list[Path], tmp_path: Path, change, named) -> None:
    other = copied(seeds[1], tmp_path / "seed-1")
    changed(other / "settings.json", change)
    with pytest.raises(ValueError, match=named):
        gathered([seeds[0], other])


@pytest.mark.parametrize("name", ["curves.csv", "seed.json", "counts.parquet"])
def test_one_seed_twice_must_be_the_same(seeds: list[Path], tmp_path: Path, name: str) -> None:
    other = copied(seeds[0], tmp_path / "seed-0")
    changed(other / "about.json", lambda found: found.update(command="on another day"))
    assert list(gathered([seeds[0], other])) == [0]
    (other / name).write_bytes((seeds[1] / name).read_bytes() if name != "seed.json" else b"{}")
    if name == "seed.json":
        (other / name).write_text((seeds[0] / name).read_text().replace('"rl": {}', '"rl": {"rl/0": "idle"}'))
    with pytest.raises(ValueError, match=f"the same seed twice, and not the same: .*{name}"):
        gathered([seeds[0], other])


def test_a_merge_that_is_refused_writes_nothing(seeds: list[Path], tmp_path: Path) -> None:
    other = copied(seeds[1], tmp_path / "cut")
    (other / "counts.parquet").write_bytes(b"no table")
    with pytest.raises(ValueError, match=r"cut/counts\.parquet cannot be read"):
        merge_seeds([seeds[0], other], tmp_path / "out", "", "merge")
    assert not (tmp_path / "out").exists()
    merge_seeds([seeds[0]], tmp_path / "out", "", "merge")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=r"holds a seed that was not given, .*seed-0: give it, too"):
        merge_seeds([seeds[1]], tmp_path / "out", "", "merge")
    assert before == {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}


def test_damage_is_one_line_that_names_the_file(seeds: list[Path], tmp_path: Path) -> None:
    other = copied(seeds[0], tmp_path / "seed-0")
    (other / "counts.parquet").write_bytes(b"no table")
    with pytest.raises(ValueError, match=r"counts\.parquet cannot be read"):
        read_seed(other)
    (other / "seed.json").write_text("{")
    with pytest.raises(ValueError, match=r"seed\.json: not JSON"):
        gathered([other])
    with pytest.raises(ValueError, match="no seed of a study found"):
        gathered([tmp_path.parent / tmp_path.name / "seed-0" / ".."][:0])


def test_a_run_adds_its_seeds_to_those_that_are_kept(
    store: Path, whole: Path, seeds: list[Path], tmp_path: Path
) -> None:
    """Nothing of a kept seed runs again, nor does anything where the kept ones were made otherwise."""
    kept = tmp_path / "kept" / "noise_micro"
    for path in seeds[:2]:
        copied(path, kept / path.name)
    words = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
    base = ["run", "noise", "--threads", "1", "--records", str(tmp_path / "kept"), "--set", "seeds=1,2"]
    done = CliRunner().invoke(app, [*base, "--store", str(store), *words])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["run_stages"] == []
    assert len(result["cached_stages"]) == 5  # the tokenizer, and of seed 2 base, RL and two evaluations
    assert sorted(path.name for path in kept.iterdir()) == ["seed-0", "seed-1", "seed-2"]
    assert tables(Path(result["results"]).parent) == tables(whole)
    refused = CliRunner().invoke(app, [*base, "--store", str(tmp_path / "new"), *words, "--set", "rl.steps=2"])
    assert isinstance(refused.exception, ValueError)
    assert "other settings than this run asks for: the setting rl.steps: 1 -> 2" in str(refused.exception)
    assert not (tmp_path / "new").exists()


def test_where_a_rate_was_chosen_keeps_no_seeds_apart(seeds: list[Path], tmp_path: Path) -> None:
    """A note in the settings changes nothing that was trained."""
    other = copied(seeds[1], tmp_path / "seed-1")
    said = json.loads((other / "settings.json").read_text())
    said["settings"]["tuned"]["rl"] = "rl_0.5_7"
    (other / "settings.json").write_text(json.dumps(said))
    assert list(gathered([seeds[0], other])) == [0, 1]


def test_what_guessing_reaches_stands_beside_the_outcomes(whole: Path) -> None:
    with (whole / "reliability.csv").open() as file:
        blind = {row["regime"]: row["value"] for row in csv.DictReader(file) if row["metric"] == "guesser"}
    with (whole / "outcomes.csv").open() as file:
        beside = {(row["regime"], row["guess"]) for row in csv.DictReader(file)}
    assert set(blind) == {"id", "edge", "hard"}
    assert beside == set(blind.items())
    page = build_report(whole).read_text()
    assert "A guesser who sees a problem" in page


def test_a_seed_is_small(seeds: list[Path]) -> None:
    assert sum(path.stat().st_size for path in seeds[0].iterdir()) < 100_000
