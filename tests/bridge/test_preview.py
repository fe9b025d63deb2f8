"""Rendering a transition: what is heard around the join, and that the same ask is answered by the same file."""

import os

import numpy as np
import pytest
import soundfile

import measure_preview
from segue_bridge import preview
from segue_bridge.errors import SegueError
from segue_models.transitions.splice import Splice

RATE = 44100
BEATS = list(np.arange(0.25, 11.0, 0.5))


@pytest.fixture
def song(write):
    samples = 0.1 * np.random.default_rng(0).normal(size=(12 * RATE, 2))
    return write("song.wav", samples.astype(np.float32), subtype="PCM_24")


def made(song, *more):
    return preview.make((song,), 4.0, 8.0, BEATS, *(more or (0.0, 0.0)))


def test_four_beats_and_the_join_and_four_beats(song):
    done = made(song)
    x, _ = soundfile.read(song, dtype="float32")
    out, rate = soundfile.read(done.wav, dtype="float32")
    at = round(done.join * rate)
    assert (rate, done.join, len(out)) == (RATE, 2.0, 4 * RATE)
    assert (done.splice.leave, done.splice.enter) == (4.0, 8.0)
    end = at - round(done.splice.ahead * RATE)
    assert np.array_equal(out[:end], x[2 * RATE :][:end])  # 24 bits come through a float file untouched
    assert np.array_equal(out[at:], x[8 * RATE : 10 * RATE])
    assert not np.array_equal(out[end:at], x[2 * RATE :][end:at])


def test_beats_are_counted_on_the_beats(song):
    slowing = [0.0, 0.5, 1.0, 1.5, 2.0, 2.6, 3.3, 4.1, 5.0, 6.0, 7.0, 8.0]
    assert preview.around(5.0, 3.3, slowing, 4) == pytest.approx((3.0, 3.7))
    assert preview.around(4.55, 0.25, slowing, 2) == pytest.approx((1.6, 1.0))  # in the middle of a beat too
    assert preview.around(9.0, 0.0, slowing, 2) == pytest.approx((2.0, 1.0))  # beyond the last beat
    assert preview.around(5.0, 3.0, [], 4) == (2.0, 2.0)


def test_seconds_that_are_asked_for_are_kept(song):
    done = made(song, 1.5, 0.75)
    assert (done.join, soundfile.info(done.wav).frames) == (1.5, round(2.25 * RATE))


def test_the_same_ask_is_the_same_file_and_renders_nothing(song, monkeypatch):
    first = made(song)
    stamp = first.wav.read_bytes()
    monkeypatch.setattr(preview.splice, "render", None)
    assert made(song) == first
    copy = song.with_name("a copy of it.wav")
    copy.write_bytes(song.read_bytes())
    assert made(copy) == first and first.wav.read_bytes() == stamp


def test_another_ask_or_another_content_is_another_file(song, write):
    files = [made(song).wav, made(song, 1.0, 1.0).wav, preview.make((song,), 4.0, 8.5, BEATS, 0, 0).wav]
    files.append(preview.make((song,), 4.0, 8.0, [], 0, 0).wav)
    write("song.wav", np.zeros((12 * RATE, 2), np.float32))
    files.append(made(song).wav)
    assert len(set(files[:3] + files[4:])) == 4


def test_a_damaged_preview_is_made_again(song):
    first = made(song)
    whole = first.wav.read_bytes()
    for damage in (b"", whole[:40], b"nonsense"):
        first.wav.write_bytes(damage)
        assert made(song) == first and soundfile.info(first.wav).frames == 4 * RATE


def test_the_newest_hundred_are_kept_and_nothing_half_written(song, monkeypatch):
    monkeypatch.setattr(preview, "KEPT", 5)
    first = made(song)
    os.utime(first.wav, (1, 1))
    for i in range(8):
        last = made(song, 0.1, 0.1 + i / 100)
    left = sorted(first.wav.parent.iterdir())
    assert len(left) == 5 and last.wav in left and first.wav not in left


def test_channel_files_make_one_preview(song, write):
    x, _ = soundfile.read(song, dtype="float32")
    sides = tuple(write(f"{side}.wav", x[:, i], subtype="PCM_24") for i, side in enumerate("LR"))
    done = preview.make(sides, 4.0, 8.0, BEATS, 0, 0)
    assert np.array_equal(soundfile.read(done.wav)[0], soundfile.read(made(song).wav)[0])


@pytest.mark.parametrize("channels", [1, 6])
def test_channels_and_rate_are_the_sources(write, channels):
    path = write("a.flac", 0.1 * np.random.default_rng(0).normal(size=(96000 * 4, channels)), 96000)
    info = soundfile.info(preview.make((path,), 2.0, 3.0, [], 0.5, 0.5).wav)
    assert (info.channels, info.samplerate, info.subtype) == (channels, 96000, "FLOAT")


def test_going_on_where_one_left_is_the_recording(song):
    done = preview.make((song,), 5.0, 5.0, BEATS, 0, 0)
    assert done.splice == Splice(5.0, 5.0, 0.0, 0.0, 1.0)
    assert np.array_equal(soundfile.read(done.wav)[0], soundfile.read(song)[0][3 * RATE : 7 * RATE])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((99.0, 3.0, 0, 0), "outside_file"), ((3.0, 12.0, 0, 0), "outside_file"), ((np.nan, 3.0, 0, 0), "outside_file"),
     ((3.0, np.inf, 0, 0), "outside_file"), ((3.0, 6.0, -1.0, 0), "bad_region"), ((3.0, 6.0, 0, 1e9), "bad_region"),
     ((3.0, 6.0, np.nan, 0), "bad_region")],
)  # fmt: skip
def test_bad_asks_are_one_sentence_and_leave_nothing(song, own_cache, arguments, code):
    exit, entry, before, after = arguments
    with pytest.raises(SegueError) as fault:
        preview.make((song,), exit, entry, BEATS, before, after)
    assert fault.value.code == code and "\n" not in str(fault.value)
    assert not list(own_cache.glob("previews/*"))


def test_broken_recordings_and_a_cache_that_cannot_be_written(song, tmp_path, own_cache):
    with pytest.raises(SegueError, match="does not exist"):
        made(tmp_path / "gone.wav")
    (tmp_path / "empty.wav").touch()
    with pytest.raises(SegueError, match="is empty"):
        made(tmp_path / "empty.wav")
    (own_cache / "previews").write_text("a file where the folder should be")
    with pytest.raises(SegueError, match="SEGUE_CACHE"):
        made(song)


@pytest.mark.parametrize(("name", "subtype"), [("a.wav", "PCM_16"), ("a.flac", "PCM_16")])
def test_a_join_in_six_minutes_takes_150_ms_at_most_and_nothing_when_it_is_known(tmp_path, name, subtype):
    song = measure_preview.write(tmp_path / name, 44100, subtype)
    os.utime(song, (1, 1))  # old enough for its hash to be kept
    took, again = measure_preview.measure(song, 7)
    assert np.median(took.min(axis=1)) < 150  # a machine busy with something else makes only the wall longer
    assert again < 50


def test_kept_previews_are_bounded_in_bytes_too(song, monkeypatch):
    one = made(song)
    size = one.wav.stat().st_size
    monkeypatch.setattr(preview, "KEPT_BYTES", 3 * size + size // 2)
    files = [preview.make((song,), 4.0, 8.0 + i / 10, BEATS, 2.0, 2.0).wav for i in range(6)]
    left = {path for path in one.wav.parent.iterdir() if path.exists()}
    assert left == set(files[-3:])


def test_the_one_just_made_and_those_being_listened_to_stay(song, monkeypatch):
    monkeypatch.setattr(preview, "KEPT_BYTES", 1)
    told = made(song).wav
    os.utime(told, (1, 1))
    other = preview.make((song,), 4.0, 8.5, BEATS, 0, 0, told={told}).wav
    assert told.exists() and other.exists()
    last = preview.make((song,), 4.0, 9.0, BEATS, 0, 0, told={other}).wav
    assert last.exists() and other.exists() and not told.exists()


def test_a_preview_that_is_too_large_is_refused_before_it_is_rendered(write, monkeypatch, own_cache):
    path = write("many.wav", np.full((10 * 8000, 40), 0.1, np.float32), rate=8000)
    monkeypatch.setattr(preview, "LARGEST_BYTES", 4 * 40 * 8000 * 3)
    monkeypatch.setattr(preview.splice, "render", None)
    with pytest.raises(SegueError, match=r"ask for 3\.0 s or less in all") as fault:
        preview.make((path,), 4.0, 6.0, [], 2.0, 2.0)
    assert fault.value.code == "too_large"
    assert not (own_cache / "previews").exists()
