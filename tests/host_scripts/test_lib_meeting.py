"""lib/meeting.lua reads what bridge/segue_bridge/meeting.py writes, and nothing else."""

import pytest

from plain_lua import run
from segue_bridge import meeting

ASK = 'print ((include "lib/meeting") (arg[1], tonumber (arg[2])))'


def test_port_token_and_proof_of_the_daemon(tmp_path, monkeypatch):
    monkeypatch.setattr(meeting, "folder", lambda: tmp_path / "daemons")
    made = meeting.announce(9721, 40123)
    assert run(ASK, meeting.folder(), "9721").decode() == f"40123\t{made.token}\t{made.proof}\n"
    assert run(ASK, meeting.folder(), "9722") == b"nil\n"


@pytest.mark.parametrize("text", ["", "9721", "x y z"])
def test_a_file_that_says_something_else(tmp_path, text):
    (tmp_path / "1").write_text(text)
    assert run(ASK, tmp_path, "1").split() == [b"nil"] * 3
