"""OSC for all messages and any bytes, against python-osc's own reader and writer."""

import struct

from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from segue_bridge import osc, protocol
from segue_bridge.errors import SegueError
from segue_bridge.protocol_table import TABLE

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ADDRESS = st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1).map("/".__add__)
VALUE = {
    "i": st.integers(-(2**31), 2**31 - 1),
    "h": st.integers(-(2**63), 2**63 - 1),
    "f": st.floats(width=32, allow_nan=False),
    "d": st.floats(allow_nan=False),
    "s": TEXT,
}
ARGUMENTS = st.lists(st.sampled_from("ihfds").flatmap(lambda tag: st.tuples(st.just(tag), VALUE[tag])), max_size=8)
PACKET = st.builds(
    lambda address, tags, values: osc.pack(address, tags, values),
    st.sampled_from([verb.address for verb in TABLE]) | ADDRESS,
    *[st.just(x) for x in ("", ())],
) | st.tuples(ADDRESS, ARGUMENTS).map(
    lambda made: osc.pack(made[0], "".join(t for t, _ in made[1]), [v for _, v in made[1]])
)


def bundled(contents: list[bytes], lie: int) -> bytes:
    """A bundle; `lie` is added to the length of its first element."""
    parts = [struct.pack(">i", len(c) + (lie if not i else 0)) + c for i, c in enumerate(contents)]
    return b"#bundle\0" + bytes(8) + b"".join(parts)


ANY = st.recursive(
    st.binary(max_size=64) | PACKET | st.tuples(PACKET, st.integers(0, 60)).map(lambda made: made[0][: made[1]]),
    lambda inner: st.builds(bundled, st.lists(inner, max_size=4), st.sampled_from([0, 0, 0, 0, 4, -4, 2**30])),
    max_leaves=12,
)


@given(ADDRESS, ARGUMENTS)
def test_what_we_pack_python_osc_reads_and_what_it_builds_we_read(address, arguments):
    tags, values = "".join(tag for tag, _ in arguments), [value for _, value in arguments]
    theirs = OscMessageBuilder(address)
    for tag, value in arguments:
        theirs.add_arg(value, tag)
    packed = osc.pack(address, tags, values)
    assert packed == theirs.build().dgram
    assert (OscMessage(packed).address, OscMessage(packed).params) == (address, values)
    assert osc.parse(packed) == [(address, tags, tuple(values))]


@given(ANY)
def test_any_bytes_are_messages_or_a_refusal(packet):
    try:
        messages = osc.parse(packet)
    except osc.BadPacket as fault:
        assert str(fault)
        return
    for message in messages:
        assert message.address.startswith("/") and len(message.values) in (0, len(message.tags))
        try:
            protocol.arguments(message)
        except SegueError as fault:
            assert fault.code in ("unknown_address", "bad_arguments")


@given(st.lists(PACKET, max_size=40), st.integers(64, 4096))
def test_bundles_hold_every_message_once_in_order(packets, limit):
    datagrams = list(osc.bundles(packets, limit))
    assert [m for d in datagrams for m in osc.parse(d)] == [m for p in packets for m in osc.parse(p)]
    assert all(len(datagram) <= limit or datagram in packets for datagram in datagrams)


@given(st.lists(st.binary(min_size=1, max_size=64)))
def test_frames_are_undone(packets):
    assert osc.unframe(osc.frame(packets)) == packets


@given(st.binary() | st.lists(st.binary(max_size=9)).map(osc.frame))
def test_any_bytes_are_frames_or_a_refusal(content):
    try:
        packets = osc.unframe(content)
    except osc.BadPacket:
        return
    assert osc.frame(packets) == content
