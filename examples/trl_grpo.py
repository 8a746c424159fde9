"""Two steps of TRL's GRPO on a tiny model made here: put your checkpoint in its place."""

import tempfile

from transformers import Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.interop.trl import prompt_dataset, reward

stream = Stream(world=World(style="terse"), mixture=Mixture.uniform((2, 3)))
tokens = TokenizerConfig(stream=stream, documents=500, vocab_size=512)
tokenizer = train_tokenizer(tokens)
model = Qwen2ForCausalLM(
    Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64,
        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, bos_token_id=None,
    )
)  # fmt: skip
with tempfile.TemporaryDirectory() as folder:
    trainer = GRPOTrainer(
        model,
        processing_class=tokenizer,
        reward_funcs=[reward("process_accuracy")],
        train_dataset=prompt_dataset(ops=(2, 3), n=16, style="terse"),
        args=GRPOConfig(
            output_dir=folder, max_steps=2, logging_steps=1, report_to=[],
            per_device_train_batch_size=4, num_generations=4, max_completion_length=16,
            use_cpu=True, bf16=False,
        ),
    )  # fmt: skip
    trainer.train()
    for entry in trainer.state.log_history[:2]:
        print("step", entry["step"])
        for name in ("reward", "interplay/answer_correct", "interplay/strict"):
            print(f"  {name:<24} {entry[name]}")
