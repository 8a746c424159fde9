"""The sampler's interface over vLLM, for checkpoints large enough that its start-up pays (`pip install interplay[vllm]`).

It takes a checkpoint directory instead of a model and gives the same completions, though not the same samples: vLLM
draws from its own generator, seeded here per sample from (seed, prompt key, sample index). Its prefix cache shares a
prompt among its samples. `interplay eval CHECKPOINT --backend vllm` samples with it, and `interplay rl --sampler vllm`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from interplay.extras import need
from interplay.model.build import save
from interplay.model.cohort import Completion
from interplay.model.next_token import SamplingConfig
from interplay.world.randomness import derive

DTYPES = {"fp32": "float32", "bf16": "bfloat16"}  # left to itself it takes fp32 weights as fp16
SHARE = 0.6  # of a device's memory, while it samples for a training


class Engine:
    """One vLLM engine for one checkpoint, started at the first call and kept for the next. Options go to `vllm.LLM`."""

    def __init__(self, checkpoint: str | Path, **options: Any) -> None:
        self.checkpoint, self.options = str(checkpoint), {"enable_prefix_caching": True} | options
        self.started: dict[tuple[str, str], Any] = {}  # by logprobs_mode and dtype, which are set when an engine starts

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        num_samples: int,
        config: SamplingConfig,
        stop_ids: Collection[int],
        seed: int,
        keys: Sequence[str | int] | None = None,
        first_sample: int = 0,
    ) -> Iterator[Completion]:
        """`num_samples` completions of every prompt, each named by the prompt's place and the sample's number."""
        vllm, llm = need("vllm", "vllm"), self._llm(_logprobs_mode(config), DTYPES[config.precision])
        keys = [derive("prompt", *prompt) for prompt in prompts] if keys is None else keys
        names = [(prompt, first_sample + i) for prompt in range(len(prompts)) for i in range(num_samples)]
        outputs = llm.generate(
            [{"prompt_token_ids": list(prompts[prompt])} for prompt, _ in names],
            [
                vllm.SamplingParams(
                    temperature=0.0 if config.greedy else config.temperature,
                    top_p=config.top_p,
                    top_k=config.top_k or -1,
                    max_tokens=config.max_new_tokens,
                    stop_token_ids=sorted(stop_ids),
                    ignore_eos=True,  # only stop_ids stop
                    seed=derive("vllm", seed, keys[prompt], index) % 2**31,
                    logprobs=0,  # of the drawn token alone
                    detokenize=False,
                )
                for prompt, index in names
            ],
        )
        for (prompt, index), output in zip(names, outputs, strict=True):
            said = output.outputs[0]
            tokens = list(said.token_ids)
            logprobs = [float(each[token].logprob) for token, each in zip(tokens, said.logprobs, strict=True)]
            yield Completion(prompt, index, tokens, logprobs, bool(tokens) and tokens[-1] in stop_ids)

    def _llm(self, mode: str, dtype: str) -> Any:
        if (mode, dtype) not in self.started:
            chosen = {"logprobs_mode": mode, "dtype": dtype} | self.options
            self.started[mode, dtype] = need("vllm", "vllm").LLM(
                model=self.checkpoint, skip_tokenizer_init=True, **chosen
            )
        return self.started[mode, dtype]


class TrainedEngine(Engine):
    """An engine for a model that is trained beside it, on the same device: it has the model's weights as they are when
    it samples, and leaves the device's memory to the training in between (vLLM's sleep mode).

    The weights travel through a folder, which the engine reads in place: `collective_rpc("reload_weights")` is what vLLM
    publishes for that, and takes no part of its insides. Its sleep forgets the cached prompts of the older weights.
    """

    def __init__(self, model: PreTrainedModel, folder: Path, **options: Any) -> None:
        super().__init__(folder, **{"enable_sleep_mode": True, "gpu_memory_utilization": SHARE} | options)
        self.model, self.folder = model, folder

    def sample(self, prompts: Sequence[Sequence[int]], **asked: Any) -> Iterator[Completion]:
        """As of `Engine`, of today's weights."""
        save(self.model, self.folder)
        if self.model.device.type == "cuda":
            torch.cuda.empty_cache()  # what the training has freed is the engine's now
        for llm in self.started.values():
            llm.wake_up(tags=["weights"])
            llm.collective_rpc("reload_weights")
            llm.wake_up(tags=["kv_cache"])
        yield from super().sample(prompts, **asked)
        for llm in self.started.values():
            llm.sleep(level=2)  # weights and cache are dropped; the next call brings new ones


def version() -> str:
    """Of the library; samples may differ from one to the next."""
    return str(getattr(need("vllm", "vllm"), "__version__", "unknown"))


def _logprobs_mode(config: SamplingConfig) -> str:
    """vLLM gives log-probabilities before all changes or after all; ours are after the temperature and before the rest."""
    if config.temperature == 1.0:
        return "raw_logprobs"
    if config.top_p < 1.0 or config.top_k > 0 or config.greedy:
        raise ValueError(
            f"vLLM cannot give log-probabilities at temperature {config.temperature} before top_p, top_k or greedy: "
            "use temperature 1 with them, or neither of them"
        )
    return "processed_logprobs"
