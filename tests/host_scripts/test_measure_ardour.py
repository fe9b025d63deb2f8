"""From the action to the last marker in the real Ardour, with the real daemon and the shipped model."""

from measure_ardour import measure, three_minutes


def test_a_new_song_takes_ten_seconds_at_most_and_a_known_one_two(installed, tmp_path):
    took = measure(three_minutes(tmp_path / "song.wav"), tmp_path)
    print(took)
    assert took.markers > 0 and took.samples_off == 0
    assert took.first < 10 and took.new < 10
    assert took.cached < 2
