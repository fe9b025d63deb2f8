import numpy as np
import pytest
import soundfile

from segue_models.signal.audio import AudioError
from segue_models.transitions import splice
from segue_models.transitions.splice import Splice

RATE = 44100


def noise(seconds, level=0.1, rate=RATE, seed=0, channels=1):
    shape = (round(seconds * rate), channels)
    return (level * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def counted(seconds, rate=RATE, channels=1):
    """Samples that are their own number, exact in float32; no loud sound: the scale is a power of two."""
    index = np.arange(round(seconds * rate), dtype=np.float32)
    return np.stack([index * (-1) ** c for c in range(channels)], axis=1) / 2**24


def strike(samples, at, size=0.5, seconds=0.05, rate=RATE, seed=9):
    """Add an attack that begins exactly at sample `at`: its first sample is its loudest."""
    count = min(round(seconds * rate), len(samples) - at)
    fall = np.exp(-np.arange(count) / (0.02 * rate))
    sign = np.sign(np.random.default_rng(seed).normal(size=count))
    samples[at : at + count] += (size * fall * sign)[:, None].astype(np.float32)
    return samples


def level_db(samples):
    return 10 * np.log10(np.mean(np.asarray(samples, np.float64) ** 2))


def refused(code, function, *args):
    with pytest.raises(AudioError) as error:
        function(*args)
    assert error.value.code == code
    assert len(str(error.value)) > 20 and "\n" not in str(error.value)


@pytest.mark.parametrize(("channels", "rate"), [(1, 8000), (2, 44100), (2, 48000), (6, 96000), (1, 192000)])
def test_the_join_is_exact_to_the_sample(write, channels, rate):
    source = counted(8, rate, channels)
    path = write("a.wav", source, rate, "FLOAT")
    leave, enter = round(2.123 * rate), round(5.456 * rate)
    made = Splice(leave / rate, enter / rate, 0.02, 0.015, 1.0)
    out, out_rate, join = splice.render([path], made, 1.5, 2.0)
    ahead, fade, start = round(0.02 * rate), round(0.015 * rate), leave - round(1.5 * rate)
    assert (out_rate, out.dtype, out.shape) == (rate, np.float32, (leave - start + 2 * rate, channels))
    assert round(join * rate) == leave - start and join * rate == pytest.approx(leave - start)
    at = leave - start
    assert np.array_equal(out[: at - ahead], source[start : leave - ahead])
    assert np.array_equal(out[at - ahead + fade :], source[enter - ahead + fade : enter + 2 * rate])


def test_the_entry_side_has_the_gain_and_the_exit_side_has_not(write):
    source = counted(8)
    path = write("a.wav", source, subtype="FLOAT")
    out, _, _ = splice.render([path], Splice(2.0, 5.0, 0.01, 0.01, 0.5), 1.0, 1.0)
    assert np.array_equal(out[: round(0.99 * RATE)], source[RATE : round(1.99 * RATE)])
    assert np.array_equal(out[RATE:], 0.5 * source[5 * RATE : 6 * RATE])


@pytest.mark.parametrize(
    ("name", "subtype"),
    [("a.wav", "PCM_16"), ("a.wav", "PCM_24"), ("a.flac", "PCM_16"), ("a.ogg", "VORBIS"), ("a.mp3", "MPEG_LAYER_III")],
)
def test_every_format_gives_the_samples_of_a_whole_decode(write, name, subtype):
    path = write(name, noise(20, channels=2), subtype=subtype)
    whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    for leave, enter in ((8199, 700_001), (876_543, 100), (500_000, 1)):
        out, _, join = splice.render([path], Splice(leave / RATE, enter / RATE, 0.0, 0.0, 1.0), 1.0, 1.5)
        at = round(join * RATE)
        assert at == min(leave, RATE) and len(out) == at + round(1.5 * RATE)
        assert np.array_equal(out[:at], whole[leave - at : leave])
        assert np.array_equal(out[at:], whole[enter : enter + round(1.5 * RATE)])


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_an_mp3_without_table_of_contents_is_sought_exactly(write, mode):  # of a VARIABLE one only the half is known
    path = write("a.mp3", noise(1.0))
    with soundfile.SoundFile(path, "w", RATE, 2, bitrate_mode=mode, compression_level=0.3) as file:
        file.write(noise(30.0, channels=2))
    coded = path.read_bytes()
    info = max(coded.find(b"Info"), coded.find(b"Xing"))
    path.write_bytes(coded[coded.index(coded[:2], info) :])
    whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    out, _, _ = splice.render([path], Splice(14.0, 12.3, 0.0, 0.0, 1.0), 1.0, 1.0)
    assert np.array_equal(out[:RATE], whole[13 * RATE : 14 * RATE])
    assert np.array_equal(out[RATE:], whole[round(12.3 * RATE) :][:RATE])


def test_channel_files_are_channels(write):
    x = noise(8, channels=2)
    stereo = write("both.wav", x, subtype="FLOAT")
    sides = [write(f"{i}.wav", x[:, i], subtype="FLOAT") for i in range(2)]
    made = splice.plan(sides, 3.0, 6.0, 0.5)
    assert made == splice.plan([stereo], 3.0, 6.0, 0.5)
    assert np.array_equal(splice.render(sides, made, 1, 1)[0], splice.render([stereo], made, 1, 1)[0])


def test_leaving_and_entering_at_one_place_is_the_recording(write):
    x = noise(8, channels=2)
    path = write("a.wav", x, subtype="FLOAT")
    made = splice.plan([path], 3.3, 3.3, 0.5)
    assert made.fade == 0
    assert np.array_equal(splice.render([path], made, 1.0, 2.0)[0], x[round(2.3 * RATE) : round(5.3 * RATE)])


@pytest.mark.parametrize("late", [-400, -37, 0, 1, 250])
def test_the_same_music_is_aligned_to_the_sample(write, late):
    loop = noise(2.0, seed=3)  # four beats that come again and again
    song = np.tile(loop, (4, 1)) + noise(8.0, 0.01, seed=4)
    made = splice.plan([write("a.wav", song)], 2.0, 6.0 + late / RATE, 0.5)
    assert round(made.enter * RATE) == 6 * RATE


@pytest.mark.parametrize("late", [0.013, -0.03, 0.1, -0.2])
def test_a_shift_that_would_move_the_beat_is_refused(write, clicks, late):
    song = clicks(np.arange(0, 12, 0.5), 12.0)
    made = splice.plan([write("a.wav", song)], 2.0, 8.0 + late, 0.5)
    assert round(made.enter * RATE) == round((8.0 + late) * RATE)


@pytest.mark.parametrize("samples", [-300, 77])
def test_clicks_go_on_in_time(write, clicks, samples):
    path = write("a.wav", clicks(np.arange(0, 12, 0.5), 12.0))
    made = splice.plan([path], 2.0, 8.0 + samples / RATE, 0.5)
    out, _, join = splice.render([path], made, 1.0, 1.1)
    loud = np.flatnonzero(np.abs(out[:, 0]) > 0.15)
    begin = loud[np.diff(loud, prepend=-RATE) > 0.1 * RATE]
    assert join == 1.0 and np.abs(begin - np.arange(5) * RATE / 2).max() < 0.002 * RATE
    assert np.abs(np.diff(begin) - RATE / 2).max() < 10


def test_a_weak_match_nearby_counts_nothing_where_the_music_itself_lies_further_away(write):
    period = np.resize(noise(0.095, seed=1), (6 * RATE, 1))
    song = 0.8 * period + 0.6 * noise(6.0, seed=2)  # 5 ms away 64 % alike, 100 ms away the same
    song = np.concatenate([song, np.zeros((RATE, 1)), song]).astype(np.float32)
    made = splice.plan([write("a.wav", song)], 3.0, 9.9, 0.5)
    assert round(made.enter * RATE) == round(9.9 * RATE)


def test_other_music_is_not_moved(write):
    made = splice.plan([write("a.wav", noise(12.0))], 3.0, 8.0, 0.5)
    assert (made.leave, made.enter) == (3.0, 8.0)


@pytest.mark.parametrize("alike", [-0.4, 0.0, 0.5, 0.9, 1.0])
def test_power_is_even_through_the_fade_whatever_both_sides_have_in_common(alike):
    a, b = noise(2.0, seed=1), noise(2.0, seed=2)
    mixed = splice._crossfade(a, (alike * a + np.sqrt(1 - alike**2) * b).astype(np.float32))
    assert [level_db(part) for part in np.array_split(mixed, 9)] == pytest.approx([-20] * 9, abs=0.15)


def test_the_same_sound_on_both_sides_comes_out_unchanged():
    a = noise(0.05, seed=1)
    assert np.abs(splice._crossfade(a, a) - a).max() < 1e-6


def test_a_sine_has_one_level_across_the_join_in_any_phase(write, sine):
    for hz in (60.0, 220.5, 997.0):
        path = write("a.wav", sine(hz, 0.5, 10.0), subtype="FLOAT")
        for leave, enter in ((3.0, 7.0), (3.0, 7.0 + 0.25 / hz), (3.0, 7.0 + 0.5 / hz)):
            out, _, _ = splice.render([path], splice.plan([path], leave, enter, 0.5), 0.5, 0.5)
            period = max(round(3 * RATE / hz), 800)
            power = np.convolve(out[:, 0].astype(np.float64) ** 2, np.full(period, 1 / period), "valid")
            assert np.abs(10 * np.log10(power / 0.125)).max() < 0.5, (hz, leave, enter)


def test_the_attack_at_the_entry_comes_out_whole(write):
    song = strike(noise(12.0, 0.02), 8 * RATE)
    path = write("a.wav", song, subtype="FLOAT")
    for late in (-0.004, 0.0, 0.003, 0.008):  # markers are exact to some milliseconds
        made = splice.plan([path], 3.0, 8.0 + late, 0.5)
        out, _, join = splice.render([path], made, 1.0, 1.0)
        at = round((join - late) * RATE)
        assert np.abs(out[at : at + 2000] - song[8 * RATE : 8 * RATE + 2000]).max() < 1e-3, late
        assert made.fade < 0.010


def test_the_onset_the_exit_leaves_out_is_not_heard(write):
    quiet = noise(12.0, 0.02)
    path = write("a.wav", strike(quiet.copy(), 3 * RATE), subtype="FLOAT")
    for late in (-0.004, 0.0, 0.003, 0.008):
        made = splice.plan([path], 3.0 + late, 8.0, 0.5)
        out, _, join = splice.render([path], made, 1.0, 1.0)
        end = round(join * RATE)
        assert level_db(out[end - 900 : end + 900]) < level_db(quiet) + 1.0, late


@pytest.mark.parametrize("early", [0.012, 0.025, 0.05])
def test_a_fade_does_not_begin_before_an_earlier_onset(write, early):
    song = strike(noise(12.0, 0.02), round((8.0 - early) * RATE), seconds=0.2)
    strike(song, round((3.0 - early) * RATE), seconds=0.2, seed=8)
    for leave, enter in ((3.0, 6.0), (5.0, 8.0)):
        made = splice.plan([write("a.wav", song)], leave, enter, 0.5)
        assert 0 < made.fade <= made.ahead < early


def test_sustained_sound_has_a_longer_fade_than_an_attack(write, sine):
    still = sine(220, 0.3, 12.0)[:, None] + noise(12.0, 0.01)
    struck = strike(still.copy(), 8 * RATE)
    long, short = (splice.plan([write("a.wav", song)], 3.0, 8.0, 0.5).fade for song in (still, struck))
    assert long == pytest.approx(0.060, abs=0.001)
    assert short == pytest.approx(0.005, abs=0.001)


@pytest.mark.parametrize("decibels", [-2.5, -1.0, 1.0, 2.5])
def test_the_same_music_at_another_level_is_matched(write, decibels):
    song = np.concatenate([noise(6.0, 0.1, seed=1), 10 ** (decibels / 20) * noise(6.0, 0.1, seed=2)])
    made = splice.plan([write("a.wav", song.astype(np.float32), subtype="FLOAT")], 3.0, 9.0, 0.5)
    assert 20 * np.log10(made.gain) == pytest.approx(-decibels, abs=0.15)


def test_musics_own_dynamics_are_left_alone(write):
    for levels in ((0.1, 0.1, 0.2, 0.2), (0.1, 0.1, 0.1, 0.13), (0.1, 0.13, 0.11, 0.1), (0.1, 0.1, 0.103, 0.103)):
        song = np.concatenate([noise(3.0, level, seed=i) for i, level in enumerate(levels)])
        assert splice.plan([write("a.wav", song, subtype="FLOAT")], 3.0, 9.0, 0.5).gain == 1.0


def test_matching_does_not_clip(write):
    song = np.concatenate([noise(6.0, 0.2, seed=1), noise(6.0, 0.15, seed=2)])
    song[round(9.5 * RATE)] = 0.9
    made = splice.plan([write("a.wav", song, subtype="FLOAT")], 3.0, 9.0, 0.5)
    assert made.gain == pytest.approx(1 / 0.9)


def test_silence_on_either_side_is_no_difficulty(write):
    song = noise(12.0)
    song[: 6 * RATE] = 0
    path = write("a.wav", song)
    for leave, enter in ((3.0, 9.0), (9.0, 3.0), (2.0, 4.0), (6.0, 9.0), (9.0, 6.0)):
        out, _, _ = splice.render([path], splice.plan([path], leave, enter, 0.5), 1.0, 1.0)
        assert np.isfinite(out).all()


def test_the_ends_of_the_file_are_the_ends(write):
    x = counted(8)
    path = write("a.wav", x, subtype="FLOAT")
    made = splice.plan([path], 8.0, 0.0, 0.5)
    out, _, join = splice.render([path], made, 20.0, 20.0)
    assert join == 8.0 and len(out) == 16 * RATE and 0 < made.fade < 0.005 and made.ahead == 0
    late = round(0.005 * RATE)
    assert np.array_equal(out[: 8 * RATE], x) and np.array_equal(out[8 * RATE + late :], x[late:])


@pytest.mark.parametrize(
    ("leave", "enter"),
    [(0.0, 4.0), (-1.0, 4.0), (8.1, 4.0), (4.0, 8.0), (4.0, -0.1), (np.nan, 4.0), (4.0, np.nan), (np.inf, 4.0)],
)
def test_places_where_nothing_is_left_are_refused(write, leave, enter):
    path = write("a.wav", noise(8))
    refused("outside_file", splice.plan, [path], leave, enter, 0.5)
    refused("outside_file", splice.render, [path], Splice(leave, enter, 0.0, 0.0, 1.0), 1.0, 1.0)


@pytest.mark.parametrize(("before", "after"), [(np.nan, 1), (1, np.inf), (-1, 1), (61, 1), (1, 1e9)])
def test_lengths_that_cannot_be_rendered_are_refused(write, before, after):
    refused("bad_region", splice.render, [write("a.wav", noise(8))], Splice(2.0, 5.0, 0.0, 0.0, 1.0), before, after)


@pytest.mark.parametrize("beat", [0.0, -1.0, 1e-9, 1e9])
def test_any_beat_will_do(write, beat):
    assert splice.plan([write("a.wav", noise(8))], 2.0, 5.0, beat).fade > 0


def test_broken_files_are_refused(write, tmp_path):
    refused("not_found", splice.plan, [tmp_path / "gone.wav"], 2.0, 5.0, 0.5)
    path = write("a.wav", noise(8))
    path.write_bytes(b"no sound")
    refused("not_audio", splice.plan, [path], 2.0, 5.0, 0.5)
    x = noise(8)
    x[5 * RATE] = np.nan
    refused("bad_samples", splice.plan, [write("b.wav", x, subtype="FLOAT")], 2.0, 5.0, 0.5)
    path = write("c.flac", noise(8), subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused("outside_file", splice.plan, [path], 2.0, 7.0, 0.5)  # what is there of it can be joined
    assert splice.plan([path], 1.0, 3.0, 0.5).leave == 1.0
