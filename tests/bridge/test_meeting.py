"""The file by which hosts find the daemon: found only where it is our own, and comparing no more than it must."""

import pytest

from segue_bridge import meeting, osc


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(meeting, "folder", lambda: tmp_path / "daemons")


def test_what_is_announced_is_found_until_it_is_withdrawn():
    made = meeting.announce(9721, 40000)
    path = meeting.folder() / "9721"
    assert path.read_text("ascii") == f"40000 {made.token} {made.proof}\n"
    assert meeting.find(9721) == made and meeting.find(9722) is None
    later = meeting.announce(9721, 40001)
    meeting.withdraw(9721, made)  # an old daemon ends after a new one began
    assert meeting.find(9721) == later
    meeting.withdraw(9721, later)
    assert meeting.find(9721) is None and list(meeting.folder().iterdir()) == []


@pytest.mark.parametrize("text", ["", "9721", "x y z\n", "1 2 3\n" * 3, f"1 {'0' * 32} {'0' * 32}", "\0" * 500])
def test_a_file_that_says_something_else(text):
    meeting.announce(9721, 1)
    (meeting.folder() / "9721").write_text(text)
    assert meeting.find(9721) is None


def test_a_link_and_an_open_folder_are_not_believed(tmp_path):
    made = meeting.announce(9721, 1)
    (meeting.folder() / "9722").symlink_to("9721")
    assert meeting.find(9722) is None
    meeting.folder().chmod(0o777)
    assert meeting.find(9721) is None
    meeting.folder().chmod(0o700)
    assert meeting.find(9721) == made


def test_a_packet_that_begins_with_the_token():
    made = meeting.new(1)
    status = osc.pack("/segue/status", "", [])

    def packet(token):
        return next(osc.bundles([osc.pack("/segue/token", "s", [token]), status], 65507))

    assert made.heads(packet(made.token)) and made.knows(made.token)
    assert not any(made.heads(packet(token)) or made.knows(token) for token in ("", made.proof, made.token[:-1], "é"))
    assert not any(made.heads(part) for part in (b"", b"#bundle\0", packet(made.token)[:-30], status))
