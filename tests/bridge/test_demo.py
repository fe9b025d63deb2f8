"""The song of the demo is what its score says, and the demo sends it through a daemon."""

import subprocess
import sys
import time
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from segue_bridge import cached_analysis, client, demo
from segue_bridge.demo import compose
from segue_bridge.result import Analysis, AudioInfo, Beat, Cut, Section, Transition

QUARTER = 60 / compose.BPM


@pytest.fixture(scope="module")
def audio() -> tuple[np.ndarray, int]:
    samples, rate = soundfile.read(demo.SONG)
    return samples.mean(axis=1), rate


def notes(channel: int) -> list[tuple[float, float, int]]:
    """(seconds of the audio, length, pitch) of every note of a channel, read from the shipped MIDI file by mido."""
    now, on, found = compose.LEAD_IN, {}, []
    for message in mido.MidiFile(demo.SONG.with_suffix(".mid")):
        now += message.time
        if message.type in ("note_on", "note_off") and message.channel == channel:
            if message.type == "note_on" and message.velocity:
                on[message.note] = now
            else:
                found.append((on[message.note], now - on.pop(message.note), message.note))
    return sorted(found)


def test_the_file_is_small_and_of_the_usual_kind() -> None:
    assert demo.SONG.stat().st_size < 1_000_000
    info = soundfile.info(demo.SONG)
    assert (info.samplerate, info.format, info.subtype) == (44100, "OGG", "VORBIS")
    assert 60 <= info.duration <= 80


def test_the_midi_file_is_what_is_composed(tmp_path: Path) -> None:
    compose.song().save(tmp_path / "song.mid")
    assert (tmp_path / "song.mid").read_bytes() == demo.SONG.with_suffix(".mid").read_bytes()


def test_verse_and_chorus_are_sung_twice_with_rests_between_the_phrases() -> None:
    assert [name for name, _ in compose.FORM] == ["intro", "verse", "chorus", "verse", "chorus", "outro"]
    voice = notes(compose.VOICE.channel)
    starts = [compose.LEAD_IN + start * QUARTER for start, _, _ in compose.sections()]
    for first, second in ((1, 3), (2, 4)):
        early, late = (
            [(n - starts[i], p) for n, _, p in voice if -1.5 * QUARTER < n - starts[i] < 30 * QUARTER]
            for i in (first, second)
        )
        assert [p for _, p in early] == [p for _, p in late]
        assert np.allclose([n for n, _ in early], [n for n, _ in late], atol=1e-3)
    for start in starts[1:5]:  # a pick-up of one beat leads into each, after a beat or more without the voice
        before = [(onset, onset + length) for onset, length, _ in voice if onset < start - 1.5 * QUARTER]
        pickup = [onset for onset, _, _ in voice if abs(onset - start) < 1.1 * QUARTER and onset < start - 0.1]
        assert pickup[0] == pytest.approx(start - QUARTER, abs=0.01)
        assert not before or pickup[0] - before[-1][1] > 0.9 * QUARTER


def test_drums_sound_where_the_score_has_them(audio: tuple[np.ndarray, int]) -> None:
    samples, rate = audio
    hop, window = 64, 256
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop] * np.hanning(window)
    rise = np.maximum(np.diff(np.log(1e-3 + np.abs(np.fft.rfft(frames, axis=1))), axis=0), 0).sum(axis=1)
    times = (np.arange(len(rise)) + 1) * hop / rate + window / 2 / rate
    hits = sorted({onset for onset, _, pitch in notes(compose.DRUMS.channel) if pitch in (compose.KICK, compose.SNARE)})
    late = []
    for hit in hits:
        near = np.flatnonzero(np.abs(times - hit) < 0.06)
        late.append(times[near[np.argmax(rise[near])]] - hit)
    assert len(hits) > 150
    assert abs(np.median(late)) < 0.006
    assert np.mean(np.abs(late) < 0.012) > 0.95


@pytest.mark.long
def test_beats_found_by_librosa_are_the_beats_of_the_score(audio: tuple[np.ndarray, int]) -> None:
    import librosa

    tempo, beats = librosa.beat.beat_track(y=audio[0].astype(np.float32), sr=audio[1], start_bpm=120, units="time")
    assert float(np.squeeze(tempo)) == pytest.approx(compose.BPM, rel=0.03)
    phase = (beats - compose.LEAD_IN) / QUARTER
    assert np.mean(np.abs(phase - np.rint(phase)) * QUARTER < 0.05) > 0.9


def test_the_tune_is_heard_above_its_neighbours(audio: tuple[np.ndarray, int]) -> None:
    samples, rate = audio

    def level(pitch: int, start: float, length: float) -> float:
        part = samples[round(start * rate) : round((start + length) * rate)]
        wave = np.exp(-2j * np.pi * 440 * 2 ** ((pitch - 69) / 12) * np.arange(len(part)) / rate)
        return float(np.abs(np.sum(part * np.hanning(len(part)) * wave)))

    long = [(start, length, pitch) for start, length, pitch in notes(compose.VOICE.channel) if length > 0.8 * QUARTER]
    heard = [level(p, t, n) > 2 * max(level(p - 1, t, n), level(p + 1, t, n)) for t, n, p in long]
    assert len(long) > 30
    assert np.mean(heard) > 0.9


def analysis(*_: object) -> Analysis:
    beats = [Beat(0.3 + i * QUARTER, i // 4 + 1, i % 4 + 1) for i in range(152)]
    cuts = [Cut(0, "entry", 23.41, 0.9, 12, 4.0, "C"), Cut(1, "exit", 54.89, 0.8, 28, 4.0, "B")]
    sections = [Section(0.0, 23.9, "A"), Section(23.9, 75.5, "B")]
    info = AudioInfo(str(demo.SONG), 75.5, 44100, "0" * 64)
    return Analysis(info, {}, 122.0, 4, beats, sections, cuts, [Transition(1, 0, 0.7)], [])


def test_markers_come_over_osc_and_are_printed_and_drawn(
    start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon, _ = start(analyse=analysis)
    monkeypatch.setattr(cached_analysis, "analyse", lambda *_: analysis())
    (tmp_path / "segue-demo.png").write_text("the user's own")
    demo.run(tmp_path, daemon.port)
    out = capsys.readouterr().out
    assert ["▶", "#0", "0:23.410", "0.90"] in [line.split()[:4] for line in out.splitlines()]
    assert "leave at 0:54.890 (bar 28, section B), go on at 0:23.410 (bar 12, section C), score 0.70" in out
    assert "segue-demo-2.png is drawn" in out
    assert (tmp_path / "segue-demo.png").read_text() == "the user's own"
    assert (tmp_path / "segue-demo-2.png").read_bytes().startswith(b"\x89PNG")


def test_a_daemon_of_its_own_is_stopped_afterwards(free_port: int) -> None:
    with demo.daemon(free_port) as port:
        assert client.answers(port, timeout=60)
        with demo.daemon(port) as same:
            assert same == port
        assert client.answers(port, timeout=60)
    end = time.monotonic() + 60
    while client.answers(port, timeout=0.2) and time.monotonic() < end:
        time.sleep(0.1)
    assert not client.answers(port, timeout=0.2)


def test_the_whole_demo_with_the_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "segue_bridge", "demo"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("song.ogg")
    assert (tmp_path / "segue-demo.png").read_bytes().startswith(b"\x89PNG")
