"""One way to hear a song, in the order of the signal: serving, training, evaluation, learning and the study use it."""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segue_models.beats import tracking, user_grid
from segue_models.beats.tracking import Beats
from segue_models.beats.user_grid import UserGrid
from segue_models.sections import segmentation
from segue_models.sections.bar_novelty import Section
from segue_models.serving.inference import Network
from segue_models.signal import music, onsets, swells
from segue_models.signal.audio import Audio
from segue_models.signal.frames import RATE_HZ, BeatGrid
from segue_models.signal.front_end import FrontEnd, front_end

F32 = NDArray[np.float32]
Arrays = dict[str, NDArray[np.floating]]
Floats = NDArray[np.float64]
HEARD = ("duration", "front_end", "onsets", "beat_activations", "boundary_curve")  # what no grid changes


@dataclass(frozen=True)
class Song:
    """What is heard of a recording, or of a region of one; each part is computed when it is first asked for.

    samples: (n,) mono at 44.1 kHz and reference loudness, from the first sound to the last, none where nothing sounds;
    lead: seconds of silence that they begin with; start: seconds of the recording before them, negative where that
    silence begins before it. All other times are in seconds from `start`. Without a network of beats the grid follows
    the onsets alone. user: what the user says of the grid, in seconds of the recording.
    """

    samples: F32
    start: float
    lead: float = 0.0
    beat_network: Network | None = None
    section_network: Network | None = None
    user: UserGrid | None = None

    @cached_property
    def duration(self) -> float:
        """Seconds of samples."""
        return len(self.samples) / RATE_HZ

    @cached_property
    def front_end(self) -> FrontEnd:
        """Gammatone bands, onset strength, chroma, timbre and level of each frame."""
        return front_end(self.samples)

    @cached_property
    def onsets(self) -> Floats:
        """Onset times (onsets,), sorted."""
        return np.maximum(onsets.detect(self.front_end, self.samples), self.lead)

    @cached_property
    def beat_activations(self) -> F32 | None:
        """What the network of beats says, (frames, outputs), 100 frames a second; None without one."""
        return None if self.beat_network is None else tracking.activations(self.samples, self.beat_network)

    @cached_property
    def beats(self) -> Beats | None:
        """The beats that were found, with their places in the bar, and how sure; None where there are none."""
        try:
            beats = tracking.track(self.front_end, self.beat_activations)
        except tracking.NoBeats:
            return None
        return replace(beats, grid=beats.grid.after(self.lead))

    @cached_property
    def grid(self) -> BeatGrid:
        """The beats that are believed, or what the user says of them; in free time an even one. Raises BadGrid."""
        even = tracking.even(self.duration).later(self.lead)
        if self.user is None:
            return even if self.beats is None or self.free_time else self.beats.grid
        found = replace(self.beats.grid, free=()) if self.beats else _in_four(even)
        return user_grid.make(self.user.later(-self.start), found, self.front_end, self.beat_activations, self.lead)

    @property
    def free_time(self) -> bool:
        """Whether no beats are believed, and the user says none."""
        if self.user is not None:
            return self.beats is None and not self.user.says_tempo
        return self.beats is None or not self.beats.believed

    @cached_property
    def swells(self) -> Floats:
        """Where swells begin and have died away (swells,), sorted, in free time; none where there are beats."""
        return np.maximum(swells.detect(self.front_end), self.lead) if self.free_time else np.empty(0)

    @cached_property
    def agreement(self) -> float:
        """How far what is played on the user's beats stands out, as a share of those that were found; 1 without any."""
        if self.user is None or self.beats is None:
            return 1.0
        return user_grid.agreement(self.grid, self.beats.grid, self.front_end, self.beat_activations)

    @cached_property
    def boundary_curve(self) -> Floats:
        """How likely a phrase begins at each mel row, (rows,). Raises ValueError without a network of sections."""
        if self.section_network is None:
            raise ValueError("sections need their network")
        return segmentation.curve(self.section_network, self.samples)

    @cached_property
    def sections(self) -> list[Section]:
        """Sections from 0 to the end; their boundaries are downbeats, or every two seconds in free time.

        Raises ValueError as `boundary_curve`.
        """
        grid = _in_four(self.grid) if self.grid.barless else self.grid
        return segmentation.divide(self.front_end, grid, self.boundary_curve)

    def on(self, user: UserGrid | None) -> "Song":
        """The same song on the user's grid; what was heard of it is not heard again."""
        other = replace(self, user=user)
        other.__dict__.update({part: self.__dict__[part] for part in HEARD if part in self.__dict__})
        return other

    def heard(self) -> Arrays:
        """All that is heard whatever the grid is, computed now; `recall` makes a song of it again."""
        parts = {part: getattr(self, part) for part in HEARD}
        front = parts.pop("front_end")
        parts |= {field.name: getattr(front, field.name) for field in fields(front)}
        return {name: np.asarray(part) for name, part in parts.items() if part is not None}


def _in_four(grid: BeatGrid) -> BeatGrid:
    """The same beats in bars of four."""
    return replace(grid, positions=np.arange(len(grid.times)) % 4 + 1)


def recall(arrays: Arrays, start: float, lead: float) -> Song:
    """The song whose `heard` they are; its samples are gone. Raises KeyError where one is missing."""
    song = Song(np.empty(0, np.float32), start, lead)
    front = FrontEnd(**{field.name: arrays[field.name] for field in fields(FrontEnd)})
    activations = arrays.get("beat_activations")
    song.__dict__.update(
        duration=float(arrays["duration"]), front_end=front, onsets=arrays["onsets"],
        beat_activations=activations, boundary_curve=arrays["boundary_curve"],
    )  # fmt: skip
    return song


def hear(sound: Audio, beat_network: Network | None = None, section_network: Network | None = None) -> Song:
    """The song of a recording or region: channels in phase, without silence at its ends, at reference loudness."""
    heard = music.trimmed(sound)
    return Song(heard.samples, heard.start, heard.lead, beat_network, section_network)
