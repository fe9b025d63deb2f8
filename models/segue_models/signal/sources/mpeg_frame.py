"""One frame of MPEG audio: what its first bytes say."""

from dataclasses import dataclass

KBITS = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}

Kind = tuple[int, int, int, bool]  # version, layer, rate, mono: the same in all frames of a recording


@dataclass(frozen=True)
class Head:
    """What four bytes say: `kind` is that of all frames of a recording; size in bytes, samples of each channel.

    side: bytes from the frame's begin to where a table of contents would stand.
    """

    kind: Kind
    rate_hz: int
    channels: int
    samples: int
    size: int
    side: int

    def tells(self, frame: bytes) -> bool:
        """Whether a frame of this head is a table of contents."""
        return self.kind[1] == 3 and (frame[self.side : self.side + 4] in (b"Xing", b"Info") or frame[36:40] == b"VBRI")


def read_head(raw: bytes) -> Head | None:
    """A frame's header; None for what is none, or has no rate of bits of its own."""
    if len(raw) < 4 or raw[0] != 0xFF or raw[1] & 0xE0 != 0xE0:
        return None
    version, layer, rate = raw[1] >> 3 & 3, 4 - (raw[1] >> 1 & 3), raw[2] >> 2 & 3
    bits, padding, mono = raw[2] >> 4, raw[2] >> 1 & 1, raw[3] >> 6 == 3
    if version == 1 or layer == 4 or rate == 3 or bits in (0, 15):
        return None
    rate_hz, kbits = RATES[version][rate], KBITS[version == 3, layer][bits]
    if layer == 1:
        samples, size = 384, (12000 * kbits // rate_hz + padding) * 4
    else:
        samples = 576 if layer == 3 and version != 3 else 1152
        size = samples * 125 * kbits // rate_hz + padding
    side = 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    return Head((version, layer, rate, mono), rate_hz, 1 if mono else 2, samples, size, side)
