"""Where corpora lie and where everything made from them is kept; never in the repository."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Paths:
    """data: folder of the data sets; cache: rendered songs and features; jobs: processes that may work at once.

    beats, sections: the networks that serve, so that songs are heard as serving hears them; None where there is none.
    """

    data: Path
    cache: Path
    jobs: int
    beats: Path | None = None
    sections: Path | None = None


def default_paths() -> Paths:
    """Data from $SEGUE_DATA, else `shared/data` beside the checkout; cache from $SEGUE_CACHE, else the user's own."""
    data = Path(os.environ.get("SEGUE_DATA") or _CHECKOUT.parent / "shared" / "data")
    cache = Path(os.environ.get("SEGUE_CACHE") or platformdirs.user_cache_dir("segue", appauthor=False))
    bridge = find_spec("segue_bridge")
    shipped = Path(bridge.origin).parent / "shipped" if bridge and bridge.origin else None
    networks = [shipped / f"{name}.onnx" for name in ("beats", "sections")] if shipped else []
    found = (path if path.is_file() else None for path in networks)
    return Paths(data, cache, min(2, os.cpu_count() or 1), *found)
