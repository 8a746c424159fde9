"""Where and how fast a stage runs. No field here may move a result beyond floating-point order, and a test holds that."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, ValidationError

from interplay.config import Config, said
from interplay.model.memory import keep_freed_memory

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda"]
# what a driver that torch can use (CUDA, ROCm, WSL) puts under /dev
ACCELERATORS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")


class Runtime(Config):
    """Device, threads and the cutting of batches; never part of an address."""

    device: Device = "auto"
    threads: PositiveInt = 2  # shares of a step worked on at once; torch itself has one thread on a CPU
    cores: NonNegativeInt = 0  # how many of the machine's this stage may use, judging included; 0: all it sees
    micro_tokens: PositiveInt = 1 << 15
    workers: NonNegativeInt = 0
    save_seconds: PositiveFloat = 30.0  # between two saves of what a run resumes from, or more:
    save_share: PositiveFloat = 0.02  # of the time, what saving takes at most
    sample_rows: PositiveInt | None = None  # sampled side by side; None: 1,024 on a CPU, 8,192 on a GPU
    share_prompts: bool = True  # RL computes a prompt once per micro-batch: 1.3 to 1.9 times faster on a CPU
    peak_flops: PositiveFloat | None = None  # of one device, at the training precision; MFU is a share of it

    def changed(self, changes: Mapping[str, str]) -> Runtime:
        """With KEY=VALUE changes. Raises ValueError naming what is unknown or not allowed."""
        if unknown := [name for name in changes if name not in type(self).model_fields]:
            raise ValueError(f"--runtime {unknown[0]}: there are {', '.join(sorted(type(self).model_fields))}")
        try:
            return Runtime.model_validate(self.model_dump() | dict(changes))
        except ValidationError as error:
            raise ValueError(said(error, "--runtime")) from error

    @property
    def on_cpu(self) -> bool:
        """True where no accelerator is used. A machine that has none is known without loading torch."""
        if self.device != "auto":
            return self.device == "cpu"
        if sys.platform == "darwin" or (sys.platform == "linux" and not any(map(os.path.exists, ACCELERATORS))):
            return True
        import torch

        return not torch.cuda.is_available()

    def check_device(self) -> None:
        """Raises ValueError when the device is not there."""
        import torch

        if self.device == "cuda" and not torch.cuda.is_available():
            raise ValueError("device 'cuda' was asked for, but torch sees no CUDA device; use 'cpu' or 'auto'")

    def torch_device(self) -> torch.device:
        """The device; on a CPU torch is set to one thread, since work is cut in shares (`train/shares.py`), and keeps
        freed memory; on a GPU products of fp32 are not rounded to TF32. Raises ValueError when it is not there."""
        import torch

        self.check_device()
        torch.set_num_threads(1 if self.on_cpu else self.threads)
        if self.on_cpu:
            keep_freed_memory()
        else:  # fp32 is fp32, whatever another library has set; who wants speed asks for bf16
            torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.allow_tf32 = False
        return torch.device("cpu" if self.on_cpu else "cuda")
