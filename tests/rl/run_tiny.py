"""One process of a tiny RL run: `torchrun ... run_tiny.py FOLDER JSON`. JSON names the case and how the run ends."""

import json
import os
import sys
from pathlib import Path

import torch.distributed as dist
from tiny_rl import SHAPE, paying_for_variety, tiny_config, tiny_pool, tiny_tokenizer

import interplay.rl.grpo as grpo
from interplay.data.stream import Stream
from interplay.model.build import build
from interplay.rl.config import HeldOut
from interplay.rl.grpo import RLConfig, reinforce
from interplay.rl.loss import LossConfig
from interplay.rl.pools import Adaptive, Refreshed
from interplay.rl.stage_folder import StageFolder
from interplay.train.runtime import Runtime


def cases(pool) -> dict:
    """Together they use every exchange between processes."""
    val = Stream(world=pool.stream.world, mixture=pool.stream.mixture, split="val")
    return {
        "everything": {
            "updates": 2, "max_draws": 3, "checkpoint_every": 4, "prompts": 5,
            "held_out": HeldOut(stream=val, every=2, problems=5, samples=2),
            "selection": Adaptive(start_op=2, threshold=0.1, window=2), "loss": LossConfig(counts="all"),
        },
        "edge_with_kl": {
            "selection": Refreshed(candidates=7, samples=4, max_rate=0.75, every=3), "scale": "batch",
            "loss": LossConfig(kl=0.1, denominator="sequences"),
        },
        "more_processes_than_groups": {"prompts": 1, "group": 8},
    }  # fmt: skip


def stop_after(step: int) -> None:
    """End the process without a word once the step is on record, before its state is saved."""
    was = StageFolder.save

    def save(self, at, state):
        if at == step:
            os._exit(9)
        was(self, at, state)

    StageFolder.save = save


def main(folder: Path, asked: dict) -> None:
    grpo.roll_out = paying_for_variety(grpo.roll_out)
    if "stop_after" in asked:
        stop_after(asked["stop_after"])
    pool = tiny_pool()
    tokenizer = tiny_tokenizer(pool)
    config = RLConfig.model_validate(tiny_config(pool).model_dump() | {"steps": 6} | cases(pool)[asked["case"]])
    runtime = Runtime(
        device="cpu", threads=1, micro_tokens=512, save_seconds=asked.get("save_seconds", 1e9), save_share=1e9
    )
    model = build(SHAPE, len(tokenizer), 0, eos_token_id=tokenizer.eos_token_id)
    reinforce(config, model, tokenizer, folder, runtime)
    if dist.is_initialized():
        dist.destroy_process_group()  # threads of gloo must not outlive the interpreter


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
