"""OSC 1.0 packets: taking apart what arrives, packing what is sent, and the length-framed form for files.

python-osc reads and writes the messages. The bundles are walked here, because python-osc 1.10 loops for ever on a
negative element size, recurses without limit and sleeps on a future time tag.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message import ParseError as MessageError
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.parsing import osc_types

Value = int | float | str
BUNDLE_LIMIT = 4096  # bytes; Pd, JUCE and python-osc's own clients cut longer datagrams
DEPTH_LIMIT = 8  # bundles in bundles
BUNDLE_HEAD = 16  # bytes of a bundle before its first element
_BUNDLE_START = b"#bundle\x00" + struct.pack(">Q", 1)  # time tag 1: at once
_READABLE = frozenset("ihfds")


class BadPacket(ValueError):
    """Bytes that are no OSC packet; the message says where."""


class Message(NamedTuple):
    """One OSC message; `values` is empty where `tags` holds a type that no Segue address uses."""

    address: str
    tags: str
    values: tuple[Value, ...]


def parse(packet: bytes) -> list[Message]:
    """All messages of a packet in their order; time tags are ignored: everything is meant now.

    Raises BadPacket, and then nothing of the packet counts.
    """
    return list(_walk(packet, 0))


def pack(address: str, tags: str, values: Sequence[Value]) -> bytes:
    """One message as a datagram; characters OSC or UTF-8 cannot carry become '?'."""
    builder = OscMessageBuilder(address)
    for tag, value in zip(tags, values, strict=True):
        builder.add_arg(_clean(value) if isinstance(value, str) else value, tag)
    return builder.build().dgram


def bundles(messages: Iterable[bytes], limit: int = BUNDLE_LIMIT) -> Iterator[bytes]:
    """The messages in bundles of at most `limit` bytes, in order; a longer message travels alone."""
    parts: list[bytes] = []
    size = len(_BUNDLE_START)
    for message in messages:
        if parts and size + 4 + len(message) > limit:
            yield _bundle(parts)
            parts, size = [], len(_BUNDLE_START)
        parts.append(message)
        size += 4 + len(message)
    if parts:
        yield _bundle(parts)


def frame(packets: Iterable[bytes]) -> bytes:
    """Packets for a file: each behind its length in bytes (int32, big-endian)."""
    return b"".join(struct.pack(">i", len(packet)) + packet for packet in packets)


def unframe(data: bytes) -> list[bytes]:
    """Inverse of `frame`; raises BadPacket where a length does not fit."""
    packets, at = [], 0
    while at < len(data):
        if at + 4 > len(data):
            raise BadPacket("the file ends inside a length")
        (size,) = struct.unpack_from(">i", data, at)
        at += 4
        if not 0 < size <= len(data) - at:
            raise BadPacket(f"a packet of {size} bytes is announced where {len(data) - at} are left")
        packets.append(data[at : at + size])
        at += size
    return packets


def _walk(packet: bytes, depth: int) -> Iterator[Message]:
    if not packet.startswith(b"#bundle\x00"):
        yield _message(packet)
        return
    if depth >= DEPTH_LIMIT:
        raise BadPacket(f"bundles are nested deeper than {DEPTH_LIMIT}")
    if len(packet) < len(_BUNDLE_START):
        raise BadPacket("the bundle ends inside its time tag")
    for element in unframe(packet[len(_BUNDLE_START) :]):
        yield from _walk(element, depth + 1)


def _message(packet: bytes) -> Message:
    if not packet.startswith(b"/"):
        raise BadPacket("an OSC packet begins with '/' or '#bundle'")
    try:
        address, at = osc_types.get_string(packet, 0)
        tags = osc_types.get_string(packet, at)[0] if packet[at:] else ","
        if not tags.startswith(","):
            raise BadPacket("the type tags are missing")
        if not _READABLE.issuperset(tags[1:]):
            return Message(address, tags[1:], ())
        values = OscMessage(packet).params
    except (osc_types.ParseError, MessageError, UnicodeDecodeError, struct.error) as fault:
        raise BadPacket(f"the message cannot be read: {fault}") from fault
    if "f" in tags and len(packet) < len(pack(address, tags[1:], values)):
        raise BadPacket("the message ends inside a number")  # python-osc would read the missing bytes as zeros
    return Message(address, tags[1:], tuple(values))


def _bundle(parts: list[bytes]) -> bytes:
    return _BUNDLE_START + frame(parts) if len(parts) > 1 else parts[0]


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "?")
