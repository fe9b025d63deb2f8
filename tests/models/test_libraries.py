"""Libraries that like to write in the user's home: loaded our way they do not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segue_models import libraries


def run(home: Path, code: str, **more: str) -> tuple[list[str], str]:
    """Files and folders below a home that was empty, and what the program said; Segue's cache is in the home."""
    home.mkdir(exist_ok=True)
    paths = os.pathsep.join(filter(None, sys.path))
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment | more, cwd=home, capture_output=True, text=True, check=True
    )
    return sorted(str(path.relative_to(home)) for path in home.rglob("*")), done.stdout


def outside(found: list[str]) -> list[str]:
    """What is neither in Segue's cache nor on the way to it."""
    return [path for path in found if not f"{path}/".startswith(".cache/segue/") and path != ".cache"]


SESSION = """
ort.InferenceSession(str(__import__("importlib.resources").resources.files("segue_bridge") / "shipped" / "beats.onnx"))
"""


def test_onnxruntime_keeps_no_device_id_and_no_events(tmp_path: Path) -> None:
    """The second run shows that the first can fail: left alone, this build does report."""
    ours, _ = run(tmp_path / "ours", f"from segue_models import libraries\nort = libraries.onnxruntime()\n{SESSION}")
    assert ours == []
    alone, version = run(tmp_path / "alone", f"import onnxruntime as ort\n{SESSION}\nprint(ort.__version__)")
    if tuple(int(part) for part in version.split(".")[:2]) >= (1, 29) and sys.platform == "linux":
        assert any("onnxruntime" in path for path in alone)


def test_it_is_off_whoever_imports_it_after_us(tmp_path: Path) -> None:
    said = f"import segue_models\nimport onnxruntime as ort\n{SESSION}"
    assert run(tmp_path / "home", said)[0] == []
    assert run(tmp_path / "home", said, ORT_DISABLE_TELEMETRY="0")[0] == []  # whatever the user's shell says


def test_matplotlib_and_fontconfig_keep_their_caches_in_ours(tmp_path: Path) -> None:
    settings = tmp_path / "fonts.conf"  # as on a machine where root has not filled fontconfig's cache
    settings.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        '<dir>/usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>'
    )
    code = (
        "from segue_models import libraries\nlibraries.matplotlib()\nimport os\nprint(os.environ.get('XDG_CACHE_HOME'))"
    )
    found, said = run(tmp_path / "home", code, FONTCONFIG_FILE=str(settings))
    assert outside(found) == []
    assert any(path.startswith(".cache/segue/matplotlib/fontlist") for path in found)
    assert said == "None\n"  # no program started later is led astray


def test_matplotlib_stays_where_the_user_has_it(tmp_path: Path) -> None:
    own = tmp_path / "own"
    found, _ = run(
        tmp_path / "home", "from segue_models import libraries\nlibraries.matplotlib()", MPLCONFIGDIR=str(own)
    )
    assert list(own.glob("fontlist*")) and not any("matplotlib" in path for path in found)


@pytest.mark.long
def test_numba_compiles_into_our_cache(tmp_path: Path) -> None:
    """With a function of our own: to compile librosa's takes a minute."""
    (tmp_path / "adds.py").write_text("import numba\n@numba.njit(cache=True)\ndef one(x):\n    return x + 1\n")
    code = (
        "from segue_models import libraries\nlibraries.librosa()\n"
        f"import sys\nsys.path.append({str(tmp_path)!r})\nimport adds\nprint(adds.one(1))"
    )
    found, said = run(tmp_path / "home", code)
    assert said == "2\n"
    assert outside(found) == []
    assert any(path.endswith(".nbi") for path in found)
    assert not list(tmp_path.glob("__pycache__/*.nbi"))


ASKS_FOR_THE_LOCK = """
import fcntl, os

class util:
    with open(os.environ["NUMBA_CACHE_DIR"] + "/lock", "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            peak_pick = "free"
        except BlockingIOError:
            peak_pick = "held"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no flock")
def test_one_program_at_a_time_compiles(tmp_path: Path) -> None:
    """Two at once crashed 4 of 24 times (librosa 0.11, numba 0.68, an empty cache)."""
    (tmp_path / "librosa.py").write_text(ASKS_FOR_THE_LOCK)
    code = (
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom segue_models import libraries\n"
        "print(libraries.librosa().util.peak_pick)\ndel sys.modules['librosa']\n"
        "import librosa\nprint(librosa.util.peak_pick)"
    )
    found, said = run(tmp_path / "home", code)
    assert said == "held\nfree\n"
    assert outside(found) == []


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "librosa.py").write_text("class util:\n    peak_pick = 'loaded'")
    (tmp_path / "file").write_text("")
    code = (
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom segue_models import libraries\n"
        "print(libraries.librosa().util.peak_pick)"
    )
    assert run(tmp_path / "home", code, NUMBA_CACHE_DIR=str(tmp_path / "file" / "numba"))[1] == "loaded\n"


@pytest.mark.parametrize(
    "package", ["pass", "raise ImportError('libonnxruntime.so: cannot open')", "def disable_telemetry_events(): pass"]
)
def test_a_broken_onnxruntime_is_an_import_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    folder = tmp_path / "onnxruntime"
    folder.mkdir()
    (folder / "__init__.py").write_text(package)
    for name in [name for name in sys.modules if name.partition(".")[0] == "onnxruntime"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"libonnxruntime|broken"):
        libraries.onnxruntime()
