"""Published settings by name: fields of `RLConfig` that a caller completes with a pool, steps and a sampling length.

paper    1,024 problems x 6 samples, KL 1e-3 to the start model (Zhang et al. 2025)
dapo     clip-higher, one mean over all tokens, no KL, groups without signal replaced (Yu et al. 2025)
dr_grpo  no division by the deviation nor by a length: the unbiased policy gradient (Liu et al. 2025)
grpo     the mean within each sequence first, then over sequences (Shao et al. 2024)
raft     self-training: the supervised loss on the strictly right samples of each step (Dong et al. 2023)
micro    what the studies use at the scale `micro`: 24 problems x 16 samples, lr 1e-4, no KL (docs/tuning.md has the rows)
mini     what the studies use at `mini`: the same at lr 2e-4 (docs/regimes.md has the trials)
small    what they start from at `small`: 128 x 16, lr 5e-5; a guess, not tuned
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interplay.model.next_token import SamplingConfig
from interplay.rl.loss import LossConfig
from interplay.train.optimizer import OptimizerConfig

ADAMW = OptimizerConfig(lr=1e-6, weight_decay=0.0)
ON_A_CPU = {"prompts": 24, "group": 16}
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "paper": {
        "prompts": 1024, "group": 6, "scale": "group", "loss": LossConfig(kl=1e-3), "optimizer": ADAMW,
    },
    "dapo": {
        "scale": "group", "loss": LossConfig(clip_high=0.28, denominator="tokens", counts="all"), "max_draws": 3,
    },
    "dr_grpo": {"scale": "none", "loss": LossConfig(denominator="constant", counts="all")},
    "grpo": {"scale": "group", "loss": LossConfig(denominator="sequences", counts="all")},
    "micro": {**ON_A_CPU, "optimizer": OptimizerConfig(lr=1e-4, weight_decay=0.0)},
    "mini": {**ON_A_CPU, "optimizer": OptimizerConfig(lr=2e-4, weight_decay=0.0)},
    "small": {"prompts": 128, "group": 16, "optimizer": OptimizerConfig(lr=5e-5, weight_decay=0.0)},
    "raft": {"baseline": "none", "scale": "none"},
}  # fmt: skip


def preset(name: str, max_new_tokens: int) -> dict[str, Any]:
    """Fields of `RLConfig`, the sampling included. Raises ValueError for an unknown name."""
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}; the presets are {', '.join(PRESETS)}")
    return {**PRESETS[name], "sampling": SamplingConfig(temperature=1.0, max_new_tokens=max_new_tokens)}
