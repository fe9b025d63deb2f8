from collections import Counter

import numpy as np
import pytest

from segue_models.annotations import beat_this
from segue_models.corpora import groove
from segue_models.rendering.mix import envelope


@pytest.fixture(scope="module")
def archive(data):
    return data / "groove_midi" / "groove_midi.zip"


@pytest.fixture(scope="module")
def take(archive):
    name = next(n for n, row in groove.chosen(archive).items() if float(row["duration"]) < 40)
    return groove.make(archive, 12.0, name)


def test_no_drummer_is_on_two_sides(archive):
    rows = groove.chosen(archive)
    assert Counter(map(groove.split, rows)) == groove.COUNTS
    sides = {(row["drummer"], groove.split(name)) for name, row in rows.items()}
    assert len({drummer for drummer, _ in sides}) == len(sides)
    # Frozen: a performance that changes sides makes every earlier figure worthless.
    assert list(rows)[:3] == ["drummer7_session3_131", "drummer1_session3_4", "drummer5_session1_16"]


def test_the_same_performance_is_rendered_bit_for_bit(archive, take):
    track, audio = take
    again, twice = groove.make(archive, 12.0, track.name)
    assert np.array_equal(audio, twice) and np.array_equal(track.grid.times, again.grid.times)


def test_hits_are_heard_on_the_beats(take):
    track, audio = take
    assert track.trainable and "CC BY" in track.licence and 11 < len(audio) / 44100 < 14
    rise = np.maximum(np.diff(np.log(envelope(audio) + 1e-4)), 0)
    beat = 60 / track.grid.tempo_bpm

    def at(times):
        return np.mean([rise[max(round(t * 100) - 4, 0) : round(t * 100) + 4].max() for t in times])

    assert at(track.grid.times) > 1.3 * at(track.grid.times[:-1] + 0.37 * beat)


def test_beats_are_those_of_beat_this_but_for_the_drummer_s_lead(data, archive):
    """There they lie on the click; a drummer is steadily a little before or after it."""
    collection = data / "beat_this_annotations" / "beat_this_annotations.zip"
    theirs = beat_this.grids(collection, "groove_midi")
    judged = 0
    for row in list(groove.chosen(archive).values())[:20]:
        published = theirs.get(row["midi_filename"].replace("/", "_").removesuffix(".mid"))
        if published is not None:
            _, grid = groove.performance(archive, row, np.inf)
            count = min(len(grid.times), len(published.times))
            assert count >= len(grid.times) - 1
            assert np.allclose(np.diff(grid.times[:count]), np.diff(published.times[:count]), atol=1e-3)
            assert grid.positions[:count].tolist() == published.positions[:count].tolist()
            judged += 1
    assert judged > 15
