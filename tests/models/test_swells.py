import numpy as np
import pytest

from segue_models.signal import swells
from segue_models.signal.frames import RATE_HZ
from segue_models.signal.front_end import front_end

TIME = np.arange(36 * RATE_HZ) / RATE_HZ
CHORD = sum(np.sin(2 * np.pi * 110 * k * TIME + k * k) / k for k in (1, 1.5, 2, 3, 4, 5))


def detect(signal):
    return swells.detect(front_end(signal.astype(np.float32)))


@pytest.mark.parametrize("bed", [0.0, 0.1])
@pytest.mark.parametrize("rise_seconds", [0.5, 2.0])
def test_a_pad_that_swells_three_times(bed, rise_seconds):
    starts = np.array([3.0, 14.0, 25.0])
    ends = starts + rise_seconds + 4
    level = np.interp(TIME, np.ravel([starts, starts + rise_seconds, ends], "F"), [0, 1, 0] * 3)
    found = detect(0.1 * (bed + level) * CHORD)
    assert found[::2] == pytest.approx(starts, abs=0.2) and found[1::2] == pytest.approx(ends, abs=0.3)


@pytest.mark.parametrize(
    "signal", [np.random.default_rng(1).normal(0, 0.1, len(TIME)), 0.1 * CHORD, CHORD[:2000], 0 * TIME]
)
def test_noise_a_steady_drone_and_nothing_swell_never(signal):
    assert len(detect(signal)) == 0


def test_a_recording_that_ends_at_the_top_has_a_begin_and_no_end():
    assert detect(0.1 * np.interp(TIME, [10, 14], [0.02, 1]) * CHORD) == pytest.approx([10], abs=0.3)
