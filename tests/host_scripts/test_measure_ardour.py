"""The real Ardour with the real daemon and the shipped model: every marker stands, and previews are heard.

How long it takes is for `measure_ardour.py` to say.
"""

import pytest

from measure_ardour import measure, three_minutes


@pytest.mark.long
def test_every_marker_stands_where_the_daemon_says(installed, tmp_path):
    took = measure(three_minutes(tmp_path / "song.wav"), tmp_path)
    print(took)
    assert took.markers > 0 and took.samples_off == 0
