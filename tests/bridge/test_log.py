"""The log never grows beyond its limit, loses nothing new, and never makes the daemon wait."""

import os
import subprocess
import sys

import pytest

from segue_bridge import client, log

WRITE = """
import logging, sys
from segue_bridge import log
log.LIMIT = 20_000
log.start()
for i in range(int(sys.argv[1])):
    logging.getLogger("x").info("line %06d %s", i, "x" * 80)
print("done", flush=True)
"""


def write(lines, tmp_path, **streams):
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, str(lines)], env={**os.environ, "SEGUE_CACHE": str(tmp_path)}, **streams
    )


def numbers(*files):
    return [int(text.split(" line ")[1][:6]) for file in files for text in file.read_text().splitlines()]


def test_the_log_is_bounded_and_the_newest_lines_are_there(tmp_path):
    with (tmp_path / "stderr").open("wb") as stderr:
        assert write(3000, tmp_path, stderr=stderr).wait(60) == 0
    newest, before = tmp_path / "daemon.log", tmp_path / "daemon.log.1"
    assert newest.stat().st_size <= 20_000 and before.stat().st_size <= 20_000
    kept = numbers(before, newest)
    assert kept == list(range(kept[0], 3000)) and len(kept) > 170
    assert (tmp_path / "stderr").stat().st_size <= 20_200 and numbers(tmp_path / "stderr")[0] == 0


def test_a_pipe_that_nobody_reads_holds_nothing_up(tmp_path):
    running = write(3000, tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert running.stdout.read() == b"done\n" and running.wait(60) == 0
    assert numbers(tmp_path / "daemon.log")[-1] == 2999
    assert b"line 000000" in running.stderr.read()
    running.stdout.close(), running.stderr.close()


def test_a_detached_daemons_stderr_is_the_log_itself(tmp_path):
    """As `ensure_daemon` starts it: what libraries write to stderr lands there too, and it stays bounded."""
    shout = WRITE.replace("print(", "import os; os.write(2, b'library: line 999999 cried\\n'); print(")
    with (tmp_path / "daemon.log").open("wb") as stderr:
        running = subprocess.Popen(
            [sys.executable, "-c", shout, "3000"], env={**os.environ, "SEGUE_CACHE": str(tmp_path)}, stderr=stderr
        )
        assert running.wait(60) == 0
    kept = numbers(tmp_path / "daemon.log.1", tmp_path / "daemon.log")
    assert kept[-1] == 999999 and kept[:-1] == list(range(kept[0], 3000))
    assert (tmp_path / "daemon.log").stat().st_size <= 20_200


def test_without_a_place_for_the_log_stderr_has_it(tmp_path):
    (tmp_path / "file").write_text("")
    running = write(3, tmp_path / "file", stderr=subprocess.PIPE)
    assert running.stderr.read().count(b"line 00000") == 3 and running.wait(60) == 0
    running.stderr.close()


@pytest.mark.parametrize("text", ["x" * 100_000])
def test_a_line_is_not_endless(tmp_path, text):
    script = WRITE.replace('"x" * 80', f'"x" * {len(text)}')
    subprocess.run([sys.executable, "-c", script, "1"], env={**os.environ, "SEGUE_CACHE": str(tmp_path)}, check=True)
    (line,) = (tmp_path / "daemon.log").read_text().splitlines()
    assert len(line) == log.LINE + 3 and " line 000000 xxx" in line and " … xxx" in line


def test_the_file_is_the_one_that_users_are_told_of(tmp_path, monkeypatch, free_port):
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path))
    monkeypatch.setattr(client.sys, "executable", "/bin/false")
    with pytest.raises(client.SegueError, match=str(log.path())):
        client.ensure_daemon(free_port, timeout=20)
