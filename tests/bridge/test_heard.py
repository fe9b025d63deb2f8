from zipfile import BadZipFile

import numpy as np
import pytest

from click_song import click_song
from segue_bridge.heard import Heard
from segue_bridge.result import AudioInfo
from segue_models import song
from segue_models.signal import audio


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    path = click_song(tmp_path_factory.mktemp("heard") / "clicks.wav")
    music = song.hear(audio.read([path]))
    music.__dict__["boundary_curve"] = np.linspace(0, 1, 7)  # a network's, which none of these tests needs
    return Heard(AudioInfo(str(path), 12.0, 44100, "0"), music, 12.0, ["it ends early"])


def test_it_comes_back_from_its_bytes_as_it_was(heard):
    again = Heard.from_bytes(heard.to_bytes())
    assert (again.audio, again.end, again.warnings) == (heard.audio, heard.end, heard.warnings)
    assert (again.song.start, again.song.lead) == (heard.song.start, heard.song.lead)
    before, after = heard.song.heard(), again.song.heard()
    assert before.keys() == after.keys() and "beat_activations" not in before
    for name, array in before.items():
        assert np.array_equal(after[name], array) and after[name].dtype == array.dtype
    assert again.song.duration == heard.song.duration
    assert np.array_equal(again.song.grid.times, heard.song.grid.times)


@pytest.mark.parametrize("part", ["nothing", "half", "text"])
def test_anything_else_is_refused(heard, part):
    content = heard.to_bytes()
    wrong = {"nothing": b"", "half": content[: len(content) // 2], "text": b"{}"}[part]
    with pytest.raises((ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile)):
        Heard.from_bytes(wrong)
