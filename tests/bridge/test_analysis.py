"""The main path on real music with the shipped network."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue_bridge import demo, model_store
from segue_bridge.analysis import Cancelled, Nothing, analyse
from segue_bridge.errors import SegueError
from segue_bridge.formats import table
from segue_bridge.result import Options, Region
from segue_bridge.scored import Scored
from segue_models.beats import tracking
from segue_models.beats.user_grid import TempoMap, UserGrid
from segue_models.product import MIN_SCORE
from segue_models.signal.frames import BeatGrid

RATE = 44100


@pytest.fixture(scope="module")
def whole():
    return analyse(Region((demo.SONG,)), Options())


def test_the_demo_song_has_cuts_beats_and_sections_as_it_was_composed(whole):
    from segue_bridge.demo import compose

    assert whole.tempo == pytest.approx(compose.BPM, rel=0.005)
    assert {c.kind for c in whole.cuts} == {"exit", "entry"}
    assert [c.id for c in whole.cuts] == list(range(len(whole.cuts)))
    assert [c.time for c in whole.cuts] == sorted(c.time for c in whole.cuts)
    assert all(MIN_SCORE <= c.score <= 1 for c in whole.cuts)
    assert whole.sections[0].start == 0 and whole.sections[-1].end == pytest.approx(whole.audio.duration, abs=0.05)
    for a, b in zip(whole.sections, whole.sections[1:], strict=False):
        assert a.end == b.start


def test_transitions_join_an_exit_to_an_entry_at_the_same_place_in_the_bar(whole):
    cuts = {c.id: c for c in whole.cuts}
    assert whole.transitions
    for t in whole.transitions:
        leave, enter = cuts[t.exit], cuts[t.entry]
        assert (leave.kind, enter.kind) == ("exit", "entry")
        apart = (leave.beat - enter.beat + 2) % 4 - 2
        assert abs(apart) <= 0.13 + 0.02


def test_times_of_a_region_are_those_of_the_file(whole):
    part = analyse(Region((demo.SONG,), 20.0, 40.0), Options(min_score=0.0))
    assert all(20.0 <= c.time <= 60.0 for c in part.cuts)
    assert part.sections[0].start == 20.0
    assert part.audio.duration == whole.audio.duration
    beats, all_beats = np.array([b.time for b in part.beats]), np.array([b.time for b in whole.beats])
    nearest = np.abs(beats[:, None] - all_beats[None, :]).min(axis=1)
    assert np.median(nearest) < 0.02


@pytest.mark.long
def test_channels_in_two_files_are_one_recording(whole, tmp_path):
    samples, rate = soundfile.read(demo.SONG)
    paths = (tmp_path / "song%L.wav", tmp_path / "song%R.wav")
    for path, channel in zip(paths, samples.T, strict=True):
        soundfile.write(path, channel, rate, subtype="FLOAT")
    split = analyse(Region(paths), Options())
    assert [(c.kind, round(c.time, 3)) for c in split.cuts] == [(c.kind, round(c.time, 3)) for c in whole.cuts]


@pytest.mark.long
def test_options_limit_what_is_returned():
    few = analyse(Region((demo.SONG,)), Options(top=2, min_score=0.0))
    assert [sum(c.kind == kind for c in few.cuts) for kind in ("exit", "entry")] == [2, 2]
    none = analyse(Region((demo.SONG,)), Options(min_score=1.0))
    assert none.cuts == [] and none.transitions == [] and "good enough" in none.warnings[0]


def shown(analysis, later=0.0):
    return [(c.kind, round(c.time - later, 3), c.bar, c.beat, c.section) for c in analysis.cuts]


@pytest.fixture(scope="module")
def samples():
    sound, rate = soundfile.read(demo.SONG, always_2d=True)
    assert rate == RATE
    return sound


def stored(path: Path, sound, rate=RATE):
    soundfile.write(path, sound, rate, subtype="FLOAT")
    return Region((path,))


@pytest.mark.parametrize(
    ("before", "after", "floor_db"),
    [(1.0, 0.0, None), (0.3337, 5.0, None), (20.0, 20.0, None), (5.0, 20.0, -80)],
)
def test_silence_and_a_low_floor_around_a_song_change_nothing_of_what_is_shown(
    whole, samples, tmp_path, before, after, floor_db
):
    rng = np.random.default_rng(0)
    floor = 0.0 if floor_db is None else 10 ** (floor_db / 20)
    ends = (floor * rng.normal(size=(round(seconds * RATE), 2)) for seconds in (before, after))
    found = analyse(stored(tmp_path / "song.wav", np.concatenate([next(ends), samples, next(ends)])), Options())
    later = round(before * RATE) / RATE
    assert shown(found, later) == shown(whole)
    assert [(t.exit, t.entry) for t in found.transitions] == [(t.exit, t.entry) for t in whole.transitions]
    assert found.sections[0].start == 0.0 and found.sections[-1].end == found.audio.duration
    assert found.tempo == whole.tempo


@pytest.mark.long
def test_a_pause_inside_a_song_changes_little_of_what_is_far_from_it(whole, samples, tmp_path):
    bar = 240 / whole.tempo
    downbeats = [b.time for b in whole.beats if b.beat == 1]
    at = downbeats[len(downbeats) // 2]
    pause = np.zeros((round(8 * bar * RATE), 2))
    cut = round(at * RATE)
    paused = np.concatenate([samples[:cut], pause, samples[cut:]])
    found = analyse(stored(tmp_path / "song.wav", paused), Options())
    there = [(c.kind, c.time - (8 * bar if c.time > at + 4 * bar else 0.0)) for c in found.cuts]
    far = [c for c in whole.cuts if abs(c.time - at) > 4 * bar]
    stay = [any(kind == c.kind and abs(time - c.time) < 0.02 for kind, time in there) for c in far]
    assert len(far) > 10 and np.mean(stay) >= 0.8  # other sections, so other candidates, near the pause
    assert not [c.time for c in found.cuts if at + 0.5 < c.time < at + 8 * bar - 0.5]


@pytest.mark.long
def test_a_channel_with_its_poles_swapped_changes_nothing(samples, tmp_path):
    # Wide: what both sides have in common is a little louder than what they have not.
    middle, side = samples.mean(axis=1), np.roll(samples.mean(axis=1), RATE // 3) * 0.9
    wide = np.stack([middle + side, middle - side], axis=1) / 2
    plain = analyse(stored(tmp_path / "wide.wav", wide), Options())
    swapped = analyse(stored(tmp_path / "swapped.wav", wide * np.array([-1, 1])), Options())
    assert plain.cuts and shown(swapped) == shown(plain)


@pytest.mark.long
def test_one_side_against_the_other_is_the_song(samples, tmp_path):
    one = samples.mean(axis=1)
    alike = analyse(stored(tmp_path / "alike.wav", np.stack([one, one], axis=1)), Options())
    against = analyse(stored(tmp_path / "against.wav", np.stack([one, -one, one, -one], axis=1)), Options())
    assert alike.cuts and shown(against) == shown(alike)
    for path, channel in ((tmp_path / "l.wav", one), (tmp_path / "r.wav", -one)):
        stored(path, channel)
    assert shown(analyse(Region((tmp_path / "l.wav", tmp_path / "r.wav")), Options())) == shown(alike)


def test_a_level_changes_nothing(whole, samples, tmp_path):
    assert shown(analyse(stored(tmp_path / "quiet.wav", samples * 10 ** (-12 / 20)), Options())) == shown(whole)


@pytest.mark.long
def test_an_exit_has_music_before_it_and_an_entry_music_after_it(whole, samples, tmp_path):
    """So also where the song is faded in and out, in a region, and in silence around it; a bar is what counts."""
    fade = np.linspace(0, 1, 8 * RATE)[:, None]
    faded = samples.copy()
    faded[: len(fade)] *= fade
    faded[-len(fade) :] *= fade[::-1]
    silent = np.zeros((6 * RATE, 2))
    region = stored(tmp_path / "song.wav", np.concatenate([silent, faded, silent]))
    bar, end = 240 / whole.tempo, len(samples) / RATE
    for part, first, last in (
        (region, 6.0, 6.0 + end),
        (Region((demo.SONG,)), 0.0, end),
        (Region((demo.SONG,), 20.0, 30.0), 20.0, 50.0),
    ):
        found = analyse(part, Options(top=1000, min_score=0.0))
        assert min(c.time for c in found.cuts if c.kind == "exit") >= first + 0.8 * bar
        assert max(c.time for c in found.cuts if c.kind == "entry") <= last - 0.8 * bar
        assert (
            min(c.time for c in found.cuts if c.kind == "entry") < first + 2 * bar
        )  # where it begins it can be joined


@pytest.mark.long
def test_other_options_are_answered_from_what_was_heard(tmp_path):
    kept, asked = {}, []

    class Keep(Nothing):
        def scored(self, region, grid, score, cancelled):
            if region not in kept:
                asked.append(region)
                kept[region] = Scored.from_json(score().to_json())
            return kept[region]

    for options in (Options(), Options(top=3), Options(top=40, min_score=0.0), Options(min_score=0.6)):
        again = analyse(Region((demo.SONG,)), options, kept=Keep())
        assert again.to_json() == analyse(Region((demo.SONG,)), options).to_json()
    assert len(asked) == 1


def odd(name, seconds=12.0):
    rng, n = np.random.default_rng(0), round(seconds * RATE)
    t = np.arange(n) / RATE
    if name == "constant":
        return np.full(n, 0.5)
    if name == "click":
        return np.where(np.arange(n) == n // 2, 0.9, 0.0)
    if name == "noise of 4 s":
        return 0.1 * rng.normal(size=4 * RATE)
    if name == "one bar in silence":
        return np.where((t > 5) & (t < 7), np.sin(2 * np.pi * 220 * t) * np.exp(-6 * (t % 0.5)), 0.0)
    if name == "one second in silence":
        return np.where((t > 5) & (t < 6.2), np.sin(2 * np.pi * 220 * t), 0.0)
    if name == "a tone":
        return 0.3 * np.sin(2 * np.pi * 440 * t)
    if name == "the faintest bit":
        return np.where(np.arange(n) % 1000 == 0, 1 / 32768, 0.0)
    if name == "a click, then quiet music":
        return np.where(t < 0.001, 0.99, 0.02 * np.sin(2 * np.pi * 220 * t) * np.exp(-6 * (t % 0.5)))
    if name == "loud, then a pause, then a click":
        return np.where(
            t < 5, 0.3 * rng.normal(size=n) * np.exp(-6 * (t % 0.5)), np.where(np.arange(n) == n - 9, 0.9, 0.0)
        )
    assert name == "nothing but the ends"
    return np.where((np.arange(n) < 3) | (np.arange(n) > n - 3), 0.5, 0.0)


@pytest.mark.parametrize("rate", [8000, RATE])
@pytest.mark.parametrize(
    "name",
    [
        "constant", "click", "noise of 4 s", "one bar in silence", "one second in silence", "a tone",
        "the faintest bit", "a click, then quiet music", "loud, then a pause, then a click", "nothing but the ends",
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_an_odd_sound_ends_in_a_result_or_a_plain_refusal(tmp_path, name, rate):
    sound = odd(name)
    region = stored(tmp_path / "odd.wav", sound if rate == RATE else sound[: len(sound) // 2], rate)
    try:
        found = analyse(region, Options(min_score=0.0))
    except SegueError as fault:
        assert fault.code in ("silence", "too_short") and "\n" not in str(fault)
        return
    assert all(0 <= c.score <= 1 and np.isfinite(c.time) for c in found.cuts)
    assert found.sections[0].start == 0.0 and found.sections[-1].end == found.audio.duration
    assert "NaN" not in found.to_json()


@pytest.mark.long
def test_it_can_be_stopped_in_the_middle_of_a_stage():
    """Of the looks whether to stop, whichever is told so is the last, but for that of a thread that watches."""
    looks, end = 0, 10**9

    def stop():
        nonlocal looks
        looks += 1
        return looks > end

    analyse(Region((demo.SONG,)), Options(), cancelled=stop)
    total = looks
    assert total > 200  # in 76 s of music
    for share in (0.05, 0.3, 0.6, 0.9):
        looks, end = 0, round(share * total)
        with pytest.raises(Cancelled):
            analyse(Region((demo.SONG,)), Options(), cancelled=stop)
        assert end < looks <= end + 2


def test_it_can_be_stopped_between_stages():
    stages = []

    def progress(fraction, stage):
        stages.append((fraction, stage))

    with pytest.raises(Cancelled):
        analyse(Region((demo.SONG,)), Options(), progress, lambda: len(stages) == 3)
    assert [s for _, s in stages] == ["audio", "loudness", "features"]


@pytest.mark.parametrize(("seconds", "code"), [(10.0, "silence"), (0.2, "too_short")])
def test_silence_and_next_to_nothing_are_refused(tmp_path: Path, seconds, code):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(round(44100 * seconds)), 44100)
    with pytest.raises(SegueError) as fault:
        analyse(Region((path,)), Options())
    assert fault.value.code == code


def test_a_missing_or_broken_model_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(model_store, "candidates", lambda name: [])
    with pytest.raises(SegueError, match="reinstall") as fault:
        analyse(Region((demo.SONG,)), Options())
    assert fault.value.code == "no_model"
    broken = tmp_path / "cuts.onnx"
    broken.write_bytes(b"no model")
    monkeypatch.setattr(model_store, "candidates", lambda name: [model_store.Stored("cuts", broken, False)])
    with pytest.raises(SegueError, match="not an ONNX model"):
        analyse(Region((demo.SONG,)), Options())


def speech(path: Path) -> Path:
    """Half a minute of syllables at no steady distance, voiced like vowels."""
    rng = np.random.default_rng(2)
    t = np.arange(30 * 44100) / 44100
    loud = np.zeros(len(t))
    at = 0.3
    while at < 29:
        length = int(44100 * rng.uniform(0.08, 0.3))
        first = int(at * 44100)
        loud[first : first + length] += np.hanning(length)[: len(loud) - first] * rng.uniform(0.3, 1.0)
        at += length / 44100 + rng.choice([0.02, 0.05, 0.4, 0.9], p=[0.5, 0.3, 0.15, 0.05])
    voice = sum(np.sin(2 * np.pi * n * 120 * t + 3 * np.sin(2 * np.pi * 0.7 * t)) / n for n in range(1, 12))
    soundfile.write(path, 0.1 * loud * voice, 44100)
    return path


def test_without_a_steady_beat_it_is_free_time_and_no_bars_are_claimed(tmp_path):
    found = analyse(Region((speech(tmp_path / "speech.wav"),)), Options(min_score=0.0))
    assert found.warnings[0].startswith("free time: ") and found.free_time and found.tempo == 0
    assert found.cuts and {cut.bar for cut in found.cuts} == {cut.beat for cut in found.cuts} == {None}
    assert found.beats and {beat.bar for beat in found.beats} == {beat.beat for beat in found.beats} == {None}
    assert "free time" in table.render(found).decode().splitlines()[0]
    assert json.loads(found.to_json())["cuts"][0]["bar"] is None


def test_where_a_song_has_no_pulse_for_a_while_it_is_said_and_no_bar_is_claimed(tmp_path, monkeypatch):
    grid = BeatGrid(np.arange(0.0, 29.0, 0.5), np.arange(58) % 4 + 1, free=((0.0, 14.0),))
    monkeypatch.setattr(tracking, "track", lambda front, heard: tracking.Beats(grid, 1.0, 1.0))
    found = analyse(of_ticks(tmp_path / "a.wav", 120.0, first=2.0), Options(min_score=0.0))
    assert found.warnings[0] == "no steady beat from 0:02 to 0:16: no bars are claimed there" and not found.free_time
    assert found.cuts and {cut.bar is None for cut in found.cuts if cut.time < 15.9} == {True}
    assert all(cut.bar == 1 + (cut.time - 1.94) // 2 for cut in found.cuts if cut.time > 16.1)


def test_where_nothing_beats_at_all_the_grid_is_even(tmp_path):
    path = tmp_path / "drone.wav"
    t = np.arange(20 * 44100) / 44100
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * 110 * t) * np.minimum(1, t / 10), 44100)
    found = analyse(Region((path,)), Options())
    assert found.free_time and not found.transitions
    assert np.diff([b.time for b in found.beats]).min() > 0.3


def test_a_song_with_a_beat_is_not_doubted(whole):
    assert whole.warnings == []


def of_ticks(path: Path, bpm: float, first: float = 0.5, seconds: float = 30.0) -> Region:
    """A high tick on every beat, and on every fourth a low one with it."""
    t = np.arange(round(seconds * RATE)) / RATE
    since = np.where(t >= first, (t - first) % (60 / bpm), 1.0)
    bar = np.where(t >= first, (t - first) % (240 / bpm), 1.0)
    sound = 0.3 * np.sin(2 * np.pi * 1500 * since) * np.exp(-60 * since)
    sound += 0.6 * np.sin(2 * np.pi * 90 * bar) * np.exp(-12 * bar)
    return stored(path, sound)


def test_the_user_s_grid_is_taken_as_told_in_seconds_of_the_recording(tmp_path):
    region = of_ticks(tmp_path / "ticks.wav", 117.3)
    for part in (region, Region(region.paths, 10.0, 15.0)):
        found = analyse(part, Options(min_score=0.0, grid=UserGrid(bpm=117.3, meter=(3, 4), downbeat=12.0)))
        beats = np.array([b.time for b in found.beats])
        assert np.allclose(np.diff(beats), 60 / 117.3) and beats[0] >= part.start
        (downbeat,) = [b for b in found.beats if abs(b.time - 12.0) < 1e-6]
        assert downbeat.beat == 1 and found.beats_per_bar == 3 and found.tempo == 117.3
        assert "little is played on its beats" in found.warnings[0]  # the ticks are at 0.5 s and so on


@pytest.mark.long
def test_a_grid_that_fits_is_not_warned_of_and_one_of_another_tempo_is(tmp_path):
    region = of_ticks(tmp_path / "ticks.wav", 117.3)
    for grid, fits in (({"bpm": 117.3}, True), ({"tempo": "half"}, True), ({"bpm": 123.0}, False)):
        warnings = analyse(region, Options(min_score=0.0, grid=UserGrid(**grid))).warnings
        assert any("117.3 bpm" in warning for warning in warnings) != fits


def test_a_tempo_that_is_told_needs_no_beat_to_be_found(tmp_path):
    region = Region((speech(tmp_path / "speech.wav"),))
    assert "no steady beat" in analyse(region, Options(min_score=0.0)).warnings[0]
    told = analyse(region, Options(min_score=0.0, grid=UserGrid(bpm=100.0)))
    assert told.tempo == 100.0 and not any("steady beat" in warning for warning in told.warnings)


@pytest.mark.parametrize(
    "grid",
    [
        UserGrid(downbeat=12.1),
        UserGrid(tempo_map=TempoMap(((0.0, 0.0), (1.0, 2.0)), last_note=14.0)),
        UserGrid(tempo_map=TempoMap(((0.0, 0.0), (1.0, 0.02)))),
    ],
)
def test_a_grid_that_is_not_of_this_recording_is_refused(tmp_path, grid):
    with pytest.raises(SegueError) as fault:
        analyse(of_ticks(tmp_path / "ticks.wav", 120.0, seconds=12.0), Options(grid=grid))
    assert fault.value.code == "bad_grid" and "\n" not in str(fault.value)


def test_a_tempo_map_counts_from_the_start_of_the_recording(tmp_path):
    """Also in a region, and where the music begins later."""
    region = of_ticks(tmp_path / "ticks.wav", 120.0, first=4.0)
    told = UserGrid(tempo_map=TempoMap(((0.0, 0.0), (1.0, 2.0)), ((0.0, 4, 4), (8.0, 3, 4))))
    whole, part = (analyse(r, Options(min_score=0.0, grid=told)) for r in (region, Region(region.paths, 15.0, 10.0)))
    assert [(b.time, b.bar, b.beat) for b in whole.beats[:3]] == [(0.0, 1, 1), (0.5, 1, 2), (1.0, 1, 3)]
    bars = {round(b.time, 6): (b.bar, b.beat) for b in whole.beats}
    assert bars[4.0] == (3, 1) and bars[5.5] == (4, 1) and bars[15.0] == (10, 2)
    assert {round(b.time, 6): (b.bar, b.beat) for b in part.beats}[15.0] == (10, 2)
    assert (whole.beats_per_bar, {*whole.bars()}) == (3, {3, 4})
