"""The training side of the synthetic records: curves, silent groups, losses per cell, gold likelihoods, stages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from interplay.schema.training import CURVES
from interplay.world.randomness import stream

Kinds = Mapping[str, tuple[str, ...]]
Rows = Iterable[dict[str, Any]]
SETTINGS: dict[str, Any] = {
    "scale": "micro", "id_ops": [2, 3], "edge_ops": [4], "hard_ops": [5, 6], "precision": "fp32", "problems": 200,
    "samples": 16, "devices": None, "modes": ["forward"],
    "world": {"style": "terse", "numbers": [1, 5], "max_value": 20, "distractors": [0, 0]},
    "model": {"layers": 4, "hidden": 128, "ffn": 384, "heads": 4, "kv_heads": 4, "tied": True},
    "optimizer": {"kind": "muon", "lr": 0.003, "matrix_lr": 0.02},
}  # fmt: skip
SUPERVISED = {
    "budget_tokens": 1300000, "batch_tokens": 2048, "precision": "fp32",
    "packing": {"width": 128, "rows": 16, "loss_on": "solution"},
    "optimizer": {"kind": "muon", "lr": 0.004, "matrix_lr": 0.02, "weight_decay": 0.01, "clip_norm": 1.0},
    "schedule": {"kind": "wsd", "warmup": 0.05, "decay": 0.3, "floor": 0.0},
}  # fmt: skip
GRPO = {
    "steps": 80, "prompts": 24, "group": 16, "updates": 1, "sampling": {"temperature": 1.0},
    "reward": {"kind": "strict", "alpha": 0.2}, "optimizer": {"kind": "adamw", "lr": 0.0002}, "loss": {"kl": 0.0},
}  # fmt: skip


def owners(kinds: Kinds) -> Iterable[tuple[str, str]]:
    """(arm, stage) of every trained stage, pre-training under the first arm."""
    yield next(iter(kinds)), "pretrain"
    for arm, own in kinds.items():
        for kind in own:
            if not (arm == "mid_rl" and kind == "midtrain"):  # shared with mid
                yield arm, kind


def curves(kinds: Kinds, seeds: tuple[int, ...]) -> Rows:
    """Loss of the supervised stages and the metrics of RL, each stage under the first arm it belongs to."""
    for seed in seeds:
        for place, (arm, kind) in enumerate(owners(kinds)):
            noise = stream("curves", seed, arm, kind)
            for step in range(1, 81):
                row = {"arm": arm, "seed": seed, "stage": kind, "step": step, "tokens": step * 30720}
                if kind == "rl":
                    reward = 0.1 + 0.05 * place + 0.25 * (1 - math.exp(-step / 30)) + noise.gauss(0, 0.03)
                    row |= {
                        "tokens": "", "rl/reward": reward, "rl/strict": reward * 0.96, "rl/hacked": reward * 0.04,
                        "rl/silent_wrong": max(0.5 - reward * 0.6, 0), "rl/silent_right": max(reward - 0.3, 0) * 0.5,
                        "rl/length": 46 + 3 * reward + place,
                    }  # fmt: skip
                else:
                    start = 4.2 if kind == "pretrain" else 0.55 + 0.05 * place
                    row["train/loss"] = 0.14 + (start - 0.14) * math.exp(-step / 12) + abs(noise.gauss(0, 0.02))
                yield row | {metric: round(row[metric], 6) if metric in row else "" for metric in CURVES}


def silent(kinds: Kinds, seeds: tuple[int, ...]) -> Rows:
    """Groups without signal on two ops."""
    for seed in seeds:
        for place, (arm, kind) in enumerate(owners(kinds)):
            for op in ("all", 4, 5) if kind == "rl" else ():
                for part, gain in (("all", 0.0), ("last quarter", 0.2)):
                    wrong = max(0.02, 0.5 - 0.03 * place - gain + 0.1 * (op == 5))
                    row = {"arm": arm, "seed": seed, "op": op, "part": part, "steps": 80}
                    shares = {"silent_wrong": round(wrong, 4), "silent_right": round(gain / 2 + 0.04, 4)}
                    yield row | shares | {"hacked": 0.03, "not_strict": 0.05}


def cells(kinds: Kinds, seeds: tuple[int, ...]) -> Rows:
    """Gold NLL of ops 2 to 6 at eight points of every supervised stage."""
    for seed in seeds:
        for arm, kind in owners(kinds):
            for tokens in range(1, 9) if kind != "rl" else ():
                for op in range(2, 7):
                    for context in ("zoo", "school"):
                        nll = 0.02 * op + 20 * math.exp(-tokens / (0.5 * op)) + 0.01 * seed
                        yield {"arm": arm, "seed": seed, "stage": kind, "tokens": tokens * 160_000,
                               "cell": f"op{op}/{context}/forward", "op": op, "loss": round(nll / 20, 6),
                               "solution_nll": round(nll, 6), "problems": 32}  # fmt: skip


def nll(skills: Mapping[str, float], starts: Mapping[str, str], regimes: Mapping[str, tuple[int, ...]], n: int) -> Rows:
    """Gold NLL of every arm and op, and its change against the arm's start."""
    for arm, skill in skills.items():
        for regime, ops in regimes.items():
            for op in ("all", *ops):
                depth = 4 if op == "all" else int(op)
                value = 0.4 * depth**1.5 / skill
                row: dict[str, Any] = {"arm": arm, "seed": "all", "regime": regime, "op": op, "nll": round(value, 4),
                       "lo": round(value * 0.95, 4), "hi": round(value * 1.05, 4), "per_token": round(value / 30, 5),
                       "greedy": 0.5, "start": starts[arm], "change": "", "change_lo": "", "change_hi": "",
                       "n_problems": 100, "n_seeds": n}  # fmt: skip
                if starts[arm]:
                    change = value - 0.4 * depth**1.5 / skills[starts[arm]] + 0.45
                    ends = {"change": change, "change_lo": change - 0.2, "change_hi": change + 0.2}
                    row |= {name: round(end, 4) for name, end in ends.items()}
                yield row


def stages(arm: str, kinds: tuple[str, ...], start: str, seed: int) -> dict[str, Any]:
    """The stages of one arm by address; shared stages have one address."""
    made = {
        "tokenizer/6f1d02c9aa": _stage("tokenizer", "documents of every regime", {"documents": 4000, "unit": "quantity"},
                                       vocab_size=602, documents=4000, wall_s=2.1),
        f"pretrain/base{seed}": _stage("pretrain", "op 2–3, zoo and school", SUPERVISED, tokens=2457600, steps=400,
                                       documents=33012, flops=1.3e13, nominal_flops=1.37e13, wall_s=188.0 + seed),
    }  # fmt: skip
    if "midtrain" in kinds:
        owner = start if start not in ("", "base") else arm
        made[f"midtrain/{owner}{seed}"] = _stage(
            "midtrain", "half op 2–3, half op 4", SUPERVISED | {"budget_tokens": 700000},
            tokens=983040, steps=160, documents=11870, flops=5.2e12, nominal_flops=5.5e12, wall_s=76.0,
        )  # fmt: skip
    if "rl" in kinds:
        made[f"rl/{arm}{seed}"] = _stage("rl", "op 4 of zoo and school", GRPO, tokens=1412000, steps=80, flops=2.4e13,
                                         nominal_flops=3e13, wall_s=121.0)  # fmt: skip
    config = {"problems": 200, "samples": 16, "sampling": {"temperature": 0.7, "max_new_tokens": 128}}
    made[f"evaluate/{arm}{seed}"] = _stage("evaluate", "600 problems × 16 samples", config, wall_s=31.5)
    return made


def _stage(kind: str, what: str, config: dict[str, Any], **summary: float) -> dict[str, Any]:
    return {"kind": kind, "summary": summary, "what": what, "config": config}
