"""Another user of the machine can neither read, write, delete nor stop anything of the daemon's owner.

Where the tests may not become another user, it is the daemon that takes itself for somebody else.
"""

import contextlib
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from attacks import floods, second_user_requests, spool_files, spool_folders, spool_names
from osc_host import Host, SpoolHost, until
from second_user import UID, as_other_user, can_switch, others_at_work
from segue_bridge import client, meeting, osc, private, protocol, receiver, spool, tidy, users
from segue_bridge.client import Client
from segue_bridge.errors import SegueError
from victim import victim


@pytest.fixture
def home():
    """A folder that another user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="home-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def no_kernel(monkeypatch):
    """A system on which no kernel says who sent a datagram."""
    monkeypatch.setattr(users, "_connected", lambda: None)
    monkeypatch.setattr(users, "_TABLES", [])


def heard(sock: socket.socket, seconds: float = 0.3) -> list[osc.Message]:
    """All that comes in that time."""
    sock.settimeout(seconds)
    messages = []
    try:
        while True:
            messages += osc.parse(sock.recv(65535))
    except TimeoutError:
        return messages


# Who may speak.


def test_no_request_of_another_user_is_answered_or_done(home):
    """Every message of the table, from sockets of every kind, naming the owner's files and folders."""
    with victim(home) as one:
        before = sorted(one.documents.iterdir())
        packets = second_user_requests.packets(one)

        def act():
            ends = second_user_requests.sockets(one.port)
            for sock in ends:
                host = "::ffff:127.0.0.1" if sock.family == socket.AF_INET6 else "127.0.0.1"
                for packet in packets:
                    sock.sendto(packet, (host, one.port))
            time.sleep(0.5)
            return [message for sock in ends for message in heard(sock, 0.01)]

        if can_switch():
            assert as_other_user(act) == []
        assert sorted(one.documents.iterdir()) == before and not one.lost()
        with Client(one.port) as owner:
            assert owner.status()["queue"] == 0
            assert len(owner.analyze([one.documents / "letter.txt"]).cuts) == 6


def test_a_daemon_that_is_another_users_hears_nothing_of_ours(start, monkeypatch):
    """The same without a second user: the kernel names our uid, which is not the daemon's."""
    _daemon, host = start()
    assert host.well()
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    host.say("/segue/hello", 1, "host", "1", "")
    assert host.silent(0.3)
    monkeypatch.undo()
    time.sleep(receiver.STRANGER)
    assert host.well()


def test_a_sender_that_is_gone_is_refused(start, tmp_path):
    daemon, host = start()
    gone = Host(daemon.port)
    gone.say("/segue/hello", 1, "host", "1", str(tmp_path))
    gone.socket.close()
    assert host.well()
    host.say("/segue/hello", 1, "host", "1", str(tmp_path))
    until((tmp_path / "to_host").exists)
    assert len(SpoolHost(tmp_path).poll()) == 1


@pytest.mark.skipif(not can_switch(), reason="two users share a port")
def test_a_port_shared_with_another_user_is_nobodys(start):
    daemon, _ = start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ours.bind(("0.0.0.0", 0))
        packet = protocol.reply("/segue/hello", 1, "host", "1", "", sender="host")
        ours.sendto(packet, ("127.0.0.1", daemon.port))
        assert [message.address for message in heard(ours)] == ["/segue/ready"]

        def share(number):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
                theirs.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                theirs.bind(("0.0.0.0", ours.getsockname()[1]))
                while True:
                    theirs.sendto(packet, ("127.0.0.1", daemon.port))
                    time.sleep(0.05)

        with others_at_work(share):
            time.sleep(0.2)
            heard(ours, 0.1)
            assert heard(ours, 0.4) == []


# Where no kernel tells.


def test_without_a_kernel_the_token_is_asked_for(start, no_kernel):
    daemon, host = start()
    host.say("/segue/status")
    assert host.wait("/segue/error")[:2] == (-1, "bad_token")
    known = meeting.find(daemon.port)
    hello = protocol.reply("/segue/hello", 1, "host", "1", "", sender="host")

    def say(token):
        (packet,) = osc.bundles([protocol.reply("/segue/token", token, sender="host"), hello])
        host.raw(packet)

    for forged in ("", known.proof, known.token[:-1], known.token + "0", known.token.upper(), "0" * 32):
        say(forged)
        assert host.wait("/segue/error")[:2] == (-1, "bad_token")
    host.raw(osc.pack("/segue/token", "s", [known.token]) + hello)
    assert host.wait("/segue/error")[1] == "bad_token"
    say(known.token)
    assert host.wait("/segue/token") == (known.proof,)
    host.wait("/segue/ready")
    host.raw(hello)  # each datagram shows it: another program may have the port by now
    assert host.wait("/segue/error")[1] == "bad_token"


def test_without_a_kernel_our_own_client_is_answered(start, no_kernel):
    daemon, _ = start()
    with Client(daemon.port) as host:
        assert len(host.analyze([Path("/song.wav")], options={"top": 100}).cuts) == 100


def test_a_missing_token_is_answered_a_few_times_a_second(start, no_kernel):
    _daemon, host = start()
    for _ in range(1000):
        host.say("/segue/status")
    assert 0 < len(heard(host.socket)) <= 3 * receiver.ANSWERS


def test_the_token_is_for_its_user_alone_and_new_each_time(start):
    daemon, _ = start()
    path = meeting.folder() / str(daemon.port)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    first = meeting.find(daemon.port)
    assert first.port == daemon.port and first.token != first.proof
    daemon.stop()
    until(lambda: not path.exists())
    assert meeting.announce(daemon.port, daemon.port).token != first.token
    path.unlink()


# Whom hosts believe.


@pytest.fixture
def false_daemon():
    """A socket that answers as a daemon would; `heard` holds what it was told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        told = []

        def answer():
            while True:
                try:
                    packet, host = sock.recvfrom(65535)
                except OSError:
                    return
                told.extend(message.address for message in osc.parse(packet))
                with suppress(OSError):
                    sock.sendto(protocol.reply("/segue/token", "0" * 32), host)
                    sock.sendto(protocol.reply("/segue/ready", 1, "9.9"), host)

        threading.Thread(target=answer, daemon=True).start()
        yield sock.getsockname()[1], told


def test_the_client_says_nothing_to_another_users_daemon(false_daemon, monkeypatch):
    port, told = false_daemon
    own = os.geteuid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: own + 1)
        with Client(port) as host, pytest.raises(SegueError) as fault:
            host.analyze([Path("/secret/song.wav")])
    assert fault.value.code == "no_daemon" and told == []


def test_without_a_kernel_the_client_wants_the_proof(false_daemon, no_kernel):
    port, told = false_daemon
    assert not client.answers(port, 0.1) and told == []
    meeting.announce(port, port)  # of a daemon that was killed; the port is another user's now
    with Client(port) as host, pytest.raises(SegueError) as fault:
        host.analyze([Path("/secret/song.wav")])
    assert fault.value.code == "no_daemon"
    assert set(told) == {"/segue/token", "/segue/hello"}
    (meeting.folder() / str(port)).unlink()


@pytest.mark.skipif(not can_switch(), reason="another user has the port")
def test_two_users_have_a_daemon_each(home, free_port):
    """The second one's takes another port, which its hosts find, and is not doubled either."""

    def sit(number):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", free_port))
            time.sleep(60)

    with others_at_work(sit):
        time.sleep(0.3)
        with victim(home, free_port) as one:
            assert one.port != free_port and meeting.find(free_port).port == one.port
            assert client.answers(free_port)
            assert client.ensure_daemon(free_port) is False
            with Client(free_port) as host:
                assert len(host.analyze([one.documents / "letter.txt"]).cuts) == 6
            code = f"from segue_bridge.daemon import serve; serve({free_port})"
            again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
            assert again.returncode == 0 and f"already running on port {free_port}" in again.stderr


# Spools.


def test_spools_that_another_user_has_a_hand_in_are_refused(home):
    with victim(home) as one:
        for what, path in spool_folders.bad_folders(home, one.documents).items():
            assert one.asks(path) == "bad_spool", what
        assert not one.lost() and one.answers() and one.answers_in_spool()


def test_links_in_a_spool_lead_nowhere(home):
    """The critical fault: through them files of the owner were deleted, overwritten and told."""
    with victim(home) as one:
        spool_folders.attack(one)
        assert not one.lost() and not one.crashed() and one.answers_in_spool()
        assert len(list(one.documents.iterdir())) == 5


def test_a_spool_that_becomes_a_link_is_let_go(start, tmp_path):
    daemon, host = start()
    folder, other = tmp_path / "spool", tmp_path / "other"
    folder.mkdir()
    for name in spool.SUBFOLDERS:
        (other / name).mkdir(parents=True)
        (other / name / "1.osc").write_bytes(osc.frame([osc.pack("/segue/status", "", [])]))
        os.utime(other / name / "1.osc", (time.time() - 7200,) * 2)
    host.say("/segue/hello", 1, "host", "1", str(folder))
    until((folder / "daemon.alive").exists)
    shutil.rmtree(folder)
    folder.symlink_to(other)
    until(lambda: folder not in daemon.spools._folders)
    host.say("/segue/hello", 1, "host", "1", "")
    assert host.well()
    assert sorted(path.name for path in other.rglob("*")) == ["1.osc", "1.osc", "to_daemon", "to_host"]


def test_files_that_are_none_stop_nobody(start, tmp_path):
    """A pipe was waited for for ever, /dev/zero read without end."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"\0\0\0\x08private!")
    (tmp_path / "root").mkdir()
    daws = []
    for name in ("odd", "sound"):
        (tmp_path / "root" / name).mkdir()
        daws.append(SpoolHost(tmp_path / "root" / name))
    odd, sound = daws
    (odd.folder / "to_daemon").mkdir()
    spool_files.bad_files(odd.folder / "to_daemon", secret)
    _, host = start(spool_root=tmp_path / "root")
    until((sound.folder / "to_daemon").exists)
    for daw in (sound, odd):
        daw.put(protocol.reply("/segue/status", sender="host"))
        assert daw.wait("/segue/status")
    assert host.well() and secret.read_bytes() == b"\0\0\0\x08private!"
    left = {path.name for path in (odd.folder / "to_daemon").iterdir() if path.suffix != ".osc"}
    assert left == set(), "what was taken is gone, what was not is as it was"


def test_very_many_files_do_not_hold_up_another_spool(start, tmp_path):
    for name in ("many", "one"):
        (tmp_path / name / "to_daemon").mkdir(parents=True)
    packet = osc.frame([protocol.reply("/segue/resend", 1, sender="host")])
    for number in range(1000):
        (tmp_path / "many" / "to_daemon" / f"{number:08d}.osc").write_bytes(packet)
    got = []
    watch = spool.Watch(lambda content, folder: got.append(folder.name), tmp_path)
    spool.write(tmp_path / "one" / "to_daemon", [b"/x"])
    watch.start()
    until(lambda: len(got) == 1001, 30)
    watch.stop()
    assert got.index("one") <= 2 * spool.ROUND


def test_the_number_of_spools_is_bounded(home, monkeypatch):
    monkeypatch.setattr(spool_names, "NAMES", 300)
    with victim(home) as one:
        _, seen = spool_names.attack(one)
        assert seen == f"{spool.SPOOLS} are watched" and one.answers_in_spool()
        host = Host(one.port)
        host.say("/segue/hello", 1, "host", "1", str(home / "many" / "299"))
        assert f"{spool.SPOOLS} spools" in host.wait("/segue/error")[2]
        host.socket.close()


def test_answers_are_for_the_owner_alone(start, tmp_path):
    _, host = start()
    host.say("/segue/hello", 1, "host", "1", str(tmp_path))
    until(lambda: list(tmp_path.glob("to_host/*.osc")))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert {mode for name, mode in modes.items() if name.startswith("to_")} == {0o700}
    assert {mode for name, mode in modes.items() if not name.startswith("to_")} == {0o600}


# What lies on the disk.


def test_our_folders_are_made_and_found_for_their_owner_alone(home, monkeypatch):
    loose = [home / "data" / "segue", home / "data" / "segue" / "spool" / "reaper", home / "cache" / "previews"]
    for folder in loose:
        folder.mkdir(parents=True)
        folder.chmod(0o755)
    for name in ("data/segue/verdicts.jsonl", "cache/previews/a.wav", "cache/daemon.log"):
        (home / name).write_text("x")
        (home / name).chmod(0o644)
    with victim(home) as one:
        with Client(one.port) as host:
            host.analyze([one.documents / "letter.txt"])
        until(lambda: (loose[1] / "to_host").exists())
        ours = [home / "cache", *(home / "cache").rglob("*"), *(home / "data" / "segue").rglob("*")]
        for path in [home / "data" / "segue", *ours]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
        assert any(path.suffix == ".json" for path in ours)


def test_folders_of_another_user_are_refused_with_a_sentence(home, monkeypatch):
    monkeypatch.setenv("SEGUE_CACHE", str(home / "cache"))
    (home / "cache").mkdir()
    if can_switch():
        os.chown(home / "cache", UID, UID)
    else:
        monkeypatch.setattr(private, "uid", lambda: os.geteuid() + 1)
    with pytest.raises(SegueError, match="not yours alone") as fault:
        tidy.up()
    assert fault.value.code == "failed"


# Floods and the log.


@pytest.mark.parametrize("sockets", floods.SOCKETS)
def test_a_flood_of_another_user_stops_nobody(home, sockets):
    packet = protocol.reply("/segue/status", sender="host")
    with victim(home) as one:

        def flood(number):
            ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(min(sockets, 300))]
            while True:
                for sock in ends:
                    with contextlib.suppress(OSError):
                        sock.sendto(packet, ("127.0.0.1", one.port))

        if can_switch():
            with others_at_work(flood, 2):
                time.sleep(0.5)
                assert all(one.answers(30) for _ in range(5))
                assert one.answers_in_spool(30)
        assert one.answers() and not one.crashed()
        one.process.terminate()
        assert one.process.wait(10) == 0
    refused = [line for line in one.said if "were refused" in line]
    assert len(refused) <= 3 and len(one.said) < 40


def test_what_hosts_say_stands_on_one_line_of_the_log(home):
    evil = "DAW\n2026-01-01 00:00:00,000 all is well\x1b[2J\x9b\u2028\u202e\r" + 10_000 * "x"
    with victim(home) as one:
        host = Host(one.port)
        host.say("/segue/hello", 1, evil, evil, "")
        host.wait("/segue/ready")
        host.say("/segue/hello", 1, evil, evil, "/tmp/" + evil)
        host.wait("/segue/error")
        host.analyze(1, "/tmp/x.wav", options=json.dumps({evil: 1}))
        host.wait("/segue/error")
        host.raw(osc.pack("/segue/error", "iss", [-1, evil, evil]))
        host.raw(osc.pack("/" + evil, "s", [evil]))
        host.wait("/segue/error")
        host.socket.close()
    log = "\n".join(one.said)
    assert "says hello" in log and "all is well" in log
    assert not any(line.startswith("2026-01-01") for line in one.said)
    assert all(character.isprintable() or character == "\n" for character in log)
    assert max(map(len, one.said)) < 2000
