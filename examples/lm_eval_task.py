"""The task in the harness, beside a stand-in model that writes the gold solution one time in three."""

from pathlib import Path

import lm_eval
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

import interplay.interop.lm_eval as tasks


class OneInThree(LM):
    """In its place: lm_eval.models.huggingface.HFLM(pretrained=CHECKPOINT)."""

    tokenizer_name = ""

    def generate_until(self, requests, **_):
        texts = [request.doc["target"].removesuffix("</answer>") for request in requests]
        return [text if number % 3 == 0 else "I do not know." for number, text in enumerate(texts)]

    def loglikelihood(self, requests):
        raise NotImplementedError("the task only samples")

    loglikelihood_rolling = loglikelihood


asked = {"ops": [2, 3, 4], "n": 12, "style": "terse"}
manager = TaskManager(include_path=str(Path(tasks.__file__).parent), metadata=asked)
made = lm_eval.simple_evaluate(OneInThree(), tasks=["interplay"], task_manager=manager)
for name, value in made["results"]["interplay"].items():
    if name.endswith(",repeats") and "stderr" not in name:
        print(f"{name.removesuffix(',repeats'):<20} {value:.3f}")
