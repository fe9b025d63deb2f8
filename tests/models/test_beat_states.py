import numpy as np
import pytest

from segue_models.beats import beat_states
from segue_models.beats.beat_states import Path


def naive(odds, lengths):
    """Every state at every frame: (score of the best path, its states as (place, length, position))."""
    places = odds.shape[1]
    states = [(b, int(k), j) for b in range(places) for k in lengths for j in range(k)]
    number = {state: i for i, state in enumerate(states)}
    p = beat_states.transitions(lengths)
    came_from = []
    for b, k, j in states:
        if j:
            came_from.append([(number[b, k, j - 1], 0.0)])
        else:
            to = list(lengths).index(k)
            came_from.append(
                [
                    (number[(b - 1) % places, int(q), int(q) - 1], np.log(p[i, to]))
                    for i, q in enumerate(lengths)
                    if p[i, to] > 0
                ]
            )
    heard = np.array([[odds[t, b] if j / k < 1 / 16 else 0.0 for b, k, j in states] for t in range(len(odds))])
    score = heard[0] - np.log(len(states))
    back = []
    for now in heard[1:]:
        best = [max((score[s] + w, s) for s, w in options) for options in came_from]
        back.append([s for _, s in best])
        score = np.array([v for v, _ in best]) + now
    path = [int(score.argmax())]
    for row in back[::-1]:
        path.append(row[path[-1]])
    return float(score.max()), [states[i] for i in path[::-1]]


def as_states(path: Path, frames):
    out = {}
    for start, length, place in zip(path.starts, path.intervals, path.places, strict=True):
        for j in range(length):
            if 0 <= start + j < frames:
                out[start + j] = (place, length, j)
    return [out[t] for t in range(frames)]


def test_state_spaces_of_the_specification():
    every, spaced = beat_states.intervals(), beat_states.intervals(count=60)
    assert (every[0], every[-1], len(every), every.sum()) == (28, 109, 82, 5617)
    assert (len(spaced), spaced.sum(), 3 * spaced.sum(), 4 * spaced.sum()) == (60, 3719, 11_157, 14_876)
    assert beat_states.heard(np.array([28, 32, 33, 50, 109])).tolist() == [2, 2, 3, 4, 7]


def test_transitions_of_the_specification():
    p = beat_states.transitions(beat_states.intervals())
    assert p[50 - 28, 48 - 28 : 53 - 28] == pytest.approx([0.01395, 0.10307, 0.76159, 0.10307, 0.01395], abs=5e-6)
    assert np.allclose(p.sum(axis=1), 1.0) and p[0, -1] == 0.0


@pytest.mark.parametrize("places", [1, 3])
@pytest.mark.parametrize("frames", [1, 5, 40, 150])
def test_it_is_the_best_of_all_paths(frames, places):
    lengths = np.array([9, 10, 12, 17, 20])
    for seed in range(4):
        odds = np.random.default_rng(seed).normal(-1.0, 3.0, (frames, places))
        path = beat_states.best_path(odds, lengths)
        score, states = naive(odds, lengths)
        assert path.score == pytest.approx(score, abs=1e-9)
        if frames > 20:  # in less, most of a beat is unheard and many paths are as good
            found = as_states(path, frames)
            assert [s for s in found if s[2] < 2] == [s for s in states if s[2] < 2]
        assert (np.diff(path.starts) == path.intervals[:-1]).all() and path.starts[0] <= 0
        assert path.starts[-1] < frames <= path.starts[-1] + path.intervals[-1]
        assert (np.diff(path.places) % places == 1 % places).all()


def test_beats_are_where_the_activation_peaks_in_their_first_sixteenth_and_one_under_way_counts():
    path = Path(np.array([-2, 48, 98]), np.array([50, 50, 50]), np.array([2, 0, 1]), 0.0)
    activation = np.zeros(120)
    activation[[1, 49, 99, 100]] = 0.5, 0.5, 0.3, 0.9
    at, places = beat_states.peaks(path, activation)
    assert at.tolist() == [1, 49, 100] and places.tolist() == [2, 0, 1]
    at, _ = beat_states.peaks(path._replace(starts=np.array([-4, 46, 96])), activation)
    assert at.tolist() == [49, 99]  # the first was heard before the song began


def test_no_frames_is_an_error():
    with pytest.raises(ValueError, match="no frames"):
        beat_states.best_path(np.empty((0, 1)), beat_states.intervals())
