"""Each how-to page's example runs beside the library in the release that the page names, and prints what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "pages"))
from code_blocks import agrees, blocks  # noqa: E402

from fake_server import serving  # noqa: E402
from interplay.data.instructions import question_of, solution_of  # noqa: E402
from interplay.interop.exchange import problems  # noqa: E402

HOWTO = ROOT / "docs" / "howto"
LIBRARIES = {  # page: (what it calls the library, the library's name on the index)
    "datasets": ("datasets", "datasets"),
    "inspect-ai": ("inspect_ai", "inspect_ai"),
    "lm-eval": ("release", "lm_eval"),
    "reasoning-gym": ("reasoning-gym", "reasoning_gym"),
    "tinker": ("tinker-cookbook", "tinker_cookbook"),
    "trl": ("TRL", "trl"),
    "verifiers": ("verifiers", "verifiers"),
    "verl": ("verl", "verl"),
}
EXAMPLES = {  # page: the file in examples/ that it shows
    "datasets": "stream_rows",
    "inspect-ai": "inspect_task",
    "lm-eval": "lm_eval_task",
    "reasoning-gym": "reasoning_gym_dataset",
    "tinker": "tinker_env",
    "trl": "trl_grpo",
}


def pins() -> dict[str, str]:
    """Every pinned release, by its name on the index."""
    files = (ROOT / "requirements" / "interop.txt", ROOT / "constraints.txt")
    found = re.findall(r"^([\w.-]+)==(\S+)", "\n".join(file.read_text() for file in files), re.MULTILINE)
    return {name.lower().replace("-", "_"): version for name, version in found}


@pytest.mark.parametrize("page", LIBRARIES)
def test_a_page_names_the_release_that_the_tests_run_against(page):
    called, name = LIBRARIES[page]
    text = " ".join((HOWTO / f"{page}.md").read_text().split())
    (named,) = re.findall(rf"Tested with {re.escape(called)} ([0-9][\w.]*\w)", text)
    assert named == pins()[name]


@pytest.mark.interop
@pytest.mark.parametrize("page", EXAMPLES)
def test_an_example_prints_what_its_page_shows(page):
    pytest.importorskip(LIBRARIES[page][1])
    (shown,) = (block for block in blocks(HOWTO / f"{page}.md") if block.directive == "output")
    done = subprocess.run([sys.executable, ROOT / "examples" / f"{EXAMPLES[page]}.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert agrees(shown.text, done.stdout), done.stdout


@pytest.mark.interop
def test_trl_goes_on_from_a_checkpoint_of_a_scale_in_a_context_of_ones_own(tmp_path):
    pytest.importorskip("trl")
    from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

    from interplay.data.tokenizer import TokenizerConfig, train_tokenizer

    context = str(ROOT / "examples" / "kitchen.toml")
    stream = problems((1, 5, 6), scale="micro", context=context)
    tokenizer = train_tokenizer(TokenizerConfig(stream=stream, documents=100, vocab_size=400))
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), num_key_value_heads=1, **size, **ids)).save_pretrained(
        tmp_path / "base"
    )
    tokenizer.save_pretrained(tmp_path / "base")
    program = [
        sys.executable,
        ROOT / "examples" / "trl_checkpoint.py",
        tmp_path / "base",
        tmp_path / "trained",
        context,
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}  # `make test-interop` names it relative to the repository
    done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "interplay/strict" in done.stdout
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "trained").config.vocab_size == len(tokenizer)


@pytest.mark.interop
def test_the_command_of_verifiers_prints_what_its_page_shows(tmp_path):
    pytest.importorskip("verifiers.v1")
    command, shown = blocks(HOWTO / "verifiers.md")
    gold = {question_of(problem): solution_of(problem) for problem in problems((2, 3, 4)).first(4)}
    with serving(lambda prompt, number: (200, gold.get(prompt, "I do not know."))) as (url, _):
        line = command.text.partition("\n")[2].replace("URL", url)  # without the installation
        more = {
            "OPENAI_API_KEY": "none",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **more},
        )
    assert done.returncode == 0, done.stderr[-2000:]
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    assert agrees(shown.text, printed), printed
