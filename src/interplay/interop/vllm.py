"""The sampler's interface over vLLM, for checkpoints large enough that its start-up pays (`pip install interplay[vllm]`).

It takes a checkpoint directory instead of a model and gives the same completions, though not the same samples: vLLM
draws from its own generator, seeded here per sample from (seed, prompt key, sample index). Its prefix cache shares a
prompt among its samples. `interplay eval CHECKPOINT --backend vllm` samples with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from interplay.model.cohort import Completion
from interplay.model.next_token import SamplingConfig
from interplay.world.randomness import derive


class Engine:
    """One vLLM engine for one checkpoint, started at the first call and kept for the next. Options go to `vllm.LLM`."""

    def __init__(self, checkpoint: str | Path, **options: Any) -> None:
        self.checkpoint, self.options = str(checkpoint), {"enable_prefix_caching": True} | options
        self.started: dict[str, Any] = {}  # by its logprobs_mode, which is set when an engine starts

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
        vllm, llm = need_vllm(), self._llm(_logprobs_mode(config))
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

    def _llm(self, mode: str) -> Any:
        if mode not in self.started:
            made = need_vllm().LLM(model=self.checkpoint, skip_tokenizer_init=True, logprobs_mode=mode, **self.options)
            self.started[mode] = made
        return self.started[mode]


def sample(checkpoint: str | Path, prompts: Sequence[Sequence[int]], **asked: Any) -> Iterator[Completion]:
    """The completions of an engine that is used once; keywords as for `Engine.sample`."""
    return Engine(checkpoint).sample(prompts, **asked)


def need_vllm() -> Any:
    """The library. Raises ValueError saying how to install it where it is not there."""
    try:
        return import_module("vllm")
    except ImportError as error:
        raise ValueError("vLLM is not installed: pip install 'interplay[vllm]'") from error


def version() -> str:
    """Of the library; samples may differ from one to the next."""
    return str(getattr(need_vllm(), "__version__", "unknown"))


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
