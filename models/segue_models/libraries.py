"""Libraries that would write, or send, behind the user's back, loaded so that they do not.

ONNX Runtime from 1.29 on reports its use to Microsoft, and keeps a device id and events in the user's cache, unless the
environment says otherwise *before* it is imported: `segue_models` says so when it is imported. matplotlib, fontconfig
(which matplotlib asks for fonts), numba and CUDA keep caches: here they keep them in Segue's.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
    """The module; what numba compiles for it is kept in Segue's cache."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(default_paths().cache / "numba"))
    import librosa as module

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
