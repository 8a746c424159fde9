"""Worker processes: the verdicts are those made inline, whatever happens to the workers, and they load no torch."""

import os
import subprocess
import sys
import time

import pytest

import interplay.evals.verify_pool as module
from interplay.evals.evaluate import evaluate
from interplay.evals.judge import Draw, Job, judge
from interplay.evals.verify_pool import VerifyPool, spare_workers
from interplay.model.sampler import SamplingConfig
from interplay.train.runtime import Runtime


@pytest.fixture(scope="module")
def jobs(problems):
    texts = [(problem.completion, problem.completion[:40], "nonsense") for problem in problems]
    return [
        Job(problem.graph, problem.solution, [Draw(i, text, 9, i != 1) for i, text in enumerate(said)])
        for problem, said in zip(problems, texts, strict=True)
    ]


def hang(jobs):
    time.sleep(600)


def die(jobs):
    os._exit(9)


def test_workers_give_the_same_verdicts_in_order(jobs):
    expected = judge(jobs)
    assert {columns["error"] for columns in expected[0]} >= {None, "truncated"}
    with VerifyPool(2) as pool:
        first, second = pool.submit(jobs), pool.submit(jobs[::-1])
        assert first() == expected
        assert second() == expected[::-1]
        assert pool.overlaps
    with VerifyPool(0) as pool:
        assert pool.submit(jobs)() == expected


@pytest.mark.parametrize("fault", [hang, die])
def test_a_worker_that_hangs_or_dies_loses_nothing(jobs, fault, monkeypatch):
    expected = judge(jobs)
    with VerifyPool(1, patience_s=2.0 if fault is hang else 60.0) as pool:
        executor = pool._executor
        honest = executor.submit
        monkeypatch.setattr(executor, "submit", lambda work, piece: honest(fault, piece))
        pending = pool.submit(jobs)
        processes = list(executor._processes.values())
        assert pending() == expected
        assert not pool.overlaps
        assert pool.submit(jobs)() == expected
    deadline = time.monotonic() + 20
    # The executor's own thread may be collecting the same child: for a moment it is gone and not yet known to be.
    while any(process.is_alive() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(process.is_alive() for process in processes)


def test_an_evaluation_with_workers_has_the_same_bytes(asked, model, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr("interplay.evals.evaluate.CHUNK_SAMPLES", 8)
    found = []
    for workers in (0, 1):
        evaluate(
            asked, model, tokenizer, tmp_path / str(workers), samples=4, sampling=SamplingConfig(max_new_tokens=8),
            seed=0, runtime=Runtime(device="cpu", threads=1), verify_workers=workers,
        )  # fmt: skip
        found.append((tmp_path / str(workers) / "samples.parquet").read_bytes())
    assert found[0] == found[1]


def test_what_a_worker_imports_holds_no_heavy_library():
    program = "import sys, interplay.evals.judge; print([m for m in ('torch', 'numpy', 'pyarrow') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


@pytest.mark.parametrize(
    ("cores", "threads", "processes", "workers"),
    [(2, 2, 1, 0), (2, 1, 1, 0), (4, 2, 1, 2), (16, 2, 1, 4), (16, 2, 4, 2), (16, 2, 8, 0)],
)
def test_by_default_workers_take_only_what_sampling_leaves(cores, threads, processes, workers, monkeypatch):
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert spare_workers(threads, processes) == workers
