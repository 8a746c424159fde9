"""Reinforce a checkpoint outside a study, on one process or under `accelerate launch` and `torchrun` on many.

    python -m interplay.rl CONFIG.json CHECKPOINT OUT [KEY=VALUE ...]

CONFIG.json holds an `RLConfig`, CHECKPOINT is a Hugging Face folder, OUT is filled as the RL stage of a study is, and
goes on from where it was cut. KEY=VALUE are fields of `Runtime`, such as threads=1 or device=cpu.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch.distributed as dist
from pydantic import ValidationError

from interplay.claim import checkpoint_digests, claim
from interplay.config import identity_of, key_value
from interplay.data.tokenizer import load_tokenizer
from interplay.model.build import load
from interplay.rank import share_of_environment
from interplay.rl.grpo import RLConfig, reinforce
from interplay.train.runtime import Runtime


def main(arguments: list[str]) -> int:
    """Run the stage and print its summary; 2 and one line where the input is wrong."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    if len(arguments) < 3:
        return _refuse("usage: python -m interplay.rl CONFIG.json CHECKPOINT OUT [KEY=VALUE ...]")
    config_path, checkpoint, out, *fields = arguments
    try:
        config = RLConfig.model_validate_json(Path(config_path).read_text())
        runtime = Runtime.model_validate(dict(key_value(text, "the runtime") for text in fields))
        model, tokenizer = load(Path(checkpoint)), load_tokenizer(Path(checkpoint))
        claim(Path(out), {"config": identity_of(config, True), "start": checkpoint_digests(Path(checkpoint))}, "run")
        summary = reinforce(config, model, tokenizer, Path(out), runtime)
    except ValidationError as error:
        first = error.errors()[0]
        return _refuse(f"{'.'.join(map(str, first['loc'])) or config_path}: {first['msg']}")
    except (OSError, ValueError) as error:
        return _refuse(str(error))
    if share_of_environment().is_first:
        print(json.dumps(summary))
    if dist.is_initialized():
        dist.destroy_process_group()
    return 0


def _refuse(reason: str) -> int:
    print(" ".join(reason.split()), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
