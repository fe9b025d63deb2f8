"""What can go wrong in the real Ardour: the user is told, nothing is lost, and the next run works."""

import base64
import socket
import threading

import pytest

from ardour_session import version, wait_for
from marking import CLEAR, MARK, RATE, answer, cuts, expected, mark, ours
from scripted_daemon import LIMIT, analysis, song
from segue_bridge import spool
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _ardour_slots
from segue_bridge.hosts import ardour as installer

pytestmark = pytest.mark.usefixtures("clean")


def test_nothing_selected(ardour):
    ardour.select()
    ardour.action(MARK)
    assert ardour.markers() == {}
    assert ardour.messages() == ["Select an audio region first, then run this action again."]


def test_nothing_found_and_a_fault_change_nothing(ardour, daemon, folder):
    ardour.bring_in(song(folder / "dull.wav", RATE), embed=True)
    answer(daemon, cuts(1.0, 2.0))
    mark(ardour, "dull")
    answer(daemon, [])
    mark(ardour, "dull")
    assert ardour.markers() == expected(cuts(1.0, 2.0))
    assert ardour.messages() == ["No good place to cut was found here; nothing was changed."]

    def fail(region, cancelled):
        raise SegueError("silent", "'R&B <live>' is silent: choose one with music.")

    daemon.answer = fail
    mark(ardour, "dull")
    assert ardour.markers() == expected(cuts(1.0, 2.0))
    assert ardour.messages() == ["'R&amp;B &lt;live&gt;' is silent: choose one with music."]


def test_a_region_whose_file_is_gone(ardour, folder):
    path = song(folder / "gone.wav", RATE)
    ardour.bring_in(path, embed=True)
    hidden = path.rename(folder / "hidden.wav")
    mark(ardour, "gone")
    hidden.rename(path)
    assert ardour.markers() == {}
    assert ardour.messages() == ["The kind of file of 'gone' is unknown, or it is gone: import it into the session."]


def test_cancel(ardour, daemon, folder):
    """A window comes while the work goes on; its Cancel reaches the daemon."""
    ardour.bring_in(song(folder / "long.wav", RATE), embed=True)
    stopped = threading.Event()

    def work(region, cancelled):
        wait_for(cancelled, "the job to be cancelled")
        stopped.set()
        return analysis(cuts(1.0))

    daemon.answer = work
    ardour.select("long")
    ardour.action(MARK)
    window = wait_for(lambda: ardour.xdotool("search", "--onlyvisible", "--name", MARK), "the window")
    ardour.xdotool("key", "--window", window, "Tab", "key", "--window", window, "Return")
    assert stopped.wait(LIMIT)
    assert ardour.markers() == {}


def test_a_lost_answer_is_asked_for_again(ardour, daemon, folder, monkeypatch):
    ardour.bring_in(song(folder / "lost.wav", RATE), embed=True)
    answer(daemon, cuts(1.0, 2.0))
    write, lost = spool.write, []

    def lose_one(place, packets):
        if not lost and any(packet.startswith(b"/segue/done") for packet in packets):
            lost.append(packets)
        else:
            write(place, packets)

    monkeypatch.setattr(spool, "write", lose_one)
    ardour.select("lost")
    ardour.action(MARK)
    wait_for(lambda: lost and ardour.markers(), "markers")
    assert ardour.markers() == expected(cuts(1.0, 2.0))
    assert len(daemon.asked) == 1


def test_the_daemon_is_killed_in_mid_job(ardour, daemon, folder, monkeypatch):
    ardour.bring_in(song(folder / "dying.wav", RATE), embed=True)
    at_work = threading.Event()

    def work(region, cancelled):
        at_work.set()
        wait_for(cancelled, "the job to be cancelled")
        return analysis(cuts(1.0))

    daemon.answer = work
    ardour.select("dying")
    ardour.action(MARK)
    assert at_work.wait(LIMIT)
    monkeypatch.setattr(spool, "write", lambda place, packets: None)  # a killed daemon says no farewell
    daemon.stop()
    try:
        assert wait_for(ardour.messages, "a message") == [
            "Segue stopped in the middle of the work: run this action again."
        ]
        assert ardour.markers() == {}
    finally:
        daemon.restart()


def test_no_daemon(ardour, daemon, folder):
    """The scripts try to start one; where that fails the user sees why, in a window."""
    ardour.bring_in(song(folder / "lonely.wav", RATE), embed=True)
    ardour.select("lonely")
    daemon.stop()
    try:
        blocker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        blocker.bind(("127.0.0.1", daemon.port))  # so that none can start
        alive = ardour.spool / "daemon.alive"
        alive.unlink(missing_ok=True)
        ardour.action(MARK)
        message, advice = wait_for(ardour.messages, "a message")
        assert message.startswith("Segue could not be started: ") and "the daemon did not start" in message
        assert advice == "Run `segue doctor` in a terminal, then run this action again."
        assert ardour.markers() == {}
        assert not list((ardour.spool / "to_daemon").iterdir()), "the next daemon would do work nobody waits for"
    finally:
        blocker.close()
        daemon.restart()
    answer(daemon, cuts(1.0))
    mark(ardour, "lonely")
    assert ardour.markers() == expected(cuts(1.0))


def test_ardour_keeps_our_actions_when_it_writes_its_file_itself(ardour):
    """Ours come back as they were, as byte code and text, and the installer knows them again."""
    source = installer._read(ardour.config)
    assert b'"f"] = "\\27Lua' in source, "Ardour has not written the file"
    titles = set(map(_ardour_slots.title, _ardour_slots.scripts(source).values()))
    assert len(titles) == len(installer.ACTIONS) + 1 and {CLEAR, MARK, "Test probe"} < titles
    hooks = {hook.get("name"): hook.text for hook in installer._tree(ardour.config).iter("LuaCallback")}
    assert b'["f"] = "\\27Lua' in base64.b64decode(hooks["Segue: after a preview"]), "Ardour has not written the hook"
    with ardour.as_installed():
        assert installer.status(ardour.config) == f"ardour{version()}: actions are in place"


def test_the_installer_refuses_while_ardour_runs(ardour):
    before = (ardour.config / "ui_scripts").read_bytes()
    for change in (installer.install, installer.uninstall):
        with pytest.raises(SegueError, match="close Ardour") as fault:
            change(ardour.config)
        assert fault.value.code == "host_running"
    assert (ardour.config / "ui_scripts").read_bytes() == before


def test_ardour_dies_in_mid_job(ardour, daemon, folder, time_domain):
    """The daemon finishes, nobody fetches the answer, and the next Ardour is served, without markers of the old job.

    What was saved before is there again: to the sample, or to Ardour's tick where the session counts in beats.
    """
    ardour.bring_in(song(folder / "crash.wav", RATE), embed=True)
    answer(daemon, cuts(0.0, 3.3333333, 7.7777))
    mark(ardour, "crash")
    ardour.save()
    at_work, go_on = threading.Event(), threading.Event()

    def work(region, cancelled):
        at_work.set()
        assert go_on.wait(LIMIT)
        return analysis(cuts(9.0))

    daemon.answer = work
    ardour.select("crash")
    ardour.action(MARK)
    assert at_work.wait(LIMIT)
    ardour.kill()
    go_on.set()
    wait_for(lambda: any((ardour.spool / "to_host").glob("*.osc")), "the answer nobody fetches")
    ardour.start()
    again, saved = ardour.markers(), expected(cuts(0.0, 3.3333333, 7.7777))
    assert again.keys() == saved.keys()
    assert max(abs(again[name] - saved[name]) for name in saved) <= (6 if time_domain == "BeatTime" else 0)
    answer(daemon, cuts(1.0, 7.7777))
    mark(ardour, "crash")
    assert ours(ardour.saved_markers()) == expected(cuts(1.0, 7.7777))
