import numpy as np
import pytest

from segue_models.beats import tatum_features
from segue_models.signal.frames import FPS
from segue_models.signal.front_end import front_end

TATUMS = np.arange(0.0, 32.0, 0.25)


def test_a_change_is_heard_where_the_music_changes():
    features = np.zeros((round(32 * FPS), 2), np.float32)
    features[round(16 * FPS) :, 1] = 1.0
    found = tatum_features.change(features, TATUMS, 8)
    assert TATUMS[found.argmax()] == pytest.approx(16.0, abs=0.25) and found.max() == pytest.approx(1.0, abs=0.05)
    assert found[:40] == pytest.approx(0) and found[-40:] == pytest.approx(0)


def test_standard_values_have_no_mean_and_silence_does_not_count():
    x, weight = np.append(np.random.default_rng(0).normal(3, 2, 1000), 1e6), np.append(np.ones(1000), 0.0)
    found = tatum_features.standard(x, weight)
    assert found[:-1].mean() == pytest.approx(0, abs=1e-9) and found[:-1].std() == pytest.approx(1)


def test_a_song_to_a_click_is_loud_on_its_beats_and_alike_a_bar_later(clicks):
    sound = clicks(np.arange(0.0, 32.0, 0.5), 32.0, np.arange(64) % 4 == 0)
    found = tatum_features.hear(front_end(sound), TATUMS, None)
    assert not found.beat.any() and not found.down.any(), "there is no network"
    beats, between = found.onsets[4:-4:4], found.onsets[6:-4:4]
    assert beats.mean() > 5 * between.mean()
    alike = np.nanmean(found.alike[1:25], axis=1)
    assert (1 + alike.argmax()) % 8 == 0, "two seconds are eight tatums"


def test_the_network_is_heard_within_50_ms():
    heard = np.zeros((3300, 3), np.float32)
    heard[:, 0] = 1.0
    heard[1604] = [0.0, 1.0, 0.0]
    found = tatum_features.hear(front_end(np.full(32 * 44100, 0.1, np.float32)), TATUMS, heard)
    assert found.beat.argmax() == 2 * 64 and (np.delete(found.beat, 128) < 0).all()
