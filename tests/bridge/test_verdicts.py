import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from osc_host import analysis_of
from segue_bridge import verdicts
from segue_bridge.errors import SegueError
from segue_bridge.result import Region

REGION = Region((Path("/é%L.wav"), Path("/é%R.wav")), 1.5, 90.0)


@pytest.fixture(autouse=True)
def own_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def lines():
    return [json.loads(line) for line in verdicts.path().read_text(encoding="utf-8").splitlines()]


def test_a_verdict_holds_all_that_learning_needs():
    analysis = replace(analysis_of(4, "/é%L.wav"), models={"cuts": "cuts 0.1.0"})
    verdicts.note(REGION, analysis, 2, "kept", "exit", analysis.cuts[2].time)
    verdicts.note(REGION, analysis, 3, "moved", "entry", 2.125)
    verdicts.note(REGION, analysis, -1, "added", "exit", 7.75)
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
        verdicts.note(REGION, analysis_of(4), cut, verdict, kind, time)
    assert fault.value.code == code
    assert not verdicts.path().exists()


def test_a_full_disk_is_told(tmp_path):
    (tmp_path / "segue").write_text("a file where the folder should be")
    with pytest.raises(SegueError, match="cannot be written"):
        verdicts.note(REGION, analysis_of(4), 0, "kept", "exit", 1.0)


def test_lines_of_many_writers_do_not_mix():
    def write():
        for _ in range(20):
            verdicts.note(REGION, analysis_of(4), 0, "kept", "exit", 1.0)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines()) == 160
