"""A row of the Parquet file, and what verl logs for three answers to it."""

import pyarrow.parquet as pq

from interplay.data.instructions import solution_of
from interplay.interop.exchange import problems
from interplay.interop.verl import compute_score

row = pq.read_table("val.parquet").to_pylist()[0]
print(row["prompt"][-1]["content"])
gold = solution_of(problems((4,), split="val")[0])
for text in (gold, "The answer is 3.", "I do not know."):
    found = compute_score(row["data_source"], text, row["reward_model"]["ground_truth"], row["extra_info"])
    print(f"{text}\n  score {found['score']:.0f}, said_correct {found['said_correct']:.0f}")
