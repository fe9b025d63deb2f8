import contextlib
import json
import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import distributed
import pytest

from segue_models.training.grid import runs, trial
from test_grid_configurations import read

FOUR = read(3)[:4]


def run(folder, configurations=FOUR, log=lambda fraction, words: None):
    with ThreadPoolExecutor(1) as threads:
        return runs.run(configurations, folder, threads, "segue grid x", log)


@pytest.fixture
def trained(monkeypatch):
    """Puts a training that takes no time in place of the real one; in the list are the keys it was asked for."""
    asked = []

    def outcome(configuration):
        asked.append(configuration.key)
        if len(asked) in broken:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return {"test": {"bcr": 0.6}}

    broken = set()
    monkeypatch.setattr(trial, "outcome", outcome)
    return asked, broken


def test_a_record_says_what_was_asked_for_and_a_second_run_has_nothing_to_do(tmp_path, trained):
    words = []
    assert run(tmp_path, log=lambda fraction, text: words.append((fraction, text))) == 0
    records = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert set(records) == {c.key for c in FOUR}
    for c in FOUR:
        record = records[c.key]
        assert record["levels"] == c.levels and record["role"] == c.role and record["seed"] == 1
        assert record["configuration"] == json.loads(json.dumps(c.recipe.as_dict()))
        assert record["command"] == "segue grid x" and record["test"] == {"bcr": 0.6}
    assert words[0] == (0.0, "0 of 4 are there") and words[-1] == (1.0, "4 of 4, 0 failed, about 0 min left")
    assert run(tmp_path) == 0 and len(trained[0]) == 4
    assert run(tmp_path, read(3)[:6]) == 0 and len(trained[0]) == 6


def test_a_failure_is_a_record_and_is_tried_again(tmp_path, trained):
    trained[1].add(2)
    assert run(tmp_path) == 1
    (failed,) = [r for path in tmp_path.glob("*.json") if "failed" in (r := json.loads(path.read_text()))]
    assert failed["failed"] == "RuntimeError: DefaultCPUAllocator: can't allocate memory"
    assert run(tmp_path) == 0 and len(trained[0]) == 5
    assert trained[0][-1] == failed["key"] == trained[0][1]


def test_half_a_record_is_none(tmp_path, trained):
    (tmp_path / f"{FOUR[0].key}.json").write_text('{"test": {"bcr"')
    run(tmp_path)
    assert len(trained[0]) == 4


@pytest.mark.long
def test_those_of_one_feature_and_time_base_follow_each_other(tmp_path, trained):
    configurations = read(3)
    run(tmp_path, configurations[::-1])
    data = {c.key: json.dumps(c.recipe.as_dict()["data"]) for c in configurations}
    order = [data[key] for key in trained[0]]
    assert len(order) == 28 and sum(a != b for a, b in pairwise(order)) == len(set(order)) - 1


def test_ctrl_c_keeps_whole_records_and_no_process_works_on(tmp_path, trained):
    def stop(fraction, words):
        if words.startswith("2 of 4"):
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        run(tmp_path, log=stop)
    assert len([json.loads(path.read_text()) for path in tmp_path.iterdir()]) >= 2
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), runs.processes(2, 0) as pool:
        futures = [pool.submit(time.sleep, 10_000) for _ in range(6)]  # longer than a test may take
        pool.submit(abs, 1)
        while not any(f.running() for f in futures):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)  # as Ctrl-C
        time.sleep(10_000)
    until = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < until:
        time.sleep(0.05)  # a process that is told to end takes a moment where much else runs
    assert not multiprocessing.active_children()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.long
def test_other_processes_train_and_send_their_failures_home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path / "nothing"))
    with runs.processes(1, 0) as pool:
        assert runs.run(FOUR[:1], tmp_path, pool, "", lambda fraction, words: None) == 1
    (record,) = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert record["failed"].startswith("ValueError: the data of pop909 is not in")


@pytest.mark.long
def test_a_process_that_needs_too_much_memory_fails_alone():
    with runs.processes(1, 3.0) as pool:
        with pytest.raises(MemoryError):
            pool.submit(bytes, 4 * 2**30).result()
        assert pool.submit(abs, -1).result() == 1


@pytest.mark.long
def test_machines_of_a_dask_scheduler_train(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path / "nothing"))
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        runs.machines(cluster.scheduler_address) as pool,
    ):
        assert pool.submit(abs, -2).result() == 2
        assert runs.run(FOUR[:2], tmp_path, pool, "", lambda fraction, words: None) == 2
    failed = [json.loads(path.read_text())["failed"] for path in tmp_path.glob("*.json")]
    assert len(failed) == 2 and all("the data of pop909 is not in" in sentence for sentence in failed)


@pytest.mark.long
def test_a_scheduler_that_does_not_answer_is_told():
    with pytest.raises(ValueError, match="no dask scheduler answers at tcp"):
        runs.machines("tcp://127.0.0.1:9").__enter__()
