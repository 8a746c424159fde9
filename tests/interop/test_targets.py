"""Each target library, in its real release, accepts what is made for it: gold scores 1, a wrong solution 0, through the
target's own loading, decoding and logging. A target that is not installed here is skipped; `make test-interop` installs all of
them.

A release that moves its interface fails here, in the test that bears its name.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from fake_server import serving
from interplay.data.instructions import chat, question_of, solution_of, with_stop
from interplay.interop.exchange import RULES, gold_of, problems, score, scores

pytestmark = pytest.mark.interop
GOLD = {question_of(problem): solution_of(problem) for problem in problems((2, 3)).first(4)}


def test_gold_travels_as_one_string_and_scores_one_by_every_rule():
    for style in ("full", "terse"):
        for mode in ("forward", "reverse"):
            problem = problems((3,), style=style, mode=mode)[0]
            found = scores(gold_of(problem), problem.completion)
            assert all(found[rule] == 1.0 for rule in RULES if rule in found), (style, mode, found)
            assert score(gold_of(problem), "</solution> <answer> 12345 </answer>") == 0.0


def test_a_bad_gold_string_and_an_unknown_rule_are_named():
    with pytest.raises(ValueError, match="not a gold string"):
        scores("{", "text")
    with pytest.raises(ValueError, match="rule must be one of strict"):
        score("{}", "text", "strictest")


def test_the_tag_that_a_harness_stopped_at_is_put_back():
    problem = problems((3,))[1]
    cut = problem.completion.removesuffix("</answer>")
    assert scores(gold_of(problem), with_stop(cut))["strict"] == 1.0
    assert with_stop("no answer at all") == "no answer at all"


def test_reasoning_gym_alone_and_in_a_composite():
    gym = pytest.importorskip("reasoning_gym")
    from reasoning_gym.composite import DatasetSpec

    import interplay.interop.reasoning_gym  # noqa: F401  registers

    data = gym.create_dataset("interplay", min_op=2, max_op=4, size=5, seed=1)
    assert [entry["question"] for entry in data] == [data[index]["question"] for index in range(5)]
    for entry in data:
        assert data.score_answer(entry["answer"], entry) == 1.0
        assert data.score_answer(None, entry) == data.score_answer("<answer> 1 </answer>", entry) == 0.0
    longer = gym.create_dataset("interplay", min_op=2, max_op=4, size=9, seed=1)
    assert longer[3] == data[3]
    specs = [DatasetSpec("interplay", 1.0, {"size": 4}), DatasetSpec("leg_counting", 1.0, {})]
    both = gym.create_dataset("composite", size=8, seed=0, datasets=specs)
    assert all(both.score_answer(entry["answer"], entry) == 1.0 for entry in both)
    with pytest.raises(ValueError, match="rule must be one of"):
        gym.create_dataset("interplay", rule="nonsense")


def test_verl_rows_survive_parquet_and_verl_loads_the_reward(tmp_path):
    import pyarrow.parquet as pq

    from interplay.interop.verl import main

    main([str(tmp_path / "train.parquet"), "--op", "2", "--op", "3", "--n", "3", "--shots", "1"])
    rows = pq.read_table(tmp_path / "train.parquet").to_pylist()
    assert [message["role"] for message in rows[0]["prompt"]] == ["system", "user", "assistant", "user"]
    compute_score = _as_verl_loads("interplay.interop.verl", "compute_score")
    for row in rows:
        gold, extra = row["reward_model"]["ground_truth"], row["extra_info"]
        text = GOLD[row["prompt"][-1]["content"]]
        assert compute_score(row["data_source"], text, gold, extra)["score"] == 1.0
        assert compute_score(row["data_source"], "nonsense", gold, extra, rule="process_accuracy")["score"] == 0.0


def _as_verl_loads(module, name):
    """verl's own loader, taken from its wheel without importing the package, whose requirements conflict with ours."""
    try:
        path = distribution("verl").locate_file("verl/utils/import_utils.py")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("verl is not installed")
    spec = importlib.util.spec_from_file_location("verl_import_utils", path)
    utils = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(utils)
    return utils.load_extern_object(module_path=f"pkg://{module}", object_name=name)


def test_inspect_ai_scores_samples_by_every_rule_and_reduces_epochs_to_pass_at_k(tmp_path):
    inspect = pytest.importorskip("inspect_ai")
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from interplay.interop.inspect_ai import interplay

    task = interplay(op="2,3", n=2, samples=2)
    outputs = []
    for epoch in range(2):
        for sample in task.dataset:
            output = ModelOutput.from_content("mockllm/model", sample.target if epoch == 0 else "nonsense")
            output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
            outputs.append(output)
    log = inspect.eval(
        task, model=get_model("mockllm/model", custom_outputs=outputs), display="none", log_dir=str(tmp_path),
        max_samples=1,
    )[0]  # fmt: skip
    assert log.status == "success", log.error
    found = {(each.name, each.reducer): each.metrics["mean"].value for each in log.results.scores}
    assert found["strict", "mean"] == 0.5
    assert found["strict", "pass_at_2"] == 1.0


def test_lm_evaluation_harness_runs_the_task_with_repeats():
    lm_eval = pytest.importorskip("lm_eval")
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    import interplay.interop.lm_eval as tasks

    class Gold(LM):
        tokenizer_name = ""

        def generate_until(self, requests, **_):
            return [request.doc["target"].replace("</answer>", "") for request in requests]

        def loglikelihood(self, requests): ...
        def loglikelihood_rolling(self, requests): ...

    for name in ("interplay", "interplay_chat"):
        manager = TaskManager(include_path=str(Path(tasks.__file__).parent), metadata={"ops": [2, 3], "n": 2})
        results = lm_eval.simple_evaluate(Gold(), tasks=[name], task_manager=manager, bootstrap_iters=0)["results"]
        assert results[name]["strict,repeats"] == results[name]["strict_pass_at_all,repeats"] == 1.0


def test_verifiers_runs_the_taskset_with_its_own_command_against_a_local_server(tmp_path):
    pytest.importorskip("verifiers.v1")
    with serving(lambda prompt, number: (200, GOLD.get(prompt, "I do not know"))) as (url, _):
        subprocess.run(
            [Path(sys.executable).parent / "vf-eval", "interplay_taskset", "--env.taskset.ops", "[2,3]",
             "--env.taskset.n", "2", "-m", "fake", "--client.base-url", url, "--env.agent.harness.id", "null",
             "--env.agent.runtime.type", "subprocess", "--no-push", "-o", tmp_path],
            env={**os.environ, "PRIME_API_KEY": "none", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            check=True, timeout=300, capture_output=True,
        )  # fmt: skip
    (file,) = tmp_path.glob("*/traces.jsonl")
    traces = [trace for line in file.read_text().splitlines() for trace in json.loads(line)["traces"]]
    assert [trace["rewards"]["reward"]["score"] for trace in traces] == [1.0, 1.0]
    assert traces[0]["metrics"]["process_accuracy"] == 1.0


def test_tinker_cookbook_deals_groups_of_environments():
    pytest.importorskip("tinker_cookbook.rl.problem_env")
    from interplay.interop.tinker import InterplayData

    class Renderer:
        """What the environment asks of a renderer while nothing is sampled."""

        def get_stop_sequences(self):
            return ["</answer>"]

    data = InterplayData((2, 3), Renderer(), batches=2, batch_size=2, group_size=3, shots=1)
    assert len(data) == 2
    groups = data.get_batch(0)
    environments = asyncio.run(groups[0].make_envs())
    assert len(groups) == 2
    assert len(environments) == 3
    environment = environments[0]
    assert environment.check_answer(environment.get_reference_answer())
    assert not environment.check_answer("<answer> 1 </answer>")
    assert environment.check_format("so a = 1. </solution> <answer> 1 </answer>")
    assert environment.get_question() == question_of(problems((2, 3))[0])
    assert [message["role"] for message in environment.convo_prefix] == ["system", "user", "assistant"]


def test_datasets_streams_rows_in_shards_and_goes_on_where_it_stopped(tmp_path):
    from datasets import load_dataset

    from interplay.interop.datasets import export, iterable

    whole = [row["id"] for row in iterable((2, 3), n=6)]
    sharded = iterable((2, 3), n=6, shards=2)
    assert sharded.num_shards == 2
    assert sorted(row["id"] for row in sharded) == sorted(whole)
    begun = iter(sharded)
    head = [next(begun)["id"] for _ in range(2)]
    state = sharded.state_dict()
    resumed = iterable((2, 3), n=6, shards=2)
    resumed.load_state_dict(state)
    assert head + [row["id"] for row in resumed] == [row["id"] for row in sharded]
    folder = export(tmp_path / "data", (2, 3), 4, split="test")
    rows = load_dataset(
        "parquet", data_files=str(folder / "test.parquet"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(rows) == 4
    assert "license: mit" in (folder / "README.md").read_text()
    assert scores(json.dumps({**rows[0]}), rows[0]["completion"])["strict"] == 1.0


def test_trl_trains_two_steps_on_our_rewards(tmp_path):
    pytest.importorskip("trl")
    from transformers import Qwen2Config, Qwen2ForCausalLM
    from trl import GRPOConfig, GRPOTrainer

    from interplay.data.mixture import Mixture, World
    from interplay.data.stream import Stream
    from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
    from interplay.interop.trl import prompt_dataset, reward

    stream = Stream(world=World(style="terse", names=3), mixture=Mixture.uniform((2,)))
    tokenizer = train_tokenizer(TokenizerConfig(stream=stream, documents=200, vocab_size=400))
    config = Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )  # fmt: skip
    logged = []
    rewards = reward("process_accuracy")
    trainer = GRPOTrainer(
        Qwen2ForCausalLM(config), processing_class=tokenizer, reward_funcs=[rewards],
        train_dataset=prompt_dataset((2,), 4, style="terse"),
        args=GRPOConfig(
            output_dir=str(tmp_path), max_steps=2, per_device_train_batch_size=2, num_generations=2,
            max_completion_length=8, use_cpu=True, bf16=False, report_to=[], logging_steps=1,
        ),
    )  # fmt: skip
    trainer.train()
    logged = [entry for entry in trainer.state.log_history if any("interplay" in key for key in entry)]
    assert len(logged) == 2
    gold = problems((2,), style="terse")[0]
    assert rewards(completions=[gold.completion], gold=[gold_of(gold)]) == [1.0]
    assert rewards(completions=[chat(gold)], gold=[gold_of(gold)]) == [0.0]
