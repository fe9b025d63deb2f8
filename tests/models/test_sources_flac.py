"""A FLAC is as long as its last frame says, and goes on behind what is damaged."""

import numpy as np
import pytest
import soundfile

from recordings import coded, flac_total, heard, music
from segue_models.signal import audio

SECONDS = 12
RATE = 44100
BLOCK = 4096  # samples of a frame as libsndfile writes them


@pytest.fixture(scope="module", params=["PCM_16", "PCM_24"])
def flac(request, tmp_path_factory):
    """(bytes of a FLAC, its samples (2, n))."""
    path = tmp_path_factory.mktemp("flac") / "a.flac"
    return coded(path, music(SECONDS), subtype=request.param), soundfile.read(path, dtype="float32")[0].T


@pytest.mark.parametrize("total", [0, 1, 5 * RATE, SECONDS * RATE - 1, SECONDS * RATE + 1, 40 * RATE, 2**36 - 1])
def test_the_number_of_samples_in_the_header_is_not_believed(tmp_path, flac, total):
    content, whole = flac
    path = tmp_path / "a.flac"
    sound = heard(path, flac_total(content, total))
    assert np.array_equal(sound.samples, whole)
    assert sound.duration == audio.info([path]).duration == SECONDS
    assert bool(sound.warnings) == (total > SECONDS * RATE)


@pytest.mark.parametrize("total", [0, SECONDS * RATE])
def test_tags_and_garbage_around_it_are_no_sound(tmp_path, flac, total):
    content, whole = flac
    tag = b"ID3\3\0\0\0\0\2\0" + bytes(256)
    sound = heard(tmp_path / "a.flac", tag + flac_total(content, total) + b"TAG" + bytes(125))
    assert np.array_equal(sound.samples, whole) and not sound.warnings


@pytest.mark.parametrize("total", [0, SECONDS * RATE])
def test_an_early_end_costs_only_the_frame_that_is_not_whole(tmp_path, flac, total):
    content, whole = flac
    sound = heard(tmp_path / "a.flac", flac_total(content, total)[: len(content) // 2])
    count = sound.samples.shape[1]
    assert count % BLOCK == 0 and 5 * RATE < count < 7 * RATE
    assert np.array_equal(sound.samples, whole[:, :count])
    assert sound.warnings[0].startswith("a.flac ends early")


@pytest.mark.parametrize("size", [1, 100, 60_000])
@pytest.mark.parametrize("fill", ["zeros", "noise", "nothing"])
def test_what_is_damaged_is_silent_and_all_else_keeps_its_place(tmp_path, flac, size, fill):
    content, whole = flac
    half = len(content) // 2
    put = {"zeros": bytes(size), "noise": np.random.default_rng(1).bytes(size), "nothing": b""}[fill]
    path = tmp_path / "a.flac"
    sound = heard(path, content[:half] + put + content[half + size :])
    lost = np.flatnonzero((sound.samples != whole).any(axis=0))
    assert sound.samples.shape == whole.shape and 0 < len(lost) < 60 * BLOCK
    assert not sound.samples[:, lost].any()
    assert f"damaged near {lost[0] // BLOCK * BLOCK / RATE:.1f} s" in sound.warnings[0]
    for first in [*np.linspace(0, whole.shape[1] - 5000, 7), lost[0] - 2000, lost[0] + 5, lost[-1] - 10]:
        part = audio.spans([path], [(int(first), int(first) + 4000)])[0].T
        assert np.array_equal(part, sound.samples[:, int(first) : int(first) + 4000])


def test_three_damages(tmp_path, flac):
    content, whole = flac
    spoilt = bytearray(content)
    for part in (3, 5, 7):
        at = len(content) * part // 10
        spoilt[at : at + 50] = bytes(50)
    sound = heard(tmp_path / "a.flac", bytes(spoilt))
    same = (sound.samples == whole).all(axis=0)
    assert same.mean() > 0.9 and sound.samples.shape == whole.shape
    assert not sound.samples[:, ~same].any()


def test_one_from_a_pipe(cases):
    sound = heard(cases / "piped.flac")
    assert sound.duration == 10.0 and sound.warnings == ()
