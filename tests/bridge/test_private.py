"""Folders of one user: what is refused, what is never followed, and who may read what is made."""

import os
import socket
import stat
from pathlib import Path

import pytest

from second_user import UID, can_switch
from segue_bridge import private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def refused(path: Path) -> str:
    """Why a folder is refused."""
    with pytest.raises(private.Exposed) as fault, private.opened(path):
        pass
    return fault.value.strerror


def test_a_sound_folder_is_opened_also_by_a_way_of_own_links(tmp_path):
    (tmp_path / "real" / "folder").mkdir(parents=True)
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to(tmp_path / "real" / ".." / "real")
    with private.opened(tmp_path / "one" / "folder") as folder:
        folder.write("x", b"1")
    assert (tmp_path / "real" / "folder" / "x").read_bytes() == b"1"


def test_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    private.make(Path("a/b"))
    with private.opened(Path("a/b")) as folder:
        folder.write("x", b"1")
    assert (tmp_path / "a" / "b" / "x").exists()


@pytest.mark.parametrize("bits", [0o770, 0o707, 0o720, 0o702, 0o1777, 0o2770])
def test_others_may_not_write(tmp_path, bits):
    (tmp_path / "x").mkdir()
    (tmp_path / "x").chmod(bits)
    assert "chmod" in refused(tmp_path / "x")
    with private.opened(tmp_path / "x", tighten=True):
        assert mode(tmp_path / "x") & 0o777 == 0o700
    with private.opened(tmp_path / "x"):
        pass


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "link").symlink_to("x")
    assert "link" in refused(tmp_path / "link")
    with pytest.raises(OSError), private.opened(tmp_path / "link", tighten=True):
        pass


def test_links_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"), private.opened(tmp_path / "a" / "x"):
        pass


@pytest.mark.parametrize("below", ["x", "a/b/x"])
def test_a_parent_in_which_others_may_rename(tmp_path, below):
    (tmp_path / "way" / below).mkdir(parents=True)
    (tmp_path / "way").chmod(0o777)
    assert "rename" in refused(tmp_path / "way" / below)
    (tmp_path / "way").chmod(0o1777)  # as /tmp
    with private.opened(tmp_path / "way" / below):
        pass


def test_a_group_that_is_the_users_alone_is_nobody_else(tmp_path, monkeypatch):
    (tmp_path / "way" / "x").mkdir(parents=True)
    (tmp_path / "way").chmod(0o775)
    monkeypatch.setattr(private, "_private_group", lambda: (tmp_path / "way").stat().st_gid)
    with private.opened(tmp_path / "way" / "x"):
        pass
    monkeypatch.setattr(private, "_private_group", lambda: None)
    assert "rename" in refused(tmp_path / "way" / "x")


def test_what_another_user_owns(tmp_path, monkeypatch):
    (tmp_path / "way" / "x").mkdir(parents=True)
    if can_switch():
        os.chown(tmp_path / "way", UID, UID)
        assert "another user owns" in refused(tmp_path / "way" / "x")
        os.chown(tmp_path / "way", 0, 0)
        os.chown(tmp_path / "way" / "x", UID, UID)
    else:
        monkeypatch.setattr(private, "uid", lambda: UID)
    assert "another user owns" in refused(tmp_path / "way" / "x")


def test_only_files_are_read_and_no_more_than_is_wanted(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with socket.socket(socket.AF_UNIX) as bound, private.opened(tmp_path) as folder:
        bound.bind(str(tmp_path / "s"))
        assert folder.read("file", 5) == b"12345" and folder.read("file", 4) is None
        assert folder.read("sparse", 1 << 20) is None
        for name in ("pipe", "link", "zero", "folder", "s", "gone"):
            with pytest.raises(OSError):
                folder.read(name, 10)
        os.link(tmp_path / "file", tmp_path / "second")
        with pytest.raises(private.Exposed):
            folder.read("file", 10)


def test_what_is_written_is_the_owners_and_replaces_links_themselves(tmp_path):
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / "x").mkdir()
    for name in ("alive", f"alive.{os.getpid()}.tmp", "new"):
        (tmp_path / "x" / name).symlink_to(other)
    with private.opened(tmp_path / "x") as folder:
        folder.replace("alive", b"1")
        with pytest.raises(FileExistsError):
            folder.write("new", b"1")
    assert other.read_text() == "kept"
    assert not (tmp_path / "x" / "alive").is_symlink() and (tmp_path / "x" / "alive").read_bytes() == b"1"
    assert mode(tmp_path / "x" / "alive") == 0o600
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["alive", "new"]


def test_a_folder_that_is_swapped_while_it_is_open(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "other").mkdir()
    with private.opened(tmp_path / "x") as folder:
        (tmp_path / "x").rename(tmp_path / "moved")
        (tmp_path / "x").symlink_to("other")
        folder.write("file", b"1")
    assert list((tmp_path / "other").iterdir()) == [] and (tmp_path / "moved" / "file").exists()


def test_folders_are_made_for_their_owner_alone(tmp_path):
    private.make(tmp_path / "a" / "b")
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    (tmp_path / "a" / "b").chmod(0o755)
    private.make(tmp_path / "a" / "b", tighten=False)
    assert mode(tmp_path / "a" / "b") == 0o755
    private.make(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700


def test_files_are_tightened_and_nothing_else(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    (tmp_path / "x").mkdir(mode=0o755)
    (tmp_path / "x" / "file").write_text("x")
    (tmp_path / "x" / "file").chmod(0o664)
    (tmp_path / "x" / "link").symlink_to(outside)
    private.tighten(tmp_path / "x")
    private.tighten(tmp_path / "not there")
    assert mode(tmp_path / "x") == 0o700 and mode(tmp_path / "x" / "file") == 0o600 and mode(outside) == 0o644


def test_where_nothing_works_relative_to_a_folder(tmp_path, monkeypatch):
    """As on Windows."""
    monkeypatch.setattr(private, "_AT", False)
    private.make(tmp_path / "a" / "b")
    with private.opened(tmp_path / "a" / "b") as folder:
        folder.replace("x", b"1")
        folder.make("y")
        folder.rename("x", "z")
        assert folder.read("z", 9) == b"1" and sorted(folder.names()) == ["y", "z"]
        folder.remove("z")
    with pytest.raises(NotADirectoryError), private.opened(tmp_path / "none"):
        pass
