"""The program as a shell starts it: Ctrl-C at any moment, closed streams, no home, no folder, any locale."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SEGUE = [sys.executable, "-m", "segue_bridge"]


def hearing() -> None:
    """What runs in the background of a shell is born deaf to Ctrl-C, and so would be what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def shell(line: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A line of bash in which $SEGUE is the program."""
    settings = {**os.environ, "SEGUE": " ".join(SEGUE), **environment}
    return subprocess.run(["bash", "-c", line], env=settings, capture_output=True, text=True, timeout=120, check=False)


STOPS = """
import builtins, os, signal, sys
from segue_bridge.start import main
left, real = int(sys.argv.pop(1)), builtins.__import__
def interrupted(*asked, **more):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGINT)
    return real(*asked, **more)
builtins.__import__ = interrupted
main()
"""


@pytest.mark.parametrize("at", [1, 2, 5, 20, 60, 150, 400, 1000, 2500])
def test_ctrl_c_while_it_is_imported_is_one_line(at: int) -> None:
    """Not after so many milliseconds, which depend on the machine, but at the import of that number."""
    command = [sys.executable, "-c", STOPS, str(at), "models"]
    done = subprocess.run(command, preexec_fn=hearing, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stderr) in ((130, "segue: stopped\n"), (130, "\nsegue: stopped\n"), (0, ""))
    if at < 1000:
        assert done.returncode == 130


def test_a_program_that_must_not_hear_ctrl_c_does_not() -> None:
    done = shell("trap '' INT; $SEGUE --version & sleep 0; kill -INT $!; wait $!")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("verb", ["models", "--help", "doctor"])
def test_a_reader_that_stops_early_is_no_fault(verb: str) -> None:
    done = shell(f"$SEGUE {verb} | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}")
    assert done.stderr == "" and done.stdout.strip() in ("0", "1")


def test_closed_streams_are_no_fault() -> None:
    for streams in (">&-", "2>&-", ">&- 2>&- <&-"):
        done = shell(f"$SEGUE models {streams}")
        assert (done.returncode, done.stderr) == (0, "")
    done = shell("$SEGUE mark gone.wav 2>&-")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_result_that_cannot_be_written_is_one_line() -> None:
    done = shell("$SEGUE models > /dev/full")
    assert (done.returncode, done.stderr) == (1, "segue: No space left on device\n")


@pytest.mark.parametrize("verb", ["mark a.wav", "mark a.wav -o b.json", "learn a.txt", "evaluate a.onnx evr"])
def test_a_current_folder_that_is_gone_is_one_line(tmp_path: Path, verb: str) -> None:
    gone = tmp_path / "gone"
    done = shell(f"mkdir {gone} && cd {gone} && rmdir {gone} && $SEGUE {verb}")
    assert (done.returncode, done.stderr) == (1, "segue: the current folder is gone: change to another one\n")


def test_an_empty_home_is_not_the_root_of_the_disk() -> None:
    done = shell("$SEGUE doctor", HOME="", XDG_DATA_HOME="", SEGUE_CACHE="")
    (line,) = (line for line in done.stdout.splitlines() if "  cache" in line)
    assert " /.cache" not in line


@pytest.mark.parametrize(
    "settings", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_any_locale_prints_what_it_can(tmp_path: Path, settings: dict[str, str]) -> None:
    done = shell(f"$SEGUE mark '{tmp_path}/sång ♪.wav'", **settings)
    assert done.returncode == 2 and "does not exist" in done.stderr


def test_a_name_that_is_no_utf_8_is_told() -> None:
    done = shell("$SEGUE mark $'caf\\xe9\\n.wav'")
    assert (done.returncode, done.stderr) == (2, "segue: caf\\udce9\\n.wav does not exist: check the path\n")


def test_it_begins_without_what_it_need_not_have() -> None:
    code = "import sys, segue_bridge.start\nprint(sorted({'click', 'importlib.metadata', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
