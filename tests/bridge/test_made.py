"""What a folder run makes again, and what it lets be."""

import os
import time

import pytest

from segue_bridge import made
from segue_bridge.made import Made


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(b"sound")
    os.utime(path, (time.time() - 100,) * 2)
    return path


@pytest.fixture
def result(tmp_path):
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "song.wav.json"
    path.write_bytes(b"{}")
    return path


def test_what_was_made_of_the_same_is_done_also_where_the_user_has_edited_it(song, result):
    Made(result.parent).note(result, "one")
    again = Made(result.parent)
    assert again.state(song, result, "one") == "done"
    result.write_text("edited by hand")
    assert again.state(song, result, "one") == "done"


def test_what_was_made_of_something_else_is_made_again_unless_it_was_edited(song, result):
    Made(result.parent).note(result, "one")
    again = Made(result.parent)
    assert again.state(song, result, "two") == "to make"
    result.write_text("edited by hand")
    assert again.state(song, result, "two") == "changed"


def test_what_is_not_there_is_made(song, result):
    known = Made(result.parent)
    known.note(result, "one")
    result.unlink()
    assert known.state(song, result, "one") == "to make"


def test_without_a_note_the_younger_of_the_two_decides(song, result):
    assert Made(result.parent).state(song, result, "one") == "done"
    os.utime(result, (time.time() - 200,) * 2)
    assert Made(result.parent).state(song, result, "one") == "to make"


def test_the_last_note_counts_and_broken_lines_do_not(song, result, own_cache):
    known = Made(result.parent)
    known.note(result, "one")
    known.note(result, "two")
    (file,) = (own_cache / "made").iterdir()
    file.write_text(file.read_text() + '{"no": 1}\n[1]\n["half')
    assert Made(result.parent).state(song, result, "two") == "done"


def test_a_cache_that_cannot_be_written_makes_all_again(song, result, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "file"))
    known = Made(result.parent)
    known.note(result, "one")
    assert known.state(song, result, "one") == "done"
    os.utime(result, (time.time() - 200,) * 2)
    assert Made(result.parent).state(song, result, "one") == "to make"


def test_the_notes_of_few_folders_are_kept(result, own_cache, monkeypatch, tmp_path):
    monkeypatch.setattr(made, "LIMIT", 3)
    for number in range(6):
        Made(tmp_path / f"out{number}").note(result, "one")
    assert len(list((own_cache / "made").iterdir())) == 3


def test_no_other_user_reads_what_the_results_are_called(result, own_cache):
    Made(result.parent).note(result, "one")
    (file,) = (own_cache / "made").iterdir()
    assert [path.stat().st_mode & 0o777 for path in (file.parent, file)] == [0o700, 0o600]
