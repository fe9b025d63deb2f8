"""Colours only where they are wanted, progress on stderr that fits what stderr is."""

import io
import sys
import threading

import pytest

from segue_bridge import console

TABLE = "◀ #1\nplain\n▶ #2\n"
COLOURED = "\x1b[31m◀ #1\x1b[0m\nplain\n\x1b[32m▶ #2\x1b[0m\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(
    ("terminal", "wishes", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),  # as no-color.org has it
        (True, {"TERM": "dumb"}, False),
        (True, {"CLICOLOR": "0"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"CLICOLOR_FORCE": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_only_where_they_are_wanted(monkeypatch, terminal, wishes, coloured):
    for name, value in wishes.items():
        monkeypatch.setenv(name, value)
    out = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    console.show(TABLE)
    assert out.getvalue() == (COLOURED if coloured else TABLE)


def test_a_note_is_one_line_whatever_a_file_is_called(capsys):
    console.note("segue: a\nb\x1b[2J.wav: lost")
    assert capsys.readouterr().err == "segue: a\\nb\\x1b[2J.wav: lost\n"


def test_long_work_says_a_line_again_and_again_also_within_one_stage(monkeypatch):
    said, twice = [], threading.Event()

    def note(text):
        said.append(text)
        if len(said) >= 2:
            twice.set()

    monkeypatch.setattr(console, "note", note)
    monkeypatch.setattr(console, "SPARSE_SECONDS", 0.01)
    threads = threading.active_count()
    with console.progress("song") as report:
        report(0.38, "beats")
        assert twice.wait(60)
    assert said[-1] == "song: 38 % beats"
    assert threading.active_count() == threads


def test_a_line_is_said_every_minute_and_short_work_says_nothing(capsys):
    assert console.SPARSE_SECONDS == 60
    with console.progress("song") as report:
        report(0.5, "beats")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_a_dumb_terminal_gets_lines_and_no_bar(monkeypatch, term):
    screen = Terminal()
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stderr", screen)
    with console.progress("song") as report:
        report(0.5, "beats")
    assert ("\x1b" in screen.getvalue()) == (term != "dumb")


def test_no_stderr_is_no_fault(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    console.note("unheard")
    with console.progress("song") as report:
        report(0.5, "beats")
