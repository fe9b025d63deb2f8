"""Whatever happens in a verb is one line and an exit code."""

import errno
import pwd
import sys
from pathlib import Path

import click
import pytest

from segue_bridge.cli import _guard
from segue_bridge.errors import SegueError


def raising(fault: BaseException):
    def verb() -> None:
        raise fault

    return verb


def from_interrupt() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as stop:
        raise ImportError("numpy.core.multiarray failed to import") from stop


@pytest.mark.parametrize(
    ("fault", "line", "code"),
    [
        (SegueError("bad_value", "do this"), "do this", 2),
        (SegueError("no_model", "do that"), "do that", 1),
        (click.BadParameter("no"), "Invalid value: no", 2),
        (KeyboardInterrupt(), "stopped", 130),
        (click.Abort(), "stopped", 130),
        (OSError(errno.ENOSPC, "No space left on device", "/disk/a"), "/disk/a: No space left on device", 1),
        (MemoryError(), "there is not enough memory: close other programs, or give a shorter recording", 1),
    ],
)
def test_what_is_known_has_its_own_sentence(capsys, fault, line, code):
    assert _guard.guarded(raising(fault)) == code
    assert capsys.readouterr().err == f"segue: {line}\n"


def test_a_broken_package_says_how_to_mend_it(capsys):
    assert _guard.guarded(raising(ImportError("libx.so: cannot open"))) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "libx.so" in line and "pip install --force-reinstall segue" in line


def test_a_ctrl_c_that_a_library_took_for_a_fault_of_its_own_is_one(capsys):
    assert _guard.guarded(from_interrupt) == 130
    assert capsys.readouterr().err == "segue: stopped\n"


@pytest.mark.parametrize("fault", [KeyError("context"), RecursionError("deep\ndeeper"), ZeroDivisionError()])
def test_the_unexpected_is_one_line_and_the_rest_is_kept(capsys, own_cache, fault):
    assert _guard.guarded(raising(fault)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    kept = own_cache / "fault.txt"
    assert type(fault).__name__ in line and line.endswith(f"please report it with {kept}")
    assert "Traceback" in kept.read_text() and "in verb" in kept.read_text()


def test_it_can_be_told_where_nothing_can_be_kept(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "file" / "cache"))
    assert _guard.guarded(raising(KeyError("x"))) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "please report it" in line


def test_results_of_click_are_exit_codes():
    assert [_guard.guarded(lambda code=code: code) for code in (None, 0, 1, 2)] == [0, 0, 1, 2]


def test_a_user_without_a_home_is_told(monkeypatch, capsys):
    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert _guard.guarded(lambda: 0) == 1
    assert capsys.readouterr().err == "segue: this user has no home folder for what Segue keeps: set HOME\n"
    assert not Path("~").exists()


def test_streams_that_are_not_there(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert _guard.guarded(lambda: click.echo("unheard")) == 0
    assert _guard.guarded(raising(SegueError("bad_value", "unheard"))) == 2
