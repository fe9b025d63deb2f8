"""What an analysis returns: plain data, all times in seconds of the source file (product contract)."""

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from segue_models.beats.user_grid import UserGrid  # numpy, which a result that is kept does without

Kind = Literal["exit", "entry"]


@dataclass(frozen=True)
class AudioInfo:
    """The recording that was analysed; duration in seconds, sha256 of the file's bytes."""

    path: str
    duration: float
    sample_rate: int
    sha256: str


@dataclass(frozen=True)
class Beat:
    """One beat: time in seconds, bar, beat in the bar (1 is the downbeat).

    Both are None in a pick-up, in free time, and where a song has no steady beat for a while.
    """

    time: float
    bar: int | None
    beat: int | None


@dataclass(frozen=True)
class Section:
    """One section, start and end in seconds, repeated sections share a label."""

    start: float
    end: float
    label: str


@dataclass(frozen=True)
class Cut:
    """One exit or entry: time in seconds, calibrated score in 0..1, bar, beat in the bar, section label.

    Before the first downbeat, in a pick-up, and where there is no steady beat bar and beat are None.
    """

    id: int
    kind: Kind
    time: float
    score: float
    bar: int | None
    beat: float | None
    section: str


@dataclass(frozen=True)
class Transition:
    """A jump from the exit to the entry with these cut ids; score in 0..1."""

    exit: int
    entry: int
    score: float


@dataclass(frozen=True)
class Analysis:
    """Everything `segue mark` knows of one region.

    tempo: beats a minute, the median, 0 in free time; beats_per_bar: of most bars; beat_unit: the note that is a beat,
    4 is a quarter.
    """

    audio: AudioInfo
    models: dict[str, str]
    tempo: float
    beats_per_bar: int
    beats: list[Beat]
    sections: list[Section]
    cuts: list[Cut]
    transitions: list[Transition]
    warnings: list[str]
    beat_unit: int = 4

    @property
    def free_time(self) -> bool:
        """Whether no steady beat was found: there are no bars, and `beats` are a time base that nobody plays."""
        return self.tempo == 0

    def places(self) -> list[int]:
        """Beat in the bar of each beat, 1 is the downbeat; 0 where no bar is claimed."""
        return [0 if beat.beat is None else beat.beat for beat in self.beats]

    def bars(self) -> list[int]:
        """Beats of each bar from its downbeat to the next one; bars between two that are not claimed share theirs."""
        downbeats = [(i, beat.bar or 0) for i, beat in enumerate(self.beats) if beat.beat == 1]
        out: list[int] = []
        for (this, bar), (after, next_bar) in pairwise(downbeats):
            more = max(next_bar - bar, 1) - 1
            each = (after - this) // (more + 1)
            out += [each] * more + [after - this - each * more]
        return out

    def to_json(self) -> str:
        """The JSON of `segue mark --format json`."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        # Bytes in the file's name that are no UTF-8 become the escapes that JSON has for them.
        return text.encode("utf-8", "backslashreplace").decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Analysis":
        """Inverse of `to_json`; raises ValueError, KeyError, TypeError or OverflowError on anything else."""
        d: dict[str, Any] = json.loads(text)
        return cls(
            audio=AudioInfo(**d["audio"]),
            models=dict(d["models"]),
            tempo=float(d["tempo"]),
            beats_per_bar=int(d["beats_per_bar"]),
            beats=[Beat(**b) for b in d["beats"]],
            sections=[Section(**s) for s in d["sections"]],
            cuts=[Cut(**c) for c in d["cuts"]],
            transitions=[Transition(**t) for t in d["transitions"]],
            warnings=list(d.get("warnings", [])),
            beat_unit=int(d.get("beat_unit", 4)),
        )


@dataclass(frozen=True)
class Region:
    """The part of a recording to analyse.

    paths: one file, or several mono files that are its channels (Ardour splits stereo on import);
    start and length in seconds of the source file, length None means to the end.
    """

    paths: tuple[Path, ...]
    start: float = 0.0
    length: float | None = None


@dataclass(frozen=True)
class Options:
    """What a host or the command line may ask for beside the region; None means the analysis'
    own default.

    top: at most so many exits and so many entries, the best; min_score: only cuts with at least this score, 0..1; grid:
    what the user says of the beats, in seconds of the source file.
    """

    top: int | None = None
    min_score: float | None = None
    grid: "UserGrid | None" = None
