"""A transition as a WAV file: some beats before the exit, the crossfade, some beats after the entry."""

import hashlib
import io
import json
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from segue_bridge import __version__, private
from segue_bridge.errors import SegueError
from segue_bridge.result import Region
from segue_bridge.result_cache import ResultCache, cache_root, check_headers
from segue_models import files
from segue_models.signal import audio
from segue_models.signal.audio import AudioError
from segue_models.signal.frames import BeatGrid
from segue_models.transitions import splice
from segue_models.transitions.splice import Splice

BEATS = 4  # heard on either side
BEAT_SECONDS = 0.5  # where no beat was found
KEPT, KEPT_BYTES = 100, 500_000_000  # previews; the one not asked for the longest time goes first
LARGEST_BYTES = 100_000_000  # of one preview: a minute before and after the join, of stereo at 96 kHz


@dataclass(frozen=True)
class Preview:
    """wav: a float WAV at the source's rate and channels; join: seconds in it; splice: how the sides meet."""

    wav: Path
    join: float
    splice: Splice


def make(
    paths: tuple[Path, ...],
    exit: float,
    entry: float,
    beats: Sequence[float],
    before: float,
    after: float,
    told: Collection[Path] = (),
) -> Preview:
    """Render the jump from `exit` to `entry`, or find it rendered; all times in seconds of the source.

    beats: times of all beats; before, after: seconds around the join, 0 means four beats; told: previews that someone
    is listening to, which are not deleted to make room. Raises SegueError.
    """
    four = around(exit, entry, beats, BEATS)
    before, after = before or four[0], after or four[1]
    check_headers(Region(paths, length=1.0))
    asked = [__version__, ResultCache().sha256(paths), exit, entry, before, after, _beat_seconds(beats)]
    wav = cache_root() / "previews" / (hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32] + ".wav")
    kept = _kept(wav)
    if kept is not None:
        return kept
    try:
        _check_size(paths, before, after)
        joined = splice.plan(paths, exit, entry, _beat_seconds(beats))
        samples, rate_hz, join = splice.render(paths, joined, before, after)
    except AudioError as error:
        raise SegueError(error.code, str(error)) from error
    made = Preview(wav, join, joined)
    _keep(made, samples, rate_hz)
    _make_room(wav, {wav, *told})
    return made


def _check_size(paths: tuple[Path, ...], before: float, after: float) -> None:
    """Raises SegueError "too_large" before anything is rendered, and AudioError."""
    source = audio.info(paths)
    seconds = min(before, splice.MOST_SECONDS, source.duration) + min(after, splice.MOST_SECONDS, source.duration)
    bytes_a_second = 4 * source.rate_hz * source.channels
    if seconds * bytes_a_second > LARGEST_BYTES:
        sentence = f"{seconds:.0f} s of {source.channels} channels at {source.rate_hz} Hz are too large for a preview"
        raise SegueError("too_large", f"{sentence}: ask for {LARGEST_BYTES / bytes_a_second:.1f} s or less in all")


def around(exit: float, entry: float, beats: Sequence[float], count: int) -> tuple[float, float]:
    """Seconds of `count` beats before the exit and after the entry; half a second a beat where there are none."""
    if len(beats) < 2 or not (np.isfinite(exit) and np.isfinite(entry)):
        return count * BEAT_SECONDS, count * BEAT_SECONDS
    grid = BeatGrid(np.asarray(beats, dtype=np.float64), np.ones(len(beats), dtype=np.int64))
    start = float(grid.seconds(grid.phase(exit) - count))
    end = float(grid.seconds(grid.phase(entry) + count))
    return exit - start, end - entry


def _beat_seconds(beats: Sequence[float]) -> float:
    return float(np.median(np.diff(beats))) if len(beats) > 1 else BEAT_SECONDS


def _kept(wav: Path) -> Preview | None:
    """The preview in that file, which says itself how it was made."""
    try:
        with soundfile.SoundFile(str(wav)) as file:
            said = json.loads(file.comment)
        os.utime(wav)  # the age that decides what goes first
        return Preview(wav, float(said["join"]), Splice(**said["splice"]))
    except (OSError, soundfile.LibsndfileError, ValueError, KeyError, TypeError):
        return None


def _keep(made: Preview, samples: splice.F32, rate_hz: int) -> None:
    content = io.BytesIO()
    # Float loses nothing of any source, nor of a crossfade, and every DAW plays it.
    with soundfile.SoundFile(content, "w", rate_hz, samples.shape[1], "FLOAT", format="WAVEX") as file:
        file.comment = json.dumps({"join": made.join, "splice": asdict(made.splice)})
        file.write(samples)
    try:
        private.make(made.wav.parent)
        files.write(made.wav, content.getvalue())
    except OSError as fault:
        raise SegueError("failed", f"the preview {made.wav} {fault.strerror}: make room, or set SEGUE_CACHE") from fault


def _make_room(wav: Path, spared: Collection[Path]) -> None:
    """Delete the previews not asked for the longest time while there are too many, or they fill too much."""
    stats = {}
    for path in wav.parent.glob("*.wav"):
        with suppress(OSError):  # another process was faster
            stats[path] = path.stat()
    count, size = len(stats), sum(stat.st_size for stat in stats.values())
    for path in sorted(stats, key=lambda path: stats[path].st_mtime_ns):
        if count <= KEPT and size <= KEPT_BYTES:
            return
        if path not in spared:
            with suppress(OSError):
                path.unlink(missing_ok=True)
                count, size = count - 1, size - stats[path].st_size
