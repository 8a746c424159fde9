"""A published checkpoint opens with transformers alone, in a process that cannot import this package."""

import json
import os
import subprocess
import sys

import pytest
import torch
from transformers import AutoTokenizer

from interplay.data.tokenizer import load_tokenizer
from interplay.model.build import load
from interplay.train.publish import publish
from interplay.train.runtime import Runtime
from interplay.train.supervised import supervise

SCRIPT = """
import importlib.abc, json, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "interplay":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuse())
try:
    import interplay
except ModuleNotFoundError:
    pass
else:
    sys.exit("interplay could be imported")

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, text = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True).eval()
ids = tokenizer(text, add_special_tokens=False)["input_ids"]
with torch.no_grad():
    logits = model(torch.tensor([ids])).logits[0]
assert not [name for name in sys.modules if name.partition(".")[0] == "interplay"]
print(json.dumps({"ids": ids, "logits": logits.double().tolist(), "eos": tokenizer.eos_token_id}))
"""


@pytest.mark.parametrize("trust", [False, True])
def test_auto_tokenizer_gives_our_ids(config, model, tokenizer, tmp_path, trust):
    publish(model, tokenizer, tmp_path / "first")
    publish(model, load_tokenizer(tmp_path / "first"), tmp_path / "again")
    text = config.stream[0].text
    for name in ("first", "again"):
        opened = AutoTokenizer.from_pretrained(tmp_path / name, trust_remote_code=trust)
        ids = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        assert opened(text)["input_ids"] == load_tokenizer(tmp_path / name)(text)["input_ids"] == ids
        assert opened.decode(ids, skip_special_tokens=False) == text


def test_a_checkpoint_opens_without_this_package_and_gives_the_same_logits(config, model, tokenizer, tmp_path):
    short = config.model_copy(update={"budget_tokens": 2048})
    summary = supervise(short, model, tokenizer, tmp_path, Runtime(device="cpu", threads=1))
    checkpoint, text = tmp_path / summary["checkpoint"], config.stream[0].text
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, str(checkpoint), text],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = json.loads(done.stdout.splitlines()[-1])
    assert theirs["ids"] == tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
    assert theirs["eos"] == tokenizer.eos_token_id
    with torch.no_grad():
        logits = load(checkpoint)(torch.tensor([theirs["ids"]])).logits[0].double()
    assert torch.equal(torch.tensor(theirs["logits"], dtype=torch.float64), logits)
