"""The search for regimes with headroom: named trials, each trained from nothing and asked per op.

A regime is of use when a model solves the ops it was shown, some of the next ones in one try and many in several, and a
few of those beyond. Which worlds, op shares and shapes give that is an empirical question, so every trial is written down:
one JSON record each, and one row of docs/regimes.md, negative ones included. A trial is the project's own supervised stage
on the split `train`, asked problems of `val`.

    python benchmarks/regimes.py list
    python benchmarks/regimes.py run NAME... --store store/regimes   # resumes where it was cut
    python benchmarks/regimes.py rl NAME --lr 5e-4 --steps 50 --ops 6
    python benchmarks/regimes.py table                                # docs/regimes.md from docs/regimes/*.json
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from regime_trials import TRIALS, Trial

from interplay.data.mixture import Cell, Mixture
from interplay.data.stream import Stream, distinct_problems
from interplay.data.tokenizer import TokenizerConfig, load_tokenizer, train_tokenizer
from interplay.evals.evaluate import evaluate
from interplay.evals.evaluation import read_evaluation, read_samples
from interplay.evals.pass_at_k import pass_at_k
from interplay.model.build import build, load
from interplay.model.sampler import SamplingConfig
from interplay.rl.config import RLConfig
from interplay.rl.grpo import reinforce
from interplay.rl.pools import UniformPool
from interplay.rl.presets import preset
from interplay.rl.rewards import RewardConfig
from interplay.train.config import TrainConfig
from interplay.train.optimizer import OptimizerConfig
from interplay.train.runtime import Runtime
from interplay.train.supervised import supervise

PAGE = Path(__file__).parents[1] / "docs" / "regimes.md"
RECORDS = PAGE.with_suffix("")
MARKS = ("<!-- table of benchmarks/regimes.py -->", "<!-- end of the table -->")
RUNTIME = Runtime(device="cpu", threads=1, cores=1)


def streams(trial: Trial, seed: int) -> tuple[Stream, Stream]:
    """What a trial is trained on, and every op it is asked."""
    total = sum(trial.shares.values()) * len(trial.contexts)
    cells = {Cell(op=op, context=name): share / total for op, share in trial.shares.items() for name in trial.contexts}
    shown, asked = Mixture.of(cells), Mixture.uniform(sorted({*trial.shares, *trial.asked}), trial.contexts)
    return Stream(world=trial.world, mixture=shown, seed=seed), Stream(world=trial.world, mixture=asked, seed=seed)


def trained(name: str, seed: int, store: Path) -> tuple[Any, Any, dict[str, Any]]:
    """(model, tokenizer, summary) of a trial, going on where an earlier call was cut."""
    trial, folder = TRIALS[name], store / f"{name}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    shown, every = streams(trial, seed)
    if not (folder / "tokenizer").exists():
        stream = every.model_copy(update={"seed": 0})
        learned = TokenizerConfig(stream=stream, vocab_size=trial.vocab_size, documents=1500, unit=trial.unit)
        train_tokenizer(learned).save_pretrained(folder / "tokenizer")
    tokenizer = load_tokenizer(folder / "tokenizer")
    config = TrainConfig(
        stream=shown, budget_tokens=trial.tokens, batch_tokens=trial.batch_tokens, packing=trial.packing,
        optimizer=trial.optimizer, schedule=trial.schedule, precision=trial.precision,
    )  # fmt: skip
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    model = build(trial.model, len(tokenizer), seed, **ends)
    summary = supervise(config, model, tokenizer, folder / "train", RUNTIME, f"{name} {seed}")
    return load(folder / "train" / summary["checkpoint"]), tokenizer, summary


def record_of(
    name: str, seed: int, model: Any, tokenizer: Any, summary: dict[str, Any], folder: Path, **more: Any
) -> dict[str, Any]:
    """Ask a trial's ops of a model; what came out as JSON values."""
    trial = TRIALS[name]
    started = time.monotonic()
    every = streams(trial, seed)[1].model_copy(update={"split": "val", "seed": 0})
    cells = [Cell(op=op, context=context) for op in trial.asked for context in trial.contexts]
    each = trial.problems // len(trial.contexts)
    asked = [(f"op{cell.op}", p) for cell in cells for p in distinct_problems(every, cell, each)]
    evaluate(
        asked, model, tokenizer, folder, samples=trial.samples, seed=0, runtime=RUNTIME, verify_workers=0,
        sampling=SamplingConfig(temperature=trial.temperature, max_new_tokens=trial.max_new_tokens),
    )  # fmt: skip
    return {
        "name": name, "seed": seed, **more, "trial": trial.model_dump(mode="json"), "parameters": model.num_parameters(),
        "tokens": TRIALS[name].tokens, "train_minutes": round(summary["wall_s"] / 60, 1),
        "eval_minutes": round((time.monotonic() - started) / 60, 1), "by_op": by_op(folder, trial.samples),
    }  # fmt: skip


def run(name: str, seed: int, store: Path) -> dict[str, Any]:
    """Train and ask one trial."""
    model, tokenizer, summary = trained(name, seed, store)
    return record_of(name, seed, model, tokenizer, summary, store / f"{name}-{seed}" / "asked")


def reinforced(name: str, seed: int, store: Path, lr: float, steps: int, ops: list[int]) -> dict[str, Any]:
    """GRPO with the strict reward from a trial's model on some ops, asked as the model before it was."""
    model, tokenizer, _ = trained(name, seed, store)
    trial, folder = TRIALS[name], store / f"{name}-{seed}" / f"rl-{lr:g}-{steps}"
    pool = UniformPool(stream=Stream(world=trial.world, mixture=Mixture.uniform(ops), split="rl", seed=seed))
    chosen = preset("micro", trial.max_new_tokens) | {"optimizer": OptimizerConfig(lr=lr, weight_decay=0.0)}
    config = RLConfig.model_validate({**chosen, "reward": RewardConfig(kind="strict"), "pool": pool, "steps": steps})
    summary = reinforce(config, model, tokenizer, folder, RUNTIME, f"{name} {seed} RL {lr:g}")
    model = load(folder / summary["checkpoint"])
    told = {"rl": {"lr": lr, "steps": steps, "ops": ops}}
    return record_of(name, seed, model, tokenizer, summary, folder / "asked", **told)


def by_op(folder: Path, samples: int) -> dict[str, dict[str, object]]:
    """Strict pass@1 and pass@k, right answers and the most frequent first faults of each op."""
    evaluation = read_evaluation(folder)
    ops = dict(zip(evaluation.problems["problem_id"].to_pylist(), evaluation.problems["op"].to_pylist(), strict=True))
    right: dict[int, Counter[str]] = {}
    answers: Counter[int] = Counter()
    faults: dict[int, Counter[str]] = {}
    columns = ("problem_id", "strict", "answer_correct", "error")
    samples_ = read_samples(folder, columns)
    for ident, strict, answer, error in zip(*(samples_[c].to_pylist() for c in columns), strict=True):
        op = ops[ident]
        right.setdefault(op, Counter())[ident] += bool(strict)
        answers[op] += bool(answer)
        if error:
            faults.setdefault(op, Counter())[error] += 1
    found = {}
    for op, counts in sorted(right.items()):
        ks = [k for k in (1, 8, 32, 128) if k <= samples]
        row: dict[str, object] = {
            f"pass@{k}": round(sum(pass_at_k(samples, c, k) for c in counts.values()) / len(counts), 4) for k in ks
        }
        row |= {"answer": round(answers[op] / samples / len(counts), 4), "problems": len(counts)}
        row["faults"] = {k: round(v / samples / len(counts), 3) for k, v in faults.get(op, Counter()).most_common(3)}
        found[str(op)] = row
    return found


def table_row(record: dict[str, Any]) -> str:
    """One trial as a row of Markdown: per op strict pass@1 and, in brackets, pass@k; ops never shown in italics."""
    trial, cells = record["trial"], []
    if record["name"] in TRIALS:  # told as today, whatever the wording was then
        trial = trial | {"question": TRIALS[record["name"]].question}
    if "rl" in record:
        about = "RL on op {ops}, {steps} steps at {lr:g}".format(**record["rl"])
        trial = trial | {"question": about}
    for op, found in record["by_op"].items():
        most = max(int(key.removeprefix("pass@")) for key in found if key.startswith("pass@"))
        cell = f"{op}: {short(found['pass@1'])} ({short(found[f'pass@{most}'])})"
        cells.append(cell if op in trial["shares"] else f"*{cell}*")
    total = sum(trial["shares"].values())
    shares = ", ".join(f"{op} {100 * share / total:.3g} %" for op, share in trial["shares"].items())
    return (
        f"| `{record['name']}` {record['seed']} | {trial['question']} | {shares} | {record['tokens'] / 1e6:.1f}M | "
        f"{record['train_minutes']:.0f} | {' · '.join(cells)} |"
    )


def short(value: float) -> str:
    """A share with two digits, without its leading zero."""
    return f"{value:.2f}".removeprefix("0") if value else "0"


def write_table(records: Path) -> None:
    """Put the table of all records between the two marks of docs/regimes.md."""
    found = [json.loads(path.read_text()) for path in sorted(records.glob("*.json"))]
    order = list(TRIALS)
    found.sort(key=lambda record: (order.index(record["name"]) if record["name"] in order else -1, record["seed"]))
    head = "| trial | what is tried | op shares | tokens | minutes | op: pass@1 (pass@32) |"
    lines = [MARKS[0], "", head, "|---|---|---|---|---|---|", *map(table_row, found), "", MARKS[1]]
    before, _, rest = PAGE.read_text().partition(MARKS[0])
    PAGE.write_text(before + "\n".join(lines) + rest.partition(MARKS[1])[2])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("list", "run", "rl", "table"))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--store", type=Path, default=Path("store/regimes"))
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--ops", type=int, nargs="+", default=[6])
    parser.add_argument("--records", type=Path, default=RECORDS)
    arguments = parser.parse_args()
    if arguments.what == "list":
        print("\n".join(f"{name:24s} {trial.question}" for name, trial in TRIALS.items()))
    elif arguments.what in ("run", "rl"):
        for name in arguments.names:
            if arguments.what == "run":
                record, ending = run(name, arguments.seed, arguments.store), ""
            else:
                asked = (arguments.lr, arguments.steps, arguments.ops)
                record = reinforced(name, arguments.seed, arguments.store, *asked)
                ending = f"-rl-{arguments.lr:g}-{arguments.steps}"
            arguments.records.mkdir(parents=True, exist_ok=True)
            path = arguments.records / f"{name}-{arguments.seed}{ending}.json"
            path.write_text(json.dumps(record, indent=1) + "\n")
            print(name, json.dumps(record["by_op"]))
    else:
        write_table(arguments.records)


if __name__ == "__main__":
    main()
