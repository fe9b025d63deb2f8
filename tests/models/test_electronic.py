import numpy as np
import pytest

from segue_models.rendering import electronic
from segue_models.rendering.mix import envelope
from segue_models.rendering.notes import END, PITCH, START
from segue_models.rendering.production import excerpted
from segue_models.rendering.score import read
from segue_models.signal.frames import RATE_HZ, BeatGrid

GRID = BeatGrid(np.arange(64) * 0.5, np.arange(64) % 4 + 1, 4)  # 120 BPM


@pytest.fixture(scope="module")
def score(data):
    return excerpted(read(data / "pop909", "004"), np.random.default_rng(0), 60.0)


def test_something_plays_in_every_stretch_from_the_first_downbeat_on():
    for seed in range(20):
        on = electronic.plan(GRID, np.random.default_rng(seed))
        spans = np.concatenate(list(on.values()))
        starts = np.unique(spans[:, 0])
        assert starts[0] == 0.0 and np.all(np.rint(starts / 0.5) % 8 == 0) and spans.max() == pytest.approx(32.0)
        assert np.all(electronic.within(np.arange(0, 32, 0.25), spans))


def test_an_arpeggio_has_the_chords_own_tones_and_a_bass_their_lowest(score):
    rng = np.random.default_rng(1)
    for table in (electronic.arpeggio(score, score.grid, rng), electronic.bass(score, score.grid, rng)):
        assert len(table) > 20 and np.all(table[:, END] > table[:, START])
    arpeggio, bass = electronic.arpeggio(score, score.grid, rng), electronic.bass(score, score.grid, rng)
    for row in arpeggio:
        under = [c for c in score.chords if c.start - 0.1 <= row[START] < c.end + 0.1]
        assert any(int(row[PITCH]) % 12 in {t % 12 for t in c.tones} for c in under)
    for row in bass:
        under = [c for c in score.chords if c.start - 0.1 <= row[START] < c.end + 0.1]
        assert any(int(row[PITCH]) % 12 == c.bass % 12 for c in under) and 28 <= row[PITCH] < 40


def test_drums_play_in_their_stretches_only():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        _, kicks, hits = electronic.drums(GRID, np.array([[8.0, 16.0]]), 34.0, rng)
        assert len(kicks) >= 12 and hits.min() >= 7.98 and hits.max() < 16.0
        assert np.all(np.isin(kicks, hits))


def test_the_voice_sings_in_its_stretches_and_a_beat_before(score):
    part = electronic.sung(score.melody, score.grid, np.array([[20.0, 30.0]]))
    beat = 60 / score.grid.tempo_bpm
    starts = score.melody[:, START]
    assert np.array_equal(part[:, START], starts[(starts >= 20.0 - beat - 0.02) & (starts < 29.98)]) and len(part) > 5
    assert electronic.sung(score.melody, score.grid, np.empty((0, 2))) is score.melody


def test_bits_of_the_voice_sound_in_its_rests_and_are_told():
    stem = np.zeros(32 * RATE_HZ, dtype=np.float32)
    lead = np.array([[4.0, 6.0], [14.0, 16.0], [24.0, 26.0]])
    for start, end in lead:
        count = round((end - start) * RATE_HZ)
        stem[round(start * RATE_HZ) :][:count] = np.sin(2 * np.pi * 300 * np.arange(count) / RATE_HZ)
    more = 0
    for seed in range(10):
        out, spans = electronic.chopped(stem, lead, GRID, np.random.default_rng(seed))
        env = envelope(out)
        t = (np.arange(len(env)) + 0.5) / 100
        told = np.any((t[:, None] > spans[:, 0] - 0.01) & (t[:, None] < spans[:, 1] + 0.01), axis=1)
        assert env[~told].max() < 1e-6 and np.all(np.diff(spans[:, 0]) >= 0)
        within = np.any((t[:, None] > spans[:, 0] + 0.02) & (t[:, None] < spans[:, 1] - 0.02), axis=1)
        assert env[within].min() > 0.3
        added = spans[~np.isin(spans[:, 0], lead[:, 0])]
        # Half a beat at least between the voice and its bits, so that a rest stays one or is filled.
        assert all(np.all((a >= lead[:, 1] + 0.24) | (a < lead[:, 0])) for a in added[:, 0])
        more += len(added)
    assert more > 50


def test_nobody_is_chopped_where_nobody_sings():
    silent = np.zeros(RATE_HZ * 4, dtype=np.float32)
    out, spans = electronic.chopped(silent, np.empty((0, 2)), GRID, np.random.default_rng(0))
    assert not out.any() and spans.shape == (0, 2)
