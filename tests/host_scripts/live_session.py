"""Live with our Remote Script, installed as a user would, and a daemon whose answers the test chooses."""

import json
import time
from pathlib import Path

from fake_live import Live
from fake_live_objects import Clip, WarpMarker
from scripted_daemon import LIMIT, SECONDS
from segue_bridge.hosts import ableton

RATE = 44100


def installed(library: Path, port: int, **settings) -> Path:
    """The folder with the script; its daemon is on `port`, and on no account another one is started."""
    library.mkdir(exist_ok=True)
    ableton.install(library)
    folder = library / "Remote Scripts"
    path = folder / "Segue" / ableton.CONFIG
    values = {**json.loads(path.read_text("utf-8")), "port": port, "own_port": 0, "start": None, **settings}
    path.write_text(json.dumps(values), "utf-8")
    return folder


def until(live: Live, condition, seconds=LIMIT) -> None:
    """Let Live's time go by, 50 times as fast as it does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain; told: {live.told}"
        live.tick()
        time.sleep(0.002)


def act(live: Live, action: str, seconds=LIMIT) -> str:
    """Run an action to its end; returns what the user was told last."""
    live.surface.act(action)
    until(live, lambda: live.surface._work is None, seconds)
    live.tick()
    assert not live.logged[1:], live.logged
    return live.told[-1] if live.told else ""


def clip(path: Path, **values) -> Clip:
    """An unwarped clip of the whole file at the start of the song, at 120 bpm, but for `values`."""
    whole = {"loop_end": float(SECONDS), "end_marker": float(SECONDS), "end_time": 2.0 * SECONDS}
    length = {"sample_rate": float(RATE), "sample_length": SECONDS * RATE}
    return Clip(**{"file_path": str(path), **whole, **length, **values})


def warped(path: Path, *markers: tuple[float, float], **values) -> Clip:
    """A clip with warp markers (second, beat)."""
    return clip(path, warping=True, warp_markers=tuple(WarpMarker(*marker) for marker in markers), **values)
