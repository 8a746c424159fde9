"""One process of the tiny run: `accelerate launch ... run_tiny.py FOLDER JSON`. JSON changes config and runtime."""

import json
import os
import sys
from pathlib import Path

from accelerate import PartialState
from tiny_run import fixture_config, fixture_model, fixture_tokenizer

from interplay.data.packing import PackingConfig
from interplay.train.curves import Validation
from interplay.train.optimizer import OptimizerConfig
from interplay.train.run_record import Record
from interplay.train.runtime import Runtime
from interplay.train.supervised import supervise


def main(folder: Path, asked: dict) -> None:
    if "stop_after" in asked:
        was = Record.on_step_end

        def on_step_end(self, args, state, control, **kwargs):
            was(self, args, state, control, **kwargs)
            if state.global_step == asked["stop_after"]:
                os._exit(9)  # every process, at once and without a word, before the step is saved

        Record.on_step_end = on_step_end
    tokenizer = fixture_tokenizer()
    config = fixture_config(
        optimizer=OptimizerConfig(kind=asked.get("optimizer", "adamw"), lr=3e-3),
        budget_tokens=asked.get("budget_tokens", 12 * 1024),
        packing=PackingConfig(width=128, rows=asked.get("rows", 2), loss_on="solution"),
        grid_tokens=(4 * 1024,),
        validation=Validation(problems=4),
    )
    runtime = Runtime(
        device=asked.get("device", "cpu"), threads=1, save_seconds=asked.get("save_seconds", 1e9), save_share=1e9
    )
    supervise(config, fixture_model(tokenizer), tokenizer, folder, runtime)
    PartialState().destroy_process_group()  # threads of gloo must not outlive the interpreter


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
