import numpy as np
import pytest

from segue_models.cuts import section_entry
from segue_models.training import section_entry_fit
from segue_models.training.section_entry_fit import Onsets


def drawn(weights, count=20000):
    """Onsets whose entries are drawn as the weights say; a lead begins at none."""
    rng = np.random.default_rng(0)
    rest, turn, bar = rng.random(count), rng.random(count) < 0.3, rng.random(count) < 0.2
    odds = section_entry.evidence(rest, turn, bar) @ np.array(list(weights.values()))
    known = rng.random(count) < 1 / (1 + np.exp(-odds))
    return Onsets(np.full(count, 0.01), rest, turn, bar, np.zeros(count, bool), known)


def test_the_weights_by_which_entries_were_drawn_are_found():
    true = {"common": -3.0, "rest": 0.4, "turn": 2.5, "bar": 0.8}
    found = section_entry_fit.fit([drawn(true)])
    assert list(found) == list(section_entry.WEIGHTS)
    assert found == pytest.approx(true, abs=0.15)


def test_figures_tell_the_network_alone_from_it_with_turns():
    onsets = drawn(section_entry.WEIGHTS)
    _, alone, turns = section_entry_fit.figures([onsets]).splitlines()
    assert alone.split()[-2:] == ["0.500", f"{abs(onsets.known.mean() - 0.01):.3f}"]
    assert float(turns.split()[-2]) > 0.7 and float(turns.split()[-1]) < 0.03
