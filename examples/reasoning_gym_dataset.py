"""Problems of op 2 to 4 in a reasoning-gym composite, beside one of its own datasets."""

import reasoning_gym
from reasoning_gym.composite import DatasetSpec

import interplay.interop.reasoning_gym  # noqa: F401  registers "interplay"

data = reasoning_gym.create_dataset("interplay", min_op=2, max_op=4, size=100, seed=0)
entry = data[0]
print(entry["question"])
print(entry["answer"])
print("gold scores", data.score_answer(entry["answer"], entry))
print("a bare number scores", data.score_answer("7", entry))

specs = [DatasetSpec("interplay", 2.0, {"max_op": 3}), DatasetSpec("leg_counting", 1.0, {})]
mixed = reasoning_gym.create_dataset("composite", size=6, seed=0, datasets=specs)
print([item["metadata"]["source_dataset"] for item in mixed])
