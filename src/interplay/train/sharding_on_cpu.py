"""FSDP2 on CPU processes, so that sharded training can be tried and tested without accelerators.

torch shards over gloo as well as over NCCL, but accelerate asks for FSDP behind a list of accelerators: on CPU processes it
would run DDP and say nothing. The three settings it makes for GPUs are made here for CPUs; wrapping, gathering, saving and
loading are then accelerate's own.
"""

from __future__ import annotations

from accelerate import Accelerator, PartialState
from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin, parse_flag_from_env


def asked_to_shard() -> bool:
    """Whether the launcher asked for FSDP."""
    return bool(parse_flag_from_env("ACCELERATE_USE_FSDP"))


def shard_on_cpu(accelerator: Accelerator) -> bool:
    """Turn FSDP2 on where it was asked for and accelerate left it out. Raises ValueError for FSDP1, which needs GPUs."""
    if not asked_to_shard() or accelerator.distributed_type == DistributedType.FSDP:
        return False
    plugin = FullyShardedDataParallelPlugin()
    if accelerator.distributed_type != DistributedType.MULTI_CPU or plugin.fsdp_version != 2:
        raise ValueError("FSDP was asked for, but needs several processes, and FSDP version 2 where they are on CPUs")
    if accelerator.mixed_precision != "no":
        plugin.set_mixed_precision(accelerator.mixed_precision)
    accelerator.state.fsdp_plugin = plugin
    accelerator.state.distributed_type = PartialState().distributed_type = DistributedType.FSDP
    return True
