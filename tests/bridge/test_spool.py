import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from segue_bridge import osc, spool

PACKET = osc.pack("/segue/status", "", [])


def until(condition, timeout=60.0):
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return value


@pytest.fixture
def watch():
    watches = []

    def begin(root=None):
        got = []
        watches.append(spool.Watch(lambda content, folder: got.append((content, folder)), root))
        watches[-1].start()
        return watches[-1], got

    yield begin
    for each in watches:
        each.stop()


def test_a_file_byte_for_byte(tmp_path):
    spool.write(tmp_path, [PACKET, PACKET])
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".osc"
    assert path.read_bytes() == b"\0\0\0\x14/segue/status\0\0\0,\0\0\0" * 2


def test_files_are_taken_oldest_first_and_once(tmp_path):
    for i in range(30):
        spool.write(tmp_path, [b"%d" % i])
    (tmp_path / "half.tmp").write_bytes(b"half")
    assert [osc.unframe(content) for content in spool.take(tmp_path)] == [[b"%d" % i] for i in range(30)]
    assert [path.name for path in tmp_path.iterdir()] == ["half.tmp"]
    assert spool.take(tmp_path) == []


def test_two_readers_never_take_the_same_file(tmp_path):
    for i in range(300):
        spool.write(tmp_path, [b"%d" % i])
    got, ready = [], threading.Barrier(2)

    def read():
        ready.wait()
        got.extend(spool.take(tmp_path))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 300


def test_a_huge_file_is_not_read(tmp_path):
    with (tmp_path / "huge.osc").open("wb") as file:
        file.truncate(1 << 40)
    assert spool.take(tmp_path) == [b""]
    assert list(tmp_path.iterdir()) == []


def test_writing_where_nothing_can_be_written(tmp_path):
    with pytest.raises(OSError):
        spool.write(tmp_path / "gone", [PACKET])


def test_the_daemon_says_that_it_lives_every_second(tmp_path, watch):
    started, _ = watch()
    started.add(tmp_path)
    pid, protocol, now = map(int, (tmp_path / "daemon.alive").read_text().split())
    assert (pid, protocol) == (os.getpid(), 1) and abs(now - time.time()) <= 60
    until(lambda: int((tmp_path / "daemon.alive").read_text().split()[2]) > now)
    started.stop()
    assert not (tmp_path / "daemon.alive").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["to_daemon", "to_host"]


def test_what_a_host_writes_arrives(tmp_path, watch):
    started, got = watch()
    started.add(tmp_path)
    for number in range(1, 5):
        spool.write(tmp_path / "to_daemon", [PACKET])
        until(lambda count=number: len(got) == count)
    assert got == [(osc.frame([PACKET]), tmp_path)] * 4
    assert spool.INTERVAL <= 0.05


def test_folders_below_the_root_are_found_now_and_later(tmp_path, watch):
    root = tmp_path / "made" / "later"
    _, got = watch(root)
    (root / "ardour").mkdir(parents=True)
    until(lambda: (root / "ardour" / "daemon.alive").exists())
    spool.write(root / "ardour" / "to_daemon", [PACKET])
    assert until(lambda: got)[0][1] == root / "ardour"


def test_a_folder_that_vanishes_is_forgotten_and_comes_back(tmp_path, watch):
    started, got = watch()
    other, folder = tmp_path / "other", tmp_path / "folder"
    for each in (other, folder):
        each.mkdir()
        started.add(each)
    shutil.rmtree(folder)
    until(lambda: folder not in started._folders)
    with pytest.raises(OSError):
        started.add(folder)
    folder.mkdir()
    started.add(folder)
    for each in (other, folder):
        spool.write(each / "to_daemon", [PACKET])
    until(lambda: {where for _, where in got} == {other, folder})


def test_answers_without_a_reader_are_dropped_after_an_hour(tmp_path, watch):
    (tmp_path / "to_host").mkdir()
    for name, age in (("old.osc", 7200), ("new.osc", 60)):
        (tmp_path / "to_host" / name).write_bytes(b"")
        os.utime(tmp_path / "to_host" / name, (time.time() - age,) * 2)
    started, _ = watch()
    started.add(tmp_path)
    until(lambda: not (tmp_path / "to_host" / "old.osc").exists())
    assert (tmp_path / "to_host" / "new.osc").exists()


def test_idle_watching_costs_next_to_nothing(tmp_path, watch):
    started, _ = watch()
    for i in range(3):
        (tmp_path / str(i)).mkdir()
        started.add(tmp_path / str(i))
    before = time.process_time()
    time.sleep(1.0)
    assert time.process_time() - before < 0.05


def test_default_folders():
    assert spool.default_spool("ardour").parent == spool.spool_root()
    assert isinstance(spool.spool_root(), Path) and spool.spool_root().is_absolute()


def test_an_empty_file_is_left_for_a_second_to_a_host_that_cannot_rename(tmp_path):
    path = tmp_path / "1.osc"
    path.touch()
    assert spool.take(tmp_path) == []
    path.write_bytes(osc.frame([b"/a\0\0,\0\0\0"]))
    assert spool.take(tmp_path) == [osc.frame([b"/a\0\0,\0\0\0"])]
    path.touch()
    os.utime(path, (time.time() - 5,) * 2)
    assert spool.take(tmp_path) == [b""]
