import itertools
import json
import os
from pathlib import Path

import pytest

from osc_host import analysis_of
from segue_bridge import feedback, feedback_marks
from segue_bridge.errors import SegueError
from segue_bridge.feedback_marks import FeedbackMarks
from segue_bridge.marker_name import ascii_name, name
from segue_bridge.result import Region
from segue_models.corpora.user import Mark

REGION = Region((Path("/song.wav"),))
FOUND = analysis_of(10)  # exits have even ids, entries odd ones


@pytest.fixture(autouse=True)
def own_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def said(verdict, *cuts):
    for cut in cuts:
        feedback.note(REGION, FOUND, cut, verdict, FOUND.cuts[cut].kind, FOUND.cuts[cut].time)


def marks():
    """(liked, weight) by cut id."""
    (found,) = feedback_marks.from_verdicts(pytest.fail)
    by_time = {(c.kind, round(c.time, 3)): c.id for c in FOUND.cuts}
    return {by_time[m.role, round(m.time, 3)]: (m.liked, m.weight) for m in found.marks}


def test_no_verdicts_are_no_opinions():
    assert feedback_marks.from_verdicts(pytest.fail) == []


def test_a_cut_kept_in_one_transition_is_liked_whatever_became_of_others():
    said("rejected", 0, 1)
    said("kept", 0, 3)
    said("rejected", 2, 3)
    assert marks() == {0: (True, 1.0), 3: (True, 1.0), 1: (False, 1 / 3), 2: (False, 1 / 3)}


def test_the_more_transitions_fell_the_surer_is_the_blame():
    for entry in (1, 3, 5):
        said("rejected", 0, entry)
    assert marks() == {0: (False, 7 / 9), 1: (False, 1 / 3), 3: (False, 1 / 3), 5: (False, 1 / 3)}


@pytest.mark.parametrize("transitions", [1, 2, 5])
def test_without_a_taste_likes_and_dislikes_weigh_the_same(transitions):
    """Every cut good or bad by the fall of a coin, a transition kept where both are good."""
    liked = disliked = 0.0
    for cuts in itertools.product((False, True), repeat=1 + transitions):
        kept = cuts[0] and any(cuts[1:])
        liked += kept
        disliked += (1 - kept) * rejected(transitions)
    assert liked == pytest.approx(disliked)


def rejected(transitions):
    """Weight of a cut that fell with that many others."""
    feedback.path().unlink(missing_ok=True)
    for other in (1, 3, 5, 7, 9)[:transitions]:
        said("rejected", 0, other)
    return marks()[0][1]


@pytest.mark.parametrize(("first", "later"), [("kept", "rejected"), ("rejected", "kept")])
def test_of_two_verdicts_about_one_transition_the_later_counts(first, later):
    said(first, 0, 1)
    said(later, 1, 0)
    assert {liked for liked, _ in marks().values()} == {later == "kept"}


def test_what_a_host_repeats_counts_once():
    said("rejected", 0, 0, 1)
    said("rejected", 0, 1)
    said("rejected", 2)
    assert marks() == {0: (False, 1 / 3), 1: (False, 1 / 3), 2: (False, 1 / 3)}


def test_moved_and_added():
    feedback.note(REGION, FOUND, 2, "moved", "exit", 9.5)
    feedback.note(REGION, FOUND, -1, "added", "entry", 4.25)
    (found,) = feedback_marks.from_verdicts(pytest.fail)
    was = Mark("exit", FOUND.cuts[2].time, False, weight=0.5)
    assert set(found.marks) == {Mark("exit", 9.5, True, own=True), was, Mark("entry", 4.25, True, own=True)}
    assert (found.paths, found.sha256) == ((Path("/song.wav"),), "0" * 64)


def test_broken_lines_are_counted_and_the_rest_goes_on():
    said("kept", 0, 1)
    whole = feedback.path().read_bytes()
    wrong = json.dumps({**json.loads(whole.splitlines()[0]), "kind": "middle"}).encode()
    no_cut = json.dumps({**json.loads(whole.splitlines()[0]), "cut": None}).encode()
    endless = json.dumps({**json.loads(whole.splitlines()[0]), "time": float("nan")}).encode()
    lines = [endless, b"{", b"\xff\xfe", b"[]", b"null", b"{}", wrong, no_cut, b""]
    feedback.path().write_bytes(whole[:-20] + b"\n" + b"\n".join(lines) + b"\n" + whole)
    told = []
    (found,) = feedback_marks.from_verdicts(told.append)
    assert len(found.marks) == 2
    assert told == [f"9 lines of {feedback.path()} are broken and left out"]


def labels(folder, *lines):
    path = folder / "song.labels.txt"
    path.write_text("".join(f"{t}\t{t}\t{n}\n" for t, n in lines), encoding="utf-8")
    return path


def test_a_label_file_is_about_the_recording_beside_it_or_the_one_named(tmp_path):
    path = labels(tmp_path, (1.5, "exit"), (3, "chorus"), (2.5, "▶"))
    with pytest.raises(SegueError, match="name the recording"):
        feedback_marks.from_markers(path, [], [])
    elsewhere = tmp_path / "other.flac"
    assert feedback_marks.from_markers(path, [elsewhere], [])[0].paths == (elsewhere,)
    (tmp_path / "song.wav").touch()
    (found,) = feedback_marks.from_markers(path, [], [])
    assert found.paths == (tmp_path / "song.wav",)
    assert found.marks == [Mark("exit", 1.5, True, own=True), Mark("entry", 2.5, True, own=True)]


def test_of_recordings_that_sound_together_the_judged_one_is_meant(tmp_path):
    path = tmp_path / "p.rpp"
    item = "<ITEM\nPOSITION 0\nLENGTH {}\n<SOURCE WAVE\nFILE {}\n>\n>\n"
    items = item.format(10, "/bass.wav") + item.format(60, "/drums.wav") + item.format(5, "/song.wav")
    path.write_text(f"<REAPER_PROJECT 0.1\nMARKER 1 2 exit 0\n<TRACK\n{items}>\n>\n")
    assert feedback_marks.from_markers(path, [], [])[0].paths == (Path("/drums.wav"),)
    assert feedback_marks.from_markers(path, [], [(Path("/song.wav"),)])[0].paths == (Path("/song.wav"),)


def test_segues_own_markers_say_something_only_where_they_were_moved(tmp_path):
    (tmp_path / "song.wav").touch()
    still, gone = FOUND.cuts[2], FOUND.cuts[3]
    path = labels(tmp_path, (still.time, name(still)), (gone.time + 0.7, ascii_name(gone)), (1, "◀ exit 0.99 · bar 99"))
    (found,) = feedback_marks.from_markers(path, [], [])
    assert found.marks == []
    assert feedback_marks.moved(found, FOUND) == [
        Mark("entry", gone.time + 0.7, True, own=True), Mark("entry", gone.time, False, weight=0.5)
    ]  # fmt: skip


def test_a_marker_kept_in_ardour_is_liked_as_a_cut_that_was_shown(tmp_path):
    (tmp_path / "song.wav").touch()
    (found,) = feedback_marks.from_markers(labels(tmp_path, (2, name(FOUND.cuts[0]) + " ✓")), [], [])
    assert found == FeedbackMarks((tmp_path / "song.wav",), None, [Mark("exit", 2.0, True)])


def test_any_odd_line_is_counted_and_left_out():
    said("kept", 0, 1)
    whole = feedback.path().read_bytes()
    line = json.loads(whole.splitlines()[0])

    def with_(**changes):
        return json.dumps({**line, **changes}).encode()

    odd = [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000,
        b'{"verdict": "added", "time": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        *(with_(time=time) for time in (1e308, 10**400, -1, -1e-300, True, "1", None, [1.0], {"a": 1}, float("inf"))),
        *(with_(cut={**line["cut"], "time": time}) for time in (1e300, 10**9, False, "x")),
        b'{"time": ' + b"9" * 5000 + b"}",
        *(with_(audio=audio) for audio in (None, [], "x", {"paths": ["/a"]}, {"paths": "/a.wav", "sha256": "0"})),
        *(with_(audio={"paths": paths, "sha256": "0"}) for paths in ([], [1], [""], [["/a"]], {"/a": 1}, None)),
        with_(audio={"paths": ["/a"], "sha256": ["0"]}),
        *(with_(kind=kind) for kind in ([], {}, None, 3)),
        *(with_(verdict=verdict) for verdict in (["kept"], {"kept": 1}, None)),
        b"\x00" * 50, b"NaN", b"1e999", b'"kept"', b"\xef\xbb\xbf{}",
        b'"' + b"x" * (3 << 20) + b'"',
    ]  # fmt: skip
    feedback.path().write_bytes(whole + b"\n".join(odd) + b"\n" + whole)
    told = []
    (found,) = feedback_marks.from_verdicts(told.append)
    assert len(found.marks) == 2
    assert told == [f"{len(odd)} lines of {feedback.path()} are broken and left out"]


def test_a_song_whose_name_holds_line_ends_of_unicode_keeps_its_verdicts():
    odd = Path("/first\u2028second\u0085third\u000bfourth.wav")
    feedback.note(Region((odd,)), FOUND, 0, "kept", "exit", 1.0)
    (found,) = feedback_marks.from_verdicts(pytest.fail)
    assert found.paths == (odd,) and len(found.marks) == 1


def test_a_file_of_verdicts_that_is_none_is_told_at_once(tmp_path):
    feedback.path().parent.mkdir(parents=True)
    os.mkfifo(feedback.path())
    with pytest.raises(SegueError, match="cannot be read") as fault:
        feedback_marks.from_verdicts(pytest.fail)
    assert fault.value.code == "unreadable"
