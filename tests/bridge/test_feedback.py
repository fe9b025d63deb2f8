import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from osc_host import analysis_of
from segue_bridge import feedback
from segue_bridge.errors import SegueError
from segue_bridge.result import Region

REGION = Region((Path("/é%L.wav"), Path("/é%R.wav")), 1.5, 90.0)


@pytest.fixture(autouse=True)
def own_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def lines():
    return [json.loads(line) for line in feedback.path().read_text(encoding="utf-8").splitlines()]


def test_a_verdict_holds_all_that_learning_needs():
    analysis = replace(analysis_of(4, "/é%L.wav"), models={"cuts": "cuts 0.1.0"})
    feedback.note(REGION, analysis, 2, "kept", "exit", analysis.cuts[2].time)
    feedback.note(REGION, analysis, 3, "moved", "entry", 2.125)
    feedback.note(REGION, analysis, -1, "added", "exit", 7.75)
    kept, moved, added = lines()
    assert kept["audio"]["sha256"] == analysis.audio.sha256
    assert kept["audio"]["paths"] == ["/é%L.wav", "/é%R.wav"]
    assert kept["region"] == [1.5, 90.0]
    assert kept["models"] == {"cuts": "cuts 0.1.0"}
    assert (kept["verdict"], kept["kind"], kept["time"]) == ("kept", "exit", analysis.cuts[2].time)
    assert kept["cut"]["score"] == analysis.cuts[2].score
    assert (moved["cut"]["time"], moved["time"]) == (analysis.cuts[3].time, 2.125)
    assert (added["cut"], added["time"]) == (None, 7.75)


@pytest.mark.parametrize(
    ("cut", "verdict", "kind", "time", "code"),
    [
        (0, "loved", "exit", 1.0, "bad_arguments"),
        (0, "kept", "middle", 1.0, "bad_arguments"),
        (0, "added", "exit", 1.0, "bad_arguments"),
        (-1, "kept", "exit", 1.0, "bad_arguments"),
        (0, "moved", "exit", 200.5, "bad_arguments"),
        (0, "kept", "entry", 1.0, "unknown_cut"),  # 0 is an exit
        (99, "kept", "exit", 1.0, "unknown_cut"),
    ],
)
def test_nonsense_is_refused_and_leaves_nothing(cut, verdict, kind, time, code):
    with pytest.raises(SegueError) as fault:
        feedback.note(REGION, analysis_of(4), cut, verdict, kind, time)
    assert fault.value.code == code
    assert not feedback.path().exists()


def test_a_full_disk_is_told(tmp_path):
    (tmp_path / "segue").write_text("a file where the folder should be")
    with pytest.raises(SegueError, match="cannot be written"):
        feedback.note(REGION, analysis_of(4), 0, "kept", "exit", 1.0)


def test_lines_of_many_writers_do_not_mix():
    def write():
        for _ in range(20):
            feedback.note(REGION, analysis_of(4), 0, "kept", "exit", 1.0)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines()) == 160


def note(cut=0):
    feedback.note(REGION, analysis_of(4), cut, "kept", ("exit", "entry")[cut % 2], 1.0)


def test_what_a_crash_left_of_a_line_does_not_swallow_the_next():
    note()
    whole = feedback.path().read_bytes()
    for stump in (b"{", whole[:-1], whole[: len(whole) // 2]):
        feedback.path().write_bytes(whole + stump)
        note(1)
        first, *_, last = feedback.path().read_bytes().split(b"\n")[:-1]
        assert first + b"\n" == whole and json.loads(last)["cut"]["id"] == 1


@pytest.mark.parametrize("room", [0, 1, 100])
def test_a_short_write_is_told_and_leaves_nothing(tmp_path, room):
    """The operating system writes what fits below the limit and no more, as on a full disk."""
    pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    note()
    whole = feedback.path().read_bytes()
    script = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from osc_host import analysis_of
from pathlib import Path
from segue_bridge import feedback
from segue_bridge.errors import SegueError
from segue_bridge.result import Region
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(whole) + room}, limit[1]))
def note(cut, kind):
    feedback.note(Region((Path("/a.wav"),)), analysis_of(4), cut, "kept", kind, 1.0)
for _ in range(2):
    try:
        note(0, "exit")
    except SegueError as fault:
        print(fault.code, Path({str(feedback.path())!r}).stat().st_size)
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
note(1, "entry")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["failed", str(len(whole))] * 2, done.stderr
    assert [line["cut"]["id"] for line in lines()] == [0, 1]


@pytest.mark.parametrize("kind", ["fifo", "folder", "dangling"])
def test_what_is_no_file_is_told_at_once(tmp_path, kind):
    path = feedback.path()
    path.parent.mkdir(parents=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere" / "verdicts.jsonl")
    with pytest.raises(SegueError, match="cannot be written") as fault:
        note()
    assert fault.value.code == "failed"


def test_a_lock_that_somebody_holds_delays_a_verdict_and_does_not_stop_it(monkeypatch):
    fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")
    monkeypatch.setattr(feedback, "LOCK_SECONDS", 0.05)
    note()
    with feedback.path().open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        note(1)
    assert [line["cut"]["id"] for line in lines()] == [0, 1]


def test_a_new_file_is_for_its_user_alone():
    note()
    assert os.name != "posix" or feedback.path().stat().st_mode & 0o077 == 0
