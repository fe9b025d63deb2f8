"""What is wrong with a recording or a model reaches the one who asked, in a sentence; then a good request is answered.

One daemon with the real analysis over real OSC. Broken packets, jobs and spools: test_daemon_bad_input.py.
"""

import json
import threading

import numpy as np
import onnx
import pytest
import soundfile
import soxr
from onnx import TensorProto, helper

from osc_host import Host
from segue_bridge import cached_analysis, demo, model_store
from segue_bridge.daemon import Daemon, bind
from segue_bridge.result_cache import ResultCache, through_cache

SECONDS = 20.0  # of the demo song: enough for beats and a section


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    """The daemon as `segue serve` makes it."""
    made = Daemon(bind(0), through_cache(cached_analysis.from_heard, ResultCache(tmp_path_factory.mktemp("results"))))
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    yield made
    made.stop()
    thread.join(60)


@pytest.fixture
def host(serving):
    host = Host(serving.port)
    yield host
    host.socket.close()


def refusal(host: Host, path, start: float = 0.0, length: float = 0.0, options: str = "") -> tuple[str, str]:
    """Code and sentence of the error that answers a job; fails where the daemon then does not answer a good one."""
    host.analyze(1, path, start, length, options)
    job, code, sentence = host.wait("/segue/error", 60)
    assert job == 1
    host.analyze(2, demo.SONG, 0.0, SECONDS)
    assert host.wait("/segue/done", 60)[0] == 2
    return code, sentence


def song(seconds: float = SECONDS) -> tuple[np.ndarray, int]:
    with soundfile.SoundFile(demo.SONG) as file:
        return file.read(round(seconds * file.samplerate)), file.samplerate


def spoilt(value: float) -> np.ndarray:
    samples, _ = song()
    samples[300_000, 0] = value
    return samples


def test_a_file_that_is_missing(host, tmp_path):
    code, sentence = refusal(host, tmp_path / "gone.wav")
    assert code == "not_found" and "gone.wav does not exist: check the path" in sentence


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "empty_file", "export it again"),
        (b"This is no music. " * 999, "not_audio", "convert it to WAV or FLAC"),
        (bytes(100_000), "not_audio", "convert it to WAV or FLAC"),
    ],
    ids=["empty", "text", "zeros"],
)
def test_a_file_that_holds_no_audio(host, tmp_path, content, code, says):
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    answer, sentence = refusal(host, path)
    assert answer == code and str(path) in sentence and says in sentence


@pytest.mark.parametrize("name", ["song.wav", "song.flac", "song.ogg", "song.mp3"])
def test_a_file_that_is_truncated_is_marked_up_to_there_with_a_warning(host, tmp_path, name):
    path = tmp_path / name
    soundfile.write(path, *song())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    host.analyze(5, path)
    job, sentence = host.wait("/segue/warning", 60)
    assert job == 5 and sentence.startswith(f"{name} ends early or is damaged near ")
    assert host.wait("/segue/done", 60)[0] == 5


@pytest.mark.parametrize("name", ["song.wav", "song.flac", "song.ogg"])
def test_a_file_of_which_almost_nothing_is_left(host, tmp_path, name):
    path = tmp_path / name
    soundfile.write(path, *song())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 10])
    code, sentence = refusal(host, path)
    assert code == "too_short" and "at least 4 s" in sentence


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(host, tmp_path, value):
    path = tmp_path / "song.wav"
    soundfile.write(path, spoilt(value), 44100, subtype="FLOAT")
    code, sentence = refusal(host, path)
    assert code == "bad_samples" and "NaN, infinite" in sentence


@pytest.mark.parametrize(
    ("seconds", "code", "says"), [(10.0, "silence", "select a part with music"), (0.2, "too_short", "at least 4 s")]
)
def test_silence_and_a_fifth_of_a_second(host, tmp_path, seconds, code, says):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(round(44100 * seconds)), 44100)
    answer, sentence = refusal(host, path)
    assert answer == code and says in sentence


@pytest.mark.parametrize(
    ("start", "length", "code", "says"),
    [
        (10_000.0, 0.0, "outside_file", "select the region again"),
        (0.0, 10_000.0, "outside_file", "select the region again"),
        (-5.0, 20.0, "bad_arguments", "start was -5"),
    ],
)
def test_a_region_outside_the_file(host, start, length, code, says):
    answer, sentence = refusal(host, demo.SONG, start, length)
    assert answer == code and says in sentence


@pytest.mark.parametrize("rate", [8000, 192_000])
def test_the_lowest_and_the_highest_rate_are_good_input(host, tmp_path, rate):
    samples, source = song()
    path = tmp_path / "song.wav"
    soundfile.write(path, soxr.resample(samples, source, rate), rate)
    host.analyze(3, path)
    *said, done = host.counted_set(60)
    cuts = [message for message in said if message.address == "/segue/cut"]
    assert done.values[0] == 3 and done.values[1] == len(cuts)
    assert all(0 <= cut.values[3] <= SECONDS for cut in cuts)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_ninety_minutes_are_good_input(host, tmp_path):
    samples, source = song(75.0)
    path = tmp_path / "song.wav"
    minute = soxr.resample(samples.mean(axis=1), source, 8000)
    soundfile.write(path, np.resize(minute, 90 * 60 * 8000), 8000)
    host.analyze(4, path)
    assert host.wait("/segue/done", 1000)[0] == 4


def without_card(path) -> None:
    song = helper.make_tensor_value_info("song", TensorProto.FLOAT, [1, "cells", 75])
    out = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, "cells", 75])
    graph = helper.make_graph([helper.make_node("Sigmoid", ["song"], ["probability"])], "g", [song], [out])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), str(path))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: None, "put cuts.onnx into"),
        (lambda path: path.write_bytes(b"no model"), "not an ONNX model"),
        (without_card, "no model card"),
    ],
    ids=["missing", "not ONNX", "without card"],
)
def test_a_model_that_cannot_serve(host, tmp_path, monkeypatch, spoil, says):
    with monkeypatch.context() as patch:
        patch.setattr(model_store, "folder", lambda: tmp_path)
        patch.setattr(model_store, "files", lambda package: tmp_path / "nothing shipped")
        spoil(tmp_path / "cuts.onnx")
        host.analyze(1, demo.SONG, 0.0, SECONDS)
        job, code, sentence = host.wait("/segue/error", 60)
    assert (job, code) == (1, "no_model") and says in sentence
    host.analyze(2, demo.SONG, 0.0, SECONDS)
    assert host.wait("/segue/done", 60)[0] == 2


def test_a_cache_folder_that_cannot_be_written(start, tmp_path):
    (tmp_path / "file").write_text("")
    _, host = start(through_cache(cached_analysis.from_heard, ResultCache(tmp_path / "file" / "cache")))
    for job in (1, 2):
        host.analyze(job, demo.SONG, 0.0, SECONDS)
        assert host.wait("/segue/done", 60)[0] == job


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ({"bpm": 0}, "0 beats a minute"),
        ({"meter": "13/0"}, "13/0 is no metre"),
        ({"downbeat": 1000}, "outside the recording"),
        ({"points": [[0, 0], [1, 0.01]], "signatures": [[0, 4, 4]]}, "quarter notes a minute"),
        ({"points": [[0, 0], [10, 1]], "signatures": [[0, 4, 1]]}, "beats of"),
        ("4/4", "must be a JSON object"),
    ],
)
def test_a_grid_that_cannot_be_is_told_and_the_next_one_is_taken(host, grid, says):
    code, sentence = refusal(host, demo.SONG, 0.0, SECONDS, json.dumps({"grid": grid}))
    assert code == "bad_grid" and says in sentence
    host.analyze(3, demo.SONG, 0.0, SECONDS, json.dumps({"min_score": 0.0, "grid": {"bpm": 122, "meter": "3/4"}}))
    messages = host.counted_set()
    assert all(1 <= m.values[6] < 4 for m in messages if m.address == "/segue/cut" and m.values[5] > 0)
    assert any(m.address == "/segue/cut" for m in messages)
