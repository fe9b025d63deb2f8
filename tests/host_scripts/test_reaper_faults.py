"""REAPER when something is missing, stopped or in the way: one sentence for the user, and nothing left behind."""

import json
import threading
from dataclasses import replace

import pytest

from conformance import cuts, found
from reaper_session import BOTH, literal, session
from scripted_daemon import LIMIT, song
from segue_bridge import feedback
from segue_bridge.errors import SegueError


@pytest.fixture(params=BOTH)
def rig(request, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with session(request.param, tmp_path) as (reaper, daemon):
        reaper.add_item(song(tmp_path / "song.wav", 44100))
        daemon.answer = lambda region, cancelled: found(*cuts(4))
        yield reaper, daemon


class Work:
    """An analysis that goes on until it is cancelled or let."""

    def __init__(self):
        self.begun, self.let, self.cancelled = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, region, cancelled):
        self.begun.set()
        while not self.let.wait(0.01):
            if cancelled():
                self.cancelled.set()
                break
        return found(*cuts(4))


def working(reaper, daemon) -> Work:
    daemon.answer = work = Work()
    reaper.begin("mark_cuts")
    reaper.until(work.begun.is_set, "the analysis")
    return work


@pytest.mark.parametrize("how", ["again", "again, before REAPER 7.03", "terminated"])
def test_a_run_is_stopped(rig, how):
    reaper, daemon = rig
    if how == "again, before REAPER 7.03":
        reaper.lua("fake.action_options = false")
    work = working(reaper, daemon)
    if how == "terminated":
        reaper.lua("fake.terminate ((next (fake.scripts)))")
    else:
        reaper.begin("mark_cuts")
    reaper.finish()
    assert work.cancelled.wait(LIMIT)
    assert reaper.take_markers() == [] and reaper.told() == []
    daemon.answer = lambda region, cancelled: found(*cuts(2))
    reaper.action("mark_cuts")
    assert len(reaper.take_markers()) == 2


def test_progress_is_shown_and_taken_away(rig):
    reaper, daemon = rig
    work = working(reaper, daemon)

    def told() -> bool:
        lines = reaper.lua("return fake.tooltips")
        return any(line.startswith("Segue: cuts, 50 %") and "again to stop it" in line for line in lines)

    reaper.until(told, "a line beside the mouse that tells how far the work is")  # the first may come before that
    work.let.set()
    reaper.finish()
    assert reaper.lua("return fake.tooltips")[-1] == ""


@pytest.mark.parametrize("action", ["preview_next", "keep", "clear_markers"])
def test_another_action_does_not_disturb_the_marking(rig, action):
    reaper, daemon = rig
    work = working(reaper, daemon)
    reaper.begin(action)
    assert reaper.told() == ["Segue is still at work: wait, or run segue_mark_cuts again to stop it."]
    work.let.set()
    reaper.finish()
    assert len(reaper.take_markers()) == 4


def test_an_item_that_is_deleted_meanwhile_gets_no_markers(rig, tmp_path):
    reaper, daemon = rig
    reaper.add_item(song(tmp_path / "other.wav", 44100))
    work = working(reaper, daemon)
    reaper.lua("fake.remove_item (1)")
    work.let.set()
    reaper.finish()
    assert len(reaper.take_markers(1)) == 4 and reaper.told() == []


def test_a_project_that_is_closed_meanwhile_is_left_alone(rig):
    reaper, daemon = rig
    work = working(reaper, daemon)
    reaper.lua("fake.project.open = false fake.new_project ()")
    work.let.set()
    reaper.finish()
    assert reaper.told() == [] and reaper.project_markers() == []


def test_the_kept_pair_of_a_deleted_item_is_told_to_the_daemon_alone(rig):
    reaper, _ = rig
    reaper.action("mark_cuts")
    reaper.lua("fake.sws = false")
    reaper.action("preview_next")
    reaper.lua("fake.remove_item (1)")
    reaper.action("keep")
    assert reaper.told() == [] and reaper.project_markers() == []


def test_nothing_good_leaves_the_earlier_markers(rig):
    reaper, daemon = rig
    reaper.action("mark_cuts")
    daemon.answer = lambda region, cancelled: found()
    reaper.action("mark_cuts")
    assert reaper.told() == ["No good place to cut was found here; nothing was changed."]
    assert len(reaper.take_markers()) == 4


def test_what_the_daemon_says_reaches_the_user(rig):
    reaper, daemon = rig
    daemon.answer = lambda region, cancelled: replace(found(*cuts(2)), warnings=["The beats are uncertain here."])
    reaper.action("mark_cuts")

    def refuse(region, cancelled):
        raise SegueError("silence", "The region is silent: select a part with music.")

    daemon.answer = refuse
    reaper.action("mark_cuts")
    told = reaper.told()
    assert told[-1] == "The region is silent: select a part with music."
    assert len(reaper.take_markers()) == 2


def test_why_the_daemon_could_not_be_started_is_said(rig, tmp_path):
    reaper, daemon = rig
    daemon.stop()
    failed = tmp_path / "spool" / "reaper" / "failed"
    config = reaper.scripts / "config.lua"
    text = config.read_text("utf-8").replace('"true"', f"\"printf 'Error: no room\\\\n' > '{failed}'\"")
    config.write_text(text, "utf-8")
    reaper.action("mark_cuts")
    assert reaper.told() == [
        "Segue could not be started: no room\nRun `segue doctor` in a terminal, then run this action again."
    ]
    daemon.restart()


def test_without_the_installer_the_user_is_told_how_to_start_the_daemon(rig, tmp_path):
    """As ReaPack installs it: no config.lua, and no daemon that looks into the default folder."""
    reaper, _ = rig
    (reaper.scripts / "config.lua").unlink()
    reaper.action("mark_cuts")
    assert reaper.told() == ["Segue is not running: run `segue serve` in a terminal, then run this action again."]
    spool = tmp_path / "data" / "segue" / "spool" / "reaper"
    assert {path.name for path in spool.iterdir()} == {"to_daemon", "to_host"}, "a daemon would not find the folder"
    assert not list(spool.glob("*/*.osc")), "the request waits for a daemon that starts later"


@pytest.mark.parametrize(
    ("system", "place"),
    [
        ("OSX64", "Library/Application Support"),
        ("macOS-arm64", "Library/Application Support"),
        ("Win64", "Local"),
        ("Other", ".local/share"),
    ],
)
def test_the_default_folder_is_where_the_daemon_looks(rig, tmp_path, monkeypatch, system, place):
    """As platformdirs has it on each system."""
    reaper, _ = rig
    (reaper.scripts / "config.lua").unlink()
    env = f"{{ HOME = '{tmp_path}/home', LOCALAPPDATA = '{tmp_path}/home/Local' }}"
    reaper.lua(f"fake.system = '{system}' local env = {env} os.getenv = function (name) return env[name] end")
    reaper.begin("mark_cuts")
    assert (tmp_path / "home" / place / "segue" / "spool" / "reaper" / "to_daemon").is_dir()
    reaper.lua("fake.terminate ((next (fake.scripts)))")


def test_a_verdict_that_could_not_be_told_is_told_with_the_next(rig, tmp_path):
    reaper, daemon = rig
    reaper.action("mark_cuts")
    reaper.lua("fake.sws = false")
    reaper.action("preview_next")
    daemon.stop()
    spool = tmp_path / "spool" / "reaper"
    config = {"spool": spool, "port": 1, "start": f"echo Error: away > '{spool}/failed'"}
    (reaper.scripts / "config.lua").write_text(f"return {literal(config)}", "utf-8")
    reaper.action("keep")
    (told,) = reaper.told()
    assert "Segue could not be started: away" in told
    assert len(reaper.project_markers()) == 2
    daemon.restart()
    reaper.action("reject")
    assert reaper.told() == []
    lines = [json.loads(line) for line in feedback.path().read_text("utf-8").splitlines()]
    assert len({line["cut"]["id"] for line in lines}) == 4 - 2, "of two words on a cut the newest counts"
    assert all(line["verdict"] == "rejected" for line in lines)


def test_a_preview_file_that_is_gone(rig):
    reaper, _ = rig
    reaper.action("mark_cuts")
    blind = "io.open = function (path, mode) return not path:match ('previews') and open (path, mode) end"
    reaper.lua(f"local open = io.open {blind}")
    reaper.action("preview_next")
    (told,) = reaper.told()
    assert "cannot be read: run `segue doctor`" in told
