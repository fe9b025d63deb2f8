"""`segue preview`: where the transition goes, and what is said."""

import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from segue_bridge import cached_analysis
from segue_bridge.cli import main
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, AudioInfo, Beat, Cut

RATE = 44100


@pytest.fixture
def song(write, monkeypatch):
    """A song of 12 s, and an analysis that found 150 beats a minute in it."""

    def analyse(region, options, progress, cancelled):
        beats = [Beat(0.4 * i, i // 4 + 1, i % 4 + 1) for i in range(30)]
        cuts = [Cut(4, "exit", 6.4, 0.8, 5, 1.0, "A"), Cut(8, "entry", 2.4, 0.7, 2, 3.0, "A")]
        return Analysis(AudioInfo("song.flac", 12.0, RATE, ""), {}, 150.0, 4, beats, [], cuts, [], [])

    monkeypatch.setattr(cached_analysis, "from_heard", analyse)
    return write("song.flac", 0.1 * np.random.default_rng(0).normal(size=(12 * RATE, 2)))


def segue(*args):
    return CliRunner().invoke(main, ["preview", *map(str, args)])


def test_the_path_is_the_result_and_the_join_is_told(song):
    result = segue(song, "--exit", "0:04", "--entry", "8")
    assert result.exit_code == 0
    assert soundfile.info(result.stdout.strip()).frames == round(3.2 * RATE)
    assert "leaves at 4.000 s, goes on at 8.000 s, joined at 1.600 s" in result.stderr
    assert soundfile.info(segue(song, "--exit", 4, "--entry", 8, "--beats", 2).stdout.strip()).duration == 1.6


def test_a_number_with_a_hash_is_the_id_of_a_cut(song):
    result = segue(song, "--exit", "#4", "--entry", "#8")
    assert result.exit_code == 0
    assert "exit #4 is at 0:06.400, score 0.80" in result.stderr
    assert "entry #8 is at 0:02.400, score 0.70" in result.stderr
    assert "leaves at 6.400 s, goes on at 2.400 s" in result.stderr


def test_a_bare_number_is_seconds_and_says_so_where_it_could_be_an_id(song):
    result = segue(song, "--exit", "4", "--entry", "8")
    assert "leaves at 4.000 s, goes on at 8.000 s" in result.stderr
    assert "--exit 4 is second 4 of song.flac; the exit #4 is at 0:06.400: for it write --exit '#4'" in result.stderr
    assert "--entry 8 is second 8" in result.stderr
    for clear in ("4.0", "0:04", "8", "5"):  # #8 is an entry, and there is no #5
        assert "is second" not in segue(song, "--exit", clear, "--entry", "9").stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--exit", "#8", "--entry", "#8"], "#8 is an entry"),
        (["--exit", "#4", "--entry", "#5"], "#5 is no cut"),
        (["--exit", "#4", "--entry", "#99999999999999999999"], "--entry can be #8"),
        (["--exit", "#", "--entry", "8"], "1:23.5"),
        (["--exit", "#-4", "--entry", "8"], "1:23.5"),
        (["--exit", "#\u0664", "--entry", "8"], "1:23.5"),
    ],
)
def test_an_id_of_no_such_cut_is_refused(song, args, says):
    result = segue(song, *args)
    assert (result.exit_code, result.stdout) == (2, "") and says in result.stderr
    assert len(result.stderr.splitlines()) <= 2


def test_an_id_needs_an_analysis(song, monkeypatch):
    def analyse(*job):
        raise SegueError("too_long", "the region is too long")

    monkeypatch.setattr(cached_analysis, "from_heard", analyse)
    result = segue(song, "--exit", "#4", "--entry", "8")
    assert (result.exit_code, result.stderr) == (2, "segue: the region is too long\n")


def test_what_is_no_file_is_not_written_to(song, tmp_path):
    os.mkfifo(tmp_path / "x.wav")
    result = segue(song, "--exit", 4, "--entry", 8, "-o", tmp_path / "x.wav")
    assert result.exit_code == 2 and "FIFO" in result.stderr


def test_a_file_or_a_folder_gets_it(song, tmp_path):
    for output, target in ((tmp_path / "here.WAV", "here.WAV"), (tmp_path, "song preview.wav")):
        result = segue(song, "--exit", 4, "--entry", 8, "-o", output)
        assert (result.exit_code, result.stdout) == (0, "")
        assert soundfile.info(tmp_path / target).frames == round(3.2 * RATE)
    assert not list(tmp_path.glob(".*"))


def test_the_recording_is_never_overwritten(song, write):
    recording = write("a.wav", soundfile.read(song)[0])
    before = recording.read_bytes()
    recording.with_name("link.wav").symlink_to(recording)
    for output in (recording, recording.with_name("link.wav")):
        result = segue(recording, "--exit", 4, "--entry", 8, "-o", output)
        assert result.exit_code == 2 and "another name" in result.stderr
    assert recording.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--exit", "4"], "--entry"),
        (["--exit", "soon", "--entry", "8"], "1:23.5"),
        (["--exit", "99", "--entry", "8"], "from 0.01 to 12.000"),
        (["--exit", "4", "--entry", "12"], "nothing to hear"),
        (["--exit", "4", "--entry", "8", "--beats", "0"], "--beats"),
        (["--exit", "4", "--entry", "8", "--beats", "1000"], "0 to 60 s"),
        (["--exit", "4", "--entry", "8", "-o", "x.mp3"], "ends in .wav"),
        (["--exit", "4", "--entry", "8", "-o", "no/x.wav"], "no folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(song, args, says):
    result = segue(song, *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_missing_recording_is_told(song):
    result = segue("gone.wav", "--exit", 4, "--entry", 8)
    assert (result.exit_code, result.stderr) == (2, "segue: gone.wav does not exist: check the path\n")


def test_without_beats_it_takes_half_a_second_and_says_so(song, monkeypatch):
    def analyse(*job):
        raise SegueError("too_long", "the region is too long")

    monkeypatch.setattr(cached_analysis, "from_heard", analyse)
    result = segue(song, "--exit", 4, "--entry", 8)
    assert result.exit_code == 0 and "half a second" in result.stderr
    assert soundfile.info(result.stdout.strip()).duration == 4.0


class Speaker(ModuleType):
    """sounddevice's documented part that is used; anything else raises AttributeError."""

    class PortAudioError(Exception):
        pass

    def __init__(self, fault: str = "") -> None:
        super().__init__("sounddevice")
        self.fault, self.heard, self.stopped = fault, [], 0

    def play(self, data: np.ndarray, samplerate: int, *, blocking: bool = False) -> None:
        if self.fault:
            raise self.PortAudioError(self.fault)
        assert blocking and data.dtype == np.float32 and data.ndim == 2  # else it ends with the process, unheard
        self.heard.append((data, samplerate))

    def stop(self) -> None:
        self.stopped += 1


def test_it_is_played_as_it_was_rendered(song, tmp_path, monkeypatch):
    speaker = Speaker()
    monkeypatch.setitem(sys.modules, "sounddevice", speaker)
    result = segue(song, "--exit", 4, "--entry", 8, "--play", "-o", tmp_path / "x.wav")
    assert (result.exit_code, result.stdout, speaker.stopped) == (0, "", 1)
    [(data, rate)] = speaker.heard
    rendered, _ = soundfile.read(tmp_path / "x.wav", dtype="float32")
    assert rate == RATE and np.array_equal(data[: len(rendered)], rendered) and not data[len(rendered) :].any()


def test_no_device_is_one_line_and_exit_1(song, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", Speaker("Error querying device -1"))
    result = segue(song, "--exit", 4, "--entry", 8, "--play")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no sound device" in result.stderr.splitlines()[-1]


def test_no_portaudio_is_one_line_and_exit_1(song, monkeypatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")  # as the real one does
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    result = segue(song, "--exit", 4, "--entry", 8, "--play")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "apt install libportaudio2" in result.stderr.splitlines()[-1]


def test_nothing_is_played_unless_asked(song, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert segue(song, "--exit", 4, "--entry", 8).exit_code == 0
    assert Path(segue(song, "--exit", 4, "--entry", 8).stdout.strip()).exists()
