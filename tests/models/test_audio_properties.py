"""Whatever is wrong with a file: it is read, or refused in a sentence; its length is one; nothing hangs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings import coded, music
from segue_models.signal import audio

RATE = 8000
SECONDS = 6
KINDS = {
    "a.wav": "PCM_16", "b.wav": "FLOAT", "a.rf64": "PCM_16", "a.w64": "PCM_24", "a.aiff": "PCM_16", "a.caf": "PCM_16",
    "a.flac": "PCM_16", "a.ogg": "VORBIS", "b.ogg": "OPUS", "a.mp3": "MPEG_LAYER_III",
}  # fmt: skip
IN_PLACE = ("a.wav", "b.wav", "a.rf64", "a.w64", "a.aiff", "a.caf", "a.flac", "a.ogg", "b.ogg")
checked = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """files(name) -> (path, bytes, samples (channels, n) as they are read)."""
    folder = tmp_path_factory.mktemp("whole")
    found = {}
    for name, subtype in KINDS.items():
        path = folder / name
        content = coded(path, music(SECONDS, RATE, 1), RATE, subtype)
        found[name] = path, content, audio.read([path]).samples
    return lambda name: found[name]


def read(path: Path, content: bytes) -> audio.Audio | None:
    """What is read, None where it is refused as users are told."""
    path.write_bytes(content)
    try:
        sound = audio.read([path])
    except audio.AudioError as fault:
        assert fault.code and len(str(fault)) > 20 and "\n" not in str(fault)
        return None
    assert sound.samples.dtype == np.float32 and np.isfinite(sound.samples).all()
    assert sound.samples.shape[1] == int(
        np.ceil(round(sound.duration * sound.source_rate_hz) * 44100 / sound.source_rate_hz)
    )
    told = audio.info([path])
    assert told.duration == sound.duration or sound.warnings
    assert sound.samples.shape[0] == told.channels
    return sound


@pytest.mark.parametrize("name", KINDS)
@given(share=st.floats(0, 1))
@checked
def test_a_file_cut_anywhere_is_used_up_to_there(files, tmp_path, name, share):
    _, content, whole = files(name)
    sound = read(tmp_path / name, content[: round(share * len(content))])
    if sound is not None:
        count = min(sound.samples.shape[1], whole.shape[1]) - 1000  # the end of a resampling
        assert np.abs(sound.samples[:, :count] - whole[:, :count]).max() < 1e-3
    else:
        assert share < (0.95 if "ogg" in name else 4.2 / SECONDS)  # a page of Ogg may hold seconds


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
@checked
def test_bytes_that_are_wrong_anywhere(files, tmp_path, name, data):
    _, content, _ = files(name)
    spoilt = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        new = data.draw(st.binary(min_size=1, max_size=64))
        spoilt[at : at + len(new)] = new[: len(content) - at]
    sound = read(tmp_path / name, bytes(spoilt))
    assert sound is None or sound.duration < 2 * SECONDS + 1


@pytest.mark.parametrize("name", KINDS)
@given(at=st.integers(0, 200), new=st.binary(min_size=1, max_size=8), how=st.sampled_from(["put", "insert", "delete"]))
@checked
def test_headers_that_are_wrong(files, tmp_path, name, at, new, how):
    _, content, _ = files(name)
    rest = {"put": at + len(new), "insert": at, "delete": at + len(new)}[how]
    sound = read(tmp_path / name, content[:at] + (b"" if how == "delete" else new) + content[rest:])
    assert sound is None or np.abs(sound.samples).max() <= audio.LOUDEST * 1.2


@pytest.mark.parametrize("name", IN_PLACE)
@given(first=st.integers(0, (SECONDS - 1) * RATE), count=st.integers(1, RATE))
@checked
def test_any_span_is_that_of_the_whole(files, name, first, count):
    path, _, _ = files(name)
    whole = np.concatenate(list(audio.stream(path)))
    (part,) = audio.spans([path], [(first, first + count)])
    assert np.array_equal(part, whole[first : first + count])


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff", ".caf", ".bin"])
@given(content=st.binary(min_size=0, max_size=3000))
@checked
def test_no_bytes_are_taken_for_music(tmp_path, suffix, content):
    assert read(tmp_path / f"a{suffix}", content) is None
