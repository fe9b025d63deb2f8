import sys

import numpy as np
import pytest

from segue_models.beats import tracking as trackers
from segue_models.evaluation import beats
from segue_models.signal import audio, music
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track


def grid(times, metre=4):
    return BeatGrid(np.asarray(times, dtype=np.float64), np.arange(len(times)) % metre + 1, metre)


TRUTH = grid(np.arange(5, 19.6, 0.5))


@pytest.mark.parametrize(
    "found, expected",
    [  # specs 6.8
        (grid(TRUTH.times + 0.05), {"beat F": 1.0, "Cemgil": 0.45783, "CMLc": 1.0, "CMLt": 1.0, "down F": 1.0}),
        (grid(TRUTH.times + 0.08), {"beat F": 0.0, "CMLc": 1.0, "down F": 0.0}),
        (grid(TRUTH.times + 0.10), {"beat F": 0.0, "CMLc": 0.0, "CMLt": 0.0, "AMLc": 0.0, "AMLt": 0.0}),
        (grid(np.arange(5, 19.76, 0.25)), {"beat F": 0.66667, "CMLc": 0.0, "CMLt": 0.0, "AMLc": 0.98333}),
    ],
)
def test_scores_of_known_estimates(found, expected):
    scores = beats.scores(TRUTH, found)
    assert {name: scores[name] for name in expected} == pytest.approx(expected, abs=5e-6)


def test_the_first_five_seconds_do_not_count_unless_asked_for():
    truth = grid(np.arange(0, 20, 0.5))
    late = grid(np.where(truth.times < 5, truth.times + 0.2, truth.times))
    assert beats.scores(truth, late)["beat F"] == 1.0
    assert beats.scores(truth, late, trim=False)["beat F"] == pytest.approx(30 / 40)


def test_downbeats_count_only_where_both_have_them():
    barless = BeatGrid(TRUTH.times, np.zeros(len(TRUTH.times), dtype=np.int64))
    assert np.isnan(beats.scores(TRUTH, barless)["down F"]) and np.isnan(beats.scores(barless, TRUTH)["down F"])
    assert beats.scores(TRUTH, barless)["beat F"] == 1.0


def test_nothing_found_scores_nothing(recwarn):
    found = beats.scores(TRUTH, None)
    assert set(found) == set(beats.SCORES) and not any(found.values()) and not recwarn.list


@pytest.fixture
def songs(clicks, write):
    """Two songs of 20 s to a click of 120 and 100 BPM, in four."""
    out = []
    for bpm in (120, 100):
        truth = grid(np.arange(0.25, 20, 60 / bpm))
        path = write(f"{bpm}.wav", clicks(truth.times, 20.0, truth.positions == 1))
        out.append(Track(str(bpm), "clicks", "", "", path, np.empty((0, 2)), truth))
    return out


def test_means_over_songs_and_songs_without_beats(songs):
    def first_only(song, track):
        if track.name == "120":
            return track.grid
        raise trackers.NoBeats("no beat")

    means, silent = beats.judge([first_only], [*songs, Track("x", "", "", "", songs[0].audio, np.empty((0, 2)))])
    assert means["beat F"] == means["AMLt"] == means["down F"] == 0.5 and silent == 1


@pytest.mark.long
@pytest.mark.parametrize("name", ["onsets", pytest.param("librosa", marks=pytest.mark.long)])
def test_trackers_find_a_click(songs, name):
    means, silent = beats.judge(beats.SYSTEMS[name], songs)
    assert means["beat F"] > 0.95 and silent == 0
    assert np.isnan(means["down F"]) == (name == "librosa")


def test_chance_keeps_the_tempo_and_misses_most(songs):
    heard = beats.Heard(audio.read([songs[0].audio]), None)
    drawn = [system(heard, songs[0]) for system in beats.SYSTEMS["chance"]]
    assert {round(g.tempo_bpm) for g in drawn} == {120} and len({g.times[0] for g in drawn}) == 10
    means, _ = beats.judge(beats.SYSTEMS["chance"], songs)
    assert 0 < means["beat F"] < 0.6


def test_a_missing_peer_says_what_to_install(songs, monkeypatch):
    monkeypatch.setitem(sys.modules, "essentia.standard", None)
    with pytest.raises(ValueError, match="pip install essentia"):
        beats.judge(beats.SYSTEMS["essentia"], songs)


def test_the_command_prints_a_row_for_each_system(songs, monkeypatch, capsys):
    monkeypatch.setattr(beats.songs, "tracks", lambda corpora, where, log: songs)
    monkeypatch.setattr(beats.songs, "part", lambda tracks, which: [])
    monkeypatch.setattr(sys, "argv", ["beats", "onsets", "chance", "clicks"])
    assert beats.main() == 0
    first, head, *rows = capsys.readouterr().out.splitlines()
    assert first == "2 songs of clicks" and "beat F" in head
    assert [row.split()[0] for row in rows] == ["onsets", "chance"] and all(len(r.split()) == 10 for r in rows)


@pytest.mark.parametrize(
    "words, says",
    [
        (["none", "evr"], "invalid choice"),
        (["chance", "none"], "no corpus 'none'"),
        (["product", "clicks"], "name its file with --network"),
        (["joint", "clicks", "--network", "{song}.onnx"], "120.onnx is missing"),
    ],
)
def test_the_command_refuses_what_it_does_not_know(songs, monkeypatch, capsys, words, says):
    if "clicks" in words:
        monkeypatch.setattr(beats.songs, "tracks", lambda corpora, where, log: songs)
        monkeypatch.setattr(beats.songs, "part", lambda tracks, which: [])
    monkeypatch.setattr(sys, "argv", ["beats", *words])
    with pytest.raises(SystemExit) as stopped:
        beats.main()
    assert stopped.value.code == 2 and says in capsys.readouterr().err


@pytest.mark.parametrize("name", ["detector", "tracker", "dbn"])
def test_a_decoder_hears_through_the_network_alone(songs, name, monkeypatch):
    """A network that hears every click: its activation is the truth, a little blurred."""

    def hear(mono, network):
        truth = network.times
        at = np.arange(len(mono) // 441 + 1) / 100
        return np.exp(-0.5 * ((at[:, None] - truth) / 0.015) ** 2).max(axis=1, keepdims=True).astype(np.float32)

    monkeypatch.setattr(beats.tracking, "activations", hear)
    (system,) = beats.SYSTEMS[name]
    for track in songs:
        sound = audio.read([track.audio])
        truth = track.grid.later(-music.trimmed(sound).start)  # as the network hears it, from the first sound on
        found = system(beats.Heard(sound, truth), track)
        assert beats.scores(track.grid, found)["beat F"] > 0.95 and not found.positions.any()
