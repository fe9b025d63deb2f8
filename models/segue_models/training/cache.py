"""Arrays made from a track once: kept on disk under a name made of everything they depend on."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from segue_models import files
from segue_models.track import Track

Arrays = dict[str, Any]


def cached(folder: Path, track: Track, key: str, make: Callable[[Track], Arrays]) -> Arrays:
    """`make(track)`, read back where it was made before for the same file and `key`."""
    stat = track.audio.stat()
    whole = f"{track.audio}|{stat.st_size}|{stat.st_mtime_ns}|{key}"
    path = folder / f"{hashlib.sha1(whole.encode()).hexdigest()[:20]}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays: Arrays = {name: np.asarray(value) for name, value in make(track).items()}
        with files.replacing(path) as out:
            np.savez_compressed(out, **arrays)
    with np.load(path) as z:
        return {name: z[name] for name in z.files}
