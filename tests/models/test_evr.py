import numpy as np
import pytest
import soundfile as sf

from segue_models.corpora import evr
from segue_models.cuts import cut_rule
from segue_models.cuts.cut_rule import label


def test_the_beats_are_those_of_the_published_tempo(data):
    for song, bpm in (("1_hydrogen", 132), ("3_sodium", 140), ("4_potassium", 90), ("7_francium", 128)):
        grid = evr.grid(data, song)
        assert grid.tempo_bpm == pytest.approx(bpm, rel=1e-3) and grid.beats_per_bar == 4
        assert grid.positions[0] == 1


def test_a_song_is_the_sum_of_its_stems(data):
    track, audio = evr.make(data, "4_potassium")
    one = sf.read(data / "evr_cc0_stems" / "audio" / "4_potassium_vocals.ogg", dtype="float32")[0]
    rest = [evr.stems(data, "4_potassium")[name] for name in ("drums", "other")]
    total = one + rest[0][: len(one)] + rest[1][: len(one)]
    part = slice(90 * 44100, 100 * 44100)  # a common gain at most
    gain = np.dot(audio[part], total[part]) / np.dot(total[part], total[part])
    assert 0.3 < gain <= 1.0 and np.allclose(audio[part], gain * total[part], atol=1e-4)
    assert np.abs(audio).max() <= 1.0
    assert track.trainable and track.licence == "CC0 1.0" and track.voices == ("4_potassium",)
    assert track.artist == evr.ARTIST


@pytest.mark.parametrize("song", ["4_potassium", "5_rubidium"])
def test_the_tight_lead_lies_inside_the_published_activity(data, song):
    """Another hand's labels: nothing outside them, less of them (their reverberation tails), all their starts."""
    tight, wide = evr.lead(data, song), evr.lead_csv(data, song)
    grid = np.arange(0, wide[-1, 1] + 1, 0.01)

    def inside(spans):
        return np.any((grid[:, None] >= spans[:, 0]) & (grid[:, None] < spans[:, 1]), axis=1)

    a, b = inside(tight), inside(wide)
    assert (a & ~b).sum() < 0.03 * a.sum()
    assert 0.7 < a.sum() / b.sum() < 1.0
    missed = [t for t in wide[:, 0] if np.abs(tight[:, 0] - t).min() > 0.15]
    assert len(missed) <= 0.15 * len(wide)


def test_a_stretch_without_a_breath_is_a_bed_whose_phrases_are_not_known(data):
    for song, beds in (("1_hydrogen", 0), ("3_sodium", 1), ("4_potassium", 0), ("5_rubidium", 3), ("7_francium", 4)):
        grid, lead = evr.grid(data, song), evr.lead(data, song)
        found = cut_rule.unphrased_spans(lead, grid)
        assert len(found) == beds
        assert all(grid.phase(end) - grid.phase(start) > 32 for start, end in found)
    sodium = evr.make(data, "3_sodium")[0]
    (bed,) = sodium.unphrased_spans
    assert np.diff(bed) > 100  # its continuous vocal bed, as published


def test_unknown_songs_are_named(data):
    with pytest.raises(FileNotFoundError, match="9_none"):
        evr.stems(data, "9_none")


def test_entries_and_exits_exist_in_every_song_with_phrases(data):
    for song in evr.SUNG:
        grid = evr.grid(data, song)
        entries, exits = label(grid.times, evr.lead(data, song), grid)
        assert 0.05 < entries.mean() < 0.5 and 0.2 < exits.mean() < 0.9
