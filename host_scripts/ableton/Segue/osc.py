"""OSC 1.0: messages to bytes and back, with the types i, f, d and s."""

import struct

_NUMBERS = {"i": ">i", "f": ">f", "d": ">d"}
_BUNDLE = b"#bundle\0"


def pack(address, tags, *values):
    """One message as a datagram."""
    parts = [_text(address), _text("," + tags)]
    for i, tag in enumerate(tags):
        parts.append(_text(values[i]) if tag == "s" else struct.pack(_NUMBERS[tag], values[i]))
    return b"".join(parts)


def bundle(*messages):
    """Messages as one datagram; the time tag 1 means at once."""
    return _BUNDLE + struct.pack(">Q", 1) + b"".join(struct.pack(">i", len(m)) + m for m in messages)


def parse(packet):
    """All messages of a packet as (address, [values]). Raises ValueError for anything that is no OSC packet."""
    try:
        return list(_messages(packet))
    except (struct.error, KeyError, IndexError, RecursionError) as fault:
        raise ValueError(f"no OSC packet: {fault!r}") from fault


def _messages(packet):
    if not packet.startswith(_BUNDLE):
        yield _message(packet)
        return
    at = 16  # behind the time tag: everything is meant now
    while at < len(packet):
        (size,) = struct.unpack_from(">i", packet, at)
        if not 0 < size <= len(packet) - at - 4:
            raise ValueError(f"an element of {size} bytes does not fit")
        yield from _messages(packet[at + 4 : at + 4 + size])
        at += 4 + size


def _message(packet):
    address, at = _read_text(packet, 0)
    tags, at = _read_text(packet, at) if at < len(packet) else (",", at)
    if address[:1] != "/" or tags[:1] != ",":
        raise ValueError("an OSC message begins with '/', its types with ','")
    values = []
    for tag in tags[1:]:
        if tag == "s":
            value, at = _read_text(packet, at)
        else:
            (value,) = struct.unpack_from(_NUMBERS[tag], packet, at)
            at += struct.calcsize(_NUMBERS[tag])
        values.append(value)
    return address, values


def _text(text):
    data = text.encode("utf-8", "replace").replace(b"\0", b"?") + b"\0"
    return data + b"\0" * (-len(data) % 4)


def _read_text(packet, at):
    end = packet.index(b"\0", at)
    return packet[at:end].decode("utf-8"), end + 4 - end % 4
