"""Small random models of other architectures than ours, each with what sets its family apart switched on."""

import torch
import transformers

SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 256}
GATED = {**SHAPE, "intermediate_size": 64, "num_key_value_heads": 1}
CONFIGS = {
    "gpt2": lambda **ids: transformers.GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=256, **ids),
    "gpt_neox": lambda **ids: transformers.GPTNeoXConfig(intermediate_size=64, **SHAPE, **ids),
    "opt": lambda **ids: transformers.OPTConfig(ffn_dim=64, word_embed_proj_dim=32, **SHAPE, **ids),
    "granite": lambda **ids: transformers.GraniteConfig(
        logits_scaling=0.25, embedding_multiplier=3.0, residual_multiplier=0.5, **GATED, **ids
    ),
    "cohere": lambda **ids: transformers.CohereConfig(logit_scale=4.0, **GATED, **ids),
    "gemma2": lambda **ids: transformers.Gemma2Config(
        head_dim=16, sliding_window=8, final_logit_softcapping=0.5, attn_logit_softcapping=2.0, **GATED, **ids
    ),
    "mistral": lambda **ids: transformers.MistralConfig(sliding_window=8, **GATED, **ids),
}
FAMILIES = tuple(CONFIGS)


def foreign_model(family, tokenizer, seed=0):
    """An fp32 model over the tokenizer's vocabulary, the same each time."""
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    config = CONFIGS[family](vocab_size=len(tokenizer), initializer_range=0.2, **ids)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return transformers.AutoModelForCausalLM.from_config(config).float().eval()
