import numpy as np
import pytest
from click.testing import CliRunner

from segue_models.evaluation import beat_kinds
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track


def grid(bpm, metre=4, first=0.0, seconds=30.0):
    times = np.arange(first, seconds, 60 / bpm)
    return BeatGrid(times, np.arange(len(times)) % metre + 1, metre)


def values(row):
    return row.tempo, row.octave, row.metre, row.bar


@pytest.mark.parametrize(
    "found, expected",
    [
        (grid(120, 3), (1, 0, 1, 1)),
        (grid(125, 3), (1, 0, 1, 1)),
        (grid(60, 3), (0, 1, 1, 0)),
        (grid(240, 6), (0, 1, 0, 1)),
        (grid(160, 4), (0, 0, 0, 1)),
        (grid(120, 4), (1, 0, 0, 0)),
        (None, (0, 0, 0, 0)),
    ],
)
def test_tempo_octave_metre_and_bar_of_a_waltz(found, expected):
    assert values(beat_kinds.judged(grid(120, 3), found, True)) == expected


def test_of_beats_without_bars_only_the_beats_count():
    truth = BeatGrid(grid(120).times, np.zeros(60, dtype=np.int64))
    found = beat_kinds.judged(truth, grid(120), True)
    assert found.beat_f == found.tempo == 1 and np.isnan([found.down_f, found.metre, found.bar]).all()


def test_a_table_counts_what_is_believed_rightly_and_wrongly():
    truth = grid(120)
    rows = [
        beat_kinds.judged(truth, truth, True),
        beat_kinds.judged(truth, truth.later(0.25), True),
        beat_kinds.judged(truth, truth, False),
        beat_kinds.judged(truth, None, False),
    ]
    cells = dict(zip(beat_kinds.COLUMNS, beat_kinds.row("clicks", rows).split()[2:], strict=True))
    assert cells == {
        "beat F": "0.500", "down F": "0.500", "CMLt": "0.500", "AMLt": "0.745", "tempo": "75%", "x 2": "0%",
        "metre": "75%", "bar": "75%", "believed": "2", "their F": "0.500", "wrongly": "1", "refused": "2",
    }  # fmt: skip


def test_two_beats_of_three_eighths_are_told_from_three_beats():
    jig, waltz = grid(60, 2), grid(90, 3)  # bars of two seconds both
    rows = {
        "sheets 6/8": [beat_kinds.judged(jig, found, True) for found in (jig, grid(120, 4), waltz, None)],
        "sheets 3/4": [beat_kinds.judged(waltz, found, True) for found in (waltz, jig)],
        "sheets 4/4": [beat_kinds.judged(grid(120), grid(120), True)],
    }
    assert beat_kinds.in_three(rows) == ["6/8 told from 3/4: 50% of 4 songs", "3/4 told from 6/8: 50% of 2 songs"]
    assert beat_kinds.in_three({"sheets 4/4": rows["sheets 4/4"]}) == []


def test_what_has_no_pulse_is_believed_wrongly_or_refused():
    rows = [beat_kinds.judged(None, grid(120), True), beat_kinds.judged(None, grid(120), False)]
    cells = beat_kinds.row("noise", rows).split()
    assert cells == ["noise", "2", *["-"] * 8, "1", "-", "1", "1"]


@pytest.fixture
def songs(clicks, write, monkeypatch):
    """Three songs of two kinds: to a click of 120, of 90, and noise without beats."""
    rng, out = np.random.default_rng(0), []
    for name, truth in (("drums-1", grid(120, seconds=15)), ("drums-2", grid(90, seconds=15)), ("noise-1", None)):
        sound = rng.normal(size=15 * 44100).astype(np.float32) * 0.1
        if truth is not None:
            sound = clicks(truth.times, 15.0, truth.positions == 1)
        out.append(Track(name, "no_pulse", "", "", write(f"{name}.wav", sound), np.empty((0, 2)), truth))
    monkeypatch.setattr(beat_kinds.songs, "tracks", lambda corpora, where, log: out)
    return out


def test_songs_are_judged_by_kind_as_they_are_served(songs, capsys):
    told = CliRunner().invoke(beat_kinds.main, ["no_pulse"], catch_exceptions=False)
    head, drums, noise = told.stdout.splitlines()
    assert head.split()[:2] == ["kind", "n"]
    assert drums.startswith("no_pulse drums") and noise.startswith("no_pulse noise")
    assert drums.split()[2] == "1" and drums.split()[7] == "100%"  # one is set aside for tests
    assert noise.split()[-4:] == ["0", "-", "0", "1"]
    assert "songs" in told.stderr


def test_no_more_of_a_kind_than_asked_for(songs, monkeypatch):
    monkeypatch.setattr(beat_kinds.songs, "part", lambda tracks, which: [])
    assert [t.name for t in beat_kinds.chosen(["no_pulse"], 1)] == ["drums-1", "noise-1"]
    assert len(beat_kinds.chosen(["no_pulse"], None)) == 3


def test_an_unknown_corpus_is_one_sentence():
    told = CliRunner().invoke(beat_kinds.main, ["none"])
    assert told.exit_code == 2 and "there is no corpus 'none'" in told.output
