"""Previews in the real Ardour: what comes out of its master bus, sample by sample, and what they leave behind."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

import ardour_setup
from ardour_session import FIND, Ardour, wait_for
from marking import CLEAR, KEEP, NEXT, OUR_TRACKS, PREVIOUS, RATE, REJECT, cleared, cuts, ended, expected, mark, name
from scripted_daemon import SECONDS, ScriptedDaemon, analysis, song
from segue_bridge import feedback, preview
from segue_bridge.result import Transition
from segue_models.transitions.splice import Splice

TRACK = "Segue preview"
FULL = 1 << 24  # a float32 holds every whole number up to here: sample n of the left channel is n / FULL
LEVEL = 0.25  # of the right channel

# Exits 0 and 2, entries 1 and 3.
CUTS = cuts(12.0, 3.0, 5.5, 15.0)
TRANSITIONS = [Transition(2, 3, 0.6), Transition(0, 1, 0.9), Transition(0, 3, 0.3)]

PIECES = (
    'local rows = {} for t in Session:get_routes ():iter () do if t:comment ():find ("^Segue\'s track") then '
    "for r in t:to_track ():playlist ():region_list ():iter () do rows[#rows + 1] = "
    "table.concat ({ r:name (), r:position ():samples (), r:start ():samples (), r:length ():samples () }, ' ') end "
    'end end table.sort (rows) return table.concat (rows, "\\n")'
)
SOLOED = (
    "local rows = {} for r in Session:get_routes ():iter () do "
    "if r:solo_control () and not r:solo_control ():isnil () and r:solo_control ():self_soloed () then "
    'rows[#rows + 1] = r:name () end end table.sort (rows) return table.concat (rows, ",")'
)
# The same where our track comes among them within a second, in which Ardour does nothing else.
SOLOED_SOON = (
    f"local function soloed () {SOLOED} end for _ = 1, 200 do if soloed ():find ('{TRACK}') then break end "
    "ARDOUR.LuaAPI.usleep (5000) end return soloed ()"
)
SELECTED = (
    "local rows = {} for r in Editor:get_selection ().regions:regionlist ():iter () do rows[#rows + 1] = r:name () end "
    'return table.concat (rows, ",")'
)
TAPE_IN = (
    'local p = ARDOUR.LuaAPI.new_luaproc (Session, "Test tape") assert (not p:isnil ()) '
    "Session:master_out ():add_processor_by_index (p, -1, nil, true)"
)
SHMEM = (
    "local tape for i = 0, 20 do local p = Session:master_out ():nth_processor (i) "
    'if not p:isnil () and p:name () == "Test tape" then '
    "tape = p:to_insert ():plugin (0):to_luaproc ():shmem () end end "
)
REWIND = SHMEM + "tape:atomic_set_int (1, 1)"
REWOUND = SHMEM + "return tape:atomic_get_int (1)"
PLAYED = (
    SHMEM + "local n = tape:atomic_get_int (0) local f = io.open ('PATH', 'wb') "
    "for c = 0, 1 do local from = tape:to_float (2 + c * LENGTH):array () for i = 1, n do "
    "f:write (string.pack ('<f', from[i])) end end f:close () return n"
).replace("LENGTH", str(ardour_setup.TAPE_LENGTH))


@pytest.fixture(scope="module")
def daemon(time_domain, tmp_path_factory) -> Iterator[ScriptedDaemon]:
    folder = tmp_path_factory.mktemp("preview")
    scripted = ScriptedDaemon(folder / "data" / "segue" / "spool")
    scripted.start()
    yield scripted
    scripted.stop()


@pytest.fixture(scope="module")
def studio(installed, daemon, time_domain) -> Iterator[Ardour]:
    """An Ardour whose clock runs five times as fast, with a tape on its master bus and a numbered song."""
    folder = daemon.spool_root.parents[2]
    with Ardour(folder, daemon.port, speed="5x Speed", time_domain=time_domain) as ardour:
        ardour.bring_in(numbered(folder / "song.wav"), embed=True)
        ardour.lua(TAPE_IN)
        yield ardour


def samples(first: int, last: int) -> np.ndarray:
    """Part of a stereo song whose left channel says which sample it is, and whose right one is never silent."""
    left = np.arange(first, last) / np.float32(FULL)
    return np.column_stack([left, np.full_like(left, LEVEL)]).astype(np.float32)


def numbered(path: Path) -> Path:
    """That song as a file."""
    soundfile.write(path, samples(0, SECONDS * RATE), RATE, subtype="FLOAT")
    return path


@pytest.fixture
def tidy(studio, daemon, monkeypatch) -> Iterator[Ardour]:
    """Nothing marked yet; every transition is a hard cut at the marks, but where a test plans another."""
    plan(monkeypatch)
    daemon.answer = lambda region, cancelled: analysis(CUTS, TRANSITIONS)
    studio.lua("Segue = {}")  # as after a start
    feedback.path().unlink(missing_ok=True)
    yield studio
    ended(studio)
    if studio.lua(OUR_TRACKS) != "0":
        cleared(studio)
    assert not studio.messages(), "the user was told something that the test does not expect"
    studio.lua(
        "local all, L = {}, Session:locations () for l in L:list ():iter () do all[#all + 1] = l end "
        "for _, l in ipairs (all) do if l:is_mark () then L:remove (l) end end"
    )


@pytest.fixture
def marked(tidy) -> Ardour:
    """The song marked."""
    mark(tidy, "song")
    return tidy


def plan(monkeypatch, ahead: int = 0, fade: int = 0, gain: float = 1.0) -> None:
    """How the daemon joins from now on: samples and factor."""

    def joined(paths, leave, enter, beat_seconds):
        assert beat_seconds == preview.BEAT_SECONDS
        return Splice(leave, enter, ahead / RATE, fade / RATE, gain)

    monkeypatch.setattr(preview.splice, "plan", joined)
    monkeypatch.setattr(preview, "_kept", lambda wav: None)


def play(ardour: Ardour, action: str) -> np.ndarray:
    """What is heard of a preview, from the first sound on: samples (n, 2)."""
    ardour.lua(REWIND)
    wait_for(lambda: ardour.lua(REWOUND) == "0", "the tape")
    ardour.action(action)
    ardour.lua("")
    assert not ardour.messages()
    ended(ardour)
    path = ardour.folder / "played"
    ardour.lua(PLAYED.replace("PATH", str(path)))
    return np.fromfile(path, "<f4").reshape(2, -1).T


def joins(sound: np.ndarray) -> list[tuple[int, int]]:
    """The jumps in what was heard: the sample of the song before each and the one after it."""
    heard = sound[:, 1] == np.float32(LEVEL)  # without the fades at start and end, which Ardour makes
    first, last = np.flatnonzero(heard)[[0, -1]]
    assert heard[first : last + 1].all(), "a gap, or a change of level"
    index = np.rint(sound[first : last + 1, 0].astype(float) * FULL).astype(int)
    assert (index == sound[first : last + 1, 0].astype(float) * FULL).all()
    at = np.flatnonzero(np.diff(index) != 1)
    return [(int(index[i]), int(index[i + 1])) for i in at]


def saved(ardour: Ardour) -> str:
    """The saved session, without what is selected, and the counters of what was ever made in it."""
    ardour.save()
    text = (ardour.session / "Test.ardour").read_text()
    return re.sub(r' (id|rg)-counter="\d+"|<Selection>.*?</Selection>|<Selection/>', "", text, flags=re.DOTALL)


def place_of(part: np.ndarray, sound: np.ndarray) -> int:
    """Where the part is heard, sample for sample."""
    starts = np.flatnonzero((sound[: len(sound) - len(part) + 1] == part[0]).all(axis=1))
    found = [int(start) for start in starts if np.array_equal(sound[start : start + len(part)], part)]
    assert len(found) == 1
    return found[0]


def said() -> list[tuple[str, str, float]]:
    """The verdicts that the daemon has on disk, each once: a host says one again that is not answered in time."""
    lines = [json.loads(line) for line in feedback.path().read_text("utf-8").splitlines()]
    return list(dict.fromkeys((line["verdict"], line["kind"], line["time"]) for line in lines))


def test_a_hard_cut_is_exact_to_the_sample_and_transitions_come_best_first(marked):
    first = play(marked, NEXT)
    assert joins(first) == [(12 * RATE - 1, 3 * RATE)]
    heard = len(np.flatnonzero(first[:, 1]))  # but for a part of what Ardour fades in
    assert -0.05 * RATE < heard - 4 * RATE <= 0, "two seconds on either side"
    assert joins(play(marked, NEXT)) == [(5 * RATE + RATE // 2 - 1, 15 * RATE)]
    assert joins(play(marked, NEXT)) == [(12 * RATE - 1, 15 * RATE)]
    assert joins(play(marked, NEXT)) == [(12 * RATE - 1, 3 * RATE)], "after the last comes the first"
    assert joins(play(marked, PREVIOUS)) == [(12 * RATE - 1, 15 * RATE)]


@pytest.mark.long
def test_the_crossfade_has_constant_power_and_the_entry_its_gain(marked, monkeypatch):
    ahead, fade, gain = 1800, 1440, 0.5
    plan(monkeypatch, ahead, fade, gain)
    sound = play(marked, NEXT).astype(float)
    left, right = sound[:, 0] * FULL, sound[:, 1] / LEVEL
    begin = int(np.flatnonzero(left == 12 * RATE - ahead - 1)[0]) + 1
    at = begin + fade
    assert left[at] == gain * (3 * RATE - ahead + fade), "right behind the fade the entry is alone, and at its place"
    angle = np.arange(fade) / (fade - 1) * np.pi / 2
    out, into = np.cos(angle), gain * np.sin(angle)
    places = np.arange(fade) - ahead
    np.testing.assert_allclose(right[begin:at], out + into, atol=0.003)  # the same constant twice: amplitudes add
    np.testing.assert_allclose(
        left[begin:at], out * (12 * RATE + places) + into * (3 * RATE + places), atol=0.003 * 12 * RATE
    )
    assert np.allclose(right[at : at + RATE], gain)


@pytest.mark.long
def test_only_our_track_is_heard_and_the_users_solos_come_back(marked, folder):
    marked.bring_in(numbered(folder / "other.wav"), embed=True)
    marked.bring_in(numbered(folder / "third.wav"), embed=True)
    solo = (
        "local c = ARDOUR.ControlListPtr () for n in string.gmatch ('NAMES', '%w+') do "
        "c:push_back (Session:route_by_name (n):solo_control ()) end "
        "Session:set_controls (c, VALUE, PBD.GroupControlDisposition.NoGroup)"
    )
    marked.lua(solo.replace("NAMES", "other third").replace("VALUE", "1"))
    wait_for(lambda: marked.lua(SOLOED) == "other,third", "the user's solos")
    try:
        assert joins(play(marked, NEXT)) == [(12 * RATE - 1, 3 * RATE)]
        wait_for(lambda: marked.lua(SOLOED) == "other,third", "the user's solos to come back")
        marked.action(NEXT)
        marked.action(NEXT)  # in the middle of the one before
        assert marked.lua(SOLOED_SOON) == TRACK, "our track alone is soloed"
        ended(marked)
        wait_for(lambda: marked.lua(SOLOED) == "other,third", "the user's solos to come back")
    finally:
        marked.lua(solo.replace("NAMES", "other third").replace("VALUE", "0"))
        wait_for(lambda: marked.lua(SOLOED) == "", "no solo")


def test_a_cleared_session_is_the_session_before(marked):
    before = saved(marked)
    play(marked, NEXT)
    assert marked.lua(SELECTED) == "song", "the user can go on with what was selected"
    marked.action(NEXT)  # and cleared while it plays
    marked.lua("")
    assert TRACK in saved(marked)
    cleared(marked)
    wait_for(lambda: marked.lua("return tostring (Session:transport_rolling ())") == "false", "the stop")
    wait_for(lambda: saved(marked) == before, "the session as it was")


@pytest.mark.long
def test_a_track_of_that_name_is_the_users(marked):
    track = (
        "local shared, none = pcall (ARDOUR.RouteGroup) "
        'for t in Session:new_audio_track (2, 2, shared and none or nil, 1, "Segue preview", '
        "ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true):iter () do t:set_comment ('mine', nil) end"
    )
    marked.lua(
        f'{FIND} {track} local c = ARDOUR.RegionFactory.clone_region (region ("song"), false, false) '
        f'Session:route_by_name ("{TRACK}"):to_track ():playlist ():add_region (c, Temporal.timepos_t (0), 1, false)'
    )
    before = saved(marked)
    assert joins(play(marked, NEXT)) == [(12 * RATE - 1, 3 * RATE)]
    assert marked.lua(PIECES) != "", "the pieces are on a track of ours"
    cleared(marked)
    wait_for(lambda: saved(marked) == before, "the session as it was")


@pytest.mark.long
def test_what_is_played_is_what_the_daemon_renders(tidy, daemon, folder, monkeypatch):
    """Music whose levels and fade the real plan chooses; the fade itself allows for what both sides share."""
    monkeypatch.undo()
    path = song(folder / "noise.wav", RATE)
    tidy.bring_in(path, embed=True)
    mark(tidy, "noise")
    sound = play(tidy, NEXT)
    made = preview.make((path,), CUTS[0].time, CUTS[1].time, [], 0, 0)
    wav = soundfile.read(made.wav, dtype="float32")[0]
    at = round((made.join - made.splice.ahead) * RATE)
    begin = place_of(wav[RATE : RATE + 10], sound) - RATE  # below 0 where the first samples are fainter than any sound
    fade = slice(at, at + round(made.splice.fade * RATE))
    assert fade.stop > fade.start
    start, end = RATE // 5, len(wav) - RATE // 5  # Ardour fades the start and the end of what it plays

    def heard(first: int, last: int) -> np.ndarray:
        return sound[begin + first : begin + last]

    np.testing.assert_array_equal(heard(start, fade.start), wav[start : fade.start])
    np.testing.assert_allclose(heard(fade.stop, end), wav[fade.stop : end], atol=1e-7)
    assert 0.5 < np.mean(heard(fade.start, fade.stop) ** 2) / np.mean(wav[fade] ** 2) < 2


@pytest.mark.long
@pytest.mark.parametrize("embed", [True, False])
def test_a_trimmed_and_moved_region(tidy, daemon, folder, monkeypatch, embed):
    """Heard is what the region plays, from its start to its end, but for what the crossfade takes of the file."""
    region = f"trimmed {embed}"
    tidy.bring_in(numbered(folder / f"{region}.wav"), embed)
    start, length, position = 11 * RATE, 5 * RATE, 7 * RATE
    tidy.lua(
        f'{FIND} local r = region ("{region}") r:trim_front (Temporal.timepos_t ({start})) '
        f"r:set_length (Temporal.timecnt_t.from_samples ({length})) r:set_position (Temporal.timepos_t ({position})) "
        "r:to_audioregion ():set_scale_amplitude (0.5)"
    )
    daemon.answer = lambda region, cancelled: analysis(CUTS, [Transition(0, 3, 0.5)])
    mark(tidy, region)
    tidy.lua(f'{FIND} region ("{region}"):set_position (Temporal.timepos_t ({2 * position}))')  # after it was marked
    plan(monkeypatch, ahead=1000, fade=1500, gain=0.5)
    sound = play(tidy, NEXT)
    rows = [row.rsplit(maxsplit=3) for row in tidy.lua(PIECES).splitlines()]
    exit_at, entry_at, at = 12 * RATE, 15 * RATE, 2 * position + RATE
    assert rows == [
        ["Segue entry", *map(str, (at - 1000, entry_at - 1000, start + length - entry_at + 1000))],
        ["Segue exit", *map(str, (at - RATE, start, exit_at - start + 500))],
    ]
    before, after = samples(exit_at - 1000 - RATE // 2, exit_at - 1000), samples(entry_at + 500, entry_at + RATE // 2)
    assert place_of(after / 4, sound) == place_of(before / 2, sound) + len(before) + 1500


@pytest.mark.long
def test_without_marks_the_selected_region_is_analysed_first(tidy, daemon):
    daemon.asked.clear()
    tidy.select("song")
    assert joins(play(tidy, PREVIOUS)) == [(12 * RATE - 1, 15 * RATE)]
    assert joins(play(tidy, NEXT)) == [(12 * RATE - 1, 3 * RATE)]
    assert len(daemon.asked) == 1
    assert tidy.markers() == {}


def test_what_is_kept_is_the_users(marked, daemon):
    before = marked.saved_markers()
    assert before == expected(CUTS)
    play(marked, NEXT)
    for _ in range(2):
        marked.action(KEEP)
    kept = {f"{name(cut)} ✓": round(cut.time * RATE) for cut in CUTS[:2]}
    assert marked.saved_markers() == {**kept, **expected(CUTS[2:])}
    assert said() == [("kept", "exit", 12.0), ("kept", "entry", 3.0)]
    mark(marked, "song")
    assert marked.saved_markers() == {**kept, **expected(CUTS[2:])}, "no second marker of a kind on a sample"
    daemon.answer = lambda region, cancelled: analysis(CUTS[:2])
    mark(marked, "song")
    assert marked.saved_markers() == kept
    marked.action(CLEAR)
    assert marked.saved_markers() == kept


def test_what_is_rejected_leaves_the_list(marked):
    play(marked, NEXT)
    assert joins(play(marked, NEXT)) == [(5 * RATE + RATE // 2 - 1, 15 * RATE)]
    marked.action(REJECT)
    marked.action(REJECT)
    assert marked.saved_markers() == expected(CUTS)
    assert said() == [("rejected", "exit", 5.5), ("rejected", "entry", 15.0)]
    assert marked.messages() == ["Preview a transition first, then keep or reject it."]
    assert joins(play(marked, PREVIOUS)) == [(12 * RATE - 1, 3 * RATE)]
    assert joins(play(marked, NEXT)) == [(12 * RATE - 1, 15 * RATE)]
    assert joins(play(marked, NEXT)) == [(12 * RATE - 1, 3 * RATE)]


def test_what_cannot_be_played_is_told(tidy, daemon, folder):
    tidy.lua("Session:maybe_enable_record ()")
    tidy.action(NEXT)
    tidy.lua("Session:disable_record (false, false)")
    assert tidy.messages() == ["Ardour is ready to record: switch recording off, then run this action again."]
    daemon.answer = lambda region, cancelled: analysis(CUTS)
    tidy.select("song")
    tidy.action(NEXT)
    tidy.lua("")
    assert tidy.messages() == ["No good transition was found here."]
    daemon.answer = lambda region, cancelled: analysis(CUTS, [Transition(0, 1, 0.5)])
    path = numbered(folder / "lost.wav")
    tidy.bring_in(path, embed=True)
    mark(tidy, "lost")
    hidden = path.rename(folder / "hidden.wav")
    tidy.action(NEXT)
    tidy.lua("")
    hidden.rename(path)
    (told,) = tidy.messages()
    assert "lost.wav" in told
