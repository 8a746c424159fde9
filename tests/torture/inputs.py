"""Files that a person hands over, made hostile: contexts, study files, checkpoints, jobs, places to write to. One clear line
and exit code 2, or it works; never a traceback, nothing half-written."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import interplay.world
from torture.runs import Run, complaint, study
from torture.stores import stages, staging
from torture.trial import Trial, Workshop

CONTEXTS = sorted((Path(interplay.world.__file__).parent / "contexts").glob("*.toml"))
ODD = (
    "", "-1", "1e999", "[]", "{}", "null", "true", '"\\u0000"', '"' + "x" * 10_000 + '"', "[" * 2000, "9" * 18, "NaN",
)  # fmt: skip
WORDS = (
    "the", "=", "x", "", " ", "\\u200b", "\\u202e", "\\n", "Löwe", "ライオン", "a" * 5000, "<b>", "{{x}}", "=1+1", "../..",
)  # fmt: skip
STUDIES = {
    "raises": "raise RuntimeError('{}')",
    "exits": "import sys; sys.exit(0)",
    "prints": "print('{}' * 1000)\ndef study(s, p): return 1",
    "is no Python": "def study(:\n '{}'",
    "is not UTF-8": None,
    "NUL": "def study(s, p):\n return '\0'",
    "returns nothing": "def study(s, p): pass",
    "no function": "study = 3",
    "loops of names": "from {} import *",
    "deep": "x = " + "(" * 300 + ")" * 300,
    "kills its exception": "class E(BaseException): pass\nraise E('{}')",
    "interrupts": "raise KeyboardInterrupt",
    "recurses": "def study(s, p): return study(s, p)",
    "empty": "",
}


def context(work: Workshop, rng: random.Random) -> Trial:
    """A TOML context that breaks its grammar somewhere."""
    folder, trial = work.fresh(), Trial("hostile context", "TOML")
    text = rng.choice(CONTEXTS).read_text()
    for _ in range(rng.randrange(1, 4)):
        a, b = sorted(rng.randrange(len(text)) for _ in range(2))
        harm = rng.randrange(5)
        if harm == 0:
            text = text[:a] + text[min(b, a + 200) :]
        elif harm == 1:
            text = text[:a] + chr(rng.choice((0, 10, 34, 0x200B, 0x202E, rng.randrange(32, 0x3000)))) + text[a:]
        elif harm == 2:
            words = re.findall(r'"[^"]+"', text)
            text = text.replace(rng.choice(words) if words else text, f'"{rng.choice(WORDS)}"', 1)
        elif harm == 3:
            text += f"\n{rng.choice(('entities', 'phrases', 'extra', '[phrases]'))} = {rng.choice(ODD)}\n"
        else:
            text = re.sub(r"\[[^\]]*\]", rng.choice(ODD).replace("\\", r"\\"), text, count=1)
    (folder / "own.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    if rng.random() < 0.1:
        (folder / "own.toml").write_bytes(rng.randbytes(200))
    style = rng.choice(("full", "terse"))
    words = ["data", "sample", "--context", str(folder / "own.toml"), "--op", "5", "--n", "3", "--style", style]
    return _asked(words, folder, trial)


def study_file(work: Workshop, rng: random.Random) -> Trial:
    """A study file that raises, exits, prints or is none."""
    folder = work.fresh()
    place = work.rarest("hostile study file", tuple(STUDIES), rng)
    text = STUDIES[place]
    odd = rng.choice(("boom", "os.path", "[bold]x[/bold]", "%s {x}", "\\x1b[2J"))
    content = b"\xff\xfe\x00study" if text is None else text.replace("{}", odd).encode()
    (folder / "own.py").write_bytes(content)
    words = study(folder / "store", *(["--plan"] if rng.random() < 0.5 else []))
    words[1] = str(folder / "own.py")
    trial = _asked(words, folder, Trial("hostile study file", place))
    if list((folder / "store").glob("*/*")):
        trial.faults.append("a refused study left something in the store")
    return trial


def _json(change: Callable[[dict[str, object], random.Random], None]) -> Callable[[Path, random.Random], None]:
    def harm(folder: Path, rng: random.Random) -> None:
        path = folder / rng.choice(("config.json", "tokenizer_config.json", "tokenizer.json", "generation_config.json"))
        value = json.loads(path.read_text())
        change(value, rng)
        path.write_text(json.dumps(value))

    return harm


def _pickle(folder: Path, rng: random.Random) -> None:
    (folder / "model.safetensors").unlink()
    bomb = b"cposix\nsystem\n(S'touch %s'\ntR." % str(folder.parent / "executed").encode()
    (folder / rng.choice(("pytorch_model.bin", "model.safetensors", "pytorch_model.pt"))).write_bytes(bomb)


def _nan(folder: Path, rng: random.Random) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    for name in rng.sample(sorted(weights), 2):
        weights[name].view(-1)[rng.randrange(weights[name].numel())] = float(rng.choice(("nan", "inf")))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _header(folder: Path, rng: random.Random) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    for _ in range(rng.randrange(1, 4)):
        content[rng.randrange(min(300, len(content)))] = rng.randrange(256)
    (folder / "model.safetensors").write_bytes(content)


def _any_file(folder: Path, rng: random.Random) -> None:
    path = rng.choice(sorted(p for p in folder.iterdir() if p.is_file()))
    content = path.read_bytes()
    path.unlink()
    if rng.random() < 0.7:
        path.write_bytes(rng.choice((b"{}", content[: rng.randrange(400)])))


def _auto_map(folder: Path, rng: random.Random) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    if rng.random() < 0.5:
        config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(folder.parent / 'executed')!r}, 'w')\n")


def _absurd(value: dict[str, object], rng: random.Random) -> None:
    numbers = [name for name, found in value.items() if isinstance(found, int) and not isinstance(found, bool)]
    if numbers:
        value[rng.choice(numbers)] = rng.choice((0, -1, 10**9, 10**30, 1.5, "7", None, [1]))


def _other_type(value: dict[str, object], rng: random.Random) -> None:
    value[rng.choice(sorted(value))] = rng.choice((None, [], {}, "x" * 1000, -1, {"a": {"b": []}}))


def _key_less(value: dict[str, object], rng: random.Random) -> None:
    value.pop(rng.choice(sorted(value)), None)


CHECKPOINTS: dict[str, Callable[[Path, random.Random], None]] = {
    "pickle": _pickle,
    "auto_map": _auto_map,
    "NaN weights": _nan,
    "header of the weights": _header,
    "a file cut or gone": _any_file,
    "absurd size": _json(_absurd),
    "another type": _json(_other_type),
    "a key less": _json(_key_less),
}


def checkpoint(work: Workshop, rng: random.Random) -> Trial:
    """A checkpoint made hostile, asked by `eval`; nothing of it is run."""
    folder = work.fresh()
    place = work.rarest("hostile checkpoint", tuple(CHECKPOINTS), rng)
    (found, *_) = sorted((stages(work.reference.store, "pretrain")[0] / "checkpoints").glob("step-*"), reverse=True)
    shutil.copytree(found, folder / "model")
    if rng.random() < 0.8:
        (folder / "model" / "manifest.json").unlink()  # which would find most of it
    CHECKPOINTS[place](folder / "model", rng)
    made = Run(["data", "sample", "--op", "2", "--n", "2", "--style", "terse"], folder / "problems.jsonl")
    made.wait()
    words = [
        "eval",
        str(folder / "model"),
        "--data",
        str(folder / "problems.jsonl"),
        "--samples",
        "1",
        "--threads",
        "1",
    ]
    words += ["--max-new-tokens", "8", "--out", str(folder / "out"), "--verify-workers", "0"]
    trial = _asked(words, folder, Trial("hostile checkpoint", place))
    if (folder / "executed").exists():
        trial.faults.append("code of the checkpoint was run")
    return trial


def _asked(words: list[str], folder: Path, trial: Trial) -> Trial:
    run = Run(words, folder / "said.log")
    run.wait(120.0)
    trial.faults += [*complaint(run, [0, 2]), *run.orphans(), *staging(folder)]
    if run.code == 2 and sum(line.startswith("error: ") for line in run.said.splitlines()) != 1:
        trial.faults.append(f"not one line: {run.said[-300:]!r}")
    return trial
