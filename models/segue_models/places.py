"""Where corpora lie and where everything made from them is kept; never in the repository."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Places:
    """data: folder of the data sets; cache: rendered songs and features; jobs: processes that may work at once."""

    data: Path
    cache: Path
    jobs: int


def places() -> Places:
    """Data from $SEGUE_DATA, else `shared/data` beside the checkout; cache from $SEGUE_CACHE, else the user's own."""
    data = Path(os.environ.get("SEGUE_DATA") or _CHECKOUT.parent / "shared" / "data")
    cache = Path(os.environ.get("SEGUE_CACHE") or platformdirs.user_cache_dir("segue", appauthor=False))
    return Places(data, cache, min(2, os.cpu_count() or 1))
