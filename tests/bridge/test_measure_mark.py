import re
import subprocess
import sys

import pytest

import measure_mark

pytest.importorskip("resource", reason="Windows cannot tell what a process cost")


@pytest.mark.long
def test_six_minutes_take_600_mb_at_most():
    # In a process of its own: a child's peak memory counts from that of the process that started it.
    done = subprocess.run([sys.executable, measure_mark.__file__], capture_output=True, text=True, check=True)
    seconds, cpu, megabytes = (float(x) for x in re.findall(r"[\d.]+(?= s| MB)", done.stdout))
    assert megabytes < 600 and min(seconds, cpu) > 0, done.stdout  # how long it takes is the machine's affair
