import numpy as np
import pytest

from segue_models.rendering import mix
from segue_models.rendering.notes import notes
from segue_models.rendering.production import excerpted, onsets_of, over
from segue_models.rendering.score import read


@pytest.mark.parametrize("seed", range(6))
def test_an_excerpt_fits_its_time_and_starts_on_a_section(data, seed):
    whole = read(data / "pop909", "004")
    part = excerpted(whole, np.random.default_rng(seed), 60.0)
    assert 0.1 <= part.grid.times[0] <= 1.2 and part.grid.positions[0] == 1
    assert 40 < part.grid.times[-1] < 60 and len(part.grid.times) % 4 == 0
    assert part.melody[:, :2].min() > 0 and part.melody[:, 1].max() < 60
    assert np.abs(part.sections - part.grid.times[0]).min() < 0.06
    change = part.grid.tempo_bpm / whole.grid.tempo_bpm
    assert 0.7 < change < 1.6


def test_transposition_keeps_intervals(data):
    whole = read(data / "pop909", "004")
    part = excerpted(whole, np.random.default_rng(0), 400.0)  # the whole song
    moved = part.melody[:, 2] - whole.melody[-len(part.melody) :, 2]
    assert len(set(moved.tolist())) == 1 and -5 <= moved[0] <= 6


def test_onsets_closer_than_thirty_milliseconds_are_one():
    tables = [notes([(1.0, 2, 60, 90), (1.02, 2, 64, 90), (1.5, 2, 60, 90)]), notes([(1.04, 2, 40, 90)]), notes([])]
    assert onsets_of(tables).tolist() == [1.0, 1.04, 1.5]
    assert len(onsets_of([])) == 0


def test_the_lead_is_set_against_the_backing_in_the_band_of_voices():
    t = np.arange(44100) / 44100
    lead = (0.01 * np.sin(2 * np.pi * 800 * t)).astype(np.float32)
    bass = (0.5 * np.sin(2 * np.pi * 50 * t)).astype(np.float32)  # loud, but it masks nothing
    backing = bass + (0.1 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    mixed = over(lead, backing, 3.0)
    assert 20 * np.log10(mix.presence(mixed - backing) / mix.presence(backing)) == pytest.approx(3.0, abs=0.1)
    assert np.array_equal(over(lead, np.zeros_like(lead), 3.0) > 0, lead > 0)
