"""The steps of `gpu.sh`: sampling, an RL step and training at 103M parameters in bf16, and the tests that need a GPU.

Every step writes what it measured to `$OUT/NAME.json`. With INTERPLAY_GPU_DRY=1 sizes are toys and the device is the CPU:
that shows that the steps run to their end, and every figure in their files is null.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from gpu_common import DEVICE, DRY, DTYPE, OUT, PEAK_FLOPS, PRECISION, RUNTIME, SIZES, machine, peak_gib, seconds, write
from transformers import TrainerCallback

from interplay.data.mixture import Mixture, World
from interplay.data.packing import PackingConfig
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.model.build import build
from interplay.model.sampler import Clock, SamplingConfig, sample
from interplay.model.sizes import size
from interplay.rl.grpo import Learner, RLConfig, Scored
from interplay.rl.pools import UniformPool
from interplay.rl.rewards import RewardConfig
from interplay.rl.rollout import roll_out
from interplay.train.flops import forward_cost
from interplay.train.runtime import Runtime
from interplay.train.supervised import TrainConfig, supervise


def stream() -> Stream:
    """Problems of the published op range."""
    return Stream(world=World(style=SIZES.style), mixture=Mixture.uniform([3] if DRY else range(8, 13)))


def tokenizer() -> Any:
    """As a study would train it."""
    return train_tokenizer(TokenizerConfig(stream=stream(), vocab_size=SIZES.vocab_size, documents=SIZES.documents))


def sampling() -> dict[str, Any]:
    """Tokens/s with ends as studies have them and without, beside `generate` at several batch sizes, and the bandwidth bound.

    The weights stay fp32 and the sampler computes with bf16 copies, as in a study; only the peer's model is cast, its
    rotations left in fp32. A random model says any token alike, so a stop set of 1 in 200 of the vocabulary makes texts of
    about 200 tokens, of every length.
    """
    model: Any = build(size(SIZES.model), SIZES.vocab_size, "gpu")
    model.eval().to(DEVICE)
    rng = random.Random(0)
    prompts = [[rng.randrange(SIZES.vocab_size) for _ in range(SIZES.prompt_tokens)] for _ in range(SIZES.prompts)]

    ends = range(max(1, SIZES.vocab_size // 200))

    def ours(new_tokens: int, stop_ids: Collection[int], clock: Clock | None = None) -> int:
        config = SamplingConfig(max_new_tokens=new_tokens, precision=PRECISION)
        drawn = sample(model, prompts, num_samples=SIZES.samples, config=config, stop_ids=stop_ids, seed=0, clock=clock)
        return sum(len(completion.tokens) for completion in drawn)

    warm_s, _ = seconds(lambda: ours(SIZES.new_tokens, ends))  # every size of step is captured
    clock = Clock()
    spent_s, tokens = seconds(lambda: ours(SIZES.new_tokens, ends, clock))
    rate = tokens / spent_s
    full_s, full_tokens = seconds(lambda: ours(SIZES.new_tokens, ()))
    result: dict[str, Any] = {"tokens_per_s": round(rate), "wall_s": round(spent_s, 2), "warm_up_s": round(warm_s, 2)}
    result |= {"mean_length": round(tokens / (SIZES.prompts * SIZES.samples), 1)}
    result |= {"tokens_per_s_without_ends": round(full_tokens / full_s)}
    result |= {"shares_of_host_time": clock.shares(), "peak_gib": peak_gib(), "peer_tokens_per_s": {}}
    result |= bandwidth(model.config, rate)
    write("sample", result | {"partial": True})  # should a batch of the peer not fit
    cast_for_products(model)
    for batch in SIZES.peer_batches:
        result["peer_tokens_per_s"][str(batch)] = round(generate(model, prompts, batch))
        best = max(result["peer_tokens_per_s"].values())
        result |= {"peer": "transformers.generate", "ratio": round(rate / best, 2)}
        write("sample", result | {"partial": True})
    grid_tokens = 19 * 200 * 128 * 300  # op 2..20 x 200 problems x 128 samples of about 300 tokens
    return result | {"minutes_for_the_full_grid": round(grid_tokens / rate / 60, 2)}


def cast_for_products(model: Any) -> None:
    """Parameters in the dtype of the products; the frequencies of the rotation stay fp32, or places far on lose their order."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(DTYPE)


def generate(model: Any, prompts: list[list[int]], batch: int) -> float:
    """Tokens/s of transformers on one batch, in which prompts stand several times."""
    repeated = [prompt for prompt in prompts for _ in range(SIZES.samples)][:batch]
    ids_B_L = torch.tensor(repeated, device=DEVICE)

    def run(new_tokens: int) -> Any:
        with torch.inference_mode():
            return model.generate(
                ids_B_L, attention_mask=torch.ones_like(ids_B_L), pad_token_id=0, do_sample=True, top_k=0,
                max_new_tokens=new_tokens, min_new_tokens=new_tokens,
            )  # fmt: skip

    run(4)
    spent_s, said = seconds(lambda: run(SIZES.new_tokens))
    return said[:, SIZES.prompt_tokens :].numel() / spent_s


def bandwidth(config: Any, rate: float) -> dict[str, Any]:
    """The rate at which keys and values alone could be read: prompts once per group, or once per sample."""
    source = torch.empty(1 << (24 if DRY else 31), dtype=torch.uint8, device=DEVICE)
    target = torch.empty_like(source)
    target.copy_(source)
    copy_s = min(seconds(lambda: target.copy_(source))[0] for _ in range(5))
    measured = 2 * source.numel() / copy_s
    head_dim = config.hidden_size // config.num_attention_heads
    per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * head_dim * DTYPE.itemsize
    own = SIZES.new_tokens / 2 * per_token
    prompt = SIZES.prompt_tokens * per_token
    limits = {"shared": measured / (own + prompt / SIZES.samples), "unshared": measured / (own + prompt)}
    return {
        "copy_bytes_per_s": round(measured),
        **{f"kv_limit_{name}": round(limit) for name, limit in limits.items()},
        **{f"of_kv_limit_{name}": round(rate / limit, 4) for name, limit in limits.items()},
    }


def reinforcement() -> dict[str, Any]:
    """Whole steps of the paper's batch: sampled, judged, and learned from with made-up advantages, so nothing is silent."""
    encoder = tokenizer()
    policy: Any = build(size(SIZES.model), len(encoder), "gpu", eos_token_id=encoder.eos_token_id)
    config = RLConfig(
        pool=UniformPool(stream=stream()), steps=10, prompts=SIZES.rl_prompts, group=SIZES.rl_group,
        sampling=SamplingConfig(max_new_tokens=SIZES.rl_tokens, precision=PRECISION), reward=RewardConfig(kind="process"),
    )  # fmt: skip
    learner = Learner(policy, encoder, config, RUNTIME)
    found: list[dict[str, float]] = []
    for step in range(2):
        problems_s, problems = seconds(lambda step=step: config.pool.take(step * config.prompts, config.prompts))
        rollout_s, groups = seconds(
            lambda problems=problems, step=step: roll_out(
                learner.model, encoder, problems, group=config.group, sampling=config.sampling,
                rewards=config.reward, seed=step, runtime=RUNTIME,
            )
        )  # fmt: skip
        rollouts = [rollout for group in groups for rollout in group]
        tokens = sum(len(r.completion.tokens) for r in rollouts)
        signs = (1.0 - 2.0 * (i % 2) for i in range(len(rollouts)))
        advantages = [torch.full((len(r.completion.tokens),), sign) for r, sign in zip(rollouts, signs, strict=True)]
        update_s, _ = seconds(
            lambda rollouts=rollouts, advantages=advantages, step=step: learner.update(
                Scored(rollouts, advantages), step
            )
        )
        found.append({
            "problems_s": round(problems_s, 2), "sample_and_verify_s": round(rollout_s, 2),
            "update_s": round(update_s, 2), "step_s": round(problems_s + rollout_s + update_s, 2),
            "sampled_tokens": tokens, "prompt_tokens": sum(len(r.prompt) for r in rollouts),
        })  # fmt: skip
    return {"first_step": found[0], "step": found[1], "rollouts": len(rollouts), "peak_gib": peak_gib(),
            "precision": PRECISION, "weights": "fp32"}  # fmt: skip


def training() -> dict[str, Any]:
    """Batches of 64 x 2048 at the default micro-batch: rows read through as at `paper`, documents apart as at `small`, and
    rows compiled: rate, MFU, and whether 40 GB hold it."""
    encoder = tokenizer()
    result: dict[str, Any] = {}
    for name in ("row", "document"):
        result[name] = trained(encoder, name)
        write("train", result | {"partial": True})  # should compiling take too long
    os.environ["ACCELERATE_DYNAMO_BACKEND"] = "eager" if DRY else "inductor"  # as `accelerate launch --dynamo_backend`
    result["row_compiled"] = trained(encoder, "row")
    del os.environ["ACCELERATE_DYNAMO_BACKEND"]
    return result


class Stamps(TrainerCallback):
    """When the device had done each step."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The Trainer has waited for the loss of the step before, so waiting for this one costs little."""
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        self.at.append(time.perf_counter())


def trained(encoder: Any, attention: Any) -> dict[str, Any]:
    """The rate after the first steps of a run, so that neither start, compiling nor end is in it."""
    if DEVICE == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    model: Any = build(size(SIZES.model), len(encoder), "gpu")
    runtime = Runtime(device=DEVICE, threads=1, workers=RUNTIME.workers)
    warm, steps = SIZES.steps
    config = TrainConfig(
        stream=stream(), budget_tokens=steps * SIZES.batch_tokens, batch_tokens=SIZES.batch_tokens,
        packing=PackingConfig(width=SIZES.width, rows=SIZES.rows, attention=attention), precision=PRECISION,
    )  # fmt: skip
    stamps, start = Stamps(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        summary = supervise(config, model, encoder, Path(folder), runtime, callbacks=[stamps])
    rate = (steps - warm) * SIZES.batch_tokens / (stamps.at[-1] - stamps.at[warm - 1])
    cost = forward_cost(model.config)
    flops = {"products": cost.training(1, 0), "with_attention": cost.training(1, SIZES.width / 2)}
    peak = peak_gib()
    return {
        "tokens_per_s": round(rate), "data_wait_share": round(summary["data_wait_share"], 4), "peak_gib": peak,
        "fits_40_gb": None if peak is None else peak * 2**30 < 40e9, "first_step_s": round(stamps.at[0] - start, 1),
        "width": SIZES.width, "batch_tokens": SIZES.batch_tokens, "micro_tokens": runtime.micro_tokens,
        **{f"mfu_{name}": round(rate * per_token / PEAK_FLOPS, 4) for name, per_token in flops.items()},
    }  # fmt: skip


def tests() -> dict[str, Any]:
    """Run the tests marked `gpu`; on a bare machine without our test settings."""
    files = sorted({str(p) for p in Path("tests").rglob("test_*.py") if "mark.gpu" in p.read_text(encoding="utf-8")})
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", *files]
    if importlib.util.find_spec("pytest") is None:
        return {"passed": False, "failed": "pytest is not installed"}
    if importlib.util.find_spec("hypothesis") is None:
        command.append("--noconftest")
    done = subprocess.run(command, capture_output=True, text=True)
    return {"passed": done.returncode == 0, "files": files, "said": done.stdout.strip().splitlines()[-15:]}


STEPS = {"sample": sampling, "rl": reinforcement, "train": training, "tests": tests}


def main(name: str) -> None:
    """Run one step, or collect them all."""
    OUT.mkdir(parents=True, exist_ok=True)
    if name == "collect":
        found = {step: json.loads((OUT / f"{step}.json").read_text()) for step in STEPS}
        (OUT / "gpu.json").write_text(json.dumps({"machine": machine(), **found}, indent=1))
        print(json.dumps({"machine": machine(), **found}))
        return
    start = time.perf_counter()
    result = STEPS[name]()
    write(name, result | {"step_wall_s": round(time.perf_counter() - start, 1)})


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        main(argument)
