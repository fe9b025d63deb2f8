import numpy as np
import pytest

from segue_models.corpora import evr, pop909, voice_over
from segue_models.cuts.cut_rule import phrases
from segue_models.rendering.mix import envelope
from segue_models.rendering.score import songs

NAME = "over-5_rubidium-0"


@pytest.fixture(scope="module")
def take(data):
    return voice_over.take(data, "5_rubidium", np.random.default_rng(6), 45.0)


def test_a_take_starts_on_a_downbeat_and_keeps_the_beats_of_its_song(data, take):
    assert take.grid.positions[0] == 1 and take.grid.times[0] == pytest.approx(0.0, abs=1e-6)
    ratio = take.grid.tempo_bpm / evr.grid(data, "5_rubidium").tempo_bpm
    assert 0.92 <= ratio <= 1.08
    assert 40 < len(take.audio) / 44100 < 45.1


def test_the_lead_is_where_the_voice_is(take):
    """Power inside the labels against outside them, phrases that were muted included."""
    env = envelope(take.audio)
    t = (np.arange(len(env)) + 0.5) / 100
    inside = np.any((t[:, None] >= take.lead[:, 0]) & (t[:, None] < take.lead[:, 1]), axis=1)
    assert inside.sum() > 200
    assert 20 * np.log10(np.sqrt(np.mean(env[inside] ** 2)) / np.sqrt(np.mean(env[~inside] ** 2))) > 15


def test_some_phrases_are_muted_with_their_tails(data):
    rng = np.random.default_rng(0)
    audio = np.ones(44100 * 40, dtype=np.float32)
    lead = np.array([[2.0, 4.0], [10.0, 12.0], [20.0, 22.0], [30.0, 32.0]])
    grid = evr.excerpt_grid(evr.grid(data, "5_rubidium"), 0.0, 40.0)
    for _ in range(20):
        out, kept = voice_over._thinned(audio, lead, grid, rng)
        for begin, end in lead:
            sung = out[int((begin + 0.1) * 44100) : int(end * 44100)].min() > 0.99
            assert sung == any(begin == a for a, _ in kept)
            if not sung:
                assert out[int(begin * 44100) : int((end + 3) * 44100)].max() < 0.01
        if len(kept) < 4:
            return
    pytest.fail("in twenty songs not one phrase was muted")


def test_the_key_with_the_voice_in_it_wins(data, take):
    """A score whose chords are moved away by a known interval is moved back by it."""
    rng = np.random.default_rng(0)
    pool = [s for s in songs(data / "pop909") if pop909.split(s) == "train"]
    score = next(s for s in (voice_over.fitted(data, str(c), take, rng) for c in pool) if s is not None)
    shift, share = voice_over.best_key(take, score)
    away, same = voice_over.best_key(take, score.retimed(lambda t: t, 4))
    assert (away + 4 - shift) % 12 == 0 and same == pytest.approx(share)
    assert -5 <= shift <= 6 and 0 < share < 1
    assert np.array_equal(score.grid.times, take.grid.times)
    beats = score.grid.phase([c.start for c in score.chords if c.start > 1])
    assert np.median(np.abs(beats - np.rint(beats))) < 0.05  # chords change on the singer's beats


def test_a_song_is_whole_seeded_and_says_who_sings(data):
    track, audio = voice_over.make(data, 20.0, NAME)
    assert track.voices == ("5_rubidium",) and track.trainable and "CC0" in track.licence
    assert np.isfinite(audio).all() and 10 < len(audio) / 44100 <= 20.1
    assert len(phrases(track.lead, track.grid)) and track.lead.max() <= len(audio) / 44100
    assert np.array_equal(audio, voice_over.make(data, 20.0, NAME)[1])
