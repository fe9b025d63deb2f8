import numpy as np
import pytest

from segue_models.beats import metre
from segue_models.training import metre_fit
from segue_models.training.metre_fit import Choice

NAMES = list(metre.WEIGHTS)
GIVEN = {name: metre.WEIGHTS[name] for name in metre_fit.GIVEN}


def choices(weights, count=300, readings=20):
    """Songs in which the best reading is drawn as the weights say."""
    rng = np.random.default_rng(0)
    out = []
    for _ in range(count):
        evidence = rng.standard_normal((readings, len(NAMES)))
        odds = evidence @ weights
        likely = np.exp(odds - odds.max())
        best = rng.choice(readings, p=likely / likely.sum())
        out.append(Choice(evidence, np.where(np.arange(readings) == best, 1.9, rng.uniform(0, 1.8, readings))))
    return out


def test_the_weights_by_which_songs_were_drawn_are_found():
    true = np.zeros(len(NAMES))
    true[NAMES.index("downbeats heard")], true[NAMES.index("chords")] = 2.0, -1.0
    given = dict.fromkeys(metre_fit.GIVEN, 0.0)
    found = metre_fit.fit(choices(true), given)
    assert found["downbeats heard"] == pytest.approx(2.0, abs=0.6)
    assert found["chords"] == pytest.approx(-1.0, abs=0.5)
    assert max(abs(w) for name, w in found.items() if name not in ("downbeats heard", "chords")) < 0.3


def test_what_is_given_stays():
    found = metre_fit.fit(choices(np.zeros(len(NAMES)), 30), GIVEN)
    assert {name: found[name] for name in GIVEN} == pytest.approx(GIVEN, abs=0.01)
    assert list(found) == NAMES


def test_readings_near_the_best_are_as_good():
    assert Choice(np.zeros((3, 1)), np.array([1.9, 1.86, 1.7])).good.tolist() == [True, True, False]
