"""TRL's GRPO on a checkpoint of a store, on problems like those that it was trained on."""

import sys

from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from interplay.interop.trl import prompt_dataset, reward

checkpoint, target, *context = sys.argv[1:]  # a folder, a folder to be, and a context of your own or none

trainer = GRPOTrainer(
    AutoModelForCausalLM.from_pretrained(checkpoint),
    processing_class=AutoTokenizer.from_pretrained(checkpoint),
    reward_funcs=[reward("strict")],
    train_dataset=prompt_dataset(ops=(5, 6), n=64, scale="micro", split="rl", context=(context or ["zoo"])[0]),
    args=GRPOConfig(
        output_dir=target, max_steps=2, logging_steps=1, report_to=[],
        per_device_train_batch_size=16, num_generations=16, max_completion_length=160,
        use_cpu=True, bf16=False,
    ),
)  # fmt: skip
trainer.train()
trainer.save_model(target)
