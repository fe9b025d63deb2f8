import threading
import time
from pathlib import Path

import pytest

from osc_host import analysis_of, quick
from segue_bridge import jobs as jobs_module
from segue_bridge import osc
from segue_bridge.errors import SegueError
from segue_bridge.jobs import Jobs
from segue_bridge.result import Options, Region

REGION = Region((Path("/song.wav"),))
HERE, THERE = ("127.0.0.1", 5001), ("127.0.0.1", 5002)


class Sent(list):
    """What was sent: (peer, message), and a way to wait for it."""

    def __call__(self, peer, messages):
        self.extend((peer, osc.parse(message)[0]) for message in messages)

    def wait(self, address, job, peer=HERE, timeout=60.0):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for to, message in list(self):
                if (to, message.address, message.values[0]) == (peer, address, job):
                    return message
            time.sleep(0.002)
        raise AssertionError(f"no {address} of job {job}")

    def addresses(self, job):
        return [m.address for _, m in self if m.values[0] == job and m.address != "/segue/progress"]


class Gate:
    """An analysis that waits until it is opened, or cancelled."""

    def __init__(self):
        self.open, self.running = threading.Event(), threading.Event()

    def __call__(self, region, options, progress, cancelled):
        self.running.set()
        progress(0.25, "beats")
        while not self.open.wait(0.01):
            if cancelled():
                raise RuntimeError("stopped on the way")
        return analysis_of(options.top or 2)


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def make(sent):
    made = []

    def begin(analyse=quick):
        made.append(Jobs(analyse, sent))
        return made[-1]

    yield begin
    for each in made:
        each.stop()


def test_a_job_answers_progress_and_then_its_counted_set(make, sent):
    make().submit(HERE, 1, REGION, Options(top=3))
    sent.wait("/segue/done", 1)
    assert sent[0][1] == ("/segue/progress", "ifs", (1, 0.5, "cuts"))
    assert sent.addresses(1) == ["/segue/cut"] * 3 + ["/segue/transition", "/segue/done"]


def test_jobs_are_done_in_the_order_they_came(make, sent):
    gate = Gate()
    jobs = make(gate)
    for number in range(20):
        jobs.submit(HERE, number, REGION, Options())
    assert jobs.alive() == 20
    gate.open.set()
    sent.wait("/segue/done", 19)
    assert [m.values[0] for _, m in sent if m.address == "/segue/done"] == list(range(20))
    assert jobs.alive() == 0


def test_one_number_twice_is_refused_only_while_the_first_is_alive(make, sent):
    gate = Gate()
    jobs = make(gate)
    jobs.submit(HERE, 1, REGION, Options())
    with pytest.raises(SegueError) as fault:
        jobs.submit(HERE, 1, REGION, Options())
    assert fault.value.code == "duplicate_job"
    jobs.submit(THERE, 1, REGION, Options())  # another host counts for itself
    gate.open.set()
    sent.wait("/segue/done", 1)
    sent.wait("/segue/done", 1, THERE)
    sent.clear()
    jobs.submit(HERE, 1, REGION, Options())
    sent.wait("/segue/done", 1)


def test_cancel_of_a_running_and_of_a_waiting_job(make, sent):
    gate = Gate()
    jobs = make(gate)
    jobs.submit(HERE, 1, REGION, Options())
    jobs.submit(HERE, 2, REGION, Options())
    jobs.submit(HERE, 3, REGION, Options())
    assert gate.running.wait(60)
    jobs.cancel(HERE, 2)
    jobs.cancel(HERE, 1)
    sent.wait("/segue/cancelled", 1)
    gate.open.set()
    sent.wait("/segue/done", 3)
    assert sent.addresses(1) == sent.addresses(2) == ["/segue/cancelled"]


def test_a_job_whose_analysis_ends_in_spite_of_cancel_stays_cancelled(make, sent):
    started, end = threading.Event(), threading.Event()

    def deaf(region, options, progress, cancelled):
        started.set()
        end.wait(3)
        progress(0.9, "late")
        return analysis_of(2)

    jobs = make(deaf)
    jobs.submit(HERE, 1, REGION, Options())
    assert started.wait(60)
    jobs.cancel(HERE, 1)
    jobs.submit(HERE, 1, REGION, Options(top=1))  # the number is free at once
    end.set()
    sent.wait("/segue/done", 1)
    assert [m.address for _, m in sent][:2] == ["/segue/cancelled", "/segue/progress"]
    assert sent.addresses(1) == ["/segue/cancelled", "/segue/cut", "/segue/cut", "/segue/transition", "/segue/done"]


def test_cancel_and_resend_of_a_job_that_is_not_there(make, sent):
    jobs = make()
    jobs.submit(HERE, 1, REGION, Options())
    sent.wait("/segue/done", 1)
    for ask in (lambda: jobs.cancel(HERE, 1), lambda: jobs.cancel(HERE, 2), lambda: jobs.resend(HERE, 2)):
        with pytest.raises(SegueError) as fault:
            ask()
        assert fault.value.code == "unknown_job"


def test_resend_says_where_a_job_stands(make, sent):
    gate = Gate()
    jobs = make(gate)
    jobs.submit(HERE, 1, REGION, Options())
    jobs.submit(HERE, 2, REGION, Options())
    assert gate.running.wait(60)
    sent.wait("/segue/progress", 1)
    jobs.resend(HERE, 1)
    jobs.resend(HERE, 2)
    assert [m.values for _, m in sent[-2:]] == [(1, 0.25, "beats"), (2, 0.0, "waiting")]
    gate.open.set()
    sent.wait("/segue/done", 2)
    first = [m for _, m in sent if m.values[0] == 1 and m.address != "/segue/progress"]
    sent.clear()
    jobs.resend(HERE, 1)
    assert [m for _, m in sent] == first


def test_faults_end_the_job_and_not_the_worker(make, sent):
    def faulty(region, options, progress, cancelled):
        if options.top == 1:
            raise SegueError("no_sound", "the file is silent: choose another")
        if options.top == 2:
            raise ZeroDivisionError("division by zero")
        if options.top == 3:
            return "not an analysis"
        return analysis_of(1)

    jobs = make(faulty)
    for number in (1, 2, 3, 4):
        jobs.submit(HERE, number, REGION, Options(top=number))
    sent.wait("/segue/done", 4)
    assert sent.wait("/segue/error", 1).values == (1, "no_sound", "the file is silent: choose another")
    assert sent.wait("/segue/error", 2).values[1] == "internal"
    assert "ZeroDivisionError" in sent.wait("/segue/error", 2).values[2]
    assert sent.wait("/segue/error", 3).values[1] == "internal"


def test_progress_is_told_ten_times_a_second_at_most(make, sent):
    took = []

    def chatty(region, options, progress, cancelled):
        begun = time.monotonic()
        while time.monotonic() - begun < 0.5:
            progress(2.0, "cuts")
        progress(2.0, "cuts")
        took.append(time.monotonic() - begun)
        return analysis_of(1)

    make(chatty).submit(HERE, 1, REGION, Options())
    sent.wait("/segue/done", 1)
    told = [m.values for _, m in sent if m.address == "/segue/progress"]
    assert 2 <= len(told) <= 1 + 10 * took[0]
    assert all(values == (1, 1.0, "cuts") for values in told)


def test_only_the_last_endings_are_kept(make, sent, monkeypatch):
    monkeypatch.setattr(jobs_module, "KEPT_PER_HOST", 3)
    jobs = make()
    for number in range(6):
        jobs.submit(HERE, number, REGION, Options())
        sent.wait("/segue/done", number)
    jobs.resend(HERE, 3)
    with pytest.raises(SegueError):
        jobs.resend(HERE, 2)


def test_a_host_with_a_spool_is_known_by_its_job_number(make, sent, tmp_path):
    gate = Gate()
    jobs = make(gate)
    jobs.submit(tmp_path, 7, REGION, Options())
    jobs.cancel(HERE, 7)  # Ardour's Lua sends each message from another UDP port
    sent.wait("/segue/cancelled", 7, tmp_path)
    with pytest.raises(SegueError):
        jobs.cancel(tmp_path / "other", 7)


def test_a_stopped_daemon_tells_its_hosts(make, sent):
    gate = Gate()
    jobs = make(gate)
    jobs.submit(HERE, 1, REGION, Options())
    jobs.submit(THERE, 2, REGION, Options())
    jobs.stop()
    assert sent.wait("/segue/error", 1).values[1] == sent.wait("/segue/error", 2, THERE).values[1] == "stopped"


class OneByOne:
    """An analysis that waits until the next one is let through; remembers whose it was, by path."""

    def __init__(self):
        self.done, self.running = [], threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def __call__(self, region, options, progress, cancelled):
        self.running.release()
        while not self.gate.acquire(timeout=0.01):
            if cancelled():
                raise RuntimeError("stopped on the way")
        self.done.append(region.paths[0].name)
        return analysis_of(2)


def of(name):
    return Region((Path("/") / name,))


def test_one_job_behind_a_thousand_of_another_host_is_next(make, sent):
    analyse = OneByOne()
    jobs = make(analyse)
    for number in range(1000):
        jobs.submit(HERE, number, of("here"), Options())
    assert analyse.running.acquire(timeout=30)
    jobs.submit(THERE, 1, of("there"), Options())
    analyse.gate.release(3)
    sent.wait("/segue/done", 1, THERE, timeout=30)
    sent.wait("/segue/done", 1, timeout=30)
    assert analyse.done == ["here", "there", "here"]


def test_more_jobs_than_may_wait_are_refused_and_a_cancelled_one_makes_room(make, sent, monkeypatch):
    monkeypatch.setattr(jobs_module, "WAITING_PER_HOST", 5)
    analyse = OneByOne()
    jobs = make(analyse)
    jobs.submit(HERE, 0, REGION, Options())
    assert analyse.running.acquire(timeout=30)
    for number in range(1, 6):
        jobs.submit(HERE, number, REGION, Options())
    with pytest.raises(SegueError, match="at most 5 of a host") as fault:
        jobs.submit(HERE, 6, REGION, Options())
    assert fault.value.code == "too_many" and jobs.alive() == 6
    jobs.submit(THERE, 6, REGION, Options())
    jobs.cancel(HERE, 3)
    jobs.submit(HERE, 6, REGION, Options())
    analyse.gate.release(10)
    sent.wait("/segue/done", 6, timeout=30)
    assert jobs.alive() == 0


def test_jobs_whose_paths_fill_the_memory_are_refused(make, monkeypatch):
    monkeypatch.setattr(jobs_module, "WAITING_BYTES", 100)
    jobs = make(Gate())
    long = Region((Path("/" + "x" * 59),))
    jobs.submit(HERE, 1, long, Options())
    with pytest.raises(SegueError) as fault:
        jobs.submit(HERE, 2, long, Options())
    assert fault.value.code == "too_many"
    jobs.cancel(HERE, 1)
    jobs.submit(HERE, 2, long, Options())


def test_a_waiting_job_that_was_cancelled_is_never_begun(make, sent):
    analyse = OneByOne()
    jobs = make(analyse)
    for number, name in enumerate(("first", "second", "third")):
        jobs.submit(HERE, number, of(name), Options())
    assert analyse.running.acquire(timeout=30)
    jobs.cancel(HERE, 1)
    analyse.gate.release(3)
    sent.wait("/segue/done", 2, timeout=30)
    assert analyse.done == ["first", "third"]


def test_faults_of_the_users_files_are_not_ours(make, sent):
    def gone(region, options, progress, cancelled):
        raise FileNotFoundError(2, "No such file or directory", "/song.wav")

    make(gone).submit(HERE, 1, REGION, Options())
    told = sent.wait("/segue/error", 1, timeout=30).values
    assert told[1] == "not_found" and "report" not in told[2]


def test_twenty_thousand_waiting_jobs_do_not_hold_up_the_end(make, sent):
    """What told each host about each job, and looked through all jobs for each, took 23 seconds."""
    jobs = make(Gate())
    for host in range(20):
        for number in range(1000):
            jobs.submit(("127.0.0.1", 1000 + host), number, REGION, Options())
    assert jobs.alive() == 20_000
    before = time.process_time()
    jobs.stop()
    assert time.process_time() - before < 1.0 and jobs.alive() == 0
    assert any(message.values[1] == "stopped" for _, message in sent)


def test_endings_are_forgotten_by_host_and_over_all(make, sent, monkeypatch, tmp_path):
    monkeypatch.setattr(jobs_module, "KEPT", 4)
    monkeypatch.setattr(jobs_module, "KEPT_PER_HOST", 2)
    jobs = make()
    hosts = [HERE, tmp_path, THERE]
    for number in range(3):
        for host in hosts:
            jobs.submit(host, number, REGION, Options())
            sent.wait("/segue/done", number, host, timeout=30)
    known = {(host, number) for host in hosts for number in range(3) if (host, number) in jobs._jobs}
    assert known == {(THERE, 1), (HERE, 2), (tmp_path, 2), (THERE, 2)}
    jobs.submit(HERE, 2, REGION, Options())  # a number that ended before
    jobs.resend(("127.0.0.1", 9), 2)  # the spool's, which is known by its number
    assert sent[-1][0] == tmp_path
    with pytest.raises(SegueError):
        jobs.resend(("127.0.0.1", 9), 0)  # the spool's too, but forgotten
