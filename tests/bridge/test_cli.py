"""The command line: what is on stdout, what on stderr, and with which exit code it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from segue_bridge.cli import main
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, AudioInfo, Beat, Cut, Options, Region, Section, Transition
from segue_models import registry

Calls = list[tuple[Region, Options]]


def fake_analyse(region: Region, options: Options, progress: Any, cancelled: Any, kept: Any = None) -> Analysis:
    """What the real one promises: progress, SegueError for a bad file, an Analysis of the region."""
    progress(0.0, "audio")
    progress(0.5, "beats")
    if "broken" in region.paths[0].name:
        raise SegueError("not_audio", f"{region.paths[0]} is not audio: give a WAV file")
    return Analysis(
        AudioInfo(str(region.paths[0]), 4.0, 8000, "0" * 64),
        {"cuts": "fake"},
        120.0,
        4,
        [Beat(0.5 * i, i // 4 + 1, i % 4 + 1) for i in range(8)],
        [Section(0.0, 4.0, "A")],
        [Cut(0, "entry", 0.0, 0.9, 1, 1.0, "A"), Cut(1, "exit", 2.0, 0.8, 2, 1.0, "A")],
        [Transition(1, 0, 0.7)],
        ["the song ends early"],
    )


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Puts a fake in place of the analysis; what it was asked is in the list."""
    asked: Calls = []

    def analyse(region: Region, options: Options, progress: Any, cancelled: Any, kept: Any) -> Analysis:
        asked.append((region, options))
        return fake_analyse(region, options, progress, cancelled)

    module = ModuleType("segue_bridge.analysis")
    module.analyse = analyse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "segue_bridge.analysis", module)
    return asked


def segue(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_song(tmp_path / "song.wav")


def write_song(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pitch = 9.0 + sum(str(path).encode()) % 97  # results are kept by content: each song is another
    soundfile.write(path, np.sin(np.arange(32000) / pitch), 8000)
    return path


def test_help_is_fast_because_it_loads_little() -> None:
    code = (
        "import sys, segue_bridge.cli as c\n"
        "for verb in c.registry.names('segue_bridge.cli'): c.main.get_command(None, verb)\n"
        "heavy = {'numpy', 'scipy', 'librosa', 'matplotlib', 'onnxruntime', 'torch', 'soundfile', 'rich', 'mido'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "try: c.main(['--help'])\n"
        "finally: print(len(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.startswith("[]\nUsage: ")
    assert int(loaded.splitlines()[-1]) < 300  # a bare Python with click has 100


def test_every_verb_explains_itself() -> None:
    overview = segue("--help").stdout
    for verb in registry.names("segue_bridge.cli"):
        assert verb in overview
        assert segue(verb, "--help").exit_code == 0
    assert "..." not in overview.split("Commands:")[1]  # no help is cut off
    assert segue().stdout == overview


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["cut", "song.wav"], "No such command"),
        (["mark"], "Missing argument"),
        (["mark", "x.wav", "--top", "0"], "--top"),
        (["mark", "x.wav", "--min-score", "7"], "--min-score"),
        (["mark", "x.wav", "--min-score", "nan"], "--min-score"),
        (["mark", "x.wav", "--format", "doc"], "json"),
        (["mark", "x.wav", "--start", "soon"], "1:23.5"),
        (["mark", "x.wav", "--start", "nan"], "1:23.5"),
        (["mark", "x.wav", "--start", "9", "--end", "9"], "later end"),
        (["mark", "x.wav", "-o", "x.docx"], "--format"),
        (["install", "notepad"], "notepad"),
        (["serve", "--port", "70000"], "--port"),
        (["export", "none.pt", "-o", "x.onnx"], "none.pt"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(calls: Calls, args: list[str], says: str) -> None:
    result = segue(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("segue: ")
    assert says in result.stderr
    assert not calls


def test_mark_prints_a_plain_table_and_notes_on_stderr(calls: Calls, song: Path) -> None:
    result = segue("mark", song)
    assert result.exit_code == 0
    assert "◀ #1" in result.stdout
    assert "\x1b" not in result.stdout
    assert "the song ends early" in result.stderr
    assert calls == [(Region((song,), 0.0, None), Options(None, None))]


def test_mark_passes_region_and_options_on(calls: Calls, song: Path) -> None:
    result = segue(
        "mark", song, "--start", "0:01.5", "--end", "3", "--top", "5", "--min-score", "0.7", "--format", "json"
    )
    assert calls == [(Region((song,), 1.5, 1.5), Options(5, 0.7))]
    assert json.loads(result.stdout)["cuts"][1]["kind"] == "exit"


def test_suffix_of_the_output_is_the_format_and_the_explicit_one_wins(calls: Calls, song: Path, tmp_path: Path) -> None:
    for name, start in (
        ("a.json", b"{"),
        ("a.csv", b"id,"),
        ("a.png", b"\x89PNG"),
        ("a.txt", b"song.wav"),
        ("a.labels.TXT", b"0.000000\t0.000000\t\xe2\x96\xb6 entry"),
        ("a.mid", b"MThd"),
        ("a.WAV", b"RIFF"),
        ("a.rpp", b"<REAPER_PROJECT"),
        ("a.otio", b"{"),
    ):
        result = segue("mark", song, "-o", tmp_path / name)
        assert (result.exit_code, result.stdout) == (0, "")
        assert (tmp_path / name).read_bytes().startswith(start)
    segue("mark", song, "--format", "csv", "-o", tmp_path / "odd.json")
    assert (tmp_path / "odd.json").read_bytes().startswith(b"id,")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["audacity", "csv", "json", "midi", "otio", "png", "rpp", "table", "wav"])
def test_every_format_pipes_the_bytes_of_its_file(calls: Calls, tmp_path: Path, name: str) -> None:
    song = write_song(tmp_path / "sång ♪ 'a' %1.wav")
    piped = segue("mark", song, "--format", name, "--start", "1", "--end", "3")
    (tmp_path / "out").mkdir()
    segue("mark", song, "--format", name, "--start", "1", "--end", "3", "-o", tmp_path / "out")
    (made,) = (tmp_path / "out").iterdir()
    assert piped.exit_code == 0
    assert made.name.startswith(song.name + ".")
    assert piped.stdout_bytes == made.read_bytes() != b""


def test_a_wav_that_is_there_is_not_overwritten(calls: Calls, song: Path, tmp_path: Path) -> None:
    other = write_song(tmp_path / "other.wav")
    before = other.read_bytes()
    for args in (["-o", other], ["--format", "json", "-o", other]):
        result = segue("mark", song, *args)
        assert result.exit_code == 2
        assert "may be a recording" in result.stderr
    assert other.read_bytes() == before
    assert not calls


def test_wavs_do_not_lie_among_the_recordings(calls: Calls, tmp_path: Path) -> None:
    library = tmp_path / "library"
    songs = [write_song(library / "a.wav"), write_song(library / "live" / "b.wav")]
    (tmp_path / "link").symlink_to(library)
    for audio, folder in (
        ([library], library),
        ([library], library / "marked"),
        ([library], tmp_path / "link"),
        ([tmp_path / "link"], library / "live"),
        (songs, library),
    ):
        result = segue("mark", *audio, "--format", "wav", "-o", folder)
        assert result.exit_code == 2
        assert "another folder" in result.stderr
    assert not calls
    for _ in range(2):
        assert segue("mark", library, "--format", "wav", "-o", tmp_path / "marked").exit_code == 0
    assert segue("mark", *songs, "--format", "wav", "-o", library / "marked").exit_code == 0
    assert len(calls) == 2
    assert sorted(p.name for p in tmp_path.rglob("*.wav.wav")) == ["a.wav.wav", "a.wav.wav", "b.wav.wav", "b.wav.wav"]
    assert segue("mark", library, "--format", "json", "-o", library).exit_code == 0


def test_a_copy_that_fails_leaves_nothing_behind(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from segue_bridge.formats import wav

    monkeypatch.setattr(wav, "_marks", lambda *a: 1 / 0)
    result = segue("mark", write_song(tmp_path / "a.wav"), "-o", tmp_path / "b.wav")
    assert isinstance(result.exception, ZeroDivisionError) or result.exit_code
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_the_recording_is_never_overwritten(calls: Calls, song: Path, tmp_path: Path) -> None:
    before = song.read_bytes()
    (tmp_path / "link.wav").symlink_to(song)
    for output in (song, tmp_path / "link.wav", tmp_path / "." / "song.wav"):
        result = segue("mark", song, "--format", "json", "-o", output)
        assert result.exit_code == 2
        assert "another name" in result.stderr
    assert song.read_bytes() == before
    assert not calls


def test_a_bad_recording_is_the_users_to_mend(calls: Calls, tmp_path: Path) -> None:
    result = segue("mark", write_song(tmp_path / "broken.wav"))
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].endswith("is not audio: give a WAV file")


def test_an_output_folder_that_is_missing_is_told(calls: Calls, song: Path, tmp_path: Path) -> None:
    result = segue("mark", song, "-o", tmp_path / "no" / "a.json")
    assert result.exit_code == 2
    assert "no" in result.stderr.splitlines()[-1]
    assert not calls  # told before the work, not after it


def test_a_folder_is_marked_song_by_song_and_resumed(calls: Calls, tmp_path: Path) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    songs = [write_song(library / name) for name in ("a.wav", "b.flac", "live/a.wav", "broken.wav")]
    write_song(library / ".hidden.wav")
    (library / "notes.txt").write_text("no music")
    result = segue("mark", library, "--format", "json", "-o", out)
    made = ["a.wav.json", "b.flac.json", "live/a.wav.json"]
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()) == made
    assert result.exit_code == 1
    assert "3 marked, 0 were done before, 1 failed" in result.stderr

    soundfile.write(songs[0], np.zeros(9000), 8000)  # changed after its result
    os.utime(songs[0], (time.time() + 60, time.time() + 60))
    songs[3].unlink()
    calls.clear()
    result = segue("mark", library, "--format", "json", "-o", out)
    assert [region.paths[0] for region, _ in calls] == [songs[0]]
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 marked, 2 were done before, 0 failed" in result.stderr


def test_many_results_need_a_folder_of_their_own(calls: Calls, song: Path, tmp_path: Path) -> None:
    other = write_song(tmp_path / "other" / "song.wav")
    (tmp_path / "empty").mkdir()
    for args, says in (
        ([song, other], "-o FOLDER"),
        ([song, other, "-o", song], "is a file"),
        ([song, other, "-o", tmp_path / "out"], "one by one"),
        ([tmp_path / "empty", "-o", tmp_path / "out"], "no recordings"),
    ):
        result = segue("mark", *args)
        assert result.exit_code == 2
        assert says in result.stderr
    assert not calls


@pytest.mark.parametrize(
    ("verb", "module"), [("train", "segue_models.training.train"), ("export", "segue_exporter.export")]
)
def test_a_missing_torch_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str, module: str) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("torch", "segue_exporter")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, module, raising=False)
    parent, _, name = module.rpartition(".")
    if parent in sys.modules:  # an earlier test has imported it
        monkeypatch.delattr(sys.modules[parent], name, raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "file").write_text("")
    result = segue(verb, tmp_path / "file", *(["-o", tmp_path / "x.onnx"] if verb == "export" else []))
    assert result.exit_code == 1
    assert result.stderr == f'segue: segue {verb} needs torch: pip install "segue[{verb}]"\n'


def _run(code: str, *args: object, **extra: Any) -> "subprocess.Popen[bytes]":
    program = f"import sys, time, types\nm = types.ModuleType('segue_bridge.analysis')\n{code}\n"
    program += "m.analyse = analyse\nsys.modules['segue_bridge.analysis'] = m\n"
    program += "from segue_bridge.cli import main\nmain(sys.argv[1:])"
    return subprocess.Popen([sys.executable, "-c", program, *map(str, args)], **{"stderr": subprocess.PIPE, **extra})


def test_ctrl_c_stops_cleanly(song: Path, tmp_path: Path) -> None:
    # In short sleeps: Python misses a signal that comes in the instant before a sleep begins.
    sleeping = "    for _ in range(600):\n        time.sleep(0.1)"
    code = f"def analyse(*a):\n    print('working', file=sys.stderr, flush=True)\n{sleeping}"
    # What runs in the background of a shell is born deaf to Ctrl-C, and so would be what it starts.
    hearing = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = _run(code, "mark", song, "-o", tmp_path / "a.json", preexec_fn=hearing)
    assert process.stderr and process.stderr.readline() == b"working\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert b"segue: stopped" in errors
    assert sorted(p.name for p in tmp_path.iterdir()) == ["song.wav"]


def test_a_reader_that_stops_early_is_no_fault(song: Path) -> None:
    code = f"sys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom test_cli import fake_analyse as analyse"
    reading, writing = os.pipe()
    os.close(reading)  # as `| head` does when it has seen enough
    process = _run(code, "mark", song, "--format", "json", stdout=writing)
    os.close(writing)
    _, errors = process.communicate(timeout=240)
    assert b"Traceback" not in errors
    assert errors in (b"", f"segue: {song}: the song ends early\n".encode())


def test_version_is_the_distributions() -> None:
    from importlib.metadata import version

    out = subprocess.run(
        [sys.executable, "-m", "segue_bridge", "--version"], capture_output=True, text=True, check=True
    )
    assert out.stdout == f"segue {version('segue')}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("name", ["png", "midi", "wav"])
def test_a_terminal_is_spared_binary_formats(song: Path, name: str) -> None:
    import pty

    master, terminal = pty.openpty()
    process = _run("def analyse(*a):\n    raise SystemExit(9)", "mark", song, "--format", name, stdout=terminal)
    _, errors = process.communicate(timeout=240)
    os.close(terminal)
    os.close(master)
    assert process.returncode == 2
    assert b"add -o FILE." in errors


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_progress_is_a_bar_in_a_terminal(calls: Calls, song: Path) -> None:
    import pty

    code = f"sys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom test_cli import fake_analyse as analyse"
    master, terminal = pty.openpty()
    process = _run(code, "mark", song, stdout=subprocess.PIPE, stderr=terminal)
    out, _ = process.communicate(timeout=240)
    os.close(terminal)
    shown = os.read(master, 65536).decode()
    assert "beats" in shown
    assert "━" in shown
    assert out.decode().startswith("song.wav")
