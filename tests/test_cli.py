"""The command line: fixed names and fields, one clear line and exit code 2 for bad input."""

import errno
import gzip
import io
import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from interplay import __version__
from interplay.cli import main
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream, split_of
from interplay.evals.evaluate import EvaluateConfig, Regime, problems_of
from interplay.evals.from_file import problem_of
from interplay.schema.verdicts import RULES
from interplay.studies.scales import settings
from interplay.world.digest import digest
from interplay.world.graph import from_dict
from interplay.world.sample import Spec


def call(monkeypatch, capsys, *words):
    """(exit code, standard output, standard error) of a command."""
    monkeypatch.setattr(sys, "argv", ["interplay", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    out = capsys.readouterr()
    return stopped.value.code or 0, out.out, out.err


def test_data_sample_prints_rows_and_verify_accepts_them(monkeypatch, capsys, tmp_path):
    code, out, _ = call(
        monkeypatch, capsys, "data", "sample", "--op", "7", "--mode", "reverse", "--n", "3", "--seed", "4"
    )
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    fields = {"problem", "question", "solution", "op", "id", "template", "mode", "length", "d", "answer", "graph"}
    assert all(fields <= row.keys() and row["op"] == 7 and row["mode"] == "forwardreverse" for row in rows)
    file = tmp_path / "rows.jsonl"
    file.write_text(out + "not json\n[1]\n{}\n")
    code, out, _ = call(monkeypatch, capsys, "verify", str(file), "--candidate-field", "solution")
    assert code == 0
    verdicts = [json.loads(line) for line in out.splitlines()]
    assert [v["index"] for v in verdicts] == list(range(6))
    assert all(v["strict"] and v["exact"] and v["error"] is None for v in verdicts[:3])
    assert all(v["error"].startswith("bad_row: ") for v in verdicts[3:])


def test_the_package_runs_as_a_module_and_says_its_version():
    asked = [sys.executable, "-m", "interplay", "--version"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == f"interplay {__version__}\n"


def test_the_help_of_compare_names_every_rule(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = call(monkeypatch, capsys, "compare", "--help")
    assert code == 0
    assert all(rule in out for rule in RULES)


BAD = [
    (["data", "sample", "--context", "my.toml"], "my.toml: cannot be read as a context: there is no such file in"),
    (["run", "nope"], "unknown study 'nope'"),
    (["run", "quickstart", "--scale", "huge"], "unknown scale 'huge'"),
    (["run", "quickstart", "--set", "nope=1"], "no such setting"),
    (["run", "quickstart", "--set", "samples"], "KEY=VALUE"),
    (["run", "quickstart", "--store", "/proc/nowhere"], "cannot be written"),
    (["run", "quickstart", "--set", "scale=mini"], "--set scale=mini: the scale is a run's own option"),
    (["run", "quickstart", "--arms", "", "--plan"], "has no arm ''"),
    (["run", "quickstart", "--threads", "-1"], "--threads must not be negative, got -1"),
    (["run", "quickstart", "--records", "/proc/nowhere"], "the folder of kept seeds /proc/nowhere cannot be written"),
    (["store", "gc", "--partial-hours", "nan"], "--partial-hours takes hours from 0 up, got nan"),
    (["data", "sample", "--regime", "edge"], "--regime is one of a scale's"),
    (["data", "sample", "--numbers", "9,1"], "numbers must be a range LO,HI with 1 <= LO <= HI, got (9, 1)"),
    (["data", "stats", "--scale", "micro", "--n", "0"], "--n and --served take whole numbers from 1 up, got 0"),
    (["data", "sample", "--op", "99"], "op: Input should be less than or equal to 60"),
    (["data", "sample", "--op", "1", "--mode", "reverse"], "op must be in 2..60"),
    (["data", "sample", "--numbers", "3"], "--numbers takes LO,HI, got '3'"),
    (["data", "sample", "--fan-in", "x"], "--fan-in takes whole numbers, got 'x'"),
    (["data", "sample", "--scale", "huge"], "unknown scale 'huge'"),
    (["data", "sample", "--scale", "micro", "--regime", "no"], "regime must be one of id, edge, hard"),
    (["data", "sample", "--split", "no"], "--split must be one of train, rl, val, test"),
    (["data", "sample", "--order", "no"], "order: Input should be"),
    (["data", "sample", "--op", "many"], "--op"),
    (["data", "sample", "--context", "nowhere"], "unknown context 'nowhere'"),
    (["data", "sample", "--mode", "sideways"], "mode: Input should be 'forward' or 'reverse'"),
    (["data", "stats", "/nowhere.jsonl"], "no such file"),
    (["verify", "/nowhere.jsonl"], "no such file"),
    (["verify", "-", "--rule", "nope"], "rule"),
    (["verify", "-"], "no row could be judged; standard input, line 1: bad_row: the field 'problem' is missing"),
    (["data", "convert", "/nowhere.jsonl", "{tmp}.parquet"], "no such file"),
    (["data", "convert", "-", "{tmp}.csv"], "must end in .jsonl, .jsonl.gz, .parquet"),
    (["report", "/nowhere"], "no such folder"),
    (["report", "."], "is not a folder of a study's records (STORE/studies/NAME)"),
    (["eval", "/nowhere", "--data", "/nowhere.jsonl", "--samples", "4", "--k", "1,8"], "--k 8 is above --samples 4"),
    (["eval", "/nowhere", "--data", "/nowhere.jsonl", "--out", "{tmp}"], "/nowhere"),
    (["eval", "/nowhere", "--data", "/nowhere.jsonl", "--samples", "-1", "--out", "{tmp}"], "--samples takes"),
    (["eval", "--base-url", "URL", "--data", "/nowhere.jsonl", "--out", "{tmp}"], "--base-url takes --model, too"),
    (["compare", "/nowhere", "/nowhere"], "/nowhere"),
    (
        ["compare", "/nowhere", "/nowhere", "--rule", "no"],
        "--rule must be one of strict, exact, sound, paper_v1, answer",
    ),
    (["bench", "nope"], "unknown benchmark 'nope'"),
    (["train", "/nowhere.json", "{tmp}"], "/nowhere.json cannot be read"),
    (["train"], "train takes JOB and OUT"),
    (["train", "--example", "huge"], "unknown scale 'huge'"),
    (["push", "/nowhere", "me/base"], "no such folder"),
    (["push", "/nowhere", "base"], "OWNER/NAME"),
    (["nope"], "nope"),
]


@pytest.mark.parametrize(
    ("words", "message"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_input_is_one_clear_line_and_exit_code_2(monkeypatch, capsys, tmp_path, words, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}\n")))
    code, _, err = call(monkeypatch, capsys, *(word.format(tmp=tmp_path / "out") for word in words))
    assert code == 2
    assert message in err
    assert err.startswith("error: ")
    assert len(err.strip().splitlines()) == 1


DOCS = Path(__file__).parents[1] / "docs"
RECORDS, SEED = str(DOCS / "studies" / "ladder_micro"), str(DOCS / "seeds" / "ladder_micro" / "seed-0")
TUNED = str(DOCS / "studies" / "tuning_micro")
OUTPUTS = [
    (["report", RECORDS, "--out", "page", "--markdown"], "x.md"),
    (["report", RECORDS, "--out", "page", "--slim"], None),
    (["report", RECORDS, "--out"], None),
    (["claims", RECORDS, "--out"], "x.html"),
    (["claims", RECORDS, "--out"], "x.md"),
    (["claims", RECORDS, "--out", "page.html", "--readme"], "x.md"),
    (["records", "merge", SEED, "--out"], None),
    (["records", "tuning", TUNED, "--out"], "x.md"),
    (["data", "convert", "-"], "x.jsonl"),
]


@pytest.mark.parametrize(
    ("words", "file"), OUTPUTS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_an_output_that_cannot_be_is_refused_and_nothing_is_lost_or_written(monkeypatch, capsys, tmp_path, words, file):
    """Below a file nothing can be, and a file never takes the place of a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}\n")))
    (tmp_path / "afile").write_text("kept")
    there = tmp_path / "folder" / (file or "x")
    (there if file else there.parent).mkdir(parents=True)
    ((there / "mine") if file else there).write_text("kept")
    asked = [f"afile/{file or 'x'}"] + ([f"folder/{file}"] if file else [])
    for out in asked:
        code, _, err = call(monkeypatch, capsys, *words, out)
        assert (code, len(err.strip().splitlines())) == (2, 1), err
        assert out.split("/")[0] in err
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"afile", f"folder/{file}/mine" if file else "folder/x"}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "store/rl/metrics.jsonl"),
            "store/rl/metrics.jsonl: Permission",
        ),
        (OSError(errno.EIO, "Input/output error", "store/x"), "store/x: Input/output error"),
        (IsADirectoryError(errno.EISDIR, "cannot open a folder"), "cannot open a folder"),
    ],
)
def test_a_file_that_cannot_be_reached_is_one_clear_line(monkeypatch, capsys, error, said):
    def refused(**_):
        raise error

    monkeypatch.setattr("interplay.cli.app", refused)
    code, _, err = call(monkeypatch, capsys, "run", "quickstart")
    assert code == 1
    assert err.startswith(f"error: {said}")
    assert err.count("\n") == 1


def test_a_truncated_checkpoint_is_one_clear_line(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "qwen2"}')
    (folder / "model.safetensors").write_bytes(b"\x10\x00")
    data = tmp_path / "rows.jsonl"
    data.write_text("")
    code, _, err = call(monkeypatch, capsys, "eval", str(folder), "--data", str(data), "--out", str(tmp_path / "out"))
    assert code == 2
    assert "model.safetensors is truncated" in err


def test_every_command_has_help_with_an_example(monkeypatch, capsys):
    for words in (
        ["run"],
        ["verify"],
        ["eval"],
        ["report"],
        ["bench"],
        ["compare"],
        ["train"],
        ["push"],
        ["data", "sample"],
        ["data", "stats"],
        ["data", "convert"],
    ):
        code, out, _ = call(monkeypatch, capsys, *words, "--help")
        assert code == 0
        assert "Example:" in out, words


LIGHT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "tokenizers", "accelerate", "safetensors"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
from interplay.cli import main
main()
"""
RECORDS = Path(__file__).parent.parent / "docs" / "studies" / "quickstart_micro"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--help"], 0, "data"),
        (["run", "quickstart", "--plan", "--store", "{tmp}/store"], 0, "pretrain"),
        (["run", "NONSENSE"], 2, "unknown study 'NONSENSE'"),
        (["run", "--help"], 0, "--plan"),
        (["train", "--example", "micro"], 0, "budget_tokens"),
        (["report", "{tmp}/records"], 0, "report.html"),
        (["data", "sample", "--scale", "micro", "--n", "2"], 0, "problem"),
        (["compare", "{tmp}/a", "{tmp}/b"], 2, "no such folder"),
        (["store", "ls", "--store", "{tmp}/empty"], 0, "0 stages"),
        (["store", "ls", "--store", "{tmp}/records"], 2, "is no store: it is a folder of a study's records"),
        (["run", "quickstart", "--store", "{tmp}/store"], 2, "is not installed: pip install 'interplay[train]'"),
        (["eval", "{tmp}", "--data", "{tmp}/rows.jsonl"], 2, "is not installed: pip install 'interplay[train]'"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_what_trains_nothing_loads_no_model_library(tmp_path, words, code, said):
    """They answer at once because torch and transformers take seconds to load; without these, the others say so."""
    (tmp_path / "rows.jsonl").write_text("{}")
    (tmp_path / "empty").mkdir()
    shutil.copytree(RECORDS, tmp_path / "records")
    words = [word.format(tmp=tmp_path) for word in words]
    done = subprocess.run([sys.executable, "-c", LIGHT, *words], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


SLOW_TO_LOAD = {"torch", "transformers", "datasets", "pandas", "altair", "scipy.stats", "scipy.optimize", "trl"}


@pytest.mark.parametrize(
    ("words", "too"),
    [
        (["run", "quickstart", "--plan", "--store", "{tmp}/store"], set()),
        (["run", "NONSENSE"], {"scipy"}),
        (["train", "--example", "micro"], {"scipy"}),
        (["rl", "--example", "micro"], {"scipy"}),
        (["data", "sample", "--n", "1"], {"scipy", "pyarrow"}),
        (["store", "ls", "--store", "{tmp}"], {"scipy"}),
        (["verify", "{tmp}/none.jsonl"], {"scipy"}),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_what_should_answer_at_once_loads_nothing_slow(tmp_path, words, too):
    program = "import sys; from interplay.cli import app\ntry: app()\nfinally: print(*sys.modules, sep='\\n', file=sys.stderr)"
    words = [word.format(tmp=tmp_path) for word in words]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, cwd=tmp_path)
    loaded = set(done.stderr.split())
    assert "interplay.cli" in loaded
    assert not loaded & (SLOW_TO_LOAD | too)


def test_files_convert_both_ways_and_repeats_are_said(monkeypatch, capsys, tmp_path):
    code, out, err = call(monkeypatch, capsys, "data", "sample", "--op", "1", "--n", "200", "--numbers", "1,1")
    assert code == 0
    distinct = {digest(from_dict(json.loads(json.loads(line)["graph"]))) for line in out.splitlines()}
    assert f"{len(distinct)} distinct problems among the 200 asked for" in err
    (tmp_path / "a.jsonl").write_text(out)
    assert call(monkeypatch, capsys, "data", "convert", f"{tmp_path}/a.jsonl", f"{tmp_path}/b.parquet")[0] == 0
    assert call(monkeypatch, capsys, "data", "convert", f"{tmp_path}/b.parquet", f"{tmp_path}/c.jsonl")[0] == 0
    again = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert again == [json.loads(line) for line in out.splitlines()]
    code, out, _ = call(
        monkeypatch, capsys, "data", "stats", f"{tmp_path}/b.parquet", "--against", f"{tmp_path}/a.jsonl"
    )
    assert code == 0
    assert "(100.0%)" in out


def problems(monkeypatch, capsys, *words):
    """Rows as `data sample` prints them."""
    code, out, _ = call(monkeypatch, capsys, "data", "sample", *words)
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def test_files_as_people_have_them_are_judged(monkeypatch, capsys, tmp_path):
    rows = problems(monkeypatch, capsys, "--n", "2", "--op", "4")
    lines = [json.dumps(row) for row in rows]
    for name, content in {
        "marked": b"\xef\xbb\xbf" + "\r\n\r\n".join(lines).encode() + b"\r\n",
        "array": f"[{', '.join(lines)}]".encode(),
        "packed": gzip.compress("\n".join(lines).encode()),
    }.items():
        (tmp_path / name).write_bytes(content)
        code, out, err = call(monkeypatch, capsys, "verify", str(tmp_path / name), "--candidate-field", "solution")
        assert (code, [json.loads(line)["strict"] for line in out.splitlines()]) == (0, [True, True]), name
        assert "judged 2 solutions in 2 rows: strict 100.0%" in err
        assert call(monkeypatch, capsys, "data", "stats", str(tmp_path / name))[0] == 0
        code, out, _ = call(monkeypatch, capsys, "data", "convert", str(tmp_path / name), str(tmp_path / "x.parquet"))
        assert (code, out) == (0, "2 rows\n")


def test_later_rows_are_judged_and_the_first_reason_is_said(monkeypatch, capsys, tmp_path):
    good = json.dumps(problems(monkeypatch, capsys, "--op", "3")[0]).encode()
    bad = [b"nonsense", b'{"x": ' + b"7" * 5000 + b"}", b'{"x": "\\ud800"}', b"\xff", b"[" * 5000, b"[]", b"null"]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([*bad, good]))
    code, out, err = call(monkeypatch, capsys, "verify", str(tmp_path / "a.jsonl"), "--candidate-field", "solution")
    verdicts = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [v["strict"] for v in verdicts] == [None] * len(bad) + [True]
    for line, verdict in enumerate(verdicts[:-1], start=1):
        assert verdict["error"].startswith("bad_row: ")
        assert verdict["error"].endswith(f"({tmp_path}/a.jsonl, line {line})")
    assert f"not judged, the first: bad_row: not JSON (Expecting value, column 1) ({tmp_path}/a.jsonl, line 1)" in err


def test_a_file_without_a_row_to_judge_is_exit_code_2(monkeypatch, capsys, tmp_path):
    row = problems(monkeypatch, capsys, "--op", "3")[0]
    cut = gzip.compress(json.dumps(row).encode() * 3)[:-20]
    for content, reason in (
        (json.dumps(row).encode(), "the field 'candidate' is missing; the rows have problem, question, solution"),
        (b"\n\n", "there are no rows to judge"),
        (b"caf\xe9", "a.jsonl, line 1"),
        (cut, "damaged or cut short"),
    ):
        (tmp_path / "a.jsonl").write_bytes(content)
        code, _, err = call(monkeypatch, capsys, "verify", str(tmp_path / "a.jsonl"))
        assert code == 2
        assert reason in err
        assert len(err.splitlines()) == 1


def test_steps_are_listed_with_their_place_and_the_rule_expected(monkeypatch, capsys, tmp_path):
    row = problems(monkeypatch, capsys, "--op", "6", "--style", "terse")[0]
    steps = row["solution"].split(" . ")
    changed = " . ".join([steps[0], *steps[2:]])
    (tmp_path / "a.jsonl").write_text(json.dumps({**row, "candidate": changed}))
    code, out, _ = call(monkeypatch, capsys, "verify", str(tmp_path / "a.jsonl"), "--steps")
    verdict = json.loads(out)
    assert code == 0
    for step in verdict["steps"]:
        assert step.keys() == {"name", "start", "end", "needed", "error", "text", "expected"}
        assert step["text"] is None or changed[step["start"] : step["end"]] == step["text"]
    left_out = steps[1].partition(" = ")
    (missing,) = [step for step in verdict["steps"] if step["error"] == "missing_node"]
    assert missing["name"] == left_out[0]
    assert left_out[2].startswith(missing["expected"])


def test_every_axis_of_the_generator_is_an_option_and_reaches_the_problems(monkeypatch, capsys):
    axes = {field.name for field in fields(Spec)} - {"op", "mode"}
    assert axes <= World.model_fields.keys()
    text = " ".join(call(monkeypatch, capsys, "data", "sample", "--help")[1].split())
    assert not [axis for axis in axes if f"--{axis.replace('_', '-')}" not in text]
    words = [
        "--op",
        "6",
        "--depth",
        "4,5",
        "--distractors",
        "2,3",
        "--names",
        "3",
        "--totals",
        "0",
        "--numbers",
        "7,9",
        "--order",
        "depth_first",
    ]
    for row in problems(monkeypatch, capsys, "--n", "5", *words):
        graph = from_dict(json.loads(row["graph"]))
        assert graph.op == 6
        assert 2 <= len(graph.distractors) <= 3
        assert not any(rule.implicit for rule in graph.rules.values())
        assert all(7 <= rule.literal <= 9 for rule in graph.rules.values() if rule.combine == "constant")


def test_a_scale_asks_as_its_evaluation_does(monkeypatch, capsys):
    micro = settings("micro", {})
    sampled = problems(monkeypatch, capsys, *["--scale", "micro", "--regime", "edge", "--split", "test", "--n", "20"])
    mixture = Mixture.uniform(micro.edge_ops, micro.contexts, micro.modes)
    config = EvaluateConfig(
        world=micro.world,
        regimes=(Regime(name="edge", mixture=mixture),),
        problems=20,
        sampling=micro.sampling,
        ks=(1,),
    )
    assert [row["problem"] for row in sampled] == [problem.problem for _, problem in problems_of(config)]
    trained = problems(
        monkeypatch, capsys, *["--scale", "micro", "--split", "train", "--n", "5", "--seed", "3", "--context", "zoo"]
    )
    source = Stream(world=micro.world, mixture=Mixture.uniform(micro.id_ops, ("zoo",)), seed=3)
    assert [row["problem"] for row in trained] == [source[index].problem for index in range(5)]


@pytest.mark.parametrize(("scale", "contexts"), [("micro", {"zoo"}), ("small", {"zoo", "school", "movie"})])
def test_without_a_split_it_is_said_how_many_fall_where(monkeypatch, capsys, scale, contexts):
    code, out, err = call(
        monkeypatch, capsys, *["data", "sample", "--scale", scale, "--regime", "edge", "--n", "40", "--op", "4"]
    )
    rows = [json.loads(line) for line in out.splitlines()]
    counts = Counter(split_of(problem_of(row)) for row in rows)
    assert code == 0
    assert f"splits: {', '.join(f'{name} {counts[name]}' for name in ('train', 'rl', 'val', 'test'))}" in err
    assert {row["template"] for row in rows} == contexts


def test_stats_of_one_op_and_of_rows_of_every_kind_print_no_nan(monkeypatch, capsys, tmp_path):
    ours = problems(monkeypatch, capsys, "--n", "30", "--op", "4")
    bare = [{key: value for key, value in row.items() if key not in ("graph", "answer", "id")} for row in ours]
    odd = [{**bare[0], "op": "4"}, {**bare[1], "op": 4.0}, {**bare[2], "problem": "A shelf has 3 boxes. "}]
    chats = [{"prompt": [{"role": "user", "content": row["problem"] + row["question"]}], "op": 4,
              "reward_model": {"ground_truth": row["solution"], "style": "rule"}} for row in bare[3:6]]  # fmt: skip
    bad = ['{"op": 4}', "[1]", "nonsense", json.dumps({**bare[0], "op": 10**30}), json.dumps({**bare[0], "op": None})]
    for name, rows in {"ours": ours, "bare": bare, "all": [*bare, *odd, *chats, *map(json.loads, bad[3:])]}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with (tmp_path / "all.jsonl").open("a") as file:
        file.write("\n".join(bad[:3]))
    for name in ("ours", "bare", "all"):
        words = ["data", "stats", f"{tmp_path}/{name}.jsonl", "--against", f"{tmp_path}/ours.jsonl"]
        code, out, err = call(monkeypatch, capsys, *words)
        assert code == 0, err
        assert "nan" not in out.lower()
        for level in ("text", "names", "structure"):
            line = next(line for line in out.splitlines() if line.split()[:2] == ["4", level])
            assert ("(100.0%)" in line) == (name != "all" or level != "text"), line
    assert "36 of 41 rows are problems" in err
    assert f"left out, the first: {tmp_path}/all.jsonl, line 37: a row's op must be an integer" in err
    (tmp_path / "bad.jsonl").write_text("\n".join(bad))
    code, _, err = call(monkeypatch, capsys, "data", "stats", f"{tmp_path}/bad.jsonl")
    assert code == 2
    assert "no problem to look at" in err
    assert "bad.jsonl, line 1: the field 'problem' is missing" in err


def test_a_scale_for_gpus_does_not_begin_on_a_cpu_without_a_word(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, _, err = call(monkeypatch, capsys, "run", "quickstart", "--scale", "paper", "--store", str(tmp_path / "s"))
    assert code == 2
    assert "made for a GPU" in err
    assert "--device cpu" in err
    assert not (tmp_path / "s").exists()
    code, _, err = call(monkeypatch, capsys, "run", "quickstart", "--device", "tpu")
    assert (code, "--device must be auto, cpu or cuda" in err) == (2, True)
    code, _, err = call(monkeypatch, capsys, "run", "quickstart", "--device", "cuda", "--store", str(tmp_path / "s"))
    assert (code, "torch sees no CUDA device" in err) == (2, True)
    assert not (tmp_path / "s").exists()  # refused before a tokenizer is trained for it
