"""The Remote Script in a strict fake of Live, with the real daemon: where its locators stand, what it plays."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from fake_live import Live
from live_session import act, clip, installed, until, warped
from marking import cuts, name
from scripted_daemon import SECONDS, ScriptedDaemon, analysis, song
from segue_bridge import osc
from segue_bridge.result import Transition
from segue_models.beats.user_grid import UserGrid

TIMES = (0.0, 1.0000104, 2.3456789, 2.3557, 7.123456789, 12.5, 15.33333333, 19.9999)
EXACT = 1e-6  # beats


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    scripted = ScriptedDaemon(tmp_path_factory.mktemp("spool"))
    scripted.start()
    yield scripted
    scripted.stop()


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    return song(tmp_path_factory.mktemp("my müsic") / "mein Stück ♪.wav", 44100)


@pytest.fixture
def heard(tmp_path):
    """What was played: the script's player writes here what it was given."""
    return tmp_path / "heard"


@pytest.fixture
def live(tmp_path, daemon, music, heard):
    player = [sys.executable, "-c", f"import sys; open({str(heard)!r}, 'a').write(sys.argv[1] + '\\n')"]
    daemon.asked.clear()
    answer(daemon, cuts(*TIMES))
    with Live(installed(tmp_path / "library", daemon.port, play=player)) as running:
        running.song.view._detail_clip = clip(music)
        running.song._start = running.song._now = running.song._marker = 3.25
        yield running
        assert running.application.view._zoom == 0, "the user's view is zoomed"


def answer(daemon, found, transitions=()):
    daemon.answer = lambda region, cancelled: replace(analysis(found), transitions=list(transitions))


def ours(live):
    return {text: beats for text, beats in live.locators().items() if text[0] in "◀▶"}


def test_a_whole_file_without_warping(live, daemon, music):
    assert act(live, "mark") == "Segue: 8 locators placed."
    assert ours(live) == pytest.approx({name(cut): 2 * cut.time for cut in cuts(*TIMES)}, abs=EXACT)
    (asked,) = daemon.asked
    assert (asked.paths, asked.start, asked.length) == ((music,), 0.0, SECONDS)
    assert (live.song.current_song_time, live.song.start_time) == (3.25, 3.25)


def test_trimmed_and_moved_at_another_tempo(live, daemon, music):
    live.song._tempo = 93.7
    per_second = 93.7 / 60
    live.song.view._detail_clip = clip(
        music, loop_start=2.1, loop_end=9.3, start_time=41.5, end_time=41.5 + 7.2 * per_second
    )
    inside = [cut for cut in cuts(*TIMES) if 2.1 <= cut.time <= 9.3]
    assert act(live, "mark") == f"Segue: {len(inside)} locators placed."
    expected = {name(cut): 41.5 + (cut.time - 2.1) * per_second for cut in inside}
    assert ours(live) == pytest.approx(expected, abs=EXACT)
    (asked,) = daemon.asked
    assert (asked.start, asked.length) == pytest.approx((2.1, 7.2))


def test_transposed_an_octave_it_plays_twice_as_fast(live, music):
    live.song.view._detail_clip = clip(music, pitch_coarse=12, end_time=float(SECONDS))
    act(live, "mark")
    assert ours(live) == pytest.approx({name(cut): cut.time for cut in cuts(*TIMES)}, abs=EXACT)


# As in a recording that slows down and then keeps its tempo; the last marker is Live's own, 1/32 beat behind.
MARKERS = ((0.25, 0.0), (4.0, 8.0), (9.5, 16.0), (15.0, 23.0), (15.0 + 0.75 / 32, 23.0 + 1 / 32))


def in_the_song(seconds, first, start_time):
    """By another hand: numpy between the markers, the last tempo (0.75 s a beat), the first one before."""
    xs, ys = zip(*MARKERS, strict=True)
    before, behind = seconds < xs[0], seconds > xs[-1]
    beat = (seconds - 0.25) * 8 / 3.75 if before else ys[-1] + (seconds - xs[-1]) / 0.75 if behind else 0
    return start_time + (beat or np.interp(seconds, xs, ys)) - first


def test_a_warped_clip_follows_its_warp_markers(live, daemon, music):
    first, last = in_the_song(0.1, 0, 0), in_the_song(19.0, 0, 0)
    live.song.view._detail_clip = warped(
        music, *MARKERS, loop_start=first, loop_end=last, start_time=32.0, end_time=32.0 + last - first
    )
    inside = [cut for cut in cuts(*TIMES) if 0.1 <= cut.time <= 19.0]
    assert act(live, "mark") == f"Segue: {len(inside)} locators placed."
    assert ours(live) == pytest.approx({name(cut): in_the_song(cut.time, first, 32) for cut in inside}, abs=EXACT)
    (asked,) = daemon.asked
    assert (asked.start, asked.length) == pytest.approx((0.1, 18.9))


def test_of_a_loop_the_first_pass_is_marked(live, daemon, music):
    """It begins at its start marker, in the middle of the loop, and comes round three times."""
    live.song.view._detail_clip = warped(
        music, (0, 0), (20, 40), looping=True, loop_start=8.0, loop_end=24.0, start_marker=16.0, start_time=4.0,
        end_time=44.0,
    )  # fmt: skip
    act(live, "mark")
    inside = [cut for cut in cuts(*TIMES) if 8 <= cut.time <= 12]
    assert ours(live) == pytest.approx({name(cut): 4 + 2 * cut.time - 16 for cut in inside}, abs=EXACT)
    (asked,) = daemon.asked
    assert (asked.start, asked.length) == pytest.approx((8.0, 4.0))


def test_a_second_run_replaces_and_undo_brings_back(live, daemon):
    foreign = {"Chorus": 3.5, "◀ exit 0.50 · A · bar 1, mine": 7.0, "▶ entry": 9.0}
    for text, beats in foreign.items():
        live.user_sets(beats, text)
    act(live, "mark")
    first = live.locators()
    assert len(first) == 3 + 8
    answer(daemon, cuts(4.0, 5.0))
    act(live, "mark")
    second = {**foreign, **{name(cut): 2 * cut.time for cut in cuts(4.0, 5.0)}}
    assert live.locators() == second
    live.undo()
    assert live.locators() == first
    live.undo()
    assert live.locators() == foreign
    act(live, "mark")
    assert act(live, "clear") == "Segue: 2 locators removed."
    assert live.locators() == foreign
    assert (live.song.current_song_time, live.song.start_time) == (3.25, 3.25)
    live.undo()
    assert live.locators() == second


def test_a_locator_of_the_users_keeps_its_place(live, daemon):
    answer(daemon, cuts(4.0, 5.0))
    live.user_sets(8.0003, "Drop")
    assert act(live, "mark") == "Segue: 1 locators placed. 1 not: other locators stand there."
    assert live.locators() == {"Drop": 8.0003, name(cuts(4.0, 5.0)[1]): 10.0}


def test_an_exit_and_an_entry_at_one_place_share_a_locator(live, daemon):
    both = cuts(4.0, 4.0)
    answer(daemon, both)
    act(live, "mark")
    assert live.locators() == {f"{name(both[1])} {name(both[0])}": 8.0}
    act(live, "clear")
    assert live.locators() == {}


@pytest.mark.parametrize("grid", [0.25, 4.0, 32.0])
def test_the_arrangements_grid_costs_half_of_its_finest_step_at_most(live, grid):
    live.application.view._coarsest = live.application.view._grid = grid
    users = {"one": 0.5, "two": 32.0}
    for text, beats in users.items():
        live.user_sets(beats, text)
    assert act(live, "mark") == "Segue: 8 locators placed."
    assert ours(live) == pytest.approx({name(cut): 2 * cut.time for cut in cuts(*TIMES)}, abs=1 / 512)
    assert {text: live.locators()[text] for text in users} == users
    assert live.application.view._grid == grid
    act(live, "clear")
    assert live.locators() == users


def test_a_fixed_grid_is_told(live, daemon):
    live.application.view._grid = 4.0
    found = cuts(4.75, 8.4, 9.3)
    answer(daemon, found)
    live.user_sets(16.0, "mine")
    assert act(live, "mark") == (
        "Segue: 2 locators placed. 1 not: other locators stand there. "
        "The grid moved some by up to 750 ms: switch off Options > Snap to Grid and mark again."
    )
    assert live.locators() == {"mine": 16.0, name(found[0]): 8.0, name(found[2]): 20.0}


def test_live_that_does_not_tell_of_a_locator_under_the_marker(live, monkeypatch):
    """The button then takes the user's away: it is put back, with its name."""
    live.application.view._grid = 4.0
    live.user_sets(4.0, "Verse ♪")
    monkeypatch.setattr(type(live.song), "is_cue_point_selected", lambda song: False)
    act(live, "mark")
    assert live.locators()["Verse ♪"] == 4.0


def test_a_live_that_lets_nobody_name_locators(live):
    live.song._names_are_fixed = True
    assert act(live, "mark") == "Segue: This Live lets no script name its locators: update to the newest Live."
    assert live.locators() == {}


def listen(live, action):
    """Do it, and let the player play to its end."""
    told = act(live, action)
    until(live, lambda: live.surface._player is None or live.surface._player.poll() is not None)
    return told


def test_next_previous_keep_reject(live, daemon, heard):
    found = cuts(4.0, 5.0, 6.0, 7.0)
    answer(daemon, found, [Transition(0, 1, 0.3), Transition(2, 3, 0.8)])
    assert act(live, "next") == "Segue: Mark a clip first."
    act(live, "mark")
    assert act(live, "keep") == "Segue: Listen to a transition first: next."
    assert listen(live, "next") == "Segue: Transition 1 of 2, 0.80: exit at bar 3 to entry at bar 4"
    assert act(live, "keep") == "Segue: Transition 1 is kept."
    assert listen(live, "next") == "Segue: Transition 2 of 2, 0.30: exit at bar 1 to entry at bar 2"
    assert act(live, "reject") == "Segue: Transition 2 is rejected."
    assert listen(live, "previous").startswith("Segue: Transition 1 of 2")
    assert listen(live, "preview").startswith("Segue: Transition 1 of 2")
    first, second, third, fourth = heard.read_text().split()
    assert first != second and first == third == fourth
    info = soundfile.info(first)
    assert (info.samplerate, info.channels) == (44100, 2) and info.duration == pytest.approx(4.0, abs=0.2)


def test_a_late_answer_is_not_taken_for_another_transition(live, daemon):
    answer(daemon, cuts(4.0, 5.0, 6.0, 7.0), [Transition(0, 1, 0.3), Transition(2, 3, 0.8)])
    act(live, "mark")
    link, found = live.surface._daemon, live.surface._found
    late = [("/segue/preview/splice", [found.job, 2, 3]), ("/segue/preview/file", [found.job, "late.wav", 2.0])]

    def work():
        heard.append((yield from link.preview(found, 0, 1)))

    heard = []
    link.ready = lambda tell: iter(())  # what came before it is dropped anyway
    live.surface._work = work()
    link._heard += late
    until(live, lambda: heard)
    assert heard != ["late.wav"]


def test_what_plays_stops_when_the_next_one_begins_or_on_cancel(live, daemon):
    answer(daemon, cuts(4.0, 5.0), [Transition(0, 1, 0.3)])
    act(live, "mark")
    live.surface._play_command = [sys.executable, "-c", "import time; time.sleep(60)"]
    act(live, "next")
    first = live.surface._player
    act(live, "preview")
    assert first.poll() is not None
    second = live.surface._player
    assert second.poll() is None
    live.surface.act("cancel")
    assert second.poll() is not None


def test_what_the_user_thinks_is_kept_by_the_daemon(live, daemon, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    found = cuts(4.0, 5.0)
    answer(daemon, found, [Transition(0, 1, 0.3)])
    act(live, "mark")
    act(live, "next")
    act(live, "reject")
    lines = [line for path in (tmp_path / "data").rglob("*") if path.is_file() for line in path.read_text().split("\n")]
    noted = [json.loads(line) for line in lines if line.startswith("{")]
    assert [(one["verdict"], one["kind"], one["time"]) for one in noted] == [
        ("rejected", "exit", 4.0),
        ("rejected", "entry", 5.0),
    ]


def test_a_player_that_fails_is_told(live, daemon):
    answer(daemon, cuts(4.0, 5.0), [Transition(0, 1, 0.3)])
    act(live, "mark")
    live.surface._play_command = [sys.executable, "-c", "raise SystemExit(1)"]
    act(live, "next")
    until(live, lambda: live.told[-1] == "Segue: The transition could not be played: run `segue doctor` in a terminal.")


def test_keys_of_a_controller(live):
    assert live.forwarded == {(15, note) for note in range(36, 49)}
    live.note(36)
    live.note(36, velocity=0)
    until(live, lambda: live.told[-1:] == ["Segue: 8 locators placed."])
    live.note(42)
    until(live, lambda: live.told[-1] == "Segue: 8 locators removed.")


def test_osc_from_anything(live, tmp_path):
    from socket import AF_INET, SOCK_DGRAM, socket

    port, token = live.surface._daemon._actions
    with socket(AF_INET, SOCK_DGRAM) as anything:
        for guess in ("", "0" * 16):  # another user of the machine
            anything.sendto(osc.pack("/segue/action/dance", "sf", [guess, 1.0]), ("127.0.0.1", port))
        anything.sendto(osc.pack("/segue/action/mark", "sf", [token, 1.0]), ("127.0.0.1", port))
        until(live, lambda: live.told[-1:] == ["Segue: 8 locators placed."])
        anything.sendto(osc.pack("/segue/action/mark", "sf", [token, 0.0]), ("127.0.0.1", port))  # the button is let go
        assert not any("dance" in told for told in live.told)
        anything.sendto(osc.pack("/segue/action/dance", "s", [token]), ("127.0.0.1", port))
        until(live, lambda: live.told[-1].startswith("Segue: There is no action dance: choose one of mark, next"))
    folder = tmp_path / "library" / "Remote Scripts" / "Segue"
    subprocess.run([sys.executable, folder / "trigger.py", "clear"], check=True)
    until(live, lambda: live.told[-1] == "Segue: 8 locators removed.")


def test_the_daemon_is_told_where_the_beats_of_the_arrangement_are(live, daemon, music):
    """Not warped: 0.64 s a beat; the clip begins in the seventh bar of 6/8, whose line is before its first beat."""
    live.song._tempo, live.song._signature = 93.75, (6, 8)
    beats = 7.2 * 93.75 / 60
    live.song.view._detail_clip = clip(music, loop_start=2.1, loop_end=9.3, start_time=20.0, end_time=20.0 + beats)
    act(live, "grid")
    told = daemon.grid.tempo_map
    (first, at), (second, behind) = told.points
    assert (second - first) / (behind - at) == pytest.approx(0.64) and first - at * 0.64 == pytest.approx(2.1 - 12.8)
    assert (told.signatures, told.first_bar) == (((18.0, 6, 8),), 7)
    act(live, "mark")
    assert daemon.grid is None


def test_of_a_warped_clip_the_warp_markers_say_it(live, daemon, music):
    first, last = in_the_song(0.1, 0, 0), in_the_song(19.0, 0, 0)
    live.song.view._detail_clip = warped(
        music, *MARKERS, loop_start=first, loop_end=last, start_time=33.0, end_time=33.0 + last - first
    )
    daemon.answer = lambda region, cancelled: replace(analysis(cuts(*TIMES)), warnings=["little is played on it"])
    assert act(live, "grid").endswith("little is played on it")
    seconds, beats = np.array(daemon.grid.tempo_map.points).T
    assert beats == pytest.approx([in_the_song(second, first, 33) for second in seconds])
    assert (daemon.grid.tempo_map.signatures, daemon.grid.tempo_map.first_bar) == (((32.0, 4, 4),), 9)


def test_corrections_add_up_until_the_beats_are_found_again(live, daemon):
    for action in ("later", "double", "three"):
        act(live, action)
    assert daemon.grid == UserGrid(meter=(3, 4), tempo="double", shift=1.0)
    assert act(live, "double").endswith("send mark to begin anew.")
    assert act(live, "half") == "Segue: 8 locators placed."
    assert daemon.grid == UserGrid(meter=(3, 4), shift=0.5)
    act(live, "mark")
    act(live, "half")
    act(live, "double")
    assert daemon.grid is None
    act(live, "grid")
    assert "by the Arrangement's grid" in act(live, "later")
