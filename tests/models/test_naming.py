import numpy as np
import pytest

from segue_models.sections import naming


def form(letters, bars_each=4, noise=0.2):
    """Bars (bars, 24) of a form; a lower-case letter is the same music with other sound."""
    rng = np.random.default_rng(0)
    kinds = {k: rng.normal(size=(bars_each, 24)) for k in "ABCD"}
    rows = []
    for letter in letters:
        rows.append(kinds[letter.upper()] + noise * rng.normal(size=(bars_each, 24)))
        if letter.islower():
            rows[-1] = rows[-1] + 0.8 * np.sign(kinds["D"])
    return np.concatenate(rows), [bars_each * i for i in range(len(letters))]


@pytest.mark.parametrize("letters", ["AABA", "ABAB", "ABCB", "ABACA", "A", "AB"])
def test_what_repeats_shares_a_name(letters):
    assert naming.name(*form(letters)) == list(letters)


def test_what_repeats_otherwise_is_a_variant():
    assert naming.name(*form("ABaB")) == ["A", "B", "A'", "B"]


def test_a_repeat_one_bar_late_is_still_one():
    bars, _ = form("ABA")
    bars = np.concatenate([bars[:8], bars[7:8] + 3.0, bars[8:]])
    assert naming.name(bars, [0, 4, 8])[2] == "A"


def test_one_section_and_one_bar():
    assert naming.name(np.zeros((1, 3)), [0]) == ["A"]
    assert naming.name(np.zeros((2, 3)), [0, 1]) == ["A", "A"]


def test_many_variants_are_counted(monkeypatch):
    monkeypatch.setattr(naming, "pairwise_distances", lambda bars, spans: np.full(10, 0.7))  # alike, and none the same
    assert naming.name(np.zeros((5, 3)), [0, 1, 2, 3, 4]) == ["A", "A'", "A''", "A3", "A4"]
