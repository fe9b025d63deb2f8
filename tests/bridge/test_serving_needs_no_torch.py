"""The daemon starts, works through its protocol and analyses on a machine that has none of the heavy libraries."""

import subprocess
import sys

from segue_bridge import demo

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
from segue_bridge.daemon import Daemon, listen
daemon = Daemon(listen(0), segue_bridge.kept.from_heard)
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
