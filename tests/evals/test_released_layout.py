"""A checkpoint laid out as the paper's released ones is evaluated like ours: Qwen2, a byte-level tokenizer whose first ten
tokens are special, the tags among them, no first token before a prompt, and one token more than the model has rows for."""

import json

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from typer.testing import CliRunner

from interplay.cli import app
from interplay.data.mixture import Mixture, World
from interplay.data.row_files import write_rows
from interplay.data.stream import Stream
from interplay.data.tokenizer import decode_completion, load_tokenizer
from interplay.interop.exchange import gold_of, scores
from interplay.world.problem import to_row

TAGS = [f"<{close}{name}>" for name in ("question", "solution", "answer") for close in ("", "/")]
SPECIAL = ["[UNK]", "[PAD]", "[BOS]", "[EOS]", *TAGS]
PROBLEMS = list(Stream(world=World(style="full"), mixture=Mixture.uniform((2, 3))).first(6))


@pytest.fixture(scope="module")
def tokenizer():
    made = Tokenizer(models.BPE(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator((problem.text for problem in PROBLEMS), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]", bos_token="[BOS]", eos_token="[EOS]",
        additional_special_tokens=TAGS,
    )  # fmt: skip


@pytest.fixture(scope="module")
def released(tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    config = Qwen2Config(
        vocab_size=len(tokenizer) - 1, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=2048, tie_word_embeddings=True, bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_one_command_evaluates_it(released, tmp_path):
    write_rows(tmp_path / "problems.jsonl", map(to_row, PROBLEMS))
    command = ["eval", released, "--data", tmp_path / "problems.jsonl", "--samples", "2", "--k", "1,2",
               "--max-new-tokens", "8", "--out", tmp_path / "out"]  # fmt: skip
    done = CliRunner().invoke(app, list(map(str, command)))
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout.splitlines()[-1])
    assert printed["problems"] == 6
    assert {row["rule"] for row in printed["pass_at_k"]} >= {"strict", "paper_v1", "answer"}


def test_a_token_without_a_row_is_spelled_by_its_parts(tokenizer, released):
    found = load_tokenizer(released)
    text = "".join(problem.text for problem in PROBLEMS)
    whole, spelled = (each.encode(text, add_special_tokens=False) for each in (tokenizer, found))
    assert max(whole) == len(found) == len(tokenizer) - 1
    assert max(spelled) < len(found)
    assert found.backend_tokenizer.decode(spelled, skip_special_tokens=False) == text
    assert [found.eos_token_id, found.pad_token_id, found.bos_token_id] == [3, 1, 2]


def test_what_it_samples_is_read_with_its_tags(tokenizer):
    for problem in PROBLEMS:
        ids = tokenizer.encode(problem.completion, add_special_tokens=False)
        text = decode_completion(tokenizer, [*ids, tokenizer.eos_token_id])
        assert scores(gold_of(problem), text)["strict"] == 1.0
