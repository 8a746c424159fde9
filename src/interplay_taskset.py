"""The taskset where verifiers can find it: its commands import top-level modules only (`vf-eval interplay_taskset`)."""

from interplay.interop.verifiers import InterplayTaskset

__all__ = ["InterplayTaskset"]
