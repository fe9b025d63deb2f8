# ruff: noqa: F811  # fixtures of another file
"""`segue mark`: where its results go, what a folder run makes again, and what it says of all the rest."""

import os
import stat
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from segue_bridge.formats import json, wav
from segue_bridge.result import Options, Region
from segue_models import product as real
from segue_models.beats.user_grid import TempoMap, UserGrid
from test_cli import Calls, calls, segue, song, write_song  # noqa: F401


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.mark.parametrize("options", [["--top", "3"], ["--min-score", "0.4"], ["--start", "1"], ["--bpm", "120"]])
def test_a_folder_run_notices_other_options(calls: Calls, tmp_path: Path, options: list[str]) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    write_song(library / "a.wav")
    for given, says in (
        (options, "1 marked, 0 were done"),
        (options, "0 marked, 1 were done"),
        ([], "1 marked, 0 were"),
    ):
        result = segue("mark", library, "--format", "json", "-o", out, *given)
        assert result.exit_code == 0 and says in result.stderr
    assert len(calls) == 2


def test_a_folder_run_notices_another_model(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    library, out = tmp_path / "library", tmp_path / "out"
    write_song(library / "a.wav")
    assert "1 marked" in segue("mark", library, "-o", out).stderr
    (tmp_path / "data" / "segue" / "models").mkdir(parents=True)
    (tmp_path / "data" / "segue" / "models" / "cuts.onnx").write_bytes(b"another")
    assert "1 marked" in segue("mark", library, "-o", out).stderr
    assert "0 marked, 1 were done" in segue("mark", library, "-o", out).stderr


def test_a_stopped_run_goes_on_where_it_was(
    calls: Calls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    for name in "abc":
        write_song(library / f"{name}.wav")
    from segue_models import files

    written, write = [], files.write

    def stopping(path: Path, content: object, *mode: int) -> None:
        if path.parent == out and len(written) == 2:
            raise KeyboardInterrupt
        write(path, content, *mode)  # type: ignore[arg-type]
        if path.parent == out:
            written.append(path)

    monkeypatch.setattr(files, "write", stopping)
    result = segue("mark", library, "--format", "json", "-o", out)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (130, "segue: stopped")
    monkeypatch.setattr(files, "write", write)
    assert "1 marked, 2 were done before" in segue("mark", library, "--format", "json", "-o", out).stderr


def test_a_result_that_the_user_edited_is_not_overwritten(calls: Calls, tmp_path: Path) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    write_song(library / "a.wav")
    segue("mark", library, "--format", "audacity", "-o", out)
    edited = out / "a.wav.labels.txt"
    edited.write_text("mine")
    assert "0 marked, 1 were done" in segue("mark", library, "--format", "audacity", "-o", out).stderr
    result = segue("mark", library, "--format", "audacity", "-o", out, "--top", "2")
    assert result.exit_code == 1 and "changed by hand" in result.stderr
    assert edited.read_text() == "mine"
    edited.unlink()
    assert "1 marked" in segue("mark", library, "--format", "audacity", "-o", out, "--top", "2").stderr


def test_a_folder_run_goes_on_after_anything_and_says_at_the_end_what_is_missing(
    calls: Calls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    for name in ("a.wav", "broken.wav", "c.wav", "d.wav", "e.wav", "live/f.wav"):
        write_song(library / name)
    (library / "c.wav").unlink()
    (library / "c.wav").symlink_to("nowhere")
    (out / "d.wav.json").mkdir(parents=True)
    (out / "live").write_text("a file where a folder must be")
    render = json.render
    monkeypatch.setattr(json, "render", lambda found: 1 / 0 if "e.wav" in found.audio.path else render(found))
    result = segue("mark", library, "--format", "json", "-o", out)
    assert result.exit_code == 1
    assert (out / "a.wav.json").exists()
    last = [line for line in result.stderr.splitlines() if line.startswith("segue: left out: ")]
    for line, (name, why) in zip(
        last,
        [
            ("broken.wav", "is not audio"), ("c.wav", "No such file"), ("d.wav", "is a folder"),
            ("e.wav", "unexpected ZeroDivisionError"), ("live/f.wav", "exists"),
        ],
        strict=True,
    ):  # fmt: skip
        assert line.count(f"left out: {library / name}") == 1 and why in line
    assert "1 marked, 0 were done before, 5 failed" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_is_passed_over_is_said(calls: Calls, tmp_path: Path) -> None:
    library, out = tmp_path / "library", tmp_path / "library" / "results"
    write_song(library / "a.wav")
    for name in ("b.xyz", "c.xyz", "cover.jpg", "README", ".hidden.xyz"):
        (library / name).write_bytes(b"")
    os.mkfifo(library / "pipe.wav")
    (library / "others").symlink_to(tmp_path)
    for _ in range(2):
        result = segue("mark", library, "--format", "json", "-o", out)
        assert result.exit_code == 0
        said = next(line for line in result.stderr.splitlines() if "passed over" in line)
        for part in ("2 .xyz", "1 .jpg", "1 without an ending", "1 .wav that are no files", "1 links to folders"):
            assert part in said
        assert "json" not in said  # our own results


def test_a_folder_without_recordings_says_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_bytes(b"")
    result = segue("mark", tmp_path, "-o", tmp_path / "out")
    assert result.exit_code == 2 and "no recordings" in result.stderr and "1 .xyz" in result.stderr


@pytest.mark.parametrize("options", [[], ["--format", "csv"], ["--format", "json"]])
def test_one_file_for_several_songs_is_refused_with_what_to_write(
    calls: Calls,
    tmp_path: Path,
    options: list[str],
) -> None:
    songs = [write_song(tmp_path / "a.wav"), write_song(tmp_path / "b.wav")]
    result = segue("mark", *songs, "-o", tmp_path / "two.csv", *options)
    assert result.exit_code == 2 and not calls
    kind = options[1] if options else "csv"
    assert f"give -o a folder, as two, and --format {kind}" in result.stderr
    assert not (tmp_path / "two.csv").exists()
    (tmp_path / "two.csv").mkdir()
    assert segue("mark", *songs, "-o", tmp_path / "two.csv", "--format", "csv").exit_code == 0
    assert names(tmp_path / "two.csv") == ["a.wav.csv", "b.wav.csv"]


def test_a_warning_names_its_file(calls: Calls, tmp_path: Path, song: Path) -> None:
    assert f"segue: {song}: the song ends early" in segue("mark", song).stderr
    assert f"segue: {song}: the song ends early" in segue("mark", song.parent, "-o", tmp_path / "out").stderr


def test_the_longest_name_of_a_recording_gets_a_result(calls: Calls, tmp_path: Path) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    for last in "ab":
        write_song(library / ("ö" * 100 + "x" * 50 + last + ".wav"))
    for _ in range(2):
        result = segue("mark", library, "--format", "audacity", "-o", out)
        assert result.exit_code == 0
    made = names(out)
    assert len(made) == 2 and all(name.endswith(".labels.txt") and len(os.fsencode(name)) <= 255 for name in made)
    assert "0 marked, 2 were done" in result.stderr
    one = tmp_path / ("x" * 248 + ".json")  # 253 characters
    assert segue("mark", library / (("ö" * 100 + "x" * 50) + "a.wav"), "-o", one).exit_code == 0
    assert one.exists()


def test_a_result_goes_through_a_link_and_keeps_the_mode(calls: Calls, song: Path, tmp_path: Path) -> None:
    target = tmp_path / "real.json"
    target.write_text("old")
    target.chmod(0o600)
    (tmp_path / "link.json").symlink_to("real.json")
    assert segue("mark", song, "-o", tmp_path / "link.json").exit_code == 0
    assert (tmp_path / "link.json").is_symlink() and target.read_text().startswith("{")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_what_is_no_file_is_told_before_the_work(calls: Calls, song: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "link.json").symlink_to("fifo.json")
    (tmp_path / "song.txt").symlink_to(write_song(tmp_path / "other.wav"))
    for output, says in (
        (tmp_path / "fifo.json", "FIFO"),
        (tmp_path / "link.json", "FIFO"),
        ("/dev/null", "device"),
        (tmp_path / "no" / "a.json", "has no folder"),
        (tmp_path / "song.txt", "may be a recording"),
    ):
        result = segue("mark", song, "-o", output)
        assert result.exit_code == 2 and says in result.stderr and len(result.stderr.splitlines()) == 1
    assert not calls
    assert stat.S_ISFIFO((tmp_path / "fifo.json").stat().st_mode)


def test_the_help_says_every_default() -> None:
    said = " ".join(segue("mark", "--help").stdout.split())
    assert f"[default: ({real.TOP}); x>=1]" in said
    assert f"[default: ({real.MIN_SCORE:g}); 0<=x<=1]" in said
    for verb, option in (("train", "runs"), ("serve", "9721"), ("preview", "4"), ("grid", "runs/NAME")):
        assert option in segue(verb, "--help").stdout.partition("default: ")[2]


def test_the_cue_point_with_the_largest_id_stays(calls: Calls, tmp_path: Path) -> None:
    source = write_song(tmp_path / "a.wav")
    point = wav._chunk(b"cue ", (1).to_bytes(4, "little") + b"\xff" * 4 + bytes(4) + b"data" + bytes(12))
    content = source.read_bytes() + point
    source.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:])
    result = segue("mark", source, "--format", "wav", "-o", tmp_path / "b.wav")
    assert result.exit_code == 0, result.stderr
    copy = (tmp_path / "b.wav").read_bytes()
    assert copy.count(b"\xff\xff\xff\xff\0\0\0\0data") == 1
    np.testing.assert_array_equal(soundfile.read(tmp_path / "b.wav")[0], soundfile.read(source)[0])


def test_what_the_user_says_of_the_grid_is_passed_on(calls: Calls, song: Path, tmp_path: Path) -> None:
    file = mido.MidiFile()
    file.add_track().append(mido.MetaMessage("set_tempo", tempo=500_000))
    file.save(tmp_path / "map.mid")
    for given, grid in (
        (["--bpm", "124.5", "--meter", "6/8", "--downbeat", "0:01.5"], UserGrid(124.5, (6, 8), 1.5)),
        (["--tempo", "half", "--shift", "-0.5"], UserGrid(tempo="half", shift=-0.5)),
        (["--shift", "0"], UserGrid()),
        (["--tempo-map", tmp_path / "map.mid"], UserGrid(tempo_map=TempoMap(((0.0, 0.0), (0.5, 1.0))))),
    ):
        assert segue("mark", song, *given).exit_code == 0
        assert calls.pop() == (Region((song,)), Options(grid=grid))


@pytest.mark.parametrize(
    "given",
    [
        ["--bpm", "0"], ["--bpm", "nan"], ["--bpm", "fast"], ["--bpm", "-120"], ["--meter", "13/0"], ["--meter", "4"],
        ["--meter", "waltz"], ["--downbeat", "-1"], ["--downbeat", "nan"], ["--tempo", "triple"], ["--shift", "nan"],
        ["--tempo-map", "none.mid"], ["--bpm", "120", "--tempo", "half"],
    ],
)  # fmt: skip
def test_a_grid_that_cannot_be_is_one_sentence(calls: Calls, song: Path, given: list[str]) -> None:
    result = segue("mark", song, *given)
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1 and not calls
