"""Analyses kept on disk, so that a second ask for the same audio, region, options and models is answered at once.

What was heard and scored is kept beside them: other options choose among it, and the song is not heard again.

The key is the content of the files (sha256), not their names: a copied or renamed song is found again. Hashing 60 MB
takes longer than a cached answer may, so the sha256 of a path is remembered as long as its size and mtime stay.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, TypeVar
from zipfile import BadZipFile

import segue_models
from segue_bridge import __version__, model_store, private
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Options, Region
from segue_models import files
from segue_models.paths import default_paths

if TYPE_CHECKING:
    from segue_bridge.heard import Heard
    from segue_bridge.scored import Scored
    from segue_models.beats.user_grid import UserGrid

K = TypeVar("K", Analysis, "Heard", "Scored")
Progress = Callable[[float, str], None]
Cancelled = Callable[[], bool]
Analyse = Callable[[Region, Options, Progress, Cancelled], Analysis]

# Rooms of segue_models whose code an analysis runs: a new corpus or a change of training makes nothing anew.
SERVING = ("signal", "features", "serving", "beats", "sections", "cuts", "transitions")
LIMIT = 500  # analyses, about 100 kB each; the one not asked for the longest time goes first
LIMIT_BYTES = 300_000_000  # of each kind: what was heard takes 1 MB a minute
SETTLED_NS = (
    2_000_000_000  # a file written just now may change again without a new mtime (clocks of file systems tick slowly)
)
HEADER_FIRST = 100_000_000  # bytes; a smaller file is hashed in no time, a larger one may be no recording at all
BLOCK_BYTES = 1 << 20
CHANGED = "was changed while it was analysed: analyse it again once nothing writes to it any more"

_log = logging.getLogger(__name__)


def cache_root() -> Path:
    """Folder of everything Segue can compute again; SEGUE_CACHE names another one."""
    return default_paths().cache


def through_cache(analyse: Analyse, cache: "ResultCache | None" = None) -> Analyse:
    """The same function, answered from the cache where nothing has changed since."""
    store = cache or ResultCache()

    def kept(region: Region, options: Options, progress: Progress, cancelled: Callable[[], bool]) -> Analysis:
        check_headers(region, cancelled)
        models = store.models(cancelled)

        def analysed() -> Analysis:
            made = analyse(region, options, progress, cancelled)
            if store.models(cancelled) != models:  # it was partly made by one and says that it was made by the other
                raise SegueError("changed_file", f"a model was changed while {region.paths[0]} was analysed: ask again")
            return made

        return store.cached(region, options, models, analysed, cancelled)

    return kept


def check_headers(region: Region, cancelled: Cancelled = lambda: False) -> None:
    """Raise SegueError where a large file is no audio, or too much of it is asked for: hashing it takes long.

    What small files hold is told by whoever reads them.
    """
    from segue_models.signal import audio  # soundfile, which an analysis that is kept does without

    try:
        if not any(path.is_file() and path.stat().st_size > HEADER_FIRST for path in region.paths):
            return
        source = audio.info(region.paths, cancelled)
    except audio.AudioError as fault:
        raise SegueError(fault.code, str(fault)) from fault
    except OSError:  # told by whoever opens it
        return
    seconds = region.length or source.duration - region.start
    if seconds > audio.LONGEST_SECONDS:
        most = f"select at most {audio.LONGEST_SECONDS / 60:g}"
        raise SegueError("too_long", f"{seconds / 60:.0f} minutes are too long: {most}")


class ResultCache:
    """Analyses below `root`; where nothing can be written it warns once and everything else goes on."""

    def __init__(self, root: Path | None = None, limit: int = LIMIT) -> None:
        self._root = root or cache_root()
        self._limit = limit
        self._warned = False

    def cached(
        self,
        region: Region,
        options: Options,
        models: Mapping[str, str],
        analyse: Callable[[], Analysis],
        cancelled: Cancelled = lambda: False,
    ) -> Analysis:
        """The kept analysis, else that of `analyse()`, which is then kept; `models` are the hashes of all networks.

        Raises SegueError, "changed_file" where the recording was replaced meanwhile and the analysis stumbled over it.
        """
        return self._through(
            "results", region, asdict(options), models, (_text, Analysis.from_json), analyse, cancelled
        )

    def heard(self, region: Region, hear: "Callable[[], Heard]", cancelled: Cancelled) -> "Heard":
        """What the models of today heard of a region, kept, else that of `hear()`, which is then kept.

        Raises SegueError as `cached`.
        """
        from segue_bridge.heard import Heard  # numpy, which an analysis that is kept as it is does without

        models, ways = self.models(cancelled), (Heard.to_bytes, Heard.from_bytes)
        return self._through("heard", region, {}, models, ways, hear, cancelled)

    def scored(
        self, region: Region, grid: "UserGrid | None", score: "Callable[[], Scored]", cancelled: Cancelled
    ) -> "Scored":
        """What the models of today scored of a region on the user's grid, or on the one that was found; as `heard`."""
        from segue_bridge.scored import Scored

        options, models = {"grid": grid and asdict(grid)}, self.models(cancelled)
        return self._through("scored", region, options, models, (_text, Scored.from_json), score, cancelled)

    def models(self, cancelled: Cancelled = lambda: False) -> dict[str, str]:
        """sha256 of each file that may serve an analysis, by path. Raises SegueError."""
        serve = [model for name in model_store.SERVED for model in model_store.candidates(name)]
        return {str(model.path): self.sha256([model.path], cancelled) for model in serve}

    def _through(
        self,
        kind: str,
        region: Region,
        options: Mapping[str, object],
        models: Mapping[str, str],
        ways: tuple[Callable[[K], bytes], Callable[[bytes], K]],
        make: Callable[[], K],
        cancelled: Cancelled,
    ) -> K:
        """`ways`: how it becomes bytes, and what they were."""
        key = self._key(region, options, models, cancelled)
        kept = self._read(self._root / kind / key, ways[1])
        if kept is not None:
            return replace(kept, audio=replace(kept.audio, path=str(region.paths[0])))
        try:
            made: K = make()
        except SegueError:
            raise
        except Exception as fault:
            if not cancelled() and self._key(region, options, models, cancelled) != key:
                raise SegueError("changed_file", f"{region.paths[0]} {CHANGED}") from fault
            raise
        # A file that was replaced while it was analysed must not leave its result under the old content.
        if self._key(region, options, models, cancelled) == key:
            self._write(kind, key, _sealed(ways[0](made)), self._limit)
            return made
        warning = f"{region.paths[0]} {CHANGED}"
        return made if warning in made.warnings else replace(made, warnings=[*made.warnings, warning])

    def _read(self, path: Path, parse: Callable[[bytes], K]) -> K | None:
        try:
            kept = parse(_unsealed(path.read_bytes()))
        except OSError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, BadZipFile):
            _log.warning("the kept result %s cannot be read and is computed again", path)
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # the age that decides what goes first
        return kept

    def sha256(self, paths: Sequence[Path], cancelled: Cancelled = lambda: False) -> str:
        """sha256 of one file's bytes, or of the list of digests where several files are the channels.

        Raises SegueError "not_found", "unreadable", "cancelled".
        """
        digests = [self._file_sha256(path, cancelled) for path in paths]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def _key(
        self, region: Region, options: Mapping[str, object], models: Mapping[str, str], cancelled: Cancelled
    ) -> str:
        content = self.sha256(region.paths, cancelled)
        parts = [_code(), content, region.start, region.length, dict(options), dict(models)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest() + ".json"

    def _file_sha256(self, path: Path, cancelled: Cancelled) -> str:
        try:
            stat = path.stat()
            if not S_ISREG(stat.st_mode):
                raise SegueError("unreadable", f"{path} is no file: give the path of a recording")
            stamp = [str(path.absolute()), stat.st_size, stat.st_mtime_ns]
            name = hashlib.sha256(json.dumps(stamp).encode()).hexdigest() + ".sha256"
            with suppress(OSError, ValueError):
                known = (self._root / "hashes" / name).read_text(encoding="ascii")
                if len(known) == 64:
                    return known
            digest = _hashed(path, stat.st_size, cancelled)
        except FileNotFoundError as fault:
            raise SegueError("not_found", f"{path} does not exist: check the path") from fault
        except OSError as fault:
            raise SegueError("unreadable", f"{path} cannot be read ({fault.strerror}): check the file") from fault
        if time.time_ns() - stat.st_mtime_ns > SETTLED_NS:
            self._write("hashes", name, digest.encode(), 10 * self._limit)
        return digest

    def _write(self, kind: str, name: str, content: bytes | Sequence[bytes], limit: int) -> None:
        folder = self._root / kind
        try:
            private.make(folder)
            files.write(folder / name, content, 0o600)
            _keep_newest(folder, limit)
        except OSError as fault:
            if not self._warned:
                self._warned = True
                _log.warning(
                    "results cannot be kept in %s (%s): a second ask takes as long as the first", folder, fault
                )


def _hashed(path: Path, size: int, cancelled: Cancelled) -> str:
    """sha256 of the file's bytes, as many as it has said: some special files have no end.

    Looks up for `cancelled` at every block. Raises OSError, SegueError "cancelled".
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while size > 0 and (block := file.read(min(size, BLOCK_BYTES))):
            digest.update(block)
            size -= len(block)
            if cancelled():
                raise SegueError("cancelled", f"stopped while {path} was read")
    return digest.hexdigest()


def _text(made: "Analysis | Scored") -> bytes:
    return made.to_json().encode()


def _sealed(content: bytes) -> list[bytes]:
    """The content behind its own checksum, which tells when the disk or somebody has changed it."""
    return [hashlib.sha256(content).hexdigest().encode() + b"\n", content]


def _unsealed(sealed: bytes) -> bytes:
    """Inverse of `_sealed`, in one piece; raises ValueError where one does not belong to the other."""
    checksum, _, content = sealed.partition(b"\n")
    if checksum.decode() != hashlib.sha256(content).hexdigest():
        raise ValueError("the checksum is that of another content")
    return content


@lru_cache
def _code() -> str:
    """Version, and sizes and mtimes of the code that serves: in a checkout it changes without a new version."""
    ours = (Path(__file__).with_name(f"{name}.py") for name in ("analysis", "heard", "picking", "scored"))
    models = Path(segue_models.__path__[0])
    rooms = (path for room in SERVING for path in (models / room).rglob("*.py"))
    sources = sorted((*models.glob("*.py"), *rooms, *ours))
    stamps = [(stat.st_size, stat.st_mtime_ns) for stat in map(os.stat, sources)]
    return f"{__version__} {stamps}"


def _keep_newest(folder: Path, limit: int) -> None:
    sizes = {entry.path: _size(entry) for entry in os.scandir(folder)}
    count, size = len(sizes), sum(sizes.values())
    if count <= limit and size <= LIMIT_BYTES:
        return
    for path in sorted(sizes, key=_mtime)[:-1]:  # what was kept just now stays
        if count <= limit and size <= LIMIT_BYTES:
            return
        with suppress(OSError):
            os.unlink(path)
        count, size = count - 1, size - sizes[path]


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:  # another process was faster
        return 0


def _mtime(path: str) -> float:
    try:
        return os.path.getmtime(path)
    except OSError:  # another process was faster
        return 0.0
