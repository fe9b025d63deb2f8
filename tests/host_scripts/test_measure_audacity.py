"""A cycle in the real Audacity, with the real daemon and the shipped model; it compares the labels itself.

How long it takes is for `measure_audacity.py` to say.
"""

import pytest

from audacity_session import Audacity, fail_where_missing
from measure_audacity import cycle, daemon, three_minutes


@pytest.mark.long
def test_a_cycle(tmp_path):
    fail_where_missing()
    song = three_minutes(tmp_path / "song.wav")
    with Audacity(tmp_path) as audacity, daemon(audacity) as port:
        audacity.quit()
        took = cycle(audacity, song, port)
    print(took)
    assert took.labels > 0
