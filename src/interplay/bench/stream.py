"""Tokens per second of packed training rows, half forward and half reverse, op 2..10, one core."""

from __future__ import annotations

from interplay.bench.timing import rates
from interplay.data.mixture import Mixture, World
from interplay.data.packing import PackingConfig, pack_block
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, encode_document, train_tokenizer


def bench(threads: int) -> dict[str, object]:
    """Packed rows are the value; the parts hold problems alone and tokenizing alone, in tokens/s."""
    source = Stream(
        world=World(), mixture=Mixture.uniform(range(2, 11), ["zoo", "school", "movie"], ["forward", "reverse"])
    )
    tokenizer = train_tokenizer(TokenizerConfig(stream=source, documents=1500))
    packing = PackingConfig(width=2048, rows=16)
    problems = list(source.first(300))
    tokens = sum(len(p) + len(c) for p, c in (encode_document(tokenizer, problem) for problem in problems))
    blocks = iter(range(1, 1_000_000))

    def packed() -> float:
        pack_block(source, tokenizer, packing, next(blocks))
        return packing.rows * packing.width

    def generated() -> float:
        list(source.first(len(problems)))
        return tokens

    def tokenized() -> float:
        for problem in problems:
            encode_document(tokenizer, problem)
        return tokens

    found = rates({"packed": packed, "generated": generated, "tokenized": tokenized}, budget_s=10)
    return {"value": round(found["packed"], 1), "unit": "tokens/s", "parts": {k: round(v, 1) for k, v in found.items()}}
