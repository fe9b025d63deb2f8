"""Our files among a user's: whose a file is, what is kept of it, and what a write changes and does not."""

import os
import re
import resource
import stat

import pytest

from segue_bridge.errors import SegueError
from segue_bridge.hosts import _files as files

OURS = files.sealed(f"-- ours\n-- {files.SEAL}\n".encode())
LINE = rb"(?m)^list.*$"


def is_ours(content: bytes) -> bool:
    return files.seal_holds(content) is True


def test_whoever_changes_a_sealed_content_breaks_its_seal():
    assert files.seal_holds(OURS) is True
    for changed in (OURS + b"\n", OURS.replace(b"ours", b"mine"), re.sub(rb"[0-9a-f]{16}", b"0" * 16, OURS)):
        assert files.seal_holds(changed) is False
    assert files.seal_holds(b"-- ours\n") is None and files.seal_holds(b"") is None


def test_what_may_change_does_not_break_it():
    sealed = files.sealed(f"list a\nrest\n; {files.SEAL}".encode(), LINE)
    assert files.seal_holds(sealed.replace(b"list a", "list of ♪".encode()), LINE) is True
    assert files.seal_holds(sealed.replace(b"rest", b"more"), LINE) is False


def test_a_write_goes_through_links_and_keeps_the_mode(tmp_path):
    target, link, chain = tmp_path / "target", tmp_path / "link", tmp_path / "chain"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to("target")
    chain.symlink_to(link)
    files.write(chain, b"new")
    assert chain.is_symlink() and link.is_symlink() and target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert len(list(tmp_path.iterdir())) == 3, "nothing is left behind"


def test_a_link_to_nothing_yet_gets_its_file(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new" / "target")
    assert files.read(tmp_path / "link") is None
    files.write(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "new" / "target").read_bytes() == b"x"


def test_a_new_file_has_the_usual_mode_and_its_folder(tmp_path):
    files.write(tmp_path / "a" / "b" / "new", b"x")
    (tmp_path / "usual").touch()
    assert (tmp_path / "a" / "b" / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_copies_are_never_overwritten_and_none_is_made_twice(tmp_path):
    path = tmp_path / "file"
    assert files.keep(path) is None
    names = []
    for text in ("one", "two", "one", "two", "three"):
        path.write_text(text)
        path.chmod(0o600)
        names.append(files.keep(path).name)
    assert names == [f"file.before-segue{end}" for end in ("", ".2", "", ".2", ".3")]
    assert [(tmp_path / name).read_text() for name in dict.fromkeys(names)] == ["one", "two", "three"]
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names} == {0o600}


def test_what_stands_at_the_place_of_a_copy_stays(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "file.before-segue").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file.before-segue.2").mkdir()
    assert files.keep(tmp_path / "file").name == "file.before-segue.3"
    assert not (tmp_path / "nowhere").exists()


def test_only_a_file_that_is_not_ours_is_copied(tmp_path):
    path = tmp_path / "file"
    assert files.put(path, OURS, is_ours) == []
    newer = files.sealed(f"-- newer\n-- {files.SEAL}\n".encode())
    assert files.put(path, newer, is_ours) == [] and path.read_bytes() == newer
    path.write_bytes(b"mine")
    assert files.put(path, OURS, is_ours) == [f"{path} was not Segue's: it is kept as file.before-segue."]
    assert path.read_bytes() == OURS and (tmp_path / "file.before-segue").read_bytes() == b"mine"


def test_only_a_file_that_is_ours_is_removed(tmp_path):
    path = tmp_path / "file"
    assert not files.remove(path, is_ours)
    path.write_bytes(b"mine")
    assert not files.remove(path, is_ours) and path.exists()
    path.write_bytes(OURS)
    assert files.remove(path, is_ours) and not path.exists()
    path.mkdir()
    assert not files.remove(path, is_ours) and path.is_dir()


def test_a_folder_with_something_in_it_stays(tmp_path):
    full, empty, link = tmp_path / "full", tmp_path / "empty", tmp_path / "link"
    (full / "in").mkdir(parents=True)
    empty.mkdir()
    link.symlink_to(full)
    files.remove_empty(full, empty, link, tmp_path / "none")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "link"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_neither_read_nor_written(tmp_path, make):
    path = tmp_path / "odd"
    make(path)
    before = path.lstat()
    for call in (lambda: files.read(path), lambda: files.write(path, b"x"), lambda: files.put(path, b"x", is_ours)):
        with pytest.raises(SegueError, match="move it away") as fault:
            call()
        assert fault.value.code == "bad_host_file"
    assert path.lstat() == before


def test_what_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SegueError, match="cannot be") as fault:
        files.write(tmp_path / "file" / "below", b"x")
    assert fault.value.code == "failed"
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(SegueError, match="cannot be read"):
        files.read(tmp_path / "a")


def test_where_there_is_no_room_all_stays_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2000)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
    try:
        for call in (lambda: files.write(path, b"y" * 2000), lambda: files.put(path, b"y", is_ours)):
            with pytest.raises(SegueError, match="make room") as fault:
                call()
            assert fault.value.code == "failed"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert path.read_bytes() == b"x" * 2000 and list(tmp_path.iterdir()) == [path]
