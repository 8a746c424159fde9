"""Print the folder that `lm_eval --include_path` takes."""

from pathlib import Path

print(Path(__file__).parent)
