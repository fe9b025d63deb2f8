import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue_models.signal import audio
from segue_models.signal.audio import AudioError, Cancelled

RATE = 44100


def noise(seconds=6.0, channels=2, rate=RATE):
    shape = (round(seconds * rate), channels)
    return np.random.default_rng(0).uniform(-0.5, 0.5, shape).astype(np.float32)


def half(path):
    """Keep the first half of a file, as a broken download or a full disk does."""
    os.truncate(path, path.stat().st_size // 2)
    return path


def refused(code, *args, **kwargs):
    with pytest.raises(AudioError) as error:
        audio.read(*args, **kwargs)
    assert error.value.code == code
    text = str(error.value)
    assert len(text) > 20 and "\n" not in text
    return text


@pytest.mark.parametrize(
    ("name", "subtype", "error"),
    [("a.wav", "PCM_16", 3.1e-5), ("a.wav", "PCM_24", 2.4e-7), ("a.wav", "PCM_32", 1e-7), ("a.wav", "FLOAT", 0.0),
     ("a.wav", "DOUBLE", 0.0), ("a.flac", "PCM_16", 3.1e-5), ("a.flac", "PCM_24", 2.4e-7), ("a.aiff", "PCM_16", 3.1e-5),
     ("a.aiff", "PCM_24", 2.4e-7)],
)  # fmt: skip
def test_lossless_formats_return_the_samples_that_were_written(write, name, subtype, error):
    x = noise()
    sound = audio.read([write(name, x, subtype=subtype)])
    assert sound.samples.dtype == np.float32 and sound.source_rate_hz == RATE and sound.duration == 6.0
    assert sound.samples.shape == (2, len(x))
    assert np.abs(sound.samples - x.T).max() <= error


@pytest.mark.parametrize("name", ["a.ogg", "a.mp3"])
def test_lossy_formats_keep_length_channels_and_place(write, sine, name):
    left, right = sine(440), 0.5 * sine(1000)
    sound = audio.read([write(name, np.stack([left, right], axis=1))])
    assert sound.samples.shape == (2, len(left))
    middle = slice(RATE, 4 * RATE)
    assert np.corrcoef(sound.samples[0, middle], left[middle])[0, 1] > 0.999  # one sample late would be 0.998
    assert np.corrcoef(sound.samples[1, middle], right[middle])[0, 1] > 0.999


def test_mono_is_one_channel(write, sine):
    x = sine(440)
    assert np.array_equal(audio.read([write("a.wav", x, subtype="FLOAT")]).samples, x[None])


def test_mono_files_become_the_channels_in_their_order(write):
    x = noise(channels=3)
    paths = [write(f"{i}.wav", x[:, i], subtype="FLOAT") for i in range(3)]
    assert np.array_equal(audio.read(paths, 1.0, 4.5).samples, x[RATE : round(5.5 * RATE)].T)
    assert audio.info(paths) == audio.Info(6.0, RATE, 3)


@pytest.mark.parametrize("rate", [8000, 48000, 96000, 192000])
def test_other_rates_keep_frequency_level_and_length(write, sine, rate):
    sound = audio.read([write("a.wav", sine(1000, 0.5, 5.0, rate), rate, "FLOAT")])
    assert sound.source_rate_hz == rate and sound.samples.shape == (1, 5 * RATE)
    middle = slice(RATE, 4 * RATE)
    assert np.abs(sound.samples[0, middle] - sine(1000)[middle]).max() < 1e-3


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_region_is_that_part_of_the_whole_to_the_sample(write, name):
    path = write(name, noise(12.0))
    whole = audio.read([path]).samples
    for first in (0, 1, 133_905, 222_344):
        part = audio.read([path], first / RATE, 200_001 / RATE).samples
        assert np.array_equal(part, whole[:, first : first + 200_001])


def test_a_region_of_another_rate_starts_where_it_should(write, clicks):
    x = np.zeros(48000 * 10, np.float32)
    x[48000 * 3 + 4800] = 1.0
    sound = audio.read([write("a.wav", x, 48000, "FLOAT")], 3.0, 5.0)
    assert sound.samples.shape == (1, 5 * RATE) and sound.duration == 5.0
    assert int(np.abs(sound.samples).argmax()) == 4410


def test_the_end_may_lie_one_sample_of_the_daw_past_the_file(write):
    path = write("a.wav", noise(6.0))
    assert audio.read([path], 1.0, 5.0 + 1 / 48000).samples.shape == (2, 5 * RATE)


def test_an_end_up_to_a_second_past_the_file_is_cut_off_and_told(write):
    path = write("a.wav", noise(6.0))
    sound = audio.read([path], 1.0, 5.5)
    assert sound.samples.shape == (2, 5 * RATE) and sound.duration == 5.0
    assert sound.warnings == ("the region ends 0.500 s after a.wav, which has 6.000 s: it is cut off there",)
    refused("outside_file", [path], 1.0, 6.1)


@pytest.mark.parametrize(("start", "length"), [(-1.0, 5.0), (6.0, 5.0), (3.0, 5.0), (100.0, None)])
def test_a_region_outside_the_file_is_refused(write, start, length):
    text = refused("outside_file", [write("a.wav", noise())], start, length)
    assert "6.000 s" in text and "select" in text


@pytest.mark.parametrize(("start", "length"), [(float("nan"), 5.0), (0.0, float("inf")), (float("inf"), None)])
def test_a_region_must_be_numbers(write, start, length):
    refused("bad_region", [write("a.wav", noise())], start, length)


def test_too_short_and_too_long(write):
    refused("too_short", [write("a.wav", noise(0.2))])
    refused("too_short", [write("b.wav", noise(6.0))], 1.0, 0.0)
    long = write("c.flac", np.zeros(96 * 60 * 8000, np.int16), 8000)
    assert "95" in refused("too_long", [long])
    assert audio.read([long], 60.0, 5.0).samples.shape == (1, 5 * RATE)  # but a part of it is welcome


@pytest.mark.long
def test_ninety_minutes_are_read_in_the_memory_of_one_copy(write):
    path = write("long.flac", np.zeros(90 * 60 * 8000, np.int16), 8000)
    code = (
        "import sys; from pathlib import Path; from segue_models.signal import audio;"
        "x = audio.read([Path(sys.argv[1])]).samples; assert x.shape == (1, 90 * 60 * 44100), x.shape;"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )  # not ru_maxrss: a process inherits that of the one that started it
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 90 * 60 * RATE * 4 + 150e6


def test_missing_folder_empty_and_foreign_files(tmp_path):
    refused("not_found", [])
    assert "gone.wav" in refused("not_found", [tmp_path / "gone.wav"])
    refused("not_audio", [tmp_path])
    empty = tmp_path / "empty.wav"
    empty.touch()
    refused("empty_file", [empty])
    text = tmp_path / "text.wav"
    text.write_text("this is not a recording, whatever its name says\n" * 100)
    assert "convert" in refused("not_audio", [text])


def test_a_header_without_samples_is_empty(write):
    refused("empty_file", [write("a.wav", np.zeros((0, 2), np.float32))])


CODED = [
    ("a.wav", "PCM_16"), ("a.wav", "PCM_24"), ("a.wav", "FLOAT"), ("a.rf64", "PCM_16"), ("a.w64", "PCM_16"),
    ("a.aiff", "PCM_16"), ("a.caf", "PCM_16"), ("a.flac", "PCM_16"), ("a.ogg", "VORBIS"), ("a.ogg", "OPUS"),
    ("a.mp3", "MPEG_LAYER_III"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "subtype"), CODED)
def test_a_file_cut_in_half_is_used_up_to_there_and_says_so(write, name, subtype):
    rate = 48000 if subtype == "OPUS" else RATE
    path = write(name, noise(20.0, rate=rate), rate, subtype)
    whole = audio.read([path]).samples
    sound = audio.read([half(path)])
    assert 8.5 < sound.duration < 10.5
    assert sound.samples.shape[1] == pytest.approx(sound.duration * RATE, abs=1)
    assert np.abs(sound.samples[:, :-100] - whole[:, : sound.samples.shape[1] - 100]).max() < 1e-6
    (warning,) = sound.warnings
    assert warning.startswith(f"{name} ends early") and f"{sound.duration:.1f} s" in warning
    assert audio.info([path]).duration == sound.duration


@pytest.mark.parametrize(("name", "subtype"), CODED)
def test_a_file_of_which_less_than_a_bar_is_left_is_refused(write, name, subtype):
    path = write(name, noise(20.0, rate=48000), 48000, subtype)
    os.truncate(path, path.stat().st_size // 8)
    text = refused("too_short", [path])
    assert "at least 4 s" in text


@pytest.mark.parametrize(("name", "subtype"), [(n, s) for n, s in CODED if s != "OPUS"])
def test_a_whole_file_has_no_warning_and_one_length(write, name, subtype):
    path = write(name, noise(12.0), subtype=subtype)
    sound = audio.read([path])
    assert sound.warnings == () and sound.duration == audio.info([path]).duration == 12.0


def test_a_pad_byte_and_an_unknown_length_are_no_loss(write):
    path = write("a.wav", noise(6.0), subtype="PCM_16")
    whole = path.read_bytes()
    at = whole.index(b"data") + 4
    path.write_bytes(whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :])  # ffmpeg to a pipe
    assert audio.read([path]).samples.shape == (2, 6 * RATE)
    path.write_bytes(whole[:-1])
    assert audio.read([path]).samples.shape[1] >= 6 * RATE - 1


def test_an_mp3_without_table_of_contents_is_read_to_its_end(write):
    path = write("a.mp3", noise(6.0))
    with soundfile.SoundFile(path, "w", RATE, 2, bitrate_mode="CONSTANT", compression_level=0.3) as file:
        file.write(noise(6.0))
    frames = path.read_bytes()
    second = frames.index(frames[:2], 36)
    path.write_bytes(frames[second:])
    assert audio.read([path]).samples.shape[1] == pytest.approx(6 * RATE, abs=0.1 * RATE)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_sound_are_refused_and_say_where(write, value):
    x = noise(25.0)
    x[22 * RATE, 1] = value
    path = write("a.wav", x, subtype="FLOAT")
    assert "after 20.0 s" in refused("bad_samples", [path])
    assert audio.read([path], 0.0, 21.0).samples.shape == (2, 21 * RATE)  # the good part can be used


@pytest.mark.parametrize(("channels", "copies"), [(20, 1), (2, 300)], ids=["channels", "paths"])
def test_what_does_not_fit_into_memory_is_refused_before_it_is_read(write, channels, copies):
    path = write("a.flac" if channels <= 8 else "a.wav", np.zeros((8000 * 1300, channels), np.int16), 8000)
    text = refused("too_large", [path] * copies)
    assert f"{channels * copies} channels of 21.7 minutes" in text
    assert f"at most {190 / channels / copies:.1f} minutes" in text and "mix the channels down" in text


def test_a_rate_of_one_sample_a_second_is_none(write):
    path = write("a.wav", np.zeros((5000, 20), np.int16), 1)
    assert "2000 to 1000000 Hz" in refused("bad_rate", [path])


class After:
    """Turns true at the nth look."""

    def __init__(self, looks):
        self.left = looks

    def __call__(self):
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize(("name", "subtype"), CODED)
def test_cancelling_is_heard_while_reading(write, name, subtype):
    path = write(name, noise(20.0, rate=48000), 48000, subtype)
    looks = After(10**9)
    audio.read([path], cancelled=looks)
    assert 10**9 - looks.left > 20 * 48000 * 2 / 2**19  # each look comes after a quarter of a million stereo samples
    with pytest.raises(Cancelled):
        audio.read([path], cancelled=After(3))


def test_cancelling_is_heard_while_hashing(write):
    path = write("a.wav", noise(60.0))
    looks = After(10**9)
    audio.sha256([path], looks)
    assert 10**9 - looks.left >= path.stat().st_size >> 20
    with pytest.raises(Cancelled):
        audio.sha256([path], After(3))


@pytest.mark.parametrize("change", ["deleted", "cut", "replaced"])
def test_a_file_that_changes_while_it_is_read_is_told(write, change):
    path = write("a.wav", noise(60.0))
    other = write("b.wav", noise(30.0, channels=1, rate=8000), 8000)

    def changes():
        if change == "deleted":
            path.unlink(missing_ok=True)
        elif change == "cut":
            os.truncate(path, 1000)
        else:
            path.write_bytes(other.read_bytes())
        return False

    looks = iter([lambda: False] * 5 + [changes])
    with pytest.raises(AudioError) as fault:
        audio.read([path], cancelled=lambda: next(looks, changes)())
    assert fault.value.code == ("not_found" if change == "deleted" else "changed_file")
    assert str(path) in str(fault.value)


def test_a_region_of_the_file_as_it_is_coded(write):
    x = np.random.default_rng(3).integers(-(2**23), 2**23, (48000 * 5, 2)) << 8
    path = write("a.flac", x.astype(np.int32), 48000, "PCM_24")
    assert audio.coding(path) == (48000, 2, 48000 * 5, "PCM_24")
    part = np.concatenate(list(audio.stream(path, 1.0, 2.0, "int32")))
    assert np.array_equal(part, x[48000 : 48000 * 3])


def test_channel_files_that_differ_are_no_recording(write):
    x = noise(6.0, channels=1)
    one = write("1.wav", x)
    refused("channels_differ", [one, write("2.wav", x[:-1])])
    refused("channels_differ", [one, write("3.wav", x, 48000)])


def test_the_hash_is_of_the_bytes_of_all_files(write):
    import hashlib

    paths = [write("1.wav", noise(5.0)), write("2.wav", noise(5.0, channels=1))]
    assert audio.sha256(paths) == hashlib.sha256(b"".join(p.read_bytes() for p in paths)).hexdigest()


def test_a_name_that_is_no_text_is_told():
    with pytest.raises(AudioError, match=r"odd\?\.ogg holds bytes that are no text") as fault:
        audio.info([Path(os.fsdecode(b"/odd\xff.ogg"))])
    assert fault.value.code == "bad_name"


def test_a_fault_comes_whole_out_of_another_process():
    back = pickle.loads(pickle.dumps(AudioError("empty_file", "a.wav is empty: export it again")))
    assert (back.code, str(back)) == ("empty_file", "a.wav is empty: export it again")
