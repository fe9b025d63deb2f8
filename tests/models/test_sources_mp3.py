"""An MP3 is as long as its frames, whatever its table of contents says, and is read from any of them."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from recordings import coded, heard, music, said, table, without_table
from segue_models.signal import audio

SECONDS = 20
FRAME = 1152
TAGS = [b"ID3\3\0\0\0\0\2\0" + bytes(256), b"TAG" + bytes(125)]


@pytest.fixture(scope="module", params=["CONSTANT", "VARIABLE"])
def mp3(request, tmp_path_factory):
    """(bytes of an MP3, what it holds (2, n))."""
    path = tmp_path_factory.mktemp("mp3") / "a.mp3"
    content = coded(path, music(SECONDS), bitrate_mode=request.param, compression_level=0.3)
    return content, soundfile.read(path, dtype="float32")[0].T


def test_a_sound_file_gives_the_samples_libsndfile_gives(tmp_path, mp3):
    content, whole = mp3
    sound = heard(tmp_path / "a.mp3", content)
    assert np.array_equal(sound.samples, whole) and sound.duration == SECONDS and not sound.warnings


def test_without_a_table_of_contents_it_is_as_long_as_its_frames(tmp_path, mp3):
    path = tmp_path / "a.mp3"
    sound = heard(path, without_table(mp3[0]))
    frames = sound.duration * 44100 / FRAME
    assert frames == pytest.approx(round(frames), abs=1e-6) and 0 <= sound.duration - SECONDS < 3 * FRAME / 44100
    assert not sound.warnings and audio.info([path]).duration == sound.duration
    later = sound.samples[:, 1105:]  # the delays of encoder and decoder, which the table would tell
    assert np.abs(later[:, 10_000:800_000] - mp3[1][:, 10_000:800_000]).max() < 1e-6


@pytest.mark.parametrize("count", [0, 1, 300, 10**6, 2**32 - 1])
def test_a_wrong_table_of_contents_is_not_believed(tmp_path, mp3, count):
    content, whole = mp3
    sound = heard(tmp_path / "a.mp3", said(content, table(content) + 8, count, ">I"))
    assert 0 <= sound.samples.shape[1] - whole.shape[1] < 2 * FRAME  # the padding is not known any more
    assert np.array_equal(sound.samples[:, : whole.shape[1]], whole)


def test_joined_files_are_one_recording(tmp_path, mp3):
    content, whole = mp3
    for between in (b"", TAGS[1], TAGS[1] + TAGS[0]):
        sound = heard(tmp_path / "a.mp3", content + between + content)
        assert np.array_equal(sound.samples, np.concatenate([whole, whole], axis=1)) and not sound.warnings


def test_joined_files_without_tables_are_one_recording(tmp_path, mp3):
    sound = heard(tmp_path / "a.mp3", 2 * without_table(mp3[0]))
    assert 2 * SECONDS <= sound.duration < 2 * SECONDS + 6 * FRAME / 44100


@pytest.mark.parametrize("front", [TAGS[0], b"garbage " * 999, bytes(5000), TAGS[0] + bytes(700)])
@pytest.mark.parametrize("tail", [TAGS[1], b"", b"LYRICSBEGIN" * 30])
def test_tags_and_garbage_around_it_are_no_sound(tmp_path, mp3, front, tail):
    content, whole = mp3
    sound = heard(tmp_path / "a.mp3", front + content + tail)
    assert np.array_equal(sound.samples, whole) and not sound.warnings


@pytest.mark.parametrize("size", [3000, 60_000])
@pytest.mark.parametrize("fill", ["zeros", "noise", "nothing"])
def test_a_damage_loses_only_what_is_damaged_and_is_told(tmp_path, mp3, size, fill):
    content, whole = mp3
    half = len(content) // 2
    put = {"zeros": bytes(size), "noise": np.random.default_rng(1).bytes(size), "nothing": b""}[fill]
    path = tmp_path / "a.mp3"
    sound = heard(path, content[:half] + put + content[half + size :])
    assert SECONDS - 1.5 * size / len(content) * SECONDS - 1 < sound.duration < SECONDS
    assert audio.info([path]).duration == sound.duration
    same = (sound.samples[:, : 8 * 44100] == whole[:, : 8 * 44100]).all()
    end = np.abs(sound.samples[:, -5 * 44100 : -5000] - whole[:, -5 * 44100 : -5000])
    assert same and (end.max() < 1e-6 or sound.samples.shape[1] != whole.shape[1])
    (warning,) = sound.warnings
    assert warning.startswith("a.mp3 is damaged near")


def test_another_rate_in_the_middle_ends_it(tmp_path, mp3):
    content, whole = mp3
    sound = heard(tmp_path / "a.mp3", content + coded(tmp_path / "b.mp3", music(9, 32000), 32000))
    assert np.array_equal(sound.samples, whole)
    assert sound.warnings == ("a.mp3 goes on with other channels or another rate at 20.0 s: it is used up to there",)


def test_every_region_is_that_of_the_whole_to_the_sample(tmp_path, mp3):
    path = tmp_path / "a.mp3"
    for content in (mp3[0], without_table(mp3[0]), mp3[0] + mp3[0]):
        whole = heard(path, content).samples
        for first in np.random.default_rng(2).integers(0, whole.shape[1] - 200_000, 25):
            part = audio.spans([path], [(int(first), int(first) + 3000)])[0].T
            assert np.array_equal(part, whole[:, first : first + 3000])


def test_libmpg123_says_nothing_on_stderr(tmp_path, mp3):
    content = mp3[0]
    cut = content[: len(content) // 2]
    spoilt = bytearray(content)
    for at in range(20_000, len(content), 7000):
        spoilt[at] ^= 0xFF
    for name, what in (("cut", cut), ("spoilt", bytes(spoilt)), ("tail", without_table(content)[5000:] + b"x" * 3000)):
        (tmp_path / f"{name}.mp3").write_bytes(what)
    code = (
        "import sys; from pathlib import Path; from segue_models.signal import audio\n"
        "for path in map(Path, sys.argv[1:]): audio.read([path])\n"
        "print('one line of our own', file=sys.stderr)"
    )
    files = [str(path) for path in sorted(tmp_path.glob("*.mp3"))]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=True)
    assert done.stderr == "one line of our own\n" and len(files) == 3


@pytest.mark.parametrize(("name", "seconds"), [("cbr_noinfo_24k.mp3", 80.07), ("vbr_noxing.mp3", 60.0)])
def test_files_of_the_world(cases, name, seconds):
    sound = heard(cases / name)
    assert sound.duration == pytest.approx(seconds, abs=0.06) and not sound.warnings
