import numpy as np
import pytest

from segue_models.corpora.lag import lag
from segue_models.rendering.notes import notes


def melody(rng):
    rows, t = [], 0.5
    while t < 25:
        length = float(rng.uniform(0.15, 0.6))
        rows.append((t, t + length, float(rng.integers(57, 74)), 100.0))
        t += length + float(rng.choice([0.02, 0.05, 0.8]))
    return notes(rows)


def sung(table, seconds, rng):
    audio = 0.01 * rng.standard_normal(int(seconds * 44100))
    for start, end, pitch, _ in table:
        t = np.arange(round((end - start) * 44100)) / 44100
        hz = 440 * 2 ** ((pitch - 69) / 12)
        wave = sum(np.sin(2 * np.pi * k * hz * t) / k for k in range(1, 6))
        first = round(start * 44100)
        audio[first : first + len(t)] += 0.1 * wave[: len(audio) - first] * np.minimum(1, t / 0.01)
    return audio.astype(np.float32)


@pytest.mark.parametrize("late", [-0.2, 0.0, 0.15, 0.75])
def test_a_known_lag_is_found(late):
    rng = np.random.default_rng(1)
    table = melody(rng)
    moved = table + np.array([late, late, 0, 0])
    assert lag(sung(moved, 27, rng), table) == pytest.approx(late, abs=0.02)


def test_notes_of_another_recording_are_refused():
    table = melody(np.random.default_rng(2)) + np.array([100.0, 100.0, 0, 0])
    with pytest.raises(ValueError, match="another recording"):
        lag(np.zeros(44100 * 5, dtype=np.float32), table)
