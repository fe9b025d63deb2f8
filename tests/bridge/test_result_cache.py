import logging
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from osc_host import analysis_of
from segue_bridge.errors import SegueError
from segue_bridge.result import Options, Region
from segue_bridge.result_cache import ResultCache, cache_root, through_cache


@pytest.fixture
def cache(own_cache):
    return ResultCache(own_cache)


def song(path: Path, content: bytes = b"song", age: float = 60.0) -> Path:
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return path


class Analyse:
    """Counts how often it is really asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return analysis_of(4, path="whatever the analysis says")


def test_a_second_ask_is_answered_from_the_disk(cache, own_cache, tmp_path):
    analyse, region = Analyse(), Region((song(tmp_path / "a.wav"),), 1.0, 2.0)
    first = cache.cached(region, Options(), {"cuts": "1"}, analyse)
    second = ResultCache(own_cache).cached(region, Options(), {"cuts": "1"}, analyse)
    assert analyse.calls == 1
    assert second == replace(first, audio=replace(first.audio, path=str(tmp_path / "a.wav")))


def test_the_content_counts_and_not_the_name(cache, tmp_path):
    analyse = Analyse()
    for name in ("a.wav", "b.wav"):
        found = cache.cached(Region((song(tmp_path / name),)), Options(), {}, analyse)
    assert analyse.calls == 1 and found.audio.path == str(tmp_path / "b.wav")


@pytest.mark.parametrize("change", ["content", "start", "length", "options", "models", "channels", "order"])
def test_whatever_changes_the_result_is_computed_again(cache, tmp_path, change):
    analyse = Analyse()
    a, b = song(tmp_path / "a.wav", b"left"), song(tmp_path / "b.wav", b"right")
    region, options, models = Region((a, b), 1.0, 2.0), Options(5, 0.5), {"cuts": "1"}
    cache.cached(region, options, models, analyse)
    if change == "content":
        song(a, b"LEFT", age=30)
    cache.cached(
        Region(
            {"channels": (a,), "order": (b, a)}.get(change, (a, b)),
            1.5 if change == "start" else 1.0,
            None if change == "length" else 2.0,
        ),
        Options(6, 0.5) if change == "options" else options,
        {"cuts": "2"} if change == "models" else models,
        analyse,
    )
    assert analyse.calls == 2
    cache.cached(Region((song(a, b"left"), b), 1.0, 2.0), options, models, analyse)
    assert analyse.calls == 2


def test_the_hash_is_that_of_coreutils_and_is_remembered(cache, tmp_path):
    path = song(tmp_path / "a.wav", os.urandom(1 << 20))
    expected = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]
    assert cache.sha256([path]) == expected
    stamp = path.stat()
    path.write_bytes(b"\0" * (1 << 20))  # same size and mtime: only a reader that looks inside would notice
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert cache.sha256([path]) == expected
    os.utime(path)
    assert cache.sha256([path]) == "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58"


def test_a_file_written_just_now_is_hashed_each_time(cache, tmp_path):
    path = song(tmp_path / "a.wav", b"one!", age=0)
    stamp = path.stat()
    first = cache.sha256([path])
    path.write_bytes(b"two!")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert cache.sha256([path]) != first


def test_a_file_that_changes_under_the_analysis_is_not_kept(cache, tmp_path):
    path = song(tmp_path / "a.wav", b"first take")
    cache.cached(Region((path,)), Options(), {}, lambda: song(path, b"second", age=30) and analysis_of(2))
    analyse = Analyse()
    cache.cached(Region((song(path, b"first take", age=20),)), Options(), {}, analyse)
    assert analyse.calls == 1


def test_what_was_not_asked_for_longest_goes_first(own_cache, tmp_path):
    cache, analyse = ResultCache(own_cache, limit=3), Analyse()
    region = Region((song(tmp_path / "a.wav"),))
    for start in (0.0, 1.0, 2.0):
        cache.cached(replace(region, start=start), Options(), {}, analyse)
    for age, path in enumerate(sorted((own_cache / "results").iterdir(), key=os.path.getmtime, reverse=True)):
        os.utime(path, (time.time() - 100 - age,) * 2)
    cache.cached(replace(region, start=0.0), Options(), {}, analyse)  # asked again: now the youngest
    cache.cached(replace(region, start=3.0), Options(), {}, analyse)  # pushes 1.0 out
    assert analyse.calls == 4 and len(list((own_cache / "results").iterdir())) == 3
    cache.cached(replace(region, start=0.0), Options(), {}, analyse)
    assert analyse.calls == 4
    cache.cached(replace(region, start=1.0), Options(), {}, analyse)
    assert analyse.calls == 5


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"audio": 3}', b"\xff\xff", b'{"audio": {}}'])
def test_a_broken_entry_is_computed_again(cache, own_cache, tmp_path, content):
    analyse, region = Analyse(), Region((song(tmp_path / "a.wav"),))
    cache.cached(region, Options(), {}, analyse)
    (entry,) = (own_cache / "results").iterdir()
    entry.write_bytes(content)
    cache.cached(region, Options(), {}, analyse)
    cache.cached(region, Options(), {}, analyse)
    assert analyse.calls == 2


def test_a_cache_that_cannot_be_written_warns_once_and_works_on(tmp_path, caplog):
    song(tmp_path / "not a folder")
    cache, analyse = ResultCache(tmp_path / "not a folder" / "cache"), Analyse()
    region = Region((song(tmp_path / "a.wav"),))
    for _ in range(3):
        assert len(cache.cached(region, Options(), {}, analyse).cuts) == 4
    assert analyse.calls == 3
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1 and "cannot be kept" in warnings[0]


def test_a_full_disk_warns_once_works_on_and_leaves_no_half_files(tmp_path):
    """The operating system refuses every byte written to a file, as on a full disk."""
    song(tmp_path / "a.wav")
    script = f"""
import resource, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from osc_host import analysis_of
from segue_bridge.result import Options, Region
from segue_bridge.result_cache import ResultCache
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
cache = ResultCache(Path({str(tmp_path / "cache")!r}))
for _ in range(2):
    print(len(cache.cached(Region((Path({str(tmp_path / "a.wav")!r}),)), Options(), {{}}, lambda: analysis_of(4)).cuts))
"""
    pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, timeout=240)
    assert done.stdout.split() == ["4", "4"], done.stderr
    assert done.stderr.count("cannot be kept") == 1
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_recordings_that_cannot_be_read(cache, tmp_path):
    for path, code in (
        (tmp_path / "none.wav", "not_found"),
        (tmp_path, "unreadable"),
        (Path("/dev/zero"), "unreadable"),
    ):
        with pytest.raises(SegueError) as fault:
            cache.cached(Region((path,)), Options(), {}, Analyse())
        assert fault.value.code == code and str(path) in str(fault.value)


def test_faults_are_not_kept(cache, tmp_path):
    region = Region((song(tmp_path / "a.wav"),))

    def fail():
        raise SegueError("silent", "the file is silent")

    with pytest.raises(SegueError):
        cache.cached(region, Options(), {}, fail)
    analyse = Analyse()
    cache.cached(region, Options(), {}, analyse)
    assert analyse.calls == 1


def test_through_cache_gives_the_analysis_its_arguments_once(cache, tmp_path):
    region, seen = Region((song(tmp_path / "a.wav"),)), []

    def analyse(region, options, progress, cancelled):
        seen.append((region, options, cancelled()))
        progress(0.5, "cuts")
        return analysis_of(2)

    told = []
    kept = through_cache(analyse, cache)
    for _ in range(2):
        kept(region, Options(top=3), lambda fraction, stage: told.append(fraction), lambda: False)
    assert seen == [(region, Options(top=3), False)] and told == [0.5]


def test_the_cache_root(monkeypatch, tmp_path):
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "x"))
    assert cache_root() == tmp_path / "x"
    monkeypatch.delenv("SEGUE_CACHE")
    assert cache_root().name == "segue"
