"""A cycle in the real Audacity, with the real daemon and the shipped model; it compares the labels itself."""

from audacity_session import Audacity, fail_or_skip_where_missing
from measure_audacity import cycle, daemon, three_minutes


def test_a_cycle_in_which_a_new_song_takes_fifteen_seconds_at_most_and_a_known_one_five(tmp_path):
    fail_or_skip_where_missing()
    song = three_minutes(tmp_path / "song.wav")
    with Audacity(tmp_path) as audacity, daemon(audacity) as port:
        audacity.quit()
        took = cycle(audacity, song, port)
    print(took)
    assert took.labels > 0 and took.mark < 15 and took.again < 5 and took.preview < 5
