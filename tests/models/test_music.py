from dataclasses import replace

import numpy as np
import pytest

from segue_models.signal import music
from segue_models.signal.audio import Audio
from segue_models.signal.frames import HOP

RATE = 44100


def band(seconds=12.0, seed=0):
    """Two channels of decaying notes, half of what they play in common, the rest each for itself."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    decay = 0.3 * np.exp(-4 * (t % 0.5))
    common, left, right = (
        sum(
            np.sin(2 * np.pi * hz * t + phase)
            for hz, phase in zip(rng.uniform(60, 900, 4), rng.uniform(0, 6, 4), strict=True)
        )
        for _ in range(3)
    )
    return (decay * np.stack([common + 0.9 * left, common + 0.9 * right]) / 4).astype(np.float32)


def heard(samples):
    return music.trimmed(Audio(np.asarray(samples, np.float32), RATE, samples.shape[1] / RATE))


def silence(seconds, floor_db=None):
    shape = (2, round(seconds * RATE))
    return np.zeros(shape) if floor_db is None else np.random.default_rng(1).normal(0, 10 ** (floor_db / 20), shape)


@pytest.mark.parametrize("floor_db", [None, -80, -70])
@pytest.mark.parametrize(("before", "after"), [(1.0, 0.0), (0.3337, 5.0), (20.0, 20.0), (0.0, 20.0)])
def test_silence_and_a_low_floor_around_the_music_are_no_part_of_it(before, after, floor_db):
    plain = heard(band())
    there = heard(np.concatenate([silence(before, floor_db), band(), silence(after, floor_db)], axis=1))
    assert np.array_equal(there.samples, plain.samples)
    assert there.start == pytest.approx(plain.start + round(before * RATE) / RATE, abs=1e-9)


def test_quieter_and_louder_begin_at_the_same_sample():
    plain = heard(band())
    for gain in (0.01, 0.25, 2.0):
        other = heard(band() * np.float32(gain))
        assert other.start == plain.start and other.duration == plain.duration
        assert np.allclose(other.samples, plain.samples, atol=2e-3)


def test_where_nothing_sounds_there_is_no_music():
    for samples in (np.zeros((2, RATE), np.float32), np.zeros((1, 0), np.float32)):
        assert len(heard(samples).samples) == 0 and heard(samples).start == 0.0
    (click := np.zeros((1, RATE), np.float32))[0, 700] = 0.5
    assert len(heard(click).samples) == 1 and heard(click).start == 700 / RATE


@pytest.mark.parametrize("turned", [[1, -1], [-1, 1], [-1, -1]])
def test_a_channel_with_its_poles_swapped_takes_nothing_away(turned):
    plain, other = heard(band()).samples, heard(band() * np.array(turned)[:, None]).samples
    assert np.array_equal(other, plain) or np.array_equal(other, -plain)
    assert np.std(other) > 0.05


def test_one_side_against_the_other_is_heard_as_if_they_were_alike():
    one = band()[:1]
    assert np.array_equal(heard(np.concatenate([one, -one])).samples, heard(np.concatenate([one, one])).samples)


@pytest.mark.parametrize("signs", [[1, 1, -1], [-1, 1, 1], [1, -1, 1, -1, 1], [-1, -1, 1, 1, -1]])
def test_so_it_is_with_more_than_two_channels(signs):
    weights = np.random.default_rng(3).uniform(0.1, 1.0, (len(signs), 2))
    many = (weights @ band()).astype(np.float32)
    plain, other = heard(many).samples, heard(many * np.array(signs)[:, None]).samples
    assert np.array_equal(other, plain) or np.array_equal(other, -plain)


def test_ordinary_channels_are_left_as_they_are():
    samples = band()
    assert music.in_phase(samples) is samples
    assert music.in_phase(samples[:1]) is not None and np.array_equal(music.in_phase(samples[:1]), samples[:1])


def test_a_constant_under_both_channels_does_not_hide_that_they_cancel():
    one = band()[:1]
    both = np.concatenate([one, -one]) + np.float32(0.3)
    assert np.std(music.in_phase(both).mean(axis=0)) > 0.05


def test_what_else_is_known_of_the_audio_stays():
    sound = Audio(band(), 48000, 12.0)
    assert music.trimmed(replace(sound, source_rate_hz=48000)).duration == pytest.approx(12.0, abs=0.01)


def test_frames_lie_alike_in_the_song_whatever_is_lost_or_gained_at_its_ends():
    """To half a millisecond, where frames are 23 ms apart."""
    song = band(60.0)
    plain = heard(song)
    noise = np.random.default_rng(5).normal(0, 0.002, song.shape)
    other = 0.1 * np.random.default_rng(6).normal(size=(2, 9431))
    changed = {
        "0.2 s of another sound": (np.concatenate([other, song], axis=1), other.shape[1]),
        "a fifth of a second less": (song[:, 9431:], -9431),
        "a noise": (song + noise, 0),
        "another sound behind": (np.concatenate([song, other], axis=1), 0),
    }
    for name, (samples, later) in changed.items():
        moved = (heard(samples).start - plain.start) * RATE - later
        assert abs((moved + HOP / 2) % HOP - HOP / 2) < 0.0005 * RATE, name


def test_the_silence_before_the_first_sound_is_told_and_may_lie_before_the_recording():
    part = heard(band()[:, 7:])
    lead = round(part.lead * RATE)
    assert 0 < lead < music.ROW and not part.samples[:lead].any() and part.samples[lead] != 0
    assert part.start + part.lead >= 0 > part.start
