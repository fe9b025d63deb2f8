"""What is no recording is refused by what the file system says, before a byte is read."""

import os
import socket
import time
from pathlib import Path

import pytest

from segue_models.signal import audio, audio_files
from segue_models.signal.audio import AudioError


def refused(code, path):
    """Every way to a file refuses it alike."""
    for way in (audio.info, audio.read, audio.sha256, lambda paths: audio.spans(paths, [(0, 9)])):
        with pytest.raises(AudioError) as fault:
            way([path])
        assert fault.value.code == code and "\n" not in str(fault.value)
    return str(fault.value)


def test_a_hundred_gigabytes_are_refused_at_once(tmp_path):
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.truncate(100 << 30)  # sparse: it takes no room on the disk
    assert "100 GB, and at most 32 are read" in refused("too_large", path)


@pytest.mark.parametrize("make", ["fifo", "socket", "folder"])
def test_what_is_no_file_is_never_opened(tmp_path, make):
    path = tmp_path / "a.wav"
    if make == "fifo":
        os.mkfifo(path)  # to open it would wait for ever
    elif make == "socket":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
    else:
        path.mkdir()
    refused("not_audio", path)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/random", "/dev/full"])
def test_a_device_or_a_link_to_one_is_never_read(tmp_path, device):
    link = tmp_path / "a.wav"
    link.symlink_to(device)
    refused("not_audio", Path(device))
    refused("not_audio", link)


def test_what_says_that_it_is_empty_is_not_read():
    refused("empty_file", Path("/proc/self/pagemap"))


@pytest.mark.parametrize("name", ["gone.wav", "gone/a.wav", "a.wav/b.wav"])
def test_what_is_not_there(tmp_path, name):
    (tmp_path / "a.wav").write_bytes(b"x")
    assert "check the path" in refused("not_found", tmp_path / name)


def test_names_that_are_none():
    refused("bad_name", Path("a\0.wav"))
    refused("bad_name", Path(os.fsdecode(b"a\xff.wav")))


def test_a_link_that_leads_round(tmp_path):
    (tmp_path / "a.wav").symlink_to(tmp_path / "b.wav")
    (tmp_path / "b.wav").symlink_to(tmp_path / "a.wav")
    refused("unreadable", tmp_path / "a.wav")


def test_the_stamp_changes_with_the_file(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"one")
    first = audio_files.check(path)
    assert audio_files.check(path) == first
    path.write_bytes(b"more")
    assert audio_files.check(path) != first
    os.utime(path, ns=(time.time_ns(), 5))
    assert audio_files.check(path) != first
