"""WAV and its kin are as long as their sound, whatever their headers say."""

import struct

import numpy as np
import pytest

from recordings import coded, heard, music, said
from segue_models.signal import audio
from segue_models.signal.sources import chunks

SECONDS = 9
KINDS = {  # name: (soundfile's format, mark of the samples, bytes from there to their size, its form)
    "a.wav": ("WAV", b"data", 4, "<I"),
    "ext.wav": ("WAVEX", b"data", 4, "<I"),
    "big.wav": ("WAV", b"data", 4, ">I"),
    "a.rf64": ("RF64", b"data", 4, "<I"),
    "a.aiff": ("AIFF", b"SSND", 4, ">I"),
    "a.w64": ("W64", chunks.W64.samples, 16, "<Q"),
    "a.caf": ("CAF", b"data", 4, ">Q"),
}


@pytest.fixture(scope="module")
def x():
    return music(SECONDS)


def made(tmp_path, x, name, subtype="PCM_16"):
    how = {"format": KINDS[name][0]} | ({"endian": "BIG"} if name == "big.wav" else {})
    path = tmp_path / name
    return path, coded(path, x, subtype=subtype, **how)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("lie", ["0", "none", "half", "a third", "a bit", "more by three"])
def test_the_size_of_the_samples_is_not_believed(tmp_path, x, name, lie):
    path, content = made(tmp_path, x, name)
    _, mark, offset, form = KINDS[name]
    at = content.index(mark) + offset
    (true,) = struct.unpack_from(form, content, at)
    most = 2 ** (8 * struct.calcsize(form)) - 1
    value = {"0": 0, "none": most, "half": true // 2, "a third": true // 3 + 1, "a bit": 8, "more by three": 3 * true}
    sound = heard(path, said(content, at, min(value[lie], most), form))
    assert sound.duration == audio.info([path]).duration == SECONDS
    assert np.abs(sound.samples - x.T).max() < 4e-5
    damaged = lie == "more by three" and name != "a.rf64"  # whose size lies elsewhere
    assert bool(sound.warnings) == damaged


@pytest.mark.parametrize("value", [0, 2**64 - 1, 1000, 400_000])
@pytest.mark.parametrize("field", [8, 16], ids=["bytes", "samples"])
def test_the_sizes_of_rf64_are_not_believed(tmp_path, x, field, value):
    path, content = made(tmp_path, x, "a.rf64")
    sound = heard(path, said(content, content.index(b"ds64") + 8 + field, value, "<Q"))
    assert sound.duration == SECONDS and np.abs(sound.samples - x.T).max() < 4e-5


@pytest.mark.parametrize("frames", [0, 1, 2**32 - 1, 5 * 44100])
def test_the_number_of_frames_of_aiff_is_not_believed(tmp_path, x, frames):
    path, content = made(tmp_path, x, "a.aiff")
    content = said(content, content.index(b"COMM") + 10, frames, ">I")
    content = said(content, content.index(b"SSND") + 4, min(4 * frames + 8, 2**32 - 1), ">I")
    assert heard(path, content).duration == SECONDS


@pytest.mark.parametrize("name", ["a.wav", "a.rf64", "a.aiff"])
@pytest.mark.parametrize("value", [0, 100, 2**32 - 1])
def test_the_size_of_the_file_is_not_believed(tmp_path, x, name, value):
    path, content = made(tmp_path, x, name)
    sound = heard(path, said(content, 4, value, ">I" if name == "a.aiff" else "<I"))
    assert sound.duration == SECONDS and not sound.warnings


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.caf", "a.w64"])
@pytest.mark.parametrize("tail", [b"xyz" * 100, b"TAG" + bytes(125), b"ID3\3" + bytes(500), bytes(3000)])
def test_what_lies_behind_the_samples_is_no_sound(tmp_path, x, name, tail):
    path, content = made(tmp_path, x, name)
    assert heard(path, content + tail).duration == SECONDS


@pytest.mark.parametrize("size", ["right", "0", "half"])
def test_chunks_behind_the_samples_are_no_sound(tmp_path, x, size):
    path, content = made(tmp_path, x, "a.wav")
    more = b"LIST" + struct.pack("<I", 14) + b"INFOINAM\2\0\0\0A\0" + b"bext" + struct.pack("<I", 602) + bytes(602)
    at = content.index(b"data") + 4
    value = {"right": 4 * len(x), "0": 0, "half": 2 * len(x)}[size]
    sound = heard(path, said(content, at, value, "<I") + more)
    assert sound.duration == SECONDS and np.abs(sound.samples - x.T).max() < 4e-5


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_any_coding_of_a_wav_that_does_not_know_its_length(tmp_path, x, subtype):
    path, content = made(tmp_path, x, "a.wav", subtype)
    sound = heard(path, said(content, content.index(b"data") + 4, 0, "<I"))
    assert sound.duration == SECONDS
    assert np.abs(sound.samples - x.T).max() < {"PCM_U8": 0.01, "ULAW": 0.03}.get(subtype, 1e-6)


def test_a_region_of_a_file_whose_header_lies_is_that_of_the_whole(tmp_path, x):
    path, content = made(tmp_path, x, "a.wav")
    part = heard(path, said(content, content.index(b"data") + 4, 100, "<I"), 4.0, 4.5)
    assert np.abs(part.samples - x[4 * 44100 : round(8.5 * 44100)].T).max() < 4e-5


def test_mp3_in_a_wav_is_read_as_mp3(tmp_path, x):
    mp3 = coded(tmp_path / "a.mp3", x)
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 2, 44100, 16000, 1, 0, 12, 1, 2, 417, 1, 1393)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(mp3)) + mp3
    sound = heard(tmp_path / "b.wav", b"RIFF" + struct.pack("<I", len(body)) + body)
    assert np.array_equal(sound.samples, heard(tmp_path / "a.mp3").samples)


def test_an_mp3_in_a_wav_of_the_world(cases):
    assert heard(cases / "mp3_in.wav").duration == pytest.approx(80.07, abs=0.01)
