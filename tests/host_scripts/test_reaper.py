"""The actions in the fake REAPER, in both Luas, against the real daemon: mark, preview, keep, reject, clear."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import cuts, found
from reaper_session import BOTH, session
from scripted_daemon import song
from segue_bridge import feedback
from segue_bridge.result import Transition

FLAG = 0x1000000
EXIT, ENTRY = FLAG | 240 | 100 << 8 | 90 << 16, FLAG | 102 | 204 << 8 | 115 << 16  # red, green


@pytest.fixture(params=BOTH)
def rig(request, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with session(request.param, tmp_path) as (reaper, daemon):
        reaper.add_item(song(tmp_path / "song.wav", 44100), position=100.0)
        daemon.answer = lambda region, cancelled: four()
        yield reaper, daemon


def four():
    """Exits 0 and 2, entries 1 and 3; the best transition is 2 to 1, then 0 to 3, then 0 to 1."""
    jumps = [Transition(0, 1, 0.3), Transition(2, 1, 0.9), Transition(0, 3, 0.6)]
    return replace(found(*cuts(4)), transitions=jumps)


def name(cut) -> str:
    kind = {"exit": "◀ exit", "entry": "▶ entry"}[cut.kind]
    return f"{kind} {cut.score:.2f} · {cut.section} · bar {cut.bar}"


def heard(reaper) -> list[tuple[str, str]]:
    """The transitions that were shown beside the mouse, as their two names."""
    lines = [line.split("\n") for line in reaper.lua("return fake.tooltips")]
    return [(line[0], line[1]) for line in lines if line[0].startswith("◀")]


def pair(exit: int, entry: int) -> tuple[str, str]:
    return name(cuts(4)[exit]), name(cuts(4)[entry])


def test_every_cut_becomes_a_coloured_take_marker_in_one_undo_step(rig):
    reaper, _ = rig
    reaper.lua("fake.users_take_marker (1, 3.5, 'mine')")
    reaper.action("mark_cuts")
    ours = [marker for marker in reaper.take_markers() if marker["name"] != "mine"]
    assert [(marker["name"], marker["position"], marker["color"]) for marker in ours] == [
        (name(cut), cut.time, EXIT if cut.kind == "exit" else ENTRY) for cut in cuts(4)
    ]
    assert reaper.project_markers() == [] and reaper.told() == []
    assert reaper.undo() == "Segue: mark cuts"
    assert [marker["name"] for marker in reaper.take_markers()] == ["mine"]
    assert reaper.lua("return #fake.project.undos") == 0


def test_a_second_run_replaces_the_first_and_undo_brings_it_back(rig):
    reaper, daemon = rig
    reaper.action("mark_cuts")
    daemon.answer = lambda region, cancelled: found(*cuts(2, "B"))
    reaper.action("mark_cuts")
    assert [marker["name"] for marker in reaper.take_markers()] == [name(cut) for cut in cuts(2, "B")]
    reaper.undo()
    assert [marker["name"] for marker in reaper.take_markers()] == [name(cut) for cut in cuts(4)]


def test_previews_go_from_the_best_transition_on_and_round(rig):
    reaper, _ = rig
    reaper.action("mark_cuts")
    for action in ("next", "next", "again", "next", "next", "previous"):
        play_briefly(reaper, f"preview_{action}")
    assert heard(reaper) == [pair(2, 1), pair(0, 3), pair(0, 3), pair(0, 1), pair(2, 1), pair(0, 1)]
    assert reaper.told() == []


def play_briefly(reaper, action: str) -> None:
    """Run a preview until it sounds, then stop it."""
    before = len(reaper.sounds())
    reaper.begin(action)
    reaper.until(lambda: len(reaper.sounds()) > before or reaper.told(), "a sound")
    reaper.action("clear_markers")
    assert not any(sound["playing"] for sound in reaper.sounds())


def test_a_preview_is_the_daemons_file_played_to_its_end(rig):
    reaper, _ = rig
    reaper.action("mark_cuts")
    reaper.action("preview_next")
    (sound,) = reaper.sounds()
    assert Path(sound["path"]).read_bytes()[:4] == b"RIFF"
    assert sound["values"] == {"I_OUTCHAN": 0, "D_PLAYRATE": 1, "B_PPITCH": 0}
    assert sound["destroyed"] and not sound["playing"]
    assert reaper.lua("return fake.tooltips[#fake.tooltips]") == "", "the line beside the mouse stays"


def test_a_preview_is_as_fast_as_the_take(rig, tmp_path):
    reaper, _ = rig
    reaper.lua("fake.remove_item (1)")
    reaper.add_item(tmp_path / "song.wav", rate=1.5, keep_pitch=True)
    reaper.action("mark_cuts")
    play_briefly(reaper, "preview_next")
    assert reaper.sounds()[0]["values"] == {"I_OUTCHAN": 0, "D_PLAYRATE": 1.5, "B_PPITCH": 1}


def test_a_second_preview_stops_the_first(rig):
    reaper, _ = rig
    reaper.action("mark_cuts")
    reaper.begin("preview_next")
    reaper.until(reaper.sounds, "a sound")
    reaper.begin("preview_previous")
    reaper.until(lambda: len(reaper.sounds()) == 2, "a second sound")
    assert [sound["playing"] for sound in reaper.sounds()] == [False, True]
    reaper.finish()
    assert all(sound["destroyed"] for sound in reaper.sounds())


def test_without_sws_a_preview_opens_in_the_media_explorer(rig):
    reaper, _ = rig
    reaper.lua("fake.sws = false")
    reaper.action("mark_cuts")
    reaper.action("preview_next")
    (explored,) = reaper.lua("return fake.explored")
    assert Path(explored["path"]).is_file() and explored["play"] is True
    assert reaper.told() == []


def noted() -> list[tuple]:
    """The verdicts in the order in which they came; a host says one again that is not answered in time."""
    lines = [json.loads(line) for line in feedback.path().read_text("utf-8").splitlines()]
    return list(dict.fromkeys((line["verdict"], line["kind"], line["time"], line["cut"]["id"]) for line in lines))


def test_keep_puts_project_markers_and_tells_the_daemon(rig):
    reaper, _ = rig
    reaper.lua("fake.users_marker (103.0, 'verse')")
    reaper.action("mark_cuts")
    play_briefly(reaper, "preview_next")
    reaper.undo()  # of the clearing that stopped the sound
    reaper.action("keep")
    exit, entry = cuts(4)[2], cuts(4)[1]
    ours = [marker for marker in reaper.project_markers() if marker["name"] != "verse"]
    assert [(m["name"], m["position"], m["color"], m["region"]) for m in ours] == [
        (name(entry), 100 + entry.time, ENTRY, False),
        (name(exit), 100 + exit.time, EXIT, False),
    ]
    assert sorted(noted()) == [("kept", "entry", entry.time, 1), ("kept", "exit", exit.time, 2)]
    assert len(reaper.take_markers()) == 4
    reaper.action("keep")
    assert len(reaper.project_markers()) == 3, "kept twice, it stands twice"
    assert reaper.undo() == "Segue: keep transition"
    assert [marker["name"] for marker in reaper.project_markers()] == ["verse"]


def test_a_rejected_transition_is_not_heard_again_and_loses_its_project_markers(rig):
    reaper, _ = rig
    reaper.action("mark_cuts")
    play_briefly(reaper, "preview_next")
    reaper.action("keep")
    reaper.action("reject")
    assert reaper.project_markers() == []
    assert {line[0] for line in noted()[2:]} == {"rejected"} and len(noted()) == 4
    for _ in range(3):
        play_briefly(reaper, "preview_next")
    assert heard(reaper)[1:] == [pair(0, 3), pair(0, 1), pair(0, 3)]


def test_when_all_is_rejected_the_user_is_told(rig):
    reaper, _ = rig
    reaper.action("mark_cuts")
    for _ in range(3):
        play_briefly(reaper, "preview_next")
        reaper.action("reject")
    reaper.action("preview_next")
    assert reaper.told() == ["All transitions are rejected: mark the item again."]


def test_clear_removes_exactly_ours(rig):
    reaper, _ = rig
    reaper.action("mark_cuts")
    play_briefly(reaper, "preview_next")
    reaper.undo()
    reaper.action("keep")
    theirs = ["verse", "◀ exit", name(cuts(4)[0]) + " !", "my " + name(cuts(4)[0])]
    for i, text in enumerate(theirs):
        reaper.lua(f"fake.users_marker ({i}, '{text}') fake.users_take_marker (1, {i}, '{text}')")
    reaper.lua(f"fake.users_marker (9, '{name(cuts(4)[0])}', true)")  # a region is none of ours
    reaper.action("clear_markers")
    assert [marker["name"] for marker in reaper.take_markers()] == theirs
    assert [marker["name"] for marker in reaper.project_markers()] == [*theirs, name(cuts(4)[0])]
    assert reaper.undo() == "Segue: clear markers"
    assert (len(reaper.take_markers()), len(reaper.project_markers())) == (8, 7)


def test_clear_with_nothing_to_clear_leaves_no_undo_step(rig):
    reaper, _ = rig
    reaper.action("clear_markers")
    assert reaper.lua("return #fake.project.undos") == 0


def test_all_goes_on_after_reaper_and_the_daemon_were_closed(rig):
    reaper, daemon = rig
    reaper.action("mark_cuts")
    play_briefly(reaper, "preview_next")
    daemon.stop()
    daemon.restart()
    reaper.lua("fake.restart ()")
    reaper.action("keep")
    play_briefly(reaper, "preview_next")
    assert heard(reaper) == [pair(2, 1), pair(0, 3)]
    assert len(noted()) == 2 and reaper.told() == []
    assert len(daemon.asked) == 2, "the new daemon was not asked for the analysis"


def test_a_song_that_is_heard_in_a_new_way_must_be_marked_again(rig):
    reaper, daemon = rig
    reaper.action("mark_cuts")
    daemon.stop()
    daemon.restart()
    daemon.answer = lambda region, cancelled: found(*cuts(4, first=0.7))
    reaper.action("preview_next")
    assert reaper.told() == ["Segue hears this song in a new way since it was marked: mark it again."]


@pytest.mark.parametrize("action", ["preview_next", "preview_previous", "preview_again", "keep", "reject"])
def test_without_marks_the_user_is_told_to_mark(rig, action):
    reaper, _ = rig
    reaper.action(action)
    assert reaper.told() == ["Nothing is marked here yet: select an audio item and run segue_mark_cuts first."]


@pytest.mark.parametrize("action", ["keep", "reject"])
def test_what_was_not_heard_is_not_judged(rig, action):
    reaper, _ = rig
    reaper.action("mark_cuts")
    reaper.action(action)
    assert reaper.told() == ["Listen to a transition first: run segue_preview_next."]


def test_cuts_that_do_not_go_together(rig):
    reaper, daemon = rig
    daemon.answer = lambda region, cancelled: replace(four(), transitions=[])
    reaper.action("mark_cuts")
    reaper.action("preview_next")
    assert reaper.told() == ["No two of these cuts go together: mark a longer part of the recording."]
