from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from segue_models import recipe as recipes
from segue_models.corpora import evr, evr_swap
from segue_models.cuts import cut_rule
from segue_models.rendering import revoice
from segue_models.rendering.activity import activity
from segue_models.rendering.revoice import Singer
from segue_models.signal.frames import BeatGrid
from segue_models.training import songs
from test_batches import example

pytestmark = pytest.mark.long

RATE = 44100
FAST, SLOW = "1_hydrogen", "4_potassium"  # 132 and 90 BPM: one of its beats is two of the other's
NAME = f"swap-{FAST}-{SLOW}-0"


def grid_of(bpm: float, beats: int) -> BeatGrid:
    return BeatGrid(np.arange(beats) * 60 / bpm, np.arange(beats) % 4 + 1)


def tone(hz: float, seconds: float) -> np.ndarray:
    """A pulse train through one resonance at 800 Hz."""
    pulses = (np.diff(np.floor(np.arange(round(seconds * RATE) + 1) * hz / RATE)) > 0).astype(float)
    pole = 0.985 * np.exp(2j * np.pi * 800 / RATE)
    return (0.02 * lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], pulses)).astype(np.float32)


STARTS = np.array([1.0, 6.5, 12.0, 19.0, 26.0])  # beats of the fast song
LENGTH = 2.0
HZ = 220.0  # A


def stems(root, song) -> dict[str, np.ndarray]:
    """24 s: the fast song sings A at STARTS; the slow one plays a D major chord with a drum on every beat."""
    out = {name: np.zeros(24 * RATE, dtype=np.float32) for name in ("vocals", "drums", "other")}
    for start in STARTS:
        begin = round(start * 60 / 132 * RATE)
        note = tone(HZ, LENGTH * 60 / 132)
        out["vocals"][begin : begin + len(note)] = note
    t = np.arange(24 * RATE) / RATE
    for hz in (293.66, 369.99, 440.0):
        out["other"] += (0.05 * np.sin(2 * np.pi * hz * t)).astype(np.float32)
    for beat in np.arange(0, 24, 60 / 90):
        first = round(beat * RATE)
        out["drums"][first : first + 1000] += 0.3 * np.random.default_rng(0).normal(size=len(t[first : first + 1000]))
    return out


@pytest.fixture
def made(monkeypatch, tmp_path):
    """make(name) with songs of 24 s that this file knows; phrases are never left out."""
    monkeypatch.setattr(evr, "stems", stems)
    monkeypatch.setattr(evr, "grid", lambda root, song: grid_of(132, 52) if song == FAST else grid_of(90, 36))
    monkeypatch.setattr(evr_swap, "MAX_SECONDS", 20.0)
    return lambda name: evr_swap.make(tmp_path, tmp_path, name)


@pytest.fixture(scope="module")
def phrases():
    vocals = stems(None, FAST)["vocals"]
    return revoice.analyse(vocals, evr_swap.spans(activity(vocals), grid_of(132, 52)))


def test_long_phrases_end_at_a_breath():
    grid = grid_of(120, 100)
    lead = np.array([[0.0, 2.0], [2.2, 3.9], [4.1, 6.0], [6.2, 7.0], [20.0, 20.5]])
    assert evr_swap.spans(lead, grid).tolist() == [[0.0, 3.9], [4.1, 7.0], [20.0, 20.5]]
    assert evr_swap.spans(np.empty((0, 2)), grid).shape == (0, 2)


@pytest.mark.long
def test_beds_and_choirs_are_no_phrases(made, monkeypatch, tmp_path):
    """Of six notes one is drawn out over 6 beats and one is a chord, which has no one pitch."""
    t, whole = np.arange(round(0.9 * RATE)) / RATE, stems(None, FAST)["vocals"]
    vocals = np.concatenate([whole, tone(HZ, 6 * 60 / 132), np.zeros(RATE, dtype=np.float32)])
    monkeypatch.setattr(cut_rule, "BED_BEATS", 4.0)
    chord = sum(np.sin(2 * np.pi * hz * t) for hz in (220.0, 261.6, 311.1, 370.0, 233.1))
    first = round(STARTS[2] * 60 / 132 * RATE)
    vocals[first : first + len(chord)] = 0.02 * chord
    monkeypatch.setattr(evr, "stems", lambda root, song: {"vocals": vocals})
    found = evr_swap.sung(tmp_path, tmp_path, FAST)
    assert [p.start for p in found] == pytest.approx(np.delete(STARTS, 2) * 60 / 132, abs=0.03)


@pytest.mark.parametrize(("own", "other", "step"), [(132, 90, 2.0), (90, 132, 0.5), (132, 128, 1.0)])
def test_one_beat_may_be_two(own, other, step):
    assert evr_swap.step(grid_of(own, 9), grid_of(other, 9)) == step


@pytest.mark.parametrize("bpm", [90, 128, 140])
def test_phrases_begin_on_the_beat_they_had_and_never_overlap(phrases, bpm):
    own, grid = grid_of(132, 52), grid_of(bpm, 300)
    scale = evr_swap.step(own, grid)
    plans = [evr_swap.plan(phrases, own, grid, np.random.default_rng(k)) for k in range(12)]
    for placed in plans:
        for phrase, at in placed:
            assert ((at - own.phase(phrase.start) / scale + 2) % 4) == pytest.approx(2, abs=1e-4)
        starts = np.array([at for _, at in placed])
        ends = starts + [float(np.ptp(own.phase([p.start, p.end]))) / scale for p, _ in placed]
        assert np.all(starts[1:] > ends[:-1]) and ends[-1] < 300
    rests = np.concatenate([np.diff([at for _, at in placed]) for placed in plans])
    assert len({round(r) for r in rests}) > 8  # gaps of many lengths
    longest = [np.diff([0.0, *(at for _, at in placed), 300.0]).max() for placed in plans]
    assert 1 <= sum(gap > 100 for gap in longest) <= 6  # a fifth have a long stretch without singing


def test_the_voice_sounds_at_its_beats_in_the_key_asked_for(phrases):
    """Measured on the sound: where it is sung, how long, and its pitch by the analysis."""
    own, grid = grid_of(132, 52), grid_of(90, 36)
    placed = [(phrases[0], 5.5), (phrases[1], 12.25)]
    audio = evr_swap.voice(placed, own, grid, 3, Singer(formant=1.1), 20 * RATE)
    heard = activity(audio)
    assert heard[:, 0] == pytest.approx(grid.seconds([5.5, 12.25]), abs=0.04)
    assert np.diff(heard) == pytest.approx(LENGTH / 2 * 60 / 90, abs=0.12)
    again = revoice.analyse(audio, heard)
    for phrase in again:
        assert 12 * np.log2(np.median(phrase.f0[phrase.f0 > 0]) / HZ) == pytest.approx(3, abs=0.1)


def test_the_key_is_one_the_backing_plays(phrases):
    """Only a B flat sounds: an A goes up by one; a lone G takes it down by two. Under the second phrase is silence."""
    own, grid, t = grid_of(132, 52), grid_of(90, 36), np.arange(20 * RATE) / RATE
    for hz, key in ((466.16, 1), (392.0, -2), (440.0, 0)):
        backing = np.where(t < 5, np.sin(2 * np.pi * hz * t), 0.0).astype(np.float32)
        backing += 1e-9 * np.random.default_rng(0).normal(size=len(t)).astype(np.float32)
        assert evr_swap.best_key([(phrases[0], 4.0), (phrases[1], 9.0)], backing, own, grid) == key


def test_a_song_says_where_its_voice_is_and_repeats(made, monkeypatch):
    dry = []
    sing = evr_swap.voice
    monkeypatch.setattr(evr_swap, "voice", lambda *args: dry.append(sing(*args)) or dry[-1])
    track, audio = made(NAME)
    factor = len(dry[0]) / len(audio)
    assert 0.97 <= factor <= 1.03 and len(audio) / RATE == pytest.approx(20, abs=0.01)
    assert np.allclose(np.diff(track.grid.times), 60 / 90 / factor, rtol=1e-3) and track.grid.positions[0] == 1
    assert len(track.lead) and track.lead.max() <= 20
    at = np.arange(len(dry[0])) / RATE / factor
    inside = np.any((at[:, None] >= track.lead[:, 0]) & (at[:, None] < track.lead[:, 1]), axis=1)
    assert np.sqrt(np.mean(dry[0][inside] ** 2)) > 6 * np.sqrt(np.mean(dry[0][~inside] ** 2))
    assert np.isfinite(audio).all() and np.abs(audio).max() <= 0.9
    assert track.trainable and track.artist == evr.ARTIST and track.licence == "CC0 1.0"
    assert np.array_equal(audio, made(NAME)[1])
    assert not np.array_equal(audio, made(NAME[:-1] + "1")[1])


def test_leaving_out_either_song_leaves_out_the_track(made):
    track, _ = made(NAME)
    assert track.voices == (FAST, SLOW)
    song = replace(example(), corpus=track.corpus, name=track.name, voices=track.voices)
    for left_out, kept in ((FAST, 0), (SLOW, 0), ("7_francium", 1)):
        recipe = recipes.from_dict({
            "name": "r", "architecture": "cut_tcn", "roles": ["entry"],
            "data": {"corpora": ["evr_swap"], "leave_out": [left_out]}, "training": {},
        })  # fmt: skip
        assert len(songs.training_songs(recipe, [song])) == kept


def test_every_voice_meets_every_other_backing_and_sodium_never_sings(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(evr_swap, "rendered", lambda make, names, *rest: asked.extend(names) or [])
    evr_swap.tracks(tmp_path, tmp_path)
    pairs = {tuple(name.split("-")[1:3]) for name in asked}
    assert pairs == {(a, b) for a in evr.SUNG for b in evr.SONGS if a != b}
    assert not any(a == "3_sodium" for a, _ in pairs) and len(asked) == len(set(asked))


def test_a_real_backing_has_no_voice_and_starts_on_a_downbeat(data):
    parts, grid = evr_swap.backing(data, "4_potassium", 10.0, np.random.default_rng(3))
    assert parts and "vocals" not in parts and set(parts) <= {"drums", "other"}
    assert all(len(stem) == 10 * RATE for stem in parts.values())
    assert grid.positions[0] == 1 and grid.times[0] == pytest.approx(0, abs=1e-6) and grid.times[-1] < 10
