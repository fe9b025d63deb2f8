"""The walk through the chunks of a WAV file: whatever else is in it stays, and any bytes are walked to an end."""

import struct
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from segue_bridge.errors import SegueError
from test_formats_wav import chunks, marked, riff

FORMAT = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
NAME = st.binary(min_size=4, max_size=4).map(lambda name: bytes(32 + letter % 95 for letter in name))
OTHERS = st.lists(
    st.tuples(NAME.filter(lambda name: name not in (b"cue ", b"LIST")), st.binary(max_size=33)), max_size=6
)


@given(OTHERS, OTHERS)
def test_the_chunks_of_others_stay_as_they_were_in_their_order(before, after):
    with tempfile.TemporaryDirectory() as folder:
        parts = [*before, (b"fmt ", FORMAT), (b"data", bytes(8001)), *after]
        copy = marked(riff(Path(folder) / "a.wav", *parts))
        assert [chunk for chunk in chunks(copy) if chunk[0] not in (b"cue ", b"LIST")] == parts


@given(
    st.binary(max_size=200), st.lists(st.tuples(NAME, st.integers(0, 2**32 - 1), st.binary(max_size=40)), max_size=5)
)
def test_any_bytes_behind_the_head_give_a_whole_file_or_a_sentence(tail, parts):
    """Lengths may lie: a chunk is as long as what is there of it."""
    content = b"".join(name + struct.pack("<I", size % 99 if size % 2 else size) + more for name, size, more in parts)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "a.wav"
        source.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + content + tail)
        try:
            found = chunks(marked(source))
        except SegueError:
            return
        assert [name for name, _ in found].count(b"cue ") == 1
