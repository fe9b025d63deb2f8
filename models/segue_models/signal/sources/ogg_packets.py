"""How many samples an Ogg packet of Vorbis or Opus holds, told by its first bytes."""

from typing import Protocol

OPUS_RATE_HZ = 48000  # of all counts, whatever the file says


class Codec(Protocol):
    """rate_hz of its counts; skip: samples at the begin that are none; settle: samples until a decoder that was
    dropped in gives what it would have given; headers: packets before the sound; primes: whether the first packet
    gives no sound of its own."""

    rate_hz: int
    skip: int
    settle: int
    headers: int
    primes: bool

    def duration(self, packet: bytes, before: bytes | None) -> int:
        """Samples that a packet adds, by the first bytes of it and of the one before, None at a begin."""


class Vorbis:
    """Durations from the two block sizes and the modes of the third header."""

    skip, settle, headers, primes = 0, 0, 3, True

    def __init__(self, first: bytes, setup: bytes) -> None:
        """Raises ValueError for headers that are none."""
        if len(first) < 30 or first[:7] != b"\x01vorbis":
            raise ValueError("no Vorbis")
        self.rate_hz = int.from_bytes(first[12:16], "little")
        self._blocks = (1 << (first[28] & 15), 1 << (first[28] >> 4))
        self._long = _long_modes(setup)
        self._mask = (1 << (len(self._long) - 1).bit_length()) - 1

    def duration(self, packet: bytes, before: bytes | None) -> int:
        """A quarter of both blocks: each half overlaps."""
        if before is None:
            return 0
        return (self._block(before) + self._block(packet)) // 4

    def sound(self, packet: bytes) -> bool:
        """Whether a packet holds any; what is damaged or a header does not."""
        return bool(packet) and not packet[0] & 1 and (packet[0] >> 1 & self._mask) < len(self._long)

    def _block(self, packet: bytes) -> int:
        return self._blocks[self._long[packet[0] >> 1 & self._mask]]


class Opus:
    """Durations from the first two bytes."""

    headers, primes, settle, rate_hz = 2, False, 2 * OPUS_RATE_HZ, OPUS_RATE_HZ

    def __init__(self, first: bytes) -> None:
        """Raises ValueError for a header that is none."""
        if len(first) < 19 or first[:8] != b"OpusHead":
            raise ValueError("no Opus")
        self.skip = int.from_bytes(first[10:12], "little")

    def duration(self, packet: bytes, before: bytes | None) -> int:
        """Frames times their length."""
        config, code = packet[0] >> 3, packet[0] & 3
        if config < 12:
            frame = (480, 960, 1920, 2880)[config & 3]
        elif config < 16:
            frame = (480, 960)[config & 1]
        else:
            frame = (120, 240, 480, 960)[config & 3]
        return frame * (1 if code == 0 else 2 if code < 3 else packet[1] & 63 if len(packet) > 1 else 0)

    def sound(self, packet: bytes) -> bool:
        """Whether a packet holds any, and no more than is allowed."""
        return bool(packet) and 0 < self.duration(packet, None) <= 5760


def _long_modes(setup: bytes) -> list[bool]:
    """Whether each mode has the long block. The modes end the header, so they are read from its last bit backwards."""
    bits = int.from_bytes(setup, "little")
    at, found = bits.bit_length() - 1, 0  # the last bit that is set ends the header
    modes: list[bool] = []
    while at >= 41 + 6 and len(modes) < 64:
        entry = bits >> (at - 41) & ((1 << 41) - 1)
        if entry >> 1 & 0xFFFFFFFF or entry >> 33 > 63:
            break
        at -= 41
        modes.append(bool(entry & 1))
        if (bits >> (at - 6) & 63) + 1 == len(modes):
            found = len(modes)
    if not found or setup[:7] != b"\x05vorbis":
        raise ValueError("no Vorbis setup")
    return modes[:found][::-1]
