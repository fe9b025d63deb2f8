from dataclasses import replace

import numpy as np
import pytest

from segue_models.listener import listener
from segue_models.paths import default_paths
from segue_models.signal.audio import AudioError


def test_a_recording_is_heard_by_the_networks_that_ship(clicks, write):
    hear = listener(default_paths())
    heard = hear([write("clicks.wav", clicks(np.arange(0.0, 20.0, 0.5), 20.0))])
    assert heard.beats.grid.tempo_bpm == pytest.approx(120, abs=1) and heard.sections[0].start == 0


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(AudioError, match="none"):
        listener(default_paths())([tmp_path / "none.wav"])


@pytest.mark.parametrize("missing", ["beats", "sections"])
def test_a_missing_network_is_told(missing):
    with pytest.raises(ValueError, match="install Segue again"):
        listener(replace(default_paths(), **{missing: None}))
