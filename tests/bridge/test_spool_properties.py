"""A spool folder with any packets and any bytes in it, byte for byte as they were put there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from segue_bridge import osc, spool


@contextmanager
def to_host() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as spool_folder:
        folder = Path(spool_folder) / "to_host"
        folder.mkdir()
        yield folder


PACKETS = st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=5)


@given(st.lists(PACKETS, max_size=8))
def test_every_file_is_taken_once_whole_and_in_order(files):
    with to_host() as folder:
        for packets in files:
            spool.write(folder, packets)
        assert [osc.unframe(content) for content in spool.take(folder)] == files
        assert os.listdir(folder) == [] and spool.take(folder) == []


@given(st.dictionaries(st.text("abc019-_.", min_size=1, max_size=12), st.binary(min_size=1), max_size=6))
def test_any_bytes_under_any_name_are_taken_and_other_names_stay(files):
    files = {f"{i}{name}{ending}": b for i, (name, b) in enumerate(files.items()) for ending in (".osc", ".txt")}
    with to_host() as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        taken = sorted(name for name in files if name.endswith(".osc"))
        assert spool.take(folder) == [files[name] for name in taken]
        assert sorted(os.listdir(folder)) == sorted(set(files) - set(taken))


@given(st.integers(-1, 1))
def test_the_longest_file_that_is_read(more):
    with to_host() as folder:
        content = bytes(spool.FILE_LIMIT + more)
        (folder / "1.osc").write_bytes(content)
        assert spool.take(folder) == [content if more <= 0 else b""]
