"""The daemon starts, works through its protocol and analyses on a machine that has none of the heavy libraries."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import segue_models
from segue_bridge import demo
from segue_bridge.result_cache import SERVING

BLOCKED = ("torch", "librosa", "matplotlib", "mido", "onnx", "sklearn", "mir_eval", "pyworld")

CODE = """
import sys
BLOCKED = set(sys.argv[2:])
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED or name in BLOCKED:
            raise ImportError(name + " is not needed for serving")
sys.meta_path.insert(0, Refuse())
import segue_bridge.daemon, segue_bridge.client, threading
from segue_bridge.daemon import Daemon, bind
daemon = Daemon(bind(0), segue_bridge.cached_analysis.from_heard)
thread = threading.Thread(target=daemon.run, daemon=True)
thread.start()
with segue_bridge.client.Client(daemon.port) as client:
    print(client.hello(), client.status()["protocol"])
    if sys.argv[1]:
        print(len(client.analyze([sys.argv[1]]).cuts))
daemon.stop()
thread.join()
print(sorted(BLOCKED & set(sys.modules)))
"""


def without(blocked: tuple[str, ...], song: str) -> list[str]:
    """Lines that a daemon prints where those modules cannot be imported; the last one names those that were."""
    done = subprocess.run([sys.executable, "-c", CODE, song, *blocked], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.long
def test_a_song_is_analysed_without_torch_librosa_matplotlib_and_mido():
    _, cuts, imported = without(BLOCKED, str(demo.SONG))
    assert int(cuts) > 0
    assert imported == "[]"


def test_the_daemon_answers_before_anything_slow_is_loaded():
    slow = ("scipy.signal", "onnxruntime", "soundfile", "soxr")
    assert without((*BLOCKED, *slow), "")[-1] == "[]"


def test_the_daemon_starts_within_a_second_of_cpu():
    code = "import time, segue_bridge.daemon; print(time.process_time())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert float(done.stdout) < 1.0


def imports(path: Path) -> set[str]:
    """First names of the modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_no_file_of_a_serving_room_names_torch():
    models = Path(segue_models.__path__[0])
    files = [path for room in SERVING for path in (models / room).rglob("*.py")]
    assert len(files) > 40 and {path.name for path in files} >= {"inference.py", "scoring.py", "pairs.py"}
    assert [path for path in files if imports(path) & {"torch", "segue_exporter", "segue_bridge"}] == []


def test_what_runs_in_an_analysis_lies_in_the_serving_rooms():
    """They decide whether a kept result still holds: a module outside would change without a word."""
    code = (
        "import sys, segue_bridge.analysis, segue_models.features as f\n"
        "for name in ('bock2016', 'lag_similarity', 'mel', 'gammatone'): f.find(name)\n"
        "print('\\n'.join(sorted(m for m in sys.modules if m.startswith('segue_models.'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = {name.split(".")[1] for name in done.stdout.split() if name.count(".") > 1}
    assert rooms <= set(SERVING) and "signal" in rooms
