import random
import struct

import pytest

from segue_bridge import osc

# The two examples of the OSC 1.0 specification, byte for byte.
OSCILLATOR = bytes.fromhex("2f6f7363696c6c61746f722f342f6672657175656e6379002c66000043dc0000")
FOO = bytes.fromhex("2f666f6f000000002c69697366660000000003e8ffffffff68656c6c6f0000003f9df3b640b5b22d")
AT_ONCE = b"#bundle\x00" + struct.pack(">Q", 1)


def element(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def test_examples_of_the_specification():
    assert osc.parse(OSCILLATOR) == [("/oscillator/4/frequency", "f", (440.0,))]
    (foo,) = osc.parse(FOO)
    assert foo.address == "/foo" and foo.tags == "iisff"
    assert foo.values == (1000, -1, "hello", pytest.approx(1.234), pytest.approx(5.678))
    assert osc.pack("/oscillator/4/frequency", "f", [440.0]) == OSCILLATOR
    assert osc.pack("/foo", "iisff", [1000, -1, "hello", 1.234, 5.678]) == FOO


def test_a_double_and_no_arguments_byte_for_byte():
    assert osc.pack("/d", "d", [0.1]) == b"/d\0\0,d\0\0" + bytes.fromhex("3fb999999999999a")
    assert osc.pack("/none", "", []) == b"/none\0\0\0,\0\0\0"
    assert osc.parse(b"/none\0\0\0") == osc.parse(b"/none\0\0\0,\0\0\0") == [("/none", "", ())]


def test_text_that_osc_cannot_carry_is_sent_with_question_marks():
    assert osc.parse(osc.pack("/s", "s", ["a\0b\udcffé♪"]))[0].values == ("a?b?é♪",)


def test_a_bundle_is_read_in_order_and_its_time_tag_is_ignored():
    in_ten_years = b"#bundle\x00" + struct.pack(">II", 4_400_000_000 % 2**32, 0)
    inner = AT_ONCE + element(FOO)
    messages = osc.parse(in_ten_years + element(OSCILLATOR) + element(inner) + element(OSCILLATOR))
    assert [m.address for m in messages] == ["/oscillator/4/frequency", "/foo", "/oscillator/4/frequency"]


def test_types_no_segue_address_uses_come_without_values():
    assert osc.parse(b"/x\0\0,ib\0\0\0\0\1") == [("/x", "ib", ())]
    assert osc.parse(b"/x\0\0,fT\0\0\0\0\0") == [("/x", "fT", ())]


def test_no_mutation_of_a_good_packet_is_met_by_anything_but_messages_or_a_refusal():
    chance = random.Random(7)
    seeds = [FOO, OSCILLATOR, AT_ONCE + element(FOO) + element(AT_ONCE + element(OSCILLATOR))]
    refused = 0
    for _ in range(3000):
        packet = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(packet) + 1)
            new = bytes(chance.choice(b"\0\xff/,ifdshbTN[]#") for _ in range(chance.randint(0, 4)))
            packet[at : at + chance.randint(0, 4)] = new
        try:
            assert all(isinstance(message, osc.Message) for message in osc.parse(bytes(packet)))
        except osc.BadPacket:
            refused += 1
    assert 500 < refused < 2900


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x00" * 64,
        b"garbage",
        b"/never-ends",
        b"/a\0\0,i\0\0",
        b"/a\0\0,f\0\0",
        b"/a\0\0,sf\0ab\0\0",
        b"/a\0\0,s\0\0abcd",
        b"/a\0\0i\0\0\0\0\0\0\1",
        b"/\xff\xfe\0,\0\0\0",
        b"/a\0\0,s\0\0\xff\xff\0\0",
        b"#bundle\0",
        AT_ONCE + b"\0\0",
        AT_ONCE + struct.pack(">i", 400) + FOO,
        AT_ONCE + struct.pack(">i", -4) + FOO,  # python-osc 1.10 never returns from this one
        AT_ONCE + struct.pack(">i", 0),
        AT_ONCE + element(FOO) + element(b"junk"),
    ],
    ids=repr,
)
@pytest.mark.timeout(60)
def test_what_is_no_packet_is_refused(packet):
    with pytest.raises(osc.BadPacket):
        osc.parse(packet)


def test_deeply_nested_bundles_are_refused():
    packet = FOO
    for _ in range(3000):
        packet = AT_ONCE + element(packet)
    with pytest.raises(osc.BadPacket, match="nested"):
        osc.parse(packet)


def test_bundles_keep_the_order_and_stay_below_the_limit():
    messages = [osc.pack("/n", "is", [i, "x" * (i % 90)]) for i in range(500)]
    long = osc.pack("/long", "s", ["y" * 6000])
    datagrams = list(osc.bundles([*messages[:250], long, *messages[250:]]))
    assert max(len(d) for d in datagrams if d != long) <= 4096
    assert [m.address for d in datagrams for m in osc.parse(d)].index("/long") == 250
    assert [m.values[0] for d in datagrams for m in osc.parse(d) if m.address == "/n"] == list(range(500))
    assert len(datagrams) < 20


def test_one_message_is_sent_without_a_bundle_around_it():
    assert list(osc.bundles([FOO])) == [FOO] and list(osc.bundles([])) == []


def test_a_bundle_byte_for_byte():
    (datagram,) = osc.bundles([OSCILLATOR, FOO])
    head = b"#bundle\0" + bytes.fromhex("0000000000000001")
    assert datagram == head + b"\0\0\0\x20" + OSCILLATOR + b"\0\0\0\x28" + FOO


def test_frames_byte_for_byte_and_back():
    framed = b"\0\0\0\x20" + OSCILLATOR + b"\0\0\0\x28" + FOO
    assert osc.frame([OSCILLATOR, FOO]) == framed
    assert osc.unframe(framed) == [OSCILLATOR, FOO]


@pytest.mark.parametrize("cut", [1, 3, 5, 31, 37, 70])
def test_half_a_frame_is_refused(cut):
    with pytest.raises(osc.BadPacket):
        osc.unframe(osc.frame([OSCILLATOR, FOO])[:cut])
