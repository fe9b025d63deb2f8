"""From the action to the last marker and to the sound in the real Ardour, with real daemon and shipped model."""

import numpy as np

from measure_ardour import measure, three_minutes


def test_a_new_song_takes_ten_seconds_at_most_a_known_one_two_and_a_preview_a_third_of_one(installed, tmp_path):
    took = measure(three_minutes(tmp_path / "song.wav"), tmp_path)
    print(took)
    assert took.markers > 0 and took.samples_off == 0
    assert took.first < 10 and took.new < 10
    assert took.cached < 2
    assert np.median(took.preview) < 0.3
