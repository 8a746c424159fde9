"""Judging in worker processes: 1 the verdicts are those made here, 2 a text whose judge hangs, dies or raises is alone
without one, and judging goes on in workers, 3 workers load no model library, and none outlives its pool."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from judges import misbehaving

import interplay.judging.pool as module
from interplay.judging.pool import Pool, judge_here, spare_workers
from interplay.judging.texts import Text, as_it_is
from interplay.schema.verdicts import columns_of
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference


def text_of(said, truncated=False):
    problem = make(Spec(op=3), "zoo", "terse", stream("judge"))
    reference = Reference.from_graph(problem.graph, problem.solution)
    return Text(reference, said or problem.solution, truncated)


@pytest.fixture(scope="module")
def texts():
    return [text_of(said) for said in ("", "hang", "die", "raise", "wrong")] * 2


@pytest.fixture(scope="module")
def harmless():
    return [text_of(said, truncated) for said in ("", "wrong", "x = 1") for truncated in (False, True)] * 20


def facts(verdicts):
    return [columns_of(verdict) | {"steps": verdict.steps} for verdict in verdicts]


def children():
    return {process.pid for process in multiprocessing.active_children()}


def test_workers_and_this_process_give_the_same_verdicts_in_order(harmless):
    expected = judge_here(harmless, as_it_is)
    with Pool(2, as_it_is) as pool:
        first, second = pool.submit(harmless), pool.submit(harmless[::-1])
        assert facts(first()) == facts(expected)
        assert facts(second()) == facts(expected[::-1])
        assert pool.overlaps
    with Pool(2, columns_of) as pool:
        assert pool(harmless) == list(map(columns_of, expected))
    with Pool(0, as_it_is) as pool:
        assert facts(pool(harmless)) == facts(expected)
        assert not pool.overlaps


def test_a_judge_that_hangs_dies_or_raises_costs_its_own_text_the_verdict(texts):
    with Pool(2, as_it_is, limit_s=1.0, verify=misbehaving) as pool:
        verdicts = pool(texts)
        assert pool.overlaps
        here = children()
        again = pool(texts[:1])
        assert children() == here  # judged by a worker that was there, not by this process or a new one
    errors = [verdict.error for verdict in verdicts[:5]]
    assert errors == [None, "judge_timed_out", "judge_failed", "judge_failed", verdicts[4].error]
    assert [verdict.strict for verdict in verdicts] == [True, False, False, False, False] * 2
    assert verdicts[4].error not in (None, "judge_failed", "judge_timed_out")
    assert again[0].strict


def test_a_worker_that_was_killed_is_replaced(harmless):
    expected = judge_here(harmless, columns_of)
    before = children()
    with Pool(1, columns_of) as pool:
        assert pool(harmless) == expected
        (worker,) = (w.process.pid for w in pool._hired)
        os.kill(worker, signal.SIGKILL)
        assert pool(harmless) == expected
        assert worker not in children()
        assert pool.overlaps
    assert children() <= before


def test_where_no_process_starts_judging_is_done_here(harmless, monkeypatch, capsys):
    def refuse(self):
        raise OSError("too many processes")

    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", refuse)
    with Pool(2, columns_of) as pool:
        assert not pool.overlaps
        assert pool(harmless) == judge_here(harmless, columns_of)
    assert "judging goes on in this process" in capsys.readouterr().err


def test_a_pool_that_is_left_in_an_error_leaves_no_process(texts):
    before = children()
    with pytest.raises(TypeError), Pool(2, as_it_is, limit_s=600, verify=misbehaving) as pool:
        pool.submit(texts)(0)
    for thread in pool._threads._threads:
        thread.join(60)  # none goes on with a deadly text in this process, which would be its end
        assert not thread.is_alive()
    assert children() <= before


def test_workers_of_a_killed_process_go_with_it():
    program = (
        "import time; from interplay.judging.pool import Pool; from interplay.judging.texts import as_it_is\n"
        "pool = Pool(1, as_it_is)\n"
        "print(*[worker.process.pid for worker in pool._hired], flush=True); time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    worker = Path("/proc") / parent.stdout.readline().strip()
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 60
    while worker.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not worker.exists()


def test_a_pool_refuses_what_cannot_work():
    with pytest.raises(ValueError, match="got -1"):
        Pool(-1, as_it_is)


def test_what_a_worker_imports_holds_no_heavy_library():
    program = (
        "import sys, interplay.judging.pool, interplay.schema.verdicts\n"
        "print([m for m in ('torch', 'numpy', 'pyarrow', 'transformers') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


@pytest.mark.parametrize(
    ("cores", "threads", "processes", "workers"),
    [(2, 2, 1, 0), (2, 1, 1, 0), (4, 2, 1, 2), (16, 2, 1, 4), (16, 2, 4, 2), (16, 2, 8, 0)],
)
def test_by_default_workers_take_only_what_sampling_leaves(cores, threads, processes, workers, monkeypatch):
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert spare_workers(threads, processes) == workers
