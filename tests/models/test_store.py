from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from segue_models.cuts.cut_rule import cuts
from segue_models.rendering.store import load, save
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track

TRACK = Track(
    name="a-song",
    corpus="toy",
    artist="nobody",
    licence="CC0 1.0",
    audio=Path(),
    lead=np.array([[1.0, 2.0], [4.0, 5.0]]),
    grid=BeatGrid(np.arange(20) * 0.5, np.tile([1, 2, 3, 4], 5)),
    sections=np.array([4.0]),
    section_labels=("A",),
    trainable=True,
    voices=("singer",),
    onsets=np.arange(0, 8, 0.5),
    unphrased_spans=np.array([[4.0, 5.0]]),
)
AUDIO = (0.3 * np.sin(np.arange(44100 * 8) * 0.05)).astype(np.float32)


def test_a_song_comes_back_as_it_was_saved(tmp_path):
    save(tmp_path, TRACK, AUDIO, version=3)
    back = load(tmp_path, "a-song", version=3)
    assert back is not None
    for field in ("name", "corpus", "artist", "licence", "section_labels", "trainable", "voices"):
        assert getattr(back, field) == getattr(TRACK, field)
    for field in ("lead", "sections", "onsets", "unphrased_spans"):
        assert np.array_equal(getattr(back, field), getattr(TRACK, field))
    assert np.array_equal(back.grid.times, TRACK.grid.times) and np.array_equal(
        back.grid.positions, TRACK.grid.positions
    )
    read, rate = sf.read(back.audio, dtype="float32")
    assert rate == 44100 and sf.info(back.audio).subtype == "PCM_16" and np.abs(read - AUDIO).max() < 1e-4
    with np.load(tmp_path / "a-song.npz") as z:
        stored = list(zip(z["cut_times"].tolist(), z["cut_entry"].tolist(), z["cut_exit"].tolist(), strict=True))
    assert stored == cuts(TRACK.onsets, TRACK.lead, TRACK.grid, TRACK.sections)


@pytest.mark.parametrize("damage", ["cut the truth short", "lose the audio", "empty the truth", "other version"])
def test_what_is_not_whole_is_not_there(tmp_path, damage):
    save(tmp_path, TRACK, AUDIO, version=1)
    truth = tmp_path / "a-song.npz"
    if damage == "cut the truth short":
        truth.write_bytes(truth.read_bytes()[: truth.stat().st_size // 2])
    elif damage == "empty the truth":
        truth.write_bytes(b"")
    elif damage == "lose the audio":
        (tmp_path / "a-song.flac").unlink()
    assert load(tmp_path, "a-song", version=2 if damage == "other version" else 1) is None
