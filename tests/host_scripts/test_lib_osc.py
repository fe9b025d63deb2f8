"""lib/osc.lua against python-osc and the daemon's own packing: two implementations of OSC 1.0."""

import struct

import pytest
from pythonosc.osc_message import OscMessage

from plain_lua import run
from segue_bridge import osc, protocol

PACK = """
local osc = include "lib/osc"
io.write (osc.pack ("/segue/analyze", "isdfs", -7, "Où est\\nça", 0.1, 0.25, ""))
"""
UNFRAME = """
local osc = include "lib/osc"
local file = io.open (arg[1], "rb")
for _, message in ipairs (osc.unframe (file:read ("a"))) do
  print (message.address, table.unpack (message))
end
"""


def test_packs_what_python_osc_reads():
    message = OscMessage(run(PACK))
    assert message.address == "/segue/analyze"
    assert message.params == [-7, "Où est\nça", 0.1, 0.25, ""]


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "abcd"])
def test_packs_strings_of_every_length_byte_for_byte(text):
    packed = run('io.write ((include "lib/osc").pack ("/a/bc", "si", arg[1], 5))', text)
    assert packed == osc.pack("/a/bc", "si", (text, 5))


def test_reads_messages_and_bundles_of_a_spool_file(tmp_path):
    cut = protocol.reply("/segue/cut", 7, 0, "exit", 31.415926535897931, 0.5, 17, 1.0, "B·2")
    done = protocol.reply("/segue/done", 7, 1, 0)
    bundle = next(osc.bundles([cut, done]))
    assert bundle.startswith(b"#bundle")
    nested = b"#bundle\0" + struct.pack(">Q", 1) + osc.frame([bundle, done])
    path = tmp_path / "file.osc"
    path.write_bytes(osc.frame([cut, nested]))
    first = "/segue/cut\t7\t0\texit\t31.415926535898\t0.5\t17\t1.0\tB·2"
    assert run(UNFRAME, path).decode().splitlines() == [
        first,
        first,
        "/segue/done\t7\t1\t0",
        "/segue/done\t7\t1\t0",
    ]


def test_doubles_keep_every_bit():
    value = "31.415926535897931"
    packed = f'o.frame ({{ o.pack ("/t", "d", {value}) }})'
    code = f'local o = include "lib/osc" print (o.unframe ({packed})[1][1] == {value})'
    assert run(code) == b"true\n"


@pytest.mark.parametrize("length", [3, 10, 30, 41])
def test_a_cut_off_file_raises(tmp_path, length):
    path = tmp_path / "file.osc"
    path.write_bytes(osc.frame([protocol.reply("/segue/done", 7, 1, 0)] * 2)[:length])
    code = 'local file = io.open (arg[1], "rb") print (pcall ((include "lib/osc").unframe, file:read ("a")))'
    assert run(code, path).startswith(b"false")
