"""Whole files or none, where the user means them, with the mode they had."""

import errno
import os
import resource
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from segue_models import files


@pytest.fixture(autouse=True)
def usual_umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_follows_the_umask_and_an_old_one_keeps_its_mode(tmp_path):
    path = tmp_path / "a"
    files.write(path, b"one")
    assert (path.read_bytes(), mode(path)) == (b"one", 0o640)
    for kept in (0o600, 0o644, 0o755):
        path.chmod(kept)
        files.write(path, [b"t", b"wo"])
        assert (path.read_bytes(), mode(path)) == (b"two", kept)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"")
    os.chown(path, 65534, 65534)
    files.write(path, b"one")
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


def test_links_stay_and_what_they_point_to_gets_the_content(tmp_path):
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "file"
    target.write_bytes(b"old")
    target.chmod(0o600)
    (tmp_path / "first").symlink_to("real/file")
    (tmp_path / "second").symlink_to(tmp_path / "first")
    files.write(tmp_path / "second", b"new")
    assert target.read_bytes() == b"new" and mode(target) == 0o600
    assert (tmp_path / "first").is_symlink() and (tmp_path / "second").is_symlink()
    assert [p.name for p in (tmp_path / "real").iterdir()] == ["file"]


def test_a_link_to_what_is_not_there_yet_makes_it(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "later")
    files.write(tmp_path / "link", b"new")
    assert (tmp_path / "later").read_bytes() == b"new" and (tmp_path / "link").is_symlink()


def odd(folder: Path) -> dict[str, Path]:
    """One of each kind of thing that is no regular file, and how it is called."""
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "s"))
    (folder / "folder").mkdir()
    return {"FIFO": folder / "fifo", "socket": folder / "s", "folder": folder / "folder", "device": Path(os.devnull)}


def test_what_is_no_file_is_refused_also_behind_a_link(tmp_path):
    for says, path in odd(tmp_path).items():
        link = tmp_path / f"link to {says}"
        link.symlink_to(path)
        before = path.stat()
        for given in (path, link):
            with pytest.raises(OSError) as caught:
                files.write(given, b"content")
            assert says in caught.value.strerror and caught.value.filename == str(given)
        after = path.stat()
        assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert not list(tmp_path.glob(".*"))


def test_a_loop_of_links_and_a_missing_folder_are_told(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for path in (tmp_path / "a", tmp_path / "no" / "file", tmp_path / ("x" * 256)):
        with pytest.raises(OSError) as caught:
            files.write(path, b"")
        assert caught.value.filename == str(path) and len(caught.value.strerror) > 10


@pytest.mark.parametrize("name", ["x" * 253, "x" * 255, "ö" * 127])
def test_the_longest_names_fit(tmp_path, name):
    files.write(tmp_path / name, b"content")
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_read_only_folder_and_a_read_only_file_are_told(tmp_path):
    locked, open_ = tmp_path / "locked", tmp_path / "open"
    for folder in (locked, open_):
        folder.mkdir()
    (open_ / "a").write_bytes(b"old")
    (open_ / "a").chmod(0o444)
    locked.chmod(0o555)
    open_.chmod(0o777)
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom segue_models import files\n"
        "for path in sys.argv[2:]:\n"
        "    os.chdir(Path(path).parent)\n"  # nobody may not come here through pytest's folders
        "    os.seteuid(int(sys.argv[1]))\n"
        "    try:\n        files.write(Path('a'), b'new')\n"
        "    except PermissionError as fault:\n        print(fault.strerror)\n"
        "    os.seteuid(os.getuid())\n"
    )
    user = 65534 if os.geteuid() == 0 else os.geteuid()
    command = [sys.executable, "-c", code, str(user), locked / "a", open_ / "a"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "cannot be written (Permission denied)"
    assert "read-only" in second
    assert (open_ / "a").read_bytes() == b"old"


def test_a_full_disk_leaves_what_was_there(tmp_path):
    path = tmp_path / "a"
    files.write(path, b"old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (1000, limit[1])
    )  # python ignores the signal: write fails, as on a full disk
    try:
        with pytest.raises(OSError) as caught:
            files.write(path, (b"x" * 500 for _ in range(100)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert caught.value.errno == errno.EFBIG and caught.value.filename == str(path)
    assert "cannot be written" in caught.value.strerror
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["a"]


def test_content_that_fails_leaves_nothing_and_says_its_own_fault(tmp_path):
    def content():
        yield b"half"
        raise FileNotFoundError(errno.ENOENT, "No such file", "/the/recording")

    with pytest.raises(FileNotFoundError) as caught:
        files.write(tmp_path / "a", content())
    assert caught.value.filename == "/the/recording"
    assert not list(tmp_path.iterdir())


def test_no_reader_ever_sees_half_a_file(tmp_path):
    path, contents = tmp_path / "a", [bytes([letter]) * 100_000 for letter in b"abcd"]
    files.write(path, contents[0])
    writers = [threading.Thread(target=lambda c=c: [files.write(path, c) for _ in range(20)]) for c in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_bytes() in contents
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_what_a_killed_program_left_goes_with_the_next_file(tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom segue_models import files\n"
        "def content():\n    yield bytes(1 << 20)\n    os.kill(os.getpid(), 9)\n"
        "files.write(Path(sys.argv[1]), content())"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "a"], check=False).returncode == -9
    mine = tmp_path / f"{files.MARK}{os.getpid()}-0.tmp"  # of a program that is at work
    mine.write_bytes(b"")
    assert len(list(tmp_path.iterdir())) == 2
    files.write(tmp_path / "b", b"")
    assert {p.name for p in tmp_path.iterdir()} == {"b", mine.name}
