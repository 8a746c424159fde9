"""Tasks for lm-evaluation-harness: `lm_eval --include_path FOLDER --tasks interplay`, the folder printed by
`python -m interplay.interop.lm_eval`.

interplay        prompts with tags, for checkpoints trained here
interplay_chat   instructions and three examples, for general models
"""
