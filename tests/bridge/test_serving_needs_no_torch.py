"""The daemon starts and works through its protocol on a machine that has none of the heavy libraries."""

import subprocess
import sys

BLOCKED = ("torch", "librosa", "matplotlib", "mido", "onnx", "sklearn", "scipy.signal")

CODE = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if any(name == blocked or name.startswith(blocked + ".") for blocked in {BLOCKED!r}):
            raise ImportError(name + " is not needed for serving")
sys.meta_path.insert(0, Refuse())
import segue_bridge.daemon, segue_bridge.client, threading
from segue_bridge.daemon import Daemon, listen
daemon = Daemon(listen(0), segue_bridge.daemon._analyse)
thread = threading.Thread(target=daemon.run)
thread.start()
with segue_bridge.client.Client(daemon.port) as client:
    print(client.hello(), client.status()["protocol"])
daemon.stop()
thread.join()
print(sorted(name for name in sys.modules if name in {BLOCKED!r}))
"""


def test_the_daemon_answers_without_torch_librosa_matplotlib_and_mido():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "[]"


def test_the_daemon_starts_within_a_second_of_cpu():
    code = "import time, segue_bridge.daemon; print(time.process_time())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert float(done.stdout) < 1.0
