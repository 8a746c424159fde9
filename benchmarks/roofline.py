"""What a GPU could do at most, from arithmetic alone: `python benchmarks/roofline.py > docs/roofline.md`.

A bound, not a measurement: each phase takes at least the time of its floating-point operations at the device's peak, and at
least the time of its bytes at the device's bandwidth. Beside each bound stands the target, and its share of the bound.
Data-sheet figures: dense bf16 with fp32 accumulation, without sparsity.
"""

from __future__ import annotations

from typing import NamedTuple

from interplay.model.sizes import ModelConfig, parameter_count, size

VOCAB = 2_200  # of the paper; the head is small beside the layers


class Device(NamedTuple):
    """Peak of matrix products in FLOP/s, memory bandwidth in bytes/s."""

    name: str
    flops: float
    bandwidth: float


DEVICES = (Device("H100 SXM", 989e12, 3.35e12), Device("H200", 989e12, 4.8e12))


class Work(NamedTuple):
    """What `paper` asks: lengths are means of its problems in tokens, measured with the released tokenizer."""

    width: int = 2_048  # positions of a training row; attention sees half of them on average
    prompt: int = 470
    completion: int = 200  # sequences average 670
    rows: int = 4_096  # sampled side by side
    rl_prompts: int = 1_024
    rl_group: int = 6
    problems: int = 3_000
    samples: int = 128


def forward_flops(model: ModelConfig, attended: float) -> float:
    """FLOPs of one position that attends to `attended` positions: 2 per weight, 4 per layer, head dimension and pair."""
    embeddings = VOCAB * model.hidden
    weights = parameter_count(model, VOCAB) - (0 if model.tied else embeddings)  # looked up, not multiplied
    return 2 * weights + 4 * model.layers * model.heads * model.head_dim * attended


def kv_bytes(model: ModelConfig) -> int:
    """Bytes of one position's keys and values in bf16."""
    return model.layers * 2 * model.kv_heads * model.head_dim * 2


def training_rate(model: ModelConfig, device: Device, work: Work) -> float:
    """Positions a second at the peak: forward and backward are three forward passes."""
    return device.flops / (3 * forward_flops(model, work.width / 2))


def sampling_rate(model: ModelConfig, device: Device, work: Work) -> float:
    """Sampled tokens a second with `rows` side by side: the weights are read once a step, each row's keys and values once."""
    attended = work.prompt + work.completion / 2
    compute = work.rows * forward_flops(model, attended) / device.flops
    memory = (2 * parameter_count(model, VOCAB) + work.rows * attended * kv_bytes(model)) / device.bandwidth
    return work.rows / (compute + memory)


def rl_step_seconds(model: ModelConfig, device: Device, work: Work) -> float:
    """One `paper` step: sample, then two log-probability passes (reference, old policy) and one update of every rollout."""
    rollouts = work.rl_prompts * work.rl_group
    length = work.prompt + work.completion
    sampling = rollouts * work.completion / sampling_rate(model, device, work)
    passes = (2 + 3) * rollouts * length * forward_flops(model, length / 2) / device.flops
    return sampling + passes


def grid_minutes(model: ModelConfig, device: Device, work: Work) -> float:
    """The pass@128 grid of one checkpoint."""
    return work.problems * work.samples * work.completion / sampling_rate(model, device, work) / 60


def phases(model: ModelConfig, work: Work) -> list[tuple[str, str, list[str], float]]:
    """(phase, target, bound on each device, the target's share of the last device's bound)."""
    rates = [training_rate(model, device, work) for device in DEVICES]
    drawn = [sampling_rate(model, device, work) for device in DEVICES]
    steps = [rl_step_seconds(model, device, work) for device in DEVICES]
    grids = [grid_minutes(model, device, work) for device in DEVICES]
    return [
        ("training, positions/s", f"{0.45 * rates[-1] / 1e3:,.0f}k (45 % MFU)", _thousands(rates), 0.45),
        ("sampling, tokens/s", "300k", _thousands(drawn), 3e5 / drawn[-1]),
        ("RL step, s", "25", [f"{each:.1f}" for each in steps], steps[-1] / 25),
        ("pass@128 grid of a checkpoint, min", "6", [f"{each:.1f}" for each in grids], grids[-1] / 6),
    ]


def _thousands(rates: list[float]) -> list[str]:
    return [f"{rate / 1e3:,.0f}k" for rate in rates]


PAGE = """\
# Roofline

What a GPU could do at most with the model of `paper`, from arithmetic alone. It is a bound, not a measurement: each phase
takes at least the time of its floating-point operations at the device's peak, and sampling at least the time of its bytes at
the device's bandwidth. Figures of the data sheets: 989 TFLOP/s in dense bf16 for both devices, 3.35 TB/s (H100 SXM) and
4.8 TB/s (H200).

The model has {parameters:.1f}M parameters, {flops:.0f} MFLOPs a position without attention, and {kv:,} bytes of keys and
values a position in bf16. A sequence has {prompt} + {completion} tokens (means of the paper's problems), and {rows:,} rows are
sampled side by side. An RL step has {rollouts:,} rollouts: sampling, one pass each for the old policy and the reference, one
update.

| phase | target | {devices} | target's share of the {last} bound | measured |
|---|---|{rule}---|---|
{lines}

`benchmarks/roofline.py` has the formulas and prints this page. `benchmarks/gpu.sh` measures each row on the GPU at hand.

## The data keeps up

| processes at once | packed tokens per CPU second of each | tokenizing alone | cores for 600k tokens/s |
|---|---|---|---|
| 1 | 293k | 710k | 2.0 |
| 2 | 273k | 705k | 2.2 |
| 4 (on two cores) | 293k | 718k | 2.0 |
| 16, each with a core | 4,690k together, by proportion, not measured | | |

`benchmarks/data_rate.py`, on a busy two-core cloud machine, by each process's own CPU time: problems of `paper`, generated,
rendered, tokenized and packed into rows of 2,048. A GPU that trains at 45 % MFU takes about 600k tokens a second, which is
two such cores of the sixteen beside it. A token costs 3.4 microseconds, 1.4 of them for tokenizing and the rest for making the
problem and packing it."""


def main() -> None:
    """Print the page."""
    model, work = size("paper"), Work()
    lines = "\n".join(
        f"| {phase} | {target} | {' | '.join(bounds)} | {share:.0%} | missing |"
        for phase, target, bounds, share in phases(model, work)
    )
    print(
        PAGE.format(
            parameters=parameter_count(model, VOCAB) / 1e6, flops=forward_flops(model, 0) / 1e6, kv=kv_bytes(model),
            prompt=work.prompt, completion=work.completion, rows=work.rows, rollouts=work.rl_prompts * work.rl_group,
            devices=" | ".join(f"bound, {device.name}" for device in DEVICES), rule="---|" * len(DEVICES),
            last=DEVICES[-1].name, lines=lines,
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
