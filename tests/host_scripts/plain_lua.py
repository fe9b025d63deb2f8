"""Runs a host script's libraries in plain Lua 5.3, the language of Ardour and REAPER, without either."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "host_scripts"
INCLUDE = f'function include (name) return dofile ("{FOLDER}/" .. name .. ".lua") end\n'


def run(code: str, *arguments: str | Path) -> bytes:
    """What the code prints; `arg` holds the arguments, and `include` works as in a host script."""
    program = shutil.which("lua5.3") or shutil.which("lua5.4")
    if not program:
        pytest.fail("no Lua found: apt-get install lua5.3")
    done = subprocess.run([program, "-", *map(str, arguments)], input=(INCLUDE + code).encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
