import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, pre_tokenizers
from tokenizers.decoders import DecodeStream
from transformers import AutoTokenizer

from interplay.data.row_files import read_rows
from interplay.data.tokenizer import (
    DIGITS,
    EOS,
    PAD,
    TAGS,
    UNITS,
    WORDS,
    TokenizerConfig,
    decode_completion,
    encode_document,
    load_tokenizer,
    train_on,
    train_tokenizer,
    wrap,
)
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference, verify


@given(text=st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_makes_the_round_trip(tokenizer, text):
    ids = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.backend_tokenizer.decode(ids, skip_special_tokens=False) == text
    assert all(0 <= token < len(tokenizer) for token in ids)


def test_document_splits_where_the_prompt_ends(tokenizer, terse_stream):
    problem = terse_stream[0]
    prompt, completion = encode_document(tokenizer, problem)
    assert tokenizer.backend_tokenizer.decode(prompt, skip_special_tokens=False) == problem.prompt
    assert completion[-1] == tokenizer.eos_token_id
    assert decode_completion(tokenizer, completion) == problem.completion
    together = tokenizer.backend_tokenizer.encode(problem.text, add_special_tokens=False).ids
    assert prompt + completion[:-1] == together


@pytest.mark.parametrize(("digits", "most"), [("single", 1), ("triples", 3)])
def test_digit_policy_bounds_the_digits_of_a_token(terse_stream, digits, most):
    config = TokenizerConfig(stream=terse_stream, vocab_size=400, documents=200, digits=digits)
    tokenizer = train_tokenizer(config)
    words = [tokenizer.decode([i]).strip() for i in tokenizer.backend_tokenizer.encode(" 1234567 = 89").ids]
    assert all(len(word) <= most for word in words if word.isdigit())
    assert "".join(words).replace(" ", "") == "1234567=89"


ALL_TRIPLES_LOOK_AHEAD = r" ?\d{1,3}(?=(?:\d{3})*(?!\d))"  # the obvious pattern, quadratic in the length of a number


def cuts(unit: str, digits: str, text: str) -> list:
    split = pre_tokenizers.Split(Regex(f"{UNITS[unit]}{digits}|{WORDS}"), "isolated")
    return split.pre_tokenize_str(text)


_PIECES = st.sampled_from(
    ["1", "23", "456", "78901", " ", "  ", ".", ",", "a", "in Ash", "²", "٣٣٣٣", "\n", "-", "owl in Ash"]
)


@given(st.sampled_from(sorted(UNITS)), st.lists(_PIECES, max_size=12).map("".join))
def test_triples_are_cut_from_the_right(unit, text):
    assert cuts(unit, DIGITS["triples"], text) == cuts(unit, ALL_TRIPLES_LOOK_AHEAD, text)


@pytest.mark.parametrize(("unit", "pieces"), [("quantity", ["NAME", " =", " 3"]), ("definition", ["NAME =", " 3"])])
def test_a_definition_is_one_token_where_asked(terse_stream, unit, pieces):
    tokenizer = train_tokenizer(TokenizerConfig(stream=terse_stream, vocab_size=1024, documents=400, unit=unit))
    name = " " + next(iter(terse_stream.first(1))).solution.split(" = ")[0].removeprefix("<solution>").strip()
    ids = tokenizer.encode(f"{name} = 3", add_special_tokens=False)
    assert [tokenizer.decode([i]).replace(name, "NAME") for i in ids] == pieces
    assert tokenizer.decode(ids) == f"{name} = 3"


@pytest.mark.parametrize("digits", DIGITS)
def test_a_number_of_a_million_digits_is_cut_in_one_walk(digits):
    pieces = cuts("word", DIGITS[digits], "9" * 1_000_000)
    assert len(pieces) == {"whole": 1, "single": 1_000_000, "triples": 333_334}[digits]


def test_vocabulary_never_exceeds_what_was_asked(terse_stream):
    assert len(train_tokenizer(TokenizerConfig(stream=terse_stream, vocab_size=300, documents=100))) <= 300
    with pytest.raises(ValueError, match="at least 264"):
        train_tokenizer(TokenizerConfig(stream=terse_stream, vocab_size=200))


def test_saved_tokenizer_opens_again_and_a_damaged_one_is_named(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    assert load_tokenizer(tmp_path).encode(" lion in") == tokenizer.encode(" lion in")
    whole = json.loads((tmp_path / "tokenizer.json").read_text())
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    odd = [
        whole | {"post_processor": -1},
        {n: v for n, v in whole.items() if n != "model"},
        [],
        whole | {"added_tokens": "x"},
    ]
    for text in ("{", "[" * 99_999, *map(json.dumps, odd)):
        (tmp_path / "tokenizer.json").write_text(text)
        with pytest.raises(ValueError, match="no readable tokenizer"):
            load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps(whole))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings | {"added_tokens_decoder": "x"}))
    with pytest.raises(ValueError, match="no readable tokenizer"):
        load_tokenizer(tmp_path)


def test_reference_text_takes_at_least_4_2_characters_a_token(terse_stream):
    path = Path(__file__).parent.parent / "conformance" / "gold.jsonl.gz"
    texts = [f"{r['problem']}{r['question']} {r['solution']}" for r in map(dict, read_rows(path))]
    tokenizer = train_on(texts[::2], TokenizerConfig(stream=terse_stream, vocab_size=2200))
    tokens = sum(map(len, tokenizer(texts[1::2], add_special_tokens=False)["input_ids"]))
    assert sum(map(len, texts[1::2])) >= 4.2 * tokens


def decoded_as_trl(tokenizer, prompt, completion):
    """`processing_class.batch_decode(completion_ids, skip_special_tokens=True)`, what reward functions are given."""
    return tokenizer.batch_decode([completion], skip_special_tokens=True)[0]


def decoded_as_lm_eval(tokenizer, prompt, completion):
    """`tok_decode` of what follows the context, cut at the stop texts; the end token's text is always one of them."""
    text = tokenizer.decode((prompt + completion)[len(prompt) :], skip_special_tokens=True)
    return text.split(tokenizer.decode([tokenizer.eos_token_id], skip_special_tokens=False))[0]


def decoded_as_vllm(tokenizer, prompt, completion):
    """Token by token with the fast decoder, special tokens skipped by default."""
    steps = DecodeStream(prompt, skip_special_tokens=True)
    return "".join(steps.step(tokenizer.backend_tokenizer, token) or "" for token in completion)


@pytest.mark.parametrize("decoded", [decoded_as_trl, decoded_as_lm_eval, decoded_as_vllm])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("style", ["full", "terse"])
def test_gold_verifies_after_other_libraries_decoded_it(tokenizer, tmp_path, decoded, style, mode):
    tokenizer.save_pretrained(tmp_path)
    for opened in (tokenizer, load_tokenizer(tmp_path), AutoTokenizer.from_pretrained(tmp_path)):
        for index in range(5):
            problem = make(Spec(op=6, mode=mode, distractors=1), "zoo", style, stream("decoded", style, mode, index))
            text = decoded(opened, *encode_document(opened, problem))
            assert text == problem.completion
            assert verify(Reference.from_graph(problem.graph, problem.solution), text).exact


def test_only_pad_and_end_are_special(tokenizer):
    assert tokenizer.all_special_tokens == [EOS, PAD]
    assert tokenizer.convert_tokens_to_ids([PAD, EOS, *TAGS]) == list(range(2 + len(TAGS)))


def test_a_checkpoint_whose_tags_are_special_still_opens(tokenizer, terse_stream, tmp_path):
    """As all were before version 2 of the tokenizer."""
    spelled = json.loads(tokenizer.backend_tokenizer.to_str())
    for token in spelled["added_tokens"]:
        token["special"] = True
    wrap(Tokenizer.from_str(json.dumps(spelled))).save_pretrained(tmp_path)
    old, problem = load_tokenizer(tmp_path), terse_stream[3]
    assert encode_document(old, problem) == encode_document(tokenizer, problem)
    assert decode_completion(old, encode_document(old, problem)[1]) == problem.completion
