"""The Remote Script where Live or its user is in the way; what every host must stand is in conformance.py."""

import ast
import json
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fake_live import Live
from live_session import act, clip, installed, until, warped
from marking import cuts, name
from scripted_daemon import ScriptedDaemon, analysis, song
from segue_bridge import meeting, osc
from segue_bridge.result import Transition

SOURCE = Path(__file__).parents[2] / "host_scripts" / "ableton" / "Segue"
FOUND = cuts(1.0, 2.0, 3.0)
PLACED = {name(cut): 2 * cut.time for cut in FOUND}


@pytest.fixture
def daemon(tmp_path):
    scripted = ScriptedDaemon(tmp_path / "spool")
    scripted.answer = lambda region, cancelled: analysis(FOUND)
    scripted.start()
    yield scripted
    if scripted._thread.is_alive():
        scripted.stop()


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    return song(tmp_path_factory.mktemp("Ænima ☂") / "песня 東京.wav", 44100)


@pytest.fixture
def open_live(tmp_path, music):
    opened = []

    def make(port, **settings):
        live = Live(installed(tmp_path / "library", port, **settings))
        opened.append(live.__enter__())
        live.song.view._detail_clip = clip(music)
        return live

    yield make
    for live in opened:
        live.__exit__()


@pytest.fixture
def live(open_live, daemon):
    return open_live(daemon.port)


@pytest.fixture
def impatient(live, monkeypatch):
    """Live with a script that gives a daemon up after a second instead of ten."""
    module = sys.modules["Segue.daemon"]
    monkeypatch.setattr(module, "SILENCE", 1.0)
    monkeypatch.setattr(module, "START", 1.5)
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    return live


def hold(daemon, event):
    def answer(region, cancelled):
        while not event.wait(0.02):
            if cancelled():
                raise RuntimeError("stopped")
        return analysis(FOUND)

    daemon.answer = answer


def test_progress_is_shown_and_cancel_stops_the_work(live, daemon):
    go = threading.Event()
    hold(daemon, go)
    live.surface.act("mark")
    until(live, lambda: "Segue: 50 % cuts" in live.told)
    live.surface.act("mark")
    assert live.told[-1] == "Segue: Still at work: wait, or send cancel."
    live.surface.act("cancel")
    assert live.told[-1] == "Segue: Cancelled."
    until(live, lambda: daemon._daemon._jobs.alive() == 0)
    go.set()
    daemon.answer = lambda region, cancelled: analysis(FOUND)
    assert act(live, "mark") == "Segue: 3 locators placed."


def test_no_daemon_and_no_command(impatient, daemon):
    daemon.stop()
    assert act(impatient, "mark") == ("Segue: Segue is not running: run `segue serve` in a terminal, then try again.")
    assert impatient.locators() == {}


def test_the_daemon_is_started(impatient, daemon, tmp_path):
    """By the installer's command; here it asks this process to do so."""
    daemon.stop()
    flag = tmp_path / "start"
    impatient.surface._daemon._start = [sys.executable, "-c", f"open({str(flag)!r}, 'w')"]
    impatient.surface.act("mark")
    until(impatient, flag.exists)
    daemon.restart()
    until(impatient, lambda: impatient.surface._work is None)
    assert impatient.told[-1] == "Segue: 3 locators placed."
    assert "Segue: starting the daemon" in impatient.told


@pytest.mark.parametrize("command", [[sys.executable, "-c", "raise SystemExit(1)"], [sys.executable, "-c", ""]])
def test_a_daemon_that_cannot_be_started(impatient, daemon, command):
    daemon.stop()
    impatient.surface._daemon._start = command
    sentence = "Segue: Segue could not be started: run `segue doctor` in a terminal, then try again."
    assert act(impatient, "mark") == sentence
    daemon.restart()
    assert act(impatient, "mark") == "Segue: 3 locators placed."


def test_a_command_that_is_gone(impatient, daemon):
    daemon.stop()
    impatient.surface._daemon._start = ["/nowhere/python", "-c", ""]
    assert act(impatient, "mark").endswith("run `segue install ableton` again.")


def test_a_new_daemon_judges_the_transitions_of_the_old_one(live, daemon, tmp_path):
    jumps = [Transition(0, 1, 0.5)]
    daemon.answer = lambda region, cancelled: replace(analysis(FOUND), transitions=jumps)
    act(live, "mark")
    daemon.stop()
    daemon.restart()
    assert act(live, "next").startswith("Segue: Transition 1 of 1")
    daemon.stop()
    daemon.restart()
    assert act(live, "keep") == "Segue: Transition 1 is kept."


def test_another_users_daemon_is_not_believed(open_live):
    """It has the port of one of ours that was killed, but not the proof from the file of that one."""
    from socket import AF_INET, SOCK_DGRAM, socket

    with socket(AF_INET, SOCK_DGRAM) as false:
        false.bind(("127.0.0.1", 0))
        false.settimeout(0.05)
        port = false.getsockname()[1]
        meeting.announce(port, port)
        live = open_live(port)
        live.surface.act("mark")
        told = []
        while live.surface._work or not live.told:
            live.tick()
            with suppress(TimeoutError):
                packet, host = false.recvfrom(65535)
                told += [message.address for message in osc.parse(packet)]
                false.sendto(osc.pack("/segue/token", "s", ["0" * 32]), host)
                false.sendto(osc.pack("/segue/ready", "is", [1, "9"]), host)
    assert live.told[-1].startswith("Segue: Segue is not running") and live.locators() == {}
    assert set(told) == {"/segue/token", "/segue/hello"}, "no path was told to it"


def test_rubbish_on_the_socket(live, daemon):
    from socket import AF_INET, SOCK_DGRAM, socket

    forged = osc.pack("/segue/done", "iii", [live.surface._daemon._job + 1, 0, 0])
    with socket(AF_INET, SOCK_DGRAM) as anybody:
        for packet in (b"", b"#bundle\0", b"\xff" * 40, b"/x\0\0,b\0\0", b"#bundle\0" * 3 + b"\x7f" * 8, forged):
            anybody.sendto(packet, ("127.0.0.1", live.surface._daemon.own_port))
    assert act(live, "mark") == "Segue: 3 locators placed."


def test_a_second_live_works_too(open_live, daemon, tmp_path):
    """The port for actions is taken then."""
    first = open_live(daemon.port)
    port = first.surface._daemon.own_port
    taken = sys.modules["Segue.daemon"].Daemon(daemon.port, port, None, "?", str(tmp_path))
    assert taken.own_port != port
    assert (tmp_path / "live").read_text("ascii") == f"{taken.own_port} {taken._actions.token}\n"
    taken.close()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (None, "Select an audio clip in the Arrangement first."),
        ({"is_audio_clip": False, "is_midi_clip": True}, "This is a MIDI clip"),
        ({"is_arrangement_clip": False}, "This clip is in the Session: drag it into the Arrangement"),
        ({"file_path": "/nowhere/gone.wav"}, "The file of this clip is missing"),
        ({"file_path": ""}, "The file of this clip is missing"),
        ({"end_time": 39.0}, "The tempo changes under this clip: switch Warp on"),
        ({"loop_start": 20.0, "loop_end": 21.0, "end_time": 2.0}, "This clip plays nothing of its file"),
    ],
)
def test_clips_that_cannot_be_marked(live, daemon, music, values, sentence):
    live.song.view._detail_clip = None if values is None else clip(music, **values)
    assert act(live, "mark").startswith(f"Segue: {sentence}")
    assert live.locators() == {} and not daemon.asked


def test_a_clip_that_begins_before_its_file(live, daemon, music):
    live.song.view._detail_clip = warped(music, (0, 0), (20, 40), loop_start=-2.0, loop_end=42.0, end_time=44.0)
    act(live, "mark")
    assert (daemon.asked[0].start, daemon.asked[0].length) == (0.0, 20.0)
    assert live.locators() == pytest.approx({name(cut): 2 + 2 * cut.time for cut in FOUND}, abs=1e-6)


def test_while_live_plays_nothing_is_touched(live, daemon):
    live.song._playing = True
    for action in ("mark", "clear"):
        assert act(live, action) == "Segue: Stop Live first: it sets locators at the playhead, then try again."
    assert not daemon.asked


@pytest.mark.parametrize("after", [1, 2, 3])
def test_the_user_starts_playing_in_the_middle(live, after):
    live.surface.act("mark")
    until(live, lambda: len(live.locators()) == after or live.surface._work is None)
    live.song._playing = True
    until(live, lambda: live.surface._work is None)
    assert live.locators().items() <= PLACED.items() and not live.song._open


def test_the_user_moves_the_playhead_in_the_middle(live):
    live.user_sets(30.0, "mine")
    live.surface.act("mark")
    until(live, lambda: len(live.locators()) == 2)
    live.song._pending.append((30.0, 30.0))
    until(live, lambda: live.surface._work is None)
    assert live.told[-1] == "Segue: Live's playhead was moved, so not all locators are there: mark again."
    assert live.locators()["mine"] == 30.0
    assert act(live, "mark") == "Segue: 3 locators placed."
    live.surface.act("clear")
    live.tick()
    live.song._pending.append((30.0, 30.0))
    until(live, lambda: live.surface._work is None)
    assert live.told[-1] == "Segue: Live's playhead was moved, so not all locators are gone: try again."
    assert live.locators() == {**PLACED, "mine": 30.0}


def test_live_closes_in_the_middle(live):
    live.surface.act("mark")
    until(live, lambda: len(live.locators()) == 1)  # leaving the test, Live closes; open undo steps fail there


def test_a_playhead_behind_the_end_of_the_song(live):
    live.song._now = live.song._marker = 2000.0
    assert act(live, "mark") == "Segue: 3 locators placed."


def test_what_live_does_unexpectedly_is_logged(live, monkeypatch):
    monkeypatch.setattr(type(live.song), "song_length", property(lambda song: 1 / 0))
    live.surface.act("mark")
    until(live, lambda: live.surface._work is None)
    assert live.told[-1] == "Segue: This went wrong, please report what Live's Log.txt says of Segue."
    assert "ZeroDivisionError" in live.logged[-1]


def test_a_damaged_configuration(open_live, daemon, tmp_path):
    folder = installed(tmp_path / "library", daemon.port) / "Segue"
    live = open_live(daemon.port)
    for content in ("", "{", "[]", json.dumps({"port": 5})):
        (folder / "config.json").write_text(content)
        settings = sys.modules["Segue.daemon"].configuration()
        assert settings["port"] == (5 if "port" in content else 9721) and settings["start"] is None
    assert act(live, "mark") == "Segue: 3 locators placed."


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*.py")), ids=lambda path: path.name)
def test_for_the_python_of_live_11_and_nothing_beside_it(path):
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 7))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    tops = {module.split(".")[0] for module in imported}
    assert tops <= set(sys.stdlib_module_names) | {"Live", "_Framework", "Segue"}


def test_the_fake_is_strict(live):
    song, view = live.song, live.application.view
    for wrong in (
        lambda: song.cues,
        lambda: setattr(song, "tempo", 3),
        lambda: setattr(song, "current_song_time", "3"),
        lambda: setattr(song, "current_song_time", 2000.0),
        lambda: setattr(song, "colour", 3),
        song.set_or_delete_cue,
        song.end_undo_step,
        lambda: view.zoom_view(3, "Arranger"),
        lambda: view.zoom_view(3.0, "Arranger", False),
        lambda: live.surface.show_message(3),
        lambda: song.view.detail_clip.tempo,
        lambda: setattr(song.view.detail_clip, "warping", True),
    ):
        with pytest.raises((AttributeError, TypeError, RuntimeError, AssertionError)):
            wrong()
    song._notifying = True
    with pytest.raises(RuntimeError, match="Changes cannot be triggered by notifications"):
        song.current_song_time = 3.0
    song._notifying = False
