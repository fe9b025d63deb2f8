"""Where corpora lie and where everything made from them is kept; never in the repository."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Places:
    """data: folder of the data sets; cache: rendered songs and features; jobs: processes that may work at once.

    beats: the network of beats that serves, so that training hears songs as serving does; None where there is none.
    """

    data: Path
    cache: Path
    jobs: int
    beats: Path | None = None


def places() -> Places:
    """Data from $SEGUE_DATA, else `shared/data` beside the checkout; cache from $SEGUE_CACHE, else the user's own."""
    data = Path(os.environ.get("SEGUE_DATA") or _CHECKOUT.parent / "shared" / "data")
    cache = Path(os.environ.get("SEGUE_CACHE") or platformdirs.user_cache_dir("segue", appauthor=False))
    bridge = find_spec("segue_bridge")
    beats = Path(bridge.origin).parent / "shipped" / "beats.onnx" if bridge and bridge.origin else None
    return Places(data, cache, min(2, os.cpu_count() or 1), beats if beats and beats.is_file() else None)
