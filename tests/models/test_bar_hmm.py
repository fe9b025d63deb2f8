from itertools import pairwise

import numpy as np
import pytest

from segue_models.beats import bar_hmm


def said(bars, sure=0.8):
    """Downbeat probabilities of bars of the given lengths, without the last beat."""
    p = np.concatenate([[sure] + [1 - sure] * (n - 1) for n in bars])
    return p[:-1], np.concatenate([np.arange(1, n + 1) for n in bars])


@pytest.mark.parametrize("metre", [3, 4])
def test_bars_of_one_length(metre):
    p, expected = said([metre] * 10)
    positions, found = bar_hmm.decode(p)
    assert positions.tolist() == expected.tolist() and found == metre


def test_a_song_may_begin_inside_a_bar():
    p, expected = said([4] * 10)
    assert bar_hmm.decode(p[2:])[0].tolist() == expected[2:].tolist()


def test_one_wrong_downbeat_changes_nothing_but_a_new_metre_is_followed():
    p, expected = said([4] * 12)
    p[[8, 17]] = 0.2, 0.8
    assert bar_hmm.decode(p)[0].tolist() == expected.tolist()
    p, expected = said([4] * 12 + [3] * 8, sure=0.9)
    positions, metre = bar_hmm.decode(p)
    assert positions.tolist() == expected.tolist() and metre == 4


@pytest.mark.parametrize("beats", [1, 2, 7])
def test_it_is_the_best_of_all_countings(beats):
    p = np.random.default_rng(beats).random(beats)
    countings = [[(m, i)] for m in (3, 4) for i in range(1, m + 1)]
    for _ in range(beats):
        countings = [
            [*c, after]
            for c in countings
            for after in ([(c[-1][0], c[-1][1] + 1)] if c[-1][1] < c[-1][0] else [(3, 1), (4, 1)])
        ]

    def score(counting):
        out = sum(np.log(q) if i == 1 else np.log((1 - q) / 99) for q, (_, i) in zip(p, counting, strict=False))
        for (m, i), (n, _) in pairwise(counting):
            if i == m:
                out += np.log(1e-7) if n != m else np.log(1 - 1e-7)
        return out

    positions, _ = bar_hmm.decode(p)
    best = max(map(score, countings))
    as_good = [[i for _, i in c] for c in countings if score(c) > best - 1e-9]
    assert positions.tolist() in as_good


def test_one_beat_has_no_bars():
    with pytest.raises(ValueError, match="two beats"):
        bar_hmm.decode(np.empty(0))
