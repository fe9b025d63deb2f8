"""The Ardour scripts in the real Ardour: what stands in the saved session against what the daemon said."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import soundfile
from ardour_session import EMBED, FIND, Ardour, wait_for
from scripted_daemon import SECONDS, ScriptedDaemon, analysis, song
from segue_bridge import spool
from segue_bridge.errors import SegueError
from segue_bridge.hosts import _ardour_slots
from segue_bridge.hosts import ardour as installer
from segue_bridge.result import Cut

MARK, CLEAR = "Segue: mark cuts", "Segue: clear markers"
EXIT, ENTRY = "◀ exit", "▶ entry"
RATE = 48000


def cuts(*times: float) -> list[Cut]:
    """Alternately exits and entries, each with a bar of its own, so that no two names are the same."""
    return [
        Cut(i, ("exit", "entry")[i % 2], time, 0.5 + i / 100, 1 + i, 1.0, "AB"[i % 2]) for i, time in enumerate(times)
    ]


def name(cut: Cut) -> str:
    return f"{EXIT if cut.kind == 'exit' else ENTRY} {cut.score:.2f} · {cut.section} · bar {cut.bar}"


def expected(found: list[Cut], position: int = 0, start: int = 0, rate: int = RATE) -> dict[str, int]:
    """Where the markers must stand: the nearest sample of the exact time, on the timeline."""
    return {name(cut): position + round(Fraction(cut.time) * rate) - start for cut in found}


def ours(markers: dict[str, int]) -> dict[str, int]:
    return {name: position for name, position in markers.items() if name.startswith((EXIT, ENTRY))}


def answer(daemon: ScriptedDaemon, found: list[Cut]) -> None:
    daemon.asked.clear()
    daemon.answer = lambda region, cancelled: analysis(found)


def mark(ardour: Ardour, *regions: str) -> None:
    """Select the regions, run the action, wait for its end, where it needs no window."""
    ardour.select(*regions)
    ardour.action(MARK)
    ardour.lua("")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the user's music lies."""
    return tmp_path_factory.mktemp("my müsic")


@pytest.fixture(autouse=True)
def clean(ardour: Ardour, daemon: ScriptedDaemon) -> Iterator[None]:
    """Each test begins without regions, markers and questions."""
    ardour.lua(
        "local L, all = Session:locations (), {} "
        "for l in L:list ():iter () do if l:is_mark () then all[#all + 1] = l end end "
        "for _, l in ipairs (all) do L:remove (l) end"
    )
    ardour.messages()
    daemon.asked.clear()
    yield
    assert not ardour.messages(), "the user was told something that the test does not expect"


# Times that are no whole samples at any rate, one at each end of what they mark, two of them close together.
TIMES = (0.0, 1.0000104, 2.3456789, 2.3457, 7.123456789, 12.5, 15.33333333, 19.9999)


def test_imported_stereo(ardour, daemon, folder):
    ardour.bring_in(song(folder / "imported.wav", RATE))
    answer(daemon, cuts(*TIMES))
    mark(ardour, "imported")
    assert ours(ardour.saved_markers()) == expected(cuts(*TIMES))
    (asked,) = daemon.asked
    assert [path.name for path in asked.paths] == ["imported%L.wav", "imported%R.wav"]
    assert (asked.start, asked.length) == (0.0, SECONDS)


def test_embedded_stereo(ardour, daemon, folder):
    path = song(folder / "linké.flac", RATE)
    ardour.bring_in(path, embed=True)
    answer(daemon, cuts(*TIMES))
    mark(ardour, "linké")
    assert ours(ardour.saved_markers()) == expected(cuts(*TIMES))
    (asked,) = daemon.asked
    assert asked.paths == (path,)
    assert (asked.start, asked.length) == (0.0, SECONDS)


def test_trimmed_and_moved(ardour, daemon, folder):
    start, length, position = 100003, 300007, 1000001
    ardour.bring_in(song(folder / "trimmed.wav", RATE), embed=True)
    ardour.lua(
        f'{FIND} local r = region ("trimmed") r:trim_front (Temporal.timepos_t ({start})) '
        f"r:set_length (Temporal.timecnt_t.from_samples ({length})) r:set_position (Temporal.timepos_t ({position}))"
    )
    inside = cuts(start / RATE, 3.3333333, 5.5, (start + length) / RATE)
    outside = [replace(cut, id=10 + cut.id, bar=10 + cut.bar) for cut in cuts(2.08, 8.334)]
    answer(daemon, inside + outside)
    mark(ardour, "trimmed")
    assert ours(ardour.saved_markers()) == expected(inside, position, start)
    (asked,) = daemon.asked
    assert (asked.start, asked.length) == (start / RATE, length / RATE)


def test_a_file_of_another_rate_is_embedded(ardour, daemon, folder):
    """Ardour warns, then plays the file sample by sample, so faster: the markers stand on the file's samples."""
    told = ardour.ask(EMBED.replace("PATH", str(song(folder / "slow.wav", 44100))))
    window = wait_for(lambda: ardour.xdotool("search", "--onlyvisible", "--name", "Sample Rate"), 10, "the warning")
    ardour.xdotool("key", "--window", window, "Tab", "key", "--window", window, "Return")  # Embed it anyway
    wait_for(told.exists, 10, "the file to be embedded")
    answer(daemon, cuts(*TIMES))
    mark(ardour, "slow")
    assert ours(ardour.saved_markers()) == expected(cuts(*TIMES), rate=44100)
    (asked,) = daemon.asked
    assert (asked.start, asked.length) == (0.0, SECONDS)


def test_a_file_of_another_rate_is_imported(ardour, daemon, folder):
    """Ardour converts it: the daemon reads Ardour's file, of the session's rate."""
    ardour.bring_in(song(folder / "resampled.wav", 44100))
    answer(daemon, cuts(*TIMES))
    mark(ardour, "resampled")
    assert ours(ardour.saved_markers()) == expected(cuts(*TIMES))
    (asked,) = daemon.asked
    assert asked.length == soundfile.info(asked.paths[0]).duration


def test_two_regions_at_once(ardour, daemon, folder):
    ardour.bring_in(song(folder / "one.wav", RATE), embed=True)
    ardour.bring_in(song(folder / "two.wav", RATE), embed=True)
    ardour.lua(f'{FIND} region ("two"):set_position (Temporal.timepos_t (2000000))')
    first, second = cuts(1.0, 2.0), [replace(cut, bar=20 + cut.bar) for cut in cuts(1.0, 2.0)]
    daemon.answer = lambda region, cancelled: analysis(first if region.paths[0].name == "one.wav" else second)
    mark(ardour, "one", "two")
    assert ours(ardour.saved_markers()) == {**expected(first), **expected(second, position=2000000)}


def test_a_second_run_replaces_and_undo_brings_back(ardour, daemon, folder):
    ardour.bring_in(song(folder / "again.wav", RATE), embed=True)
    foreign = {"chorus": 5000, "◀ exit 0.50 · A · bar 1, mine": 7000, "▶ entry": 9000}
    for text, position in foreign.items():
        ardour.lua(
            f"ArdourUI.config ():set_name_new_markers (false) "
            f"Editor:mouse_add_new_marker (Temporal.timepos_t ({position}), ARDOUR.LocationFlags.IsMark, 0) "
            f'local last for l in Session:locations ():list ():iter () do last = l end last:set_name ("{text}") '
            f"ArdourUI.config ():set_name_new_markers (true)"
        )
    answer(daemon, cuts(1.0, 2.0, 3.0))
    mark(ardour, "again")
    assert ardour.saved_markers() == {**foreign, **expected(cuts(1.0, 2.0, 3.0))}
    answer(daemon, cuts(4.0, 5.0))
    mark(ardour, "again")
    assert ardour.saved_markers() == {**foreign, **expected(cuts(4.0, 5.0))}
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == {**foreign, **expected(cuts(1.0, 2.0, 3.0))}
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == foreign
    mark(ardour, "again")
    ardour.action(CLEAR)
    assert ardour.saved_markers() == foreign
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == {**foreign, **expected(cuts(4.0, 5.0))}


def test_a_hundred_markers_are_one_undo_step_and_preferences_stay(ardour, daemon, folder):
    ardour.bring_in(song(folder / "many.wav", RATE), embed=True)
    preferences = (
        "local s, u = Session:cfg (), ArdourUI.config () "
        "return tostring (u:get_name_new_markers ()) .. tostring (s:get_glue_new_markers_to_bars_and_beats ())"
    )
    ardour.lua("Session:cfg ():set_glue_new_markers_to_bars_and_beats (true)")
    before = ardour.lua(preferences)
    many = cuts(*(0.1234567 * (1 + i) for i in range(100)))
    answer(daemon, many)
    mark(ardour, "many")
    assert ours(ardour.saved_markers()) == expected(many)
    assert ardour.lua(preferences) == before == "truetrue"
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == {}


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
        wait_for(cancelled, 20, "the job to be cancelled")
        stopped.set()
        return analysis(cuts(1.0))

    daemon.answer = work
    ardour.select("long")
    ardour.action(MARK)
    window = wait_for(lambda: ardour.xdotool("search", "--onlyvisible", "--name", MARK), 10, "the window")
    ardour.xdotool("key", "--window", window, "Tab", "key", "--window", window, "Return")
    assert stopped.wait(10)
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
    wait_for(lambda: lost and ardour.markers(), 10, "markers")
    assert ardour.markers() == expected(cuts(1.0, 2.0))
    assert len(daemon.asked) == 1


def test_the_daemon_is_killed_in_mid_job(ardour, daemon, folder, monkeypatch):
    ardour.bring_in(song(folder / "dying.wav", RATE), embed=True)
    at_work = threading.Event()

    def work(region, cancelled):
        at_work.set()
        wait_for(cancelled, 20, "the job to be cancelled")
        return analysis(cuts(1.0))

    daemon.answer = work
    ardour.select("dying")
    ardour.action(MARK)
    assert at_work.wait(10)
    monkeypatch.setattr(spool, "write", lambda place, packets: None)  # a killed daemon says no farewell
    daemon.stop()
    try:
        assert wait_for(ardour.messages, 20, "a message") == [
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
        message, advice = wait_for(ardour.messages, 60, "a message")
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
    assert sorted(map(_ardour_slots.title, _ardour_slots.scripts(source).values())) == [CLEAR, MARK, "Test probe"]
    with ardour.as_installed():
        assert installer.status(ardour.config) == "ardour7: actions are in place"


def test_the_installer_refuses_while_ardour_runs(ardour):
    before = (ardour.config / "ui_scripts").read_bytes()
    for change in (installer.install, installer.uninstall):
        with pytest.raises(SegueError, match="close Ardour") as fault:
            change(ardour.config)
        assert fault.value.code == "host_running"
    assert (ardour.config / "ui_scripts").read_bytes() == before


def test_ardour_dies_in_mid_job(ardour, daemon, folder):
    """The daemon finishes, nobody fetches the answer, and the next Ardour is served, without markers of the old job."""
    ardour.bring_in(song(folder / "crash.wav", RATE), embed=True)
    ardour.save()
    at_work, go_on = threading.Event(), threading.Event()

    def work(region, cancelled):
        at_work.set()
        assert go_on.wait(20)
        return analysis(cuts(9.0))

    daemon.answer = work
    ardour.select("crash")
    ardour.action(MARK)
    assert at_work.wait(10)
    ardour.kill()
    go_on.set()
    wait_for(lambda: any((ardour.spool / "to_host").glob("*.osc")), 10, "the answer nobody fetches")
    ardour.start()
    answer(daemon, cuts(1.0, 2.0))
    mark(ardour, "crash")
    assert ours(ardour.saved_markers()) == expected(cuts(1.0, 2.0))
