"""What is shown of scored cuts: it changes no more than the scores do."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue_models import product
from segue_models.beats.tracking import Beats
from segue_models.sections.bar_novelty import Section
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.song import Song
from segue_models.transitions.pairs import Cuts

BEAT = 0.5
GRID = BeatGrid(np.arange(160) * BEAT, np.tile([1, 2, 3, 4], 40))
PLACES = np.arange(0, 160, 0.5)  # beats and half beats
AGREE = 0.005  # to either side: scores that agree to .01


def cuts(beats, scores):
    """Cuts at places in beats; all music sounds alike, and as loud."""
    alike = np.ones((len(beats), 2, 25)), np.zeros((len(beats), 2))
    return Cuts(np.asarray(beats, float) * BEAT, np.asarray(scores, float), *alike)


def shown(exits, entries, **options):
    found = product.select(exits, entries, GRID, **options)
    return found.exits.times.tolist(), found.entries.times.tolist()


def stretch(first, bars):
    """Half beats of so many bars from a downbeat on."""
    return PLACES[(4 * first <= PLACES) & (4 * (first + bars) > PLACES)]


@given(
    level=st.floats(0.45, 0.95),
    bars=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    seed=st.integers(0, 2**32 - 1),
)
def test_scores_that_agree_to_a_hundredth_make_the_same_choice(level, bars, seed):
    """A phrase ends, and for some bars every exit is as good as the next; before a later one, every entry."""
    exits, entries = stretch(4, bars[0]), stretch(20, bars[1])
    rng = np.random.default_rng(seed)
    disturbed = (cuts(at, level + rng.uniform(-AGREE, AGREE, len(at))) for at in (exits, entries))
    chosen = shown(*disturbed)
    assert chosen == shown(cuts(exits, np.full(len(exits), level)), cuts(entries, np.full(len(entries), level)))
    # Exits on the first and the third beat of every bar; entries on the first, and one behind the last of them.
    assert chosen[0] == (exits[exits % 2 == 0] * BEAT).tolist()
    assert chosen[1][:-1] == (entries[entries % 4 == 0] * BEAT).tolist()


@given(seed=st.integers(0, 2**32 - 1))
def test_a_clearly_better_cut_is_shown_wherever_it_is_in_the_bar(seed):
    """An entry on a pick-up of half a beat, while those beside it on the beat are bad."""
    rng = np.random.default_rng(seed)
    beats = np.array([78.0, 78.5, 79.0, 79.5, 80.0])
    scores = np.array([0.4, 0.5, 0.6, 0.9, 0.7]) + rng.uniform(-AGREE, AGREE, 5)
    assert 79.5 * BEAT in shown(cuts([15.5], [0.9]), cuts(beats, scores))[1]


def test_onsets_a_few_milliseconds_off_are_two_beats_apart():
    """Which two exits may be, and two entries not."""
    for early in (-0.01, 0.0, 0.01):
        exits = Cuts(np.array([8.0, 9.0 + early]), np.array([0.8, 0.8]), np.ones((2, 2, 25)), np.zeros((2, 2)))
        entries = Cuts(np.array([40.0, 41.0 - early]), np.array([0.9, 0.9]), np.ones((2, 2, 25)), np.zeros((2, 2)))
        assert [len(times) for times in shown(exits, entries)] == [2, 1]


def test_none_below_the_least_score_is_shown_and_no_more_than_asked_for():
    exits, entries = cuts(np.arange(0, 60, 4), np.linspace(0.2, 0.9, 15)), cuts([100], [0.9])
    assert min(product.select(exits, entries, GRID, min_score=0.5).exits.scores) >= 0.5
    assert shown(exits, entries, top=3)[0] == [24.0, 26.0, 28.0]


def test_an_exit_that_leads_somewhere_comes_before_a_better_one_that_does_not():
    exits = cuts([17.0, 20.0], [0.9, 0.5])  # the entry is on a downbeat
    assert shown(exits, cuts([80], [0.9]), top=1)[0] == [10.0]


def test_without_entries_there_are_exits():
    assert shown(cuts([16, 24], [0.5, 0.6]), cuts([], []))[0] == [8.0, 12.0]


def test_the_best_transition_is_shown_whatever_else_is():
    """A good exit and a good entry on half beats, among better cuts on the beat that lead nowhere."""
    exits, entries = cuts([16.0, 17.5], [0.99, 0.5]), cuts([81.0, 82.0, 85.5], [0.99, 0.99, 0.5])
    found = product.select(exits, entries, GRID, top=1)
    (pair,) = found.transitions
    assert (found.exits.times[pair.exit], found.entries.times[pair.entry]) == (17.5 * BEAT, 85.5 * BEAT)


@pytest.mark.parametrize("free", [True, False])
def test_in_free_time_a_swell_is_a_candidate_wherever_it_is(free):
    """A drone that swells at 12 s and has died away at 20 s, far from where its one section begins."""
    time = np.arange(30 * RATE_HZ) / RATE_HZ
    level = 0.05 + np.interp(time, [12, 14, 20], [0, 1, 0])
    song = Song((0.1 * level * np.sin(time * 900)).astype(np.float32), 0.0)
    song.__dict__.update(beats=None if free else Beats(GRID, 1.0, 1.0), sections=[Section(0.0, 30.0, "A")])
    card = SimpleNamespace(cells_per_beat=4, feature={}, outputs=("entry", "exit"), layout="song", calibration={})
    network = SimpleNamespace(card=card, activations=lambda features, cells: np.full((len(features), 2), 0.8))
    for cuts in product.score(song, network):
        assert [np.abs(cuts.times - at).min(initial=30) < 0.3 for at in (12, 20)] == [free, free]
