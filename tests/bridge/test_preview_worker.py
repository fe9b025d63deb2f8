"""Previews and verdicts through the daemon: what a host hears, and what it hears when it asks for nonsense."""

import json
import os
import threading
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from osc_host import Host, Slow, analysis_of, quick, until
from segue_bridge import feedback, preview, preview_worker
from segue_bridge.result import AudioInfo, Beat
from segue_models.transitions.splice import Splice

RATE = 48000


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "sông.wav"
    noise = np.random.default_rng(1).normal(0, 0.05, (20 * RATE, 2))
    soundfile.write(path, noise, RATE)
    return path


def analyse(region, options, progress, cancelled):
    """Cuts at 1, 1.33, 1.67 ... seconds, beats twice a second."""
    beats = [Beat(i / 2, 1 + i // 4, 1 + i % 4) for i in range(40)]
    audio = AudioInfo(str(region.paths[0]), 20.0, RATE, "0" * 64)
    return replace(analysis_of(30), audio=audio, beats=beats)


def test_a_transition_is_rendered_and_found_again(start, song):
    _, host = start(analyse)
    host.analyze(7, song)
    host.counted_set()
    host.say("/segue/preview", 7, 6, 21, 0.0, 1.25)
    job, leave_id, enter_id, leave, enter, ahead, fade, gain = host.wait("/segue/preview/splice")
    assert (job, leave_id, enter_id) == (7, 6, 21)
    assert leave == pytest.approx(3.0, abs=1 / RATE) and abs(enter - 8.0) < 0.02
    assert 0 <= ahead <= fade < 0.2 and 0.5 < gain < 2
    job, wav, join = host.wait("/segue/preview/file")
    rendered, rate = soundfile.read(wav)
    original, _ = soundfile.read(song)
    assert (job, rate, rendered.shape[1]) == (7, RATE, 2)
    assert join == pytest.approx(2.0, abs=0.01)  # four beats
    before = rendered[: round((join - ahead) * RATE) - 1]
    first = round((leave - join) * RATE)
    assert np.abs(before - original[first : first + len(before)]).max() < 1e-4
    assert len(rendered) / RATE == pytest.approx(join + 1.25, abs=0.01)
    once = os.stat(wav).st_ino
    host.say("/segue/preview", 7, 6, 21, 0.0, 1.25)  # what a host does that lost the answer
    assert host.wait("/segue/preview/file") == (7, wav, join)
    assert os.stat(wav).st_ino == once  # not rendered again


def test_a_preview_does_not_wait_for_another_analysis(start, song):
    slow = Slow()
    _, host = start(lambda region, *job: (analyse if region.paths[0] == song else slow)(region, *job))
    host.analyze(1, song)
    host.counted_set()
    host.analyze(2, "/other.wav")
    assert slow.running.wait(60)
    host.say("/segue/preview", 1, 0, 15, 1.0, 1.0)
    assert host.wait("/segue/preview/file")[0] == 1
    slow.let.set()


def test_faults_go_to_the_host_and_the_daemon_lives(start, song):
    slow = Slow()
    _, host = start(lambda region, *job: (analyse if region.paths[0] == song else slow)(region, *job))
    host.analyze(1, song)
    host.counted_set()
    for job, leave, enter, code in ((9, 0, 1, "unknown_job"), (1, 1, 0, "unknown_cut"), (1, 0, 99, "unknown_cut")):
        host.say("/segue/preview", job, leave, enter, 0.0, 0.0)
        assert host.wait("/segue/error")[:2] == (job, code)
    host.say("/segue/verdict", 9, 0, "kept", "exit", 1.0)
    assert host.wait("/segue/error")[:2] == (9, "unknown_job")
    host.say("/segue/verdict", 1, 0, "adored", "exit", 1.0)
    assert host.wait("/segue/error")[:2] == (1, "bad_arguments")
    host.analyze(2, "/other.wav")
    assert slow.running.wait(60)
    host.say("/segue/preview", 2, 0, 1, 0.0, 0.0)
    assert host.wait("/segue/error")[:2] == (2, "not_done")
    slow.let.set()
    host.wait("/segue/done")
    song.unlink()
    host.say("/segue/preview", 1, 0, 15, 2.0, 2.0)
    job, _, sentence = host.wait("/segue/error")
    assert job == 1 and str(song) in sentence
    assert host.well()


def test_a_verdict_is_on_disk_when_it_is_noted(start, song, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    _, host = start(analyse)
    host.analyze(3, song)
    host.counted_set()
    host.say("/segue/verdict", 3, 4, "rejected", "exit", 1 + 4 / 3)
    assert host.wait("/segue/noted") == (3, 4)
    (line,) = map(json.loads, feedback.path().read_text(encoding="utf-8").splitlines())
    assert (line["verdict"], line["cut"]["id"], line["audio"]["path"]) == ("rejected", 4, str(song))


def test_warnings_come_before_done(start):
    def doubtful(*job):
        return replace(quick(*job), warnings=["the beat is uncertain here"])

    _, host = start(doubtful)
    host.analyze(1)
    messages = host.counted_set()
    assert messages[-2].values == (1, "the beat is uncertain here")
    assert messages[-2].address == "/segue/warning"


def test_an_unwritable_preview_folder_is_told(start, song, own_cache):
    _, host = start(analyse)
    host.analyze(1, song)
    host.counted_set()
    until(lambda: own_cache.is_dir())
    (own_cache / "previews").write_text("a file where the folder should be")
    host.say("/segue/preview", 1, 0, 15, 1.0, 1.0)
    assert host.wait("/segue/error")[:2] == (1, "failed")
    assert host.well()


class Renderer:
    """Stands in for rendering, which takes as long as it is let; remembers what was asked for, in order."""

    def __init__(self, monkeypatch):
        self.made, self.running, self.gate = [], threading.Semaphore(0), threading.Semaphore(0)
        self.told = []
        monkeypatch.setattr(preview, "make", self)

    def __call__(self, paths, exit, entry, beats, before, after, told=()):
        self.running.release()
        assert self.gate.acquire(timeout=60)
        self.made.append(before)
        self.told.append(set(told))
        return preview.Preview(paths[0].with_name(f"{before:g}.wav"), before, Splice(exit, entry, 0.0, 0.0, 1.0))


@pytest.fixture
def renderer(monkeypatch):
    made = Renderer(monkeypatch)
    yield made
    made.gate.release(1000)


def test_a_verdict_does_not_wait_for_previews(start, song, tmp_path, monkeypatch, renderer):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    _, host = start(analyse)
    host.analyze(1, song)
    host.counted_set()
    for number in range(120):
        host.say("/segue/preview", 1, 0, 15, 1.0 + number, 1.0)
    host.say("/segue/verdict", 1, 4, "kept", "exit", 1 + 4 / 3)
    assert host.wait("/segue/noted", 60) == (1, 4)
    assert renderer.made == []


def test_what_a_host_asked_for_last_is_rendered_first_and_once(start, song, renderer):
    _, host = start(analyse)
    host.analyze(1, song)
    host.counted_set()
    for before in (1.0, 2.0, 3.0, 4.0, 2.0):
        host.say("/segue/preview", 1, 0, 15, before, 1.0)
        if before == 1.0:
            assert renderer.running.acquire(timeout=60)
    host.say("/segue/status")
    host.wait("/segue/status", 60)  # all of them have arrived
    renderer.gate.release(10)
    assert [host.wait("/segue/preview/file", 60)[2] for _ in range(4)] == [1.0, 2.0, 4.0, 3.0]
    assert host.well() and renderer.made == [1.0, 2.0, 4.0, 3.0]


def test_hosts_take_turns_with_their_previews(start, song, renderer):
    daemon, host = start(analyse)
    other = Host(daemon.port)
    for each in (host, other):
        each.analyze(1, song)
        each.counted_set()
    host.say("/segue/preview", 1, 0, 15, 1.0, 1.0)
    assert renderer.running.acquire(timeout=60)
    for number in range(1, 100):
        host.say("/segue/preview", 1, 0, 15, 1.0 + number, 1.0)
    other.say("/segue/preview", 1, 0, 15, 0.5, 1.0)
    for each in (host, other):
        each.say("/segue/status")
        each.wait("/segue/status", 60)
    renderer.gate.release(2)
    assert other.wait("/segue/preview/file", 60)[2] == 0.5
    assert renderer.made == [1.0, 0.5]
    other.socket.close()


def test_more_previews_than_may_wait_are_refused(start, song, renderer, monkeypatch):
    monkeypatch.setattr(preview_worker, "PREVIEWS_PER_HOST", 3)
    _, host = start(analyse)
    host.analyze(1, song)
    host.counted_set()
    host.say("/segue/preview", 1, 0, 15, 9.0, 1.0)
    assert renderer.running.acquire(timeout=60)
    for number in range(4):
        host.say("/segue/preview", 1, 0, 15, 1.0 + number, 1.0)
    job, code, sentence = host.wait("/segue/error", 60)
    assert (job, code) == (1, "too_many") and "at most 3" in sentence


def test_the_preview_a_host_was_told_of_last_is_spared(start, song, renderer):
    daemon, host = start(analyse)
    other = Host(daemon.port)
    renderer.gate.release(3)
    for each, before in ((host, 1.0), (other, 2.0), (host, 3.0)):
        each.analyze(1, song)
        each.counted_set()
        each.say("/segue/preview", 1, 0, 15, before, 1.0)
        each.wait("/segue/preview/file", 60)
    names = [{wav.name for wav in told} for told in renderer.told]
    assert names == [set(), {"1.wav"}, {"1.wav", "2.wav"}]
    other.socket.close()
