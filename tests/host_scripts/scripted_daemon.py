"""The real daemon with an analysis whose result the test chooses, and songs to ask it about."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from segue_bridge.daemon import Daemon, bind
from segue_bridge.result import Analysis, AudioInfo, Cut, Options, Region, Transition
from segue_models.beats.user_grid import UserGrid

SECONDS = 20
LIMIT = 90.0  # seconds after which nothing more is to be expected, on a machine however busy


class ScriptedDaemon:
    """The real daemon, whose analysis is `answer`; `asked` holds the regions, `grid` the last one that was said."""

    def __init__(self, spool_root: Path) -> None:
        self.asked: list[Region] = []
        self.grid: UserGrid | None = None
        self.answer: Callable[[Region, Callable[[], bool]], Analysis] = lambda region, cancelled: analysis([])
        self.spool_root = spool_root
        self._socket = bind(0)
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        """Receive and answer."""
        self._daemon = Daemon(self._socket, self._analyse, spool_root=self.spool_root)
        self._thread = threading.Thread(target=self._daemon.run, daemon=True)
        self._thread.start()

    def restart(self) -> None:
        """Go on, on the same port, after `stop`."""
        self._socket = bind(self.port)
        self.start()

    def restart_if_gone(self) -> None:
        """Go on, where a test has left it stopped."""
        if not self._thread.is_alive():
            self.restart()

    def stop(self) -> None:
        """Be gone, as after a crash."""
        self._daemon.stop()
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()

    def _analyse(
        self, region: Region, options: Options, progress: Callable[[float, str], None], cancelled: Callable[[], bool]
    ) -> Analysis:
        self.asked.append(region)
        self.grid = options.grid
        progress(0.5, "cuts")
        return self.answer(region, cancelled)


def analysis(cuts: list[Cut], transitions: Sequence[Transition] = ()) -> Analysis:
    """A result with these cuts and transitions; no beats, so that previews take two seconds on either side."""
    return Analysis(AudioInfo("song", SECONDS, 48000, "0" * 64), {}, 120.0, 4, [], [], cuts, list(transitions), [])


def song(path: Path, rate: int) -> Path:
    """A stereo file of soft noise."""
    noise = np.random.default_rng(1).normal(0, 0.05, (SECONDS * rate, 2))
    soundfile.write(path, noise, rate)
    return path
