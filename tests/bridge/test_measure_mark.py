import json

import pytest

pytest.importorskip("resource", reason="Windows cannot tell what a process cost")

from measure_mark import measure, six_minutes


def test_six_minutes_cost_eight_seconds_and_600_mb_at_most(tmp_path):
    cost = measure(six_minutes(tmp_path / "song.wav"), tmp_path)
    assert cost.megabytes < 600, cost
    assert min(cost.seconds, cost.cpu) < 8, cost  # a machine busy with something else makes only the first longer
    found = json.loads((tmp_path / "cuts.json").read_text())
    assert found["audio"]["duration"] == 360.0 and len(found["cuts"]) > 100
