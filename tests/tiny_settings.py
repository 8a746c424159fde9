"""Settings of a study that runs in seconds, as `--set` spells them."""

TINY = {
    "pretrain.tokens": "8192", "midtrain.tokens": "4096", "rl.steps": "1", "rl.prompts": "2", "rl.group": "2",
    "problems": "4", "samples": "2", "ks": "1,2", "tokenizer.documents": "100", "sampling.max_new_tokens": "16",
    "rl.sampling.max_new_tokens": "16", "model.layers": "1", "model.hidden": "32", "model.ffn": "32",
}  # fmt: skip
