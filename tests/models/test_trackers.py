import sys

import numpy as np
import pytest

from segue_models.evaluation import trackers


def test_what_is_not_installed_is_an_import_error(monkeypatch):
    for name in ("essentia", "essentia.standard", "aubio"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("multi", "degara", "aubio"):
        with pytest.raises(ImportError):
            trackers.TRACKERS[name](np.zeros(44100, np.float32))


@pytest.mark.long
def test_librosa_finds_a_click(clicks):
    beats = np.arange(0.5, 20.0, 0.5)
    found = trackers.librosa(clicks(beats, 20.0))
    near = np.abs(found[:, None] - beats).min(axis=1)
    assert len(found) > 30 and np.median(near) < 0.05
