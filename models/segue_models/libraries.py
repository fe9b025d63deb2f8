"""Libraries that would write, or send, behind the user's back, loaded so that they do not.

ONNX Runtime from 1.29 on reports its use to Microsoft, and keeps a device id and events in the user's cache, unless the
environment says otherwise *before* it is imported: `segue_models` says so when it is imported. matplotlib, fontconfig
(which matplotlib asks for fonts), numba and CUDA keep caches: here they keep them in Segue's.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from segue_models.paths import default_paths


def onnxruntime() -> Any:
    """The module, its telemetry off. Raises ImportError where it is missing or broken."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("CUDA_CACHE_PATH", str(default_paths().cache / "cuda"))
    import onnxruntime as runtime

    try:
        runtime.disable_telemetry_events()  # Windows has a switch of its own
        runtime.InferenceSession, runtime.SessionOptions  # noqa: B018
    except AttributeError as fault:  # uninstalling one of its builds leaves an empty package of the other
        raise ImportError(f"ONNX Runtime is broken ({fault})") from fault
    return runtime


def librosa() -> Any:
    """The module; what numba compiles for it is kept in Segue's cache.

    One program at a time: two that compile into one cache mix their files, and crash where they call what they compiled
    (numba issue 10128).
    """
    os.environ.setdefault("NUMBA_CACHE_DIR", str(default_paths().cache / "numba"))
    with _alone(Path(os.environ["NUMBA_CACHE_DIR"])):
        import librosa as module

        module.util.peak_pick  # noqa: B018 (librosa loads its parts late, and compiles them then)
    return module


def matplotlib() -> None:
    """Load matplotlib; its settings, its list of fonts and fontconfig's caches are in Segue's cache."""
    cache = default_paths().cache
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it would tell of its list of fonts
    with _environment(
        MPLCONFIGDIR=os.environ.get("MPLCONFIGDIR", str(cache / "matplotlib")), XDG_CACHE_HOME=str(cache)
    ):
        import matplotlib.font_manager  # noqa: F401


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """No other program is within for the same cache; where it cannot be written, numba does not write there either."""
    with ExitStack() as held:
        if sys.platform != "win32":
            import fcntl

            with suppress(OSError):
                cache.mkdir(parents=True, exist_ok=True)
                fcntl.flock(held.enter_context(open(cache / "lock", "ab")), fcntl.LOCK_EX)
        yield


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
