import io
import zipfile
from collections import Counter

import mido
import numpy as np
import pytest

from segue_models.corpora import freedoom
from segue_models.rendering import midi
from segue_models.rendering.mix import envelope


@pytest.fixture(scope="module")
def archive(data):
    return data / "freedoom_midi" / "freedoom_midi.zip"


def test_97_of_112_are_used_and_the_split_is_fixed(archive):
    names = freedoom.chosen(archive)
    with zipfile.ZipFile(archive) as z:
        assert set(names) | set(freedoom.LEFT_OUT) == {n.removesuffix(".mid") for n in z.namelist()}
    assert len(names) == 97 == len(set(names))
    assert Counter(map(freedoom.split, names)) == {"train": 75, "validation": 6, "test": 16}


def test_what_is_left_out_is_not_usable(archive):
    assert not any(freedoom.usable(midi.read(archive, f"{name}.mid")) for name in freedoom.LEFT_OUT)


@pytest.mark.parametrize("name", ["d_dm05", "d_e2m4", "d_e2m6", "d_map05"])
def test_what_is_used_is_usable(archive, name):
    assert name in freedoom.chosen(archive) and freedoom.usable(midi.read(archive, f"{name}.mid"))


def test_beats_agree_with_mido_s_own_clock(archive):
    with zipfile.ZipFile(archive) as z:
        file = mido.MidiFile(file=io.BytesIO(z.read("d_e3m1.mid")), clip=True)  # three tempi
    now, starts = 0.0, []
    for message in file:
        now += message.time
        if message.type == "note_on" and message.velocity:
            starts.append(now)
    grid = midi.grid(file, 60.0)
    starts = np.array(starts)
    near = np.abs((grid.phase(starts[starts < 59]) * 8 + 0.5) % 1 - 0.5)
    assert np.mean(near < 0.05) > 0.95  # on the thirty-seconds of our beats


def test_the_beats_are_heard_in_the_audio(archive):
    track, audio = freedoom.make(archive, 12.0, "d_dm05")
    assert 11 < len(audio) / 44100 <= 12 and track.trainable and "BSD" in track.licence
    rise = np.maximum(np.diff(envelope(audio)), 0)
    frames = np.rint(track.grid.times[(track.grid.times > 2) & (track.grid.times < 11)] * 100).astype(int)
    lags = np.arange(-15, 16)  # 10 ms each; a beat is 33
    assert abs(lags[np.argmax([rise[frames + lag].mean() for lag in lags])]) <= 2
