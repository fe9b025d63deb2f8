import hashlib
import json
import logging
import math
import os
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from osc_host import analysis_of
from segue_bridge import cached_analysis, demo, model_store, model_versions, result_cache
from segue_bridge.errors import SegueError
from segue_bridge.result import Options, Region
from segue_bridge.result_cache import ResultCache, cache_root, through_cache
from segue_models.beats.user_grid import UserGrid


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
from segue_bridge import demo
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


def entry_of(cache, own_cache, region):
    """The only kept result, made by an analysis of 4 cuts."""
    cache.cached(region, Options(), {}, Analyse())
    (entry,) = (own_cache / "results").iterdir()
    return entry


def test_a_result_that_the_disk_has_changed_is_computed_again(cache, own_cache, tmp_path):
    region, analyse = Region((song(tmp_path / "a.wav"),)), Analyse()
    entry = entry_of(cache, own_cache, region)
    whole = entry.read_bytes()
    assert b'"score": 0.75' in whole
    entry.write_bytes(whole.replace(b'"score": 0.75', b'"score": 0.85', 1))
    found = cache.cached(region, Options(), {}, analyse)
    assert analyse.calls == 1 and {cut.score for cut in found.cuts} == {0.75}
    assert entry.read_bytes() == whole


@pytest.mark.parametrize(
    "change",
    [{"tempo": "120"}, {"beats_per_bar": math.inf}, {"cuts": 3}, {"beats": [{}]}, {"audio": {}}, {"warnings": None}],
)
def test_json_of_wrong_types_is_computed_again_and_does_not_fail_for_ever(cache, own_cache, tmp_path, change):
    region, analyse = Region((song(tmp_path / "a.wav"),)), Analyse()
    entry = entry_of(cache, own_cache, region)
    _, _, text = entry.read_text().partition("\n")
    entry.write_text(json.dumps({**json.loads(text), **change}))
    for _ in range(2):
        assert cache.cached(region, Options(), {}, analyse).tempo == 120.0
    assert analyse.calls == 1


def sparse(path: Path, size: int, head: bytes = b"") -> Path:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    return path


def test_cancel_is_heard_while_a_file_is_hashed(cache, tmp_path):
    """A terabyte would take ten minutes."""
    path = sparse(tmp_path / "huge.wav", 1 << 40)
    monkeys = iter([False, False, True])
    with pytest.raises(SegueError) as fault:
        result_cache._hashed(path, 1 << 40, lambda: next(monkeys))
    assert fault.value.code == "cancelled" and next(monkeys, "asked no more") == "asked no more"


@pytest.mark.parametrize("head", ["", "wav of ten hours"])
def test_a_huge_file_is_refused_by_its_header_and_never_hashed(tmp_path, own_cache, monkeypatch, head):
    rate, seconds = 8000, 36_000
    wav = b"RIFF" + struct.pack("<I", 36 + rate * seconds) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, rate, rate, 1, 8
    ) + b"data" + struct.pack("<I", rate * seconds)  # fmt: skip
    path = sparse(tmp_path / "huge.wav", 44 + rate * seconds, wav if head else b"")
    monkeypatch.setattr(result_cache, "_hashed", None)
    for length in (None, 6000.0):
        with pytest.raises(SegueError) as fault:
            through_cache(None, ResultCache(own_cache))(Region((path,), 0.0, length), Options(), print, lambda: False)
        assert fault.value.code == ("too_long" if head else "not_audio")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has such files")
def test_a_special_file_without_an_end_is_read_to_its_size(cache):
    assert cache.sha256([Path("/proc/self/pagemap")]) == hashlib.sha256(b"").hexdigest()


def test_a_file_that_is_replaced_under_the_analysis_is_told(cache, tmp_path):
    path = song(tmp_path / "a.wav", b"first take")
    found = cache.cached(Region((path,)), Options(), {}, lambda: song(path, b"second", age=30) and analysis_of(2))
    assert [str(path) in warning and "was changed" in warning for warning in found.warnings] == [True]

    def stumbles():
        song(path, b"third", age=20)
        raise IndexError("index 5 is out of bounds")

    with pytest.raises(SegueError, match="was changed while") as fault:
        cache.cached(Region((path,)), Options(), {}, stumbles)
    assert fault.value.code == "changed_file"

    def gone():
        path.unlink()
        raise IndexError

    with pytest.raises(SegueError) as fault:
        cache.cached(Region((path,)), Options(), {}, gone)
    assert fault.value.code == "not_found"


def test_a_fault_of_ours_stays_ours(cache, tmp_path):
    with pytest.raises(ZeroDivisionError):
        cache.cached(Region((song(tmp_path / "a.wav"),)), Options(), {}, lambda: 1 // 0)


@pytest.mark.parametrize("kind", ["folder", "dangling", "fifo", "text"])
def test_an_odd_file_among_the_models_does_not_fail_a_job(own_cache, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = model_store.folder()
    folder.mkdir(parents=True)
    odd(folder / "x.onnx", kind)
    analyse = through_cache(lambda *job: analysis_of(2), ResultCache(own_cache))
    region = Region((song(tmp_path / "a.wav"),))
    assert len(analyse(region, Options(), print, lambda: False).cuts) == 2
    odd(folder / "cuts.onnx", kind)
    if kind != "text":  # what is a file is read later, by the analysis
        with pytest.raises(SegueError, match="take it away and the model that ships serves") as fault:
            analyse(region, Options(), print, lambda: False)
        assert fault.value.code == "no_model" and str(folder / "cuts.onnx") in str(fault.value)


def test_a_model_that_is_replaced_under_the_analysis_is_told_and_nothing_is_kept(own_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    calls = []

    def analyse(*job):
        calls.append(job)
        if len(calls) == 1:
            model_versions.install(b"another")
        return analysis_of(2)

    kept = through_cache(analyse, ResultCache(own_cache))
    region = Region((song(tmp_path / "a.wav"),))
    with pytest.raises(SegueError, match="a model was changed while") as fault:
        kept(region, Options(), print, lambda: False)
    assert fault.value.code == "changed_file"
    assert len(kept(region, Options(), print, lambda: False).cuts) == 2 and len(calls) == 2


def odd(path: Path, kind: str) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.write_text("no model")


def test_what_was_heard_serves_all_options(own_cache):
    """A second --top listens to nothing, and finds what an analysis of its own finds."""
    stages = []

    def asked(options):
        stages.clear()
        return cached_analysis.analyse(
            Region((demo.SONG,), 5.0, 30.0), options, lambda fraction, stage: stages.append(stage)
        )

    asked(Options())
    assert "beats" in stages
    few, none = asked(Options(top=3)), asked(Options(min_score=1.0))
    assert stages == [] and len(few.cuts) <= 6 and none.cuts == []
    few_again = asked(Options(top=3))
    for folder in ("results", "scored", "heard"):
        shutil.rmtree(own_cache / folder)
    assert asked(Options(top=3)) == few == few_again and "beats" in stages


@pytest.mark.long
def test_what_was_heard_and_cannot_be_read_is_heard_again(own_cache, caplog):
    region = Region((demo.SONG,), 5.0, 30.0)
    first = cached_analysis.analyse(region, Options(top=2), lambda fraction, stage: None)
    (heard,), (scored,) = ((own_cache / kind).iterdir() for kind in ("heard", "scored"))
    for entry, content in product([scored, heard], [b"", b"{}", b"[]", None]):
        entry.write_bytes(entry.read_bytes()[:-9] if content is None else content)
        for folder in {"results", "scored"} - {entry.parent.name}:
            shutil.rmtree(own_cache / folder, ignore_errors=True)
        assert cached_analysis.analyse(region, Options(top=2), lambda fraction, stage: None) == first
        assert "is computed again" in caplog.text


def test_another_grid_listens_to_nothing_and_finds_what_an_analysis_of_its_own_finds(own_cache):
    region, stages = Region((demo.SONG,), 5.0, 30.0), []

    def asked(grid):
        stages.clear()
        return cached_analysis.analyse(region, Options(grid=grid), lambda fraction, stage: stages.append(stage))

    grids = [UserGrid(bpm=122.0, meter=(3, 4)), UserGrid(shift=0.5), UserGrid(tempo="double"), UserGrid(downbeat=7.0)]
    asked(None)
    corrected = [asked(grid) for grid in grids]
    assert not {"audio", "features", "beats"} & {*stages}
    assert len({tuple(beat.time for beat in found.beats) for found in corrected}) == len(grids)
    for grid, found in zip(grids[:2], corrected, strict=False):
        shutil.rmtree(own_cache)
        assert asked(grid) == found and "audio" in stages


def test_what_takes_much_room_goes_by_its_size(own_cache, tmp_path, monkeypatch):
    cache, analyse = ResultCache(own_cache), Analyse()
    region = Region((song(tmp_path / "a.wav"),))
    cache.cached(region, Options(), {}, analyse)
    (entry,) = (own_cache / "results").iterdir()
    monkeypatch.setattr(result_cache, "LIMIT_BYTES", 2 * entry.stat().st_size)
    for start in (1.0, 2.0, 3.0):
        cache.cached(replace(region, start=start), Options(), {}, analyse)
    assert len([*(own_cache / "results").iterdir()]) == 2
    monkeypatch.setattr(result_cache, "LIMIT_BYTES", 1)
    cache.cached(replace(region, start=4.0), Options(), {}, analyse)
    cache.cached(replace(region, start=4.0), Options(), {}, analyse)
    assert len([*(own_cache / "results").iterdir()]) == 1 and analyse.calls == 5  # the newest one stays
