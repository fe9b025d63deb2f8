"""lib/udp.lua against a real socket: who answers, what comes in one datagram, and how long nobody answers."""

import shutil
import socket
import subprocess
import threading

import pytest

from plain_lua import INCLUDE
from reaper_session import LUAS, need
from segue_bridge import osc

CODE = """
local osc, now = include "lib/osc", 100
local function meet () return "token", "proof" end
local udp = (include "lib/udp") (tonumber (arg[1]), osc.pack ("/segue/hello", ""), function () return now end, meet)
if not udp then print ("nobody") return end
print (udp.silence ())
udp.send ({ osc.pack ("/one", "i", 1), osc.pack ("/two", "i", 2) })
now = 103
print (udp.silence ())
local heard = {}
repeat
  for _, message in ipairs (udp.take ()) do heard[#heard + 1] = message.address .. message[1] end
until #heard == 4
print (table.concat (heard, " "), udp.silence ())
"""


PROOF = osc.pack("/segue/token", "s", ["proof"])


def run(lua: str, port: int) -> list[str]:
    need(lua)
    command = [shutil.which(lua), "-", str(port)]
    done = subprocess.run(command, input=(INCLUDE + CODE).encode(), capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.fixture
def server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(10)
        yield bound


@pytest.mark.parametrize("lua", LUAS)
@pytest.mark.parametrize("lost", [0, 2])
def test_talks_to_who_answers(lua, server, lost):
    """A lost hello is said again; an answer may be a bundle."""

    def answer():
        for _ in range(lost + 1):
            _, host = server.recvfrom(4096)
        server.sendto(PROOF, host)
        server.sendto(osc.pack("/segue/ready", "", ()), host)
        for address in ("/one", "/two"):
            token, asked = osc.parse(server.recvfrom(4096)[0])
            assert token == ("/segue/token", "s", ("token",)) and asked.address == address
            packets = [PROOF, osc.pack("/a", "i", asked.values), osc.pack("/b", "i", asked.values)]
            server.sendto(next(osc.bundles(packets)), host)

    threading.Thread(target=answer, daemon=True).start()
    assert run(lua, server.getsockname()[1]) == ["0", "3", "/a1 /b1 /a2 /b2\t0"]


@pytest.mark.parametrize("lua", LUAS)
def test_is_not_there_where_nobody_answers(lua, server):
    assert run(lua, server.getsockname()[1]) == ["nobody"]


@pytest.mark.parametrize("lua", LUAS)
@pytest.mark.parametrize("proof", [[], [osc.pack("/segue/token", "s", ["guess"])]])
def test_another_users_daemon_is_not_believed(lua, server, proof):
    """It may have the port, but not the proof from the user's own file; it hears the greeting alone."""
    heard = []

    def answer():
        while True:
            packet, host = server.recvfrom(4096)
            heard.extend(message.address for message in osc.parse(packet))
            for part in (*proof, osc.pack("/segue/ready", "", ())):
                server.sendto(part, host)

    server.settimeout(None)
    threading.Thread(target=answer, daemon=True).start()
    assert run(lua, server.getsockname()[1]) == ["nobody"]
    assert set(heard) == {"/segue/token", "/segue/hello"}


@pytest.mark.parametrize("lua", LUAS)
def test_is_not_there_without_luasocket(lua, server):
    need(lua)
    missing = 'package.preload["socket.core"] = function () error ("no such module") end '
    code = missing + 'print ((include "lib/udp") (1, "", nil))'
    done = subprocess.run([lua, "-"], input=(INCLUDE + code).encode(), capture_output=True)
    assert done.stdout == b"nil\n", done.stderr.decode()
