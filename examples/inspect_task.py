"""The task against a mock model that knows the solutions, and in the second epoch only a number."""

import tempfile

from inspect_ai import eval as evaluate
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from interplay.interop.inspect_ai import interplay

task = interplay(op="2,3", n=4, samples=2)
outputs = []
for epoch in range(2):
    for sample in task.dataset:
        text = sample.target if epoch == 0 else "The answer is 10."
        output = ModelOutput.from_content("mockllm/model", text)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        outputs.append(output)
with tempfile.TemporaryDirectory() as folder:
    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = evaluate(task, model=model, display="none", log_dir=folder, max_samples=1)
    (fault,) = {sample.scores["steps"].explanation for sample in log.samples if sample.epoch == 2}
for score in log.results.scores:
    if score.name == "strict":
        print(f"{score.name} {score.reducer:<10} {score.metrics['mean'].value:.2f}")
print("why not:", fault)
