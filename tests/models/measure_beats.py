"""What the beats of a song cost, features, network and decoder: `python measure_beats.py [SONG]`.

Without SONG: six minutes of the demo's song. Twice, in a process of its own that is given the samples: the memory is
its largest resident set, Python and all libraries included.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from segue_bridge import demo, model_store
from segue_models.beats import tracking
from segue_models.signal import audio, loudness
from segue_models.signal.frames import RATE_HZ
from segue_models.signal.front_end import front_end


def measure(samples: Path) -> None:
    """Print seconds and MB for mono samples that were saved."""
    mono, network = np.load(samples), model_store.network("beats")
    for run in ("first", "again"):
        start, cpu = time.monotonic(), time.process_time()
        grid = tracking.track(front_end(mono), tracking.activations(mono, network)).grid
        print(f"{run}: {time.monotonic() - start:.2f} s ({time.process_time() - cpu:.2f} s of CPU)", flush=True)
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(f"{len(grid.times)} beats in {len(mono) / RATE_HZ:.0f} s of music; {peak:.0f} MB at most")


if __name__ == "__main__":
    given = [Path(name) for name in sys.argv[1:2]]
    mono = loudness.to_reference(audio.read(given or [demo.SONG]))
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "mono.npy"
        np.save(samples, mono if given else np.resize(mono, 360 * RATE_HZ))
        child = multiprocessing.get_context("spawn").Process(target=measure, args=(samples,))
        child.start()
        child.join()
    sys.exit(child.exitcode)
