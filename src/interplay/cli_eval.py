"""`interplay eval`: a checkpoint, or a model behind a server, on a file of problems."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from interplay.cli_options import Store, whole_numbers, writable
from interplay.extras import need


def evaluate(
    data_file: Annotated[Path, typer.Option("--data", help="JSON lines: our rows or GSM-Infinite's")],
    checkpoint: Annotated[
        str | None,
        typer.Argument(
            help="a Hugging Face folder, ours or another; or a stage of the store, by address, label or folder"
        ),
    ] = None,
    samples: Annotated[int, typer.Option(help="solutions per problem")] = 128,
    k: Annotated[str, typer.Option(help="comma-separated; by default 1,8,64,128 as far as --samples goes")] = "",
    out: Annotated[Path, typer.Option(help="folder of the records; an evaluation that was cut goes on")] = Path("eval"),
    temperature: Annotated[float, typer.Option(help="sampling temperature")] = 0.7,
    max_new_tokens: Annotated[int, typer.Option(help="longest solution, in tokens")] = 1024,
    seed: Annotated[int, typer.Option(help="names the samples of a checkpoint")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 0,
    gold: Annotated[bool, typer.Option(help="also the NLL of the gold solutions and greedy accuracy")] = True,
    bos: Annotated[bool, typer.Option("--bos", help="begin prompts with the tokenizer's first token")] = False,
    verify_workers: Annotated[int, typer.Option(help="judging processes; -1: the cores that sampling leaves")] = -1,
    base_url: Annotated[str, typer.Option(help="of an OpenAI-compatible server, in place of a checkpoint")] = "",
    model: Annotated[str, typer.Option(help="the model's name on that server")] = "",
    prompt: Annotated[str, typer.Option(help="chat: instructions and examples; tags: as models trained here")] = "chat",
    shots: Annotated[int, typer.Option(help="examples before each problem of a chat")] = 3,
    concurrency: Annotated[int, typer.Option(help="requests to the server at a time")] = 8,
    price: Annotated[str, typer.Option(help="IN,OUT: dollars per million prompt and completion tokens")] = "",
    store: Store = Path("store"),
    backend: Annotated[str, typer.Option(help="what samples a checkpoint: own, or vllm where it is installed")] = "own",
) -> None:
    """Sample solutions of a model, verify every step, and print pass@k under all rules, with intervals.

    `accelerate launch -m interplay.cli eval ...` shares the work among processes; the result is the same.

    Example: interplay eval "RL of base on edge 0" --data problems.jsonl --samples 128 --k 1,8,64,128 --out eval

    Example: interplay eval --base-url URL --model NAME --data problems.jsonl --samples 8 --out eval
    """
    from interplay.evals.pass_at_k import default_ks

    if samples < 1:
        raise ValueError(f"--samples takes a whole number from 1 up, got {samples}")
    ks = whole_numbers(k) or default_ks(samples)
    if max(ks) > samples:
        raise ValueError(f"--k {max(ks)} is above --samples {samples}: pass@k takes at least k samples")
    if (checkpoint is None) == (not base_url):
        raise ValueError("eval takes a CHECKPOINT, or --base-url and --model of a server")
    if base_url and not model:
        raise ValueError("--base-url takes --model, too: the model's name on that server")
    if verify_workers < -1:
        raise ValueError(f"--verify-workers takes a whole number from 0 up, got {verify_workers}")
    if checkpoint is None:
        served = {"base_url": base_url, "model": model, "prompt": prompt, "shots": shots, "temperature": temperature,
                  "max_new_tokens": max_new_tokens, "concurrency": concurrency}  # fmt: skip
        _tell(_of_a_server(served, data_file, out, samples, ks, _price(price)))
        return
    asked = {"data": data_file, "out": out, "samples": samples, "ks": ks, "temperature": temperature, "seed": seed,
             "max_new_tokens": max_new_tokens, "threads": threads or min(2, os.cpu_count() or 1), "gold": gold,
             "verify_workers": None if verify_workers < 0 else verify_workers, "bos": bos}  # fmt: skip
    _tell(_of_a_checkpoint(checkpoint, store, backend, asked))


def _of_a_server(
    served: Mapping[str, Any],
    data: Path,
    out: Path,
    samples: int,
    ks: tuple[int, ...],
    price: tuple[float, float] | None,
) -> Mapping[str, Any]:
    from interplay.evals.by_api import RemoteRequest, run_by_api
    from interplay.evals.remote import RemoteConfig

    writable(out, "the folder")
    return run_by_api(RemoteRequest(RemoteConfig.model_validate(served), data, out, samples, ks, price))


def _of_a_checkpoint(name: str, store: Path, backend: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if backend not in ("own", "vllm"):
        raise ValueError(f"--backend must be own or vllm, got {backend!r}")
    if backend == "vllm":
        need("vllm", "vllm")  # said before anything is loaded
    writable(asked["out"], "the folder")
    from interplay.evals.run import EvalRequest, run_eval
    from interplay.stages.named import named_checkpoint

    request = EvalRequest(checkpoint=named_checkpoint(name, store), **asked)
    if backend == "own":
        return run_eval(request)
    from interplay.model.vllm import Engine, version

    return run_eval(request._replace(backend=f"vllm {version()}"), Engine(request.checkpoint).sample)


def _tell(summary: Mapping[str, Any] | None) -> None:
    """The last line of standard output, and the same in words; of several processes the first has it."""
    if summary is not None:
        print(json.dumps(summary))
        sys.stdout.flush()
        print("\n".join(_told(summary)), file=sys.stderr)


def _told(summary: Mapping[str, Any]) -> list[str]:
    """An evaluation in words: pass@k over all problems, a line for each rule."""
    lines = [f"{summary['problems']:,} problems, {summary['samples']} samples each; records in {summary['out']}"]
    rows = [row for row in summary["pass_at_k"] if row["regime"] == "all" and row["value"] is not None]
    for rule in dict.fromkeys(row["rule"] for row in rows):
        told = [f"@{r['k']} {r['value']:.1%} [{r['lo']:.1%}, {r['hi']:.1%}]" for r in rows if r["rule"] == rule]
        lines.append(f"{rule + ':':<16} pass{', '.join(told)}")
    if "completion_tokens" in summary:
        cost = f", ${summary['dollars']:.2f}" if "dollars" in summary else ""
        lines.append(
            f"{summary['prompt_tokens']:,} prompt and {summary['completion_tokens']:,} completion tokens{cost}"
        )
    return lines


def _price(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        prompt, completion = map(float, text.split(","))
    except ValueError:
        raise ValueError(f"--price takes IN,OUT in dollars per million tokens, got {text!r}") from None
    return prompt, completion
