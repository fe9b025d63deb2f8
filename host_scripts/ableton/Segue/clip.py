"""The clip the user selected: which part of which file it plays, and where a moment of that file is in the song."""

import os

from .trouble import Trouble

AGREE = 1e-3  # beats by which a clip may be longer or shorter than its tempo says


class Placed:
    """`path`; `start`, `length` in seconds of the file.

    `points`: (seconds of the file, beats of the Arrangement), sorted; on the lines between them the one is the other.
    """

    def __init__(self, path, start, end, points):
        self.path = path
        self.start = start
        self.length = end - start
        self.points = points

    def beats(self, seconds):
        """Where a moment of the file is in the Arrangement."""
        return along(self.points, seconds)

    def grid(self, beats_a_bar, unit):
        """The Arrangement's bars and beats as the daemon is told them; Live's beats are quarter notes."""
        bar = beats_a_bar * 4 / unit
        number = int(self.beats(self.start) // bar)
        return {"points": self.points, "signatures": [[number * bar, beats_a_bar, unit]], "bar": number + 1}

    def holds(self, seconds):
        """True where the clip plays this moment of the file."""
        return self.start - 1e-6 <= seconds <= self.start + self.length + 1e-6


def selected(song):
    """The selected clip as Placed. Raises Trouble where it is none that can be marked."""
    clip = song.view.detail_clip
    if clip is None:
        raise Trouble("Select an audio clip in the Arrangement first.")
    if not clip.is_audio_clip:
        raise Trouble("This is a MIDI clip: select an audio clip, or freeze and flatten its track.")
    if not clip.is_arrangement_clip:
        raise Trouble("This clip is in the Session: drag it into the Arrangement and select it there.")
    path = clip.file_path
    if not path or not os.path.isfile(path):
        raise Trouble("The file of this clip is missing: find it with File > Manage Files, then mark again.")
    start, end, points = _warped(clip) if clip.warping else _unwarped(clip, song.tempo)
    end = min(end, clip.sample_length / clip.sample_rate)
    start = max(0.0, start)
    if end <= start:
        raise Trouble("This clip plays nothing of its file: move its start marker.")
    return Placed(path, start, end, points)


def _warped(clip):
    """A warped clip follows the song's beats; its warp markers say which second of the file is which beat of it.

    Of a loop that repeats, the first pass counts.
    """
    markers = sorted((marker.sample_time, marker.beat_time) for marker in clip.warp_markers)
    if len(markers) < 2:
        raise Trouble("This clip has no warp markers: switch Warp off and on, then mark again.")
    first = clip.start_marker if clip.looping else clip.loop_start
    last = min(clip.loop_end, first + clip.end_time - clip.start_time)
    swapped = [(beat, second) for second, beat in markers]
    points = [(second, clip.start_time + beat - first) for second, beat in markers]
    return along(swapped, first), along(swapped, last), points


def _unwarped(clip, tempo):
    """An unwarped clip plays its file's seconds; transposed, faster or slower."""
    start, end = clip.loop_start, clip.loop_end
    speed = 2 ** ((clip.pitch_coarse + clip.pitch_fine / 100.0) / 12)
    beats_per_second = tempo / 60 / speed
    if abs((end - start) * beats_per_second - (clip.end_time - clip.start_time)) > AGREE * max(1, end - start):
        raise Trouble("The tempo changes under this clip: switch Warp on for it, then mark again.")
    return start, end, [(start + second, clip.start_time + second * beats_per_second) for second in (0.0, 1.0)]


def along(points, x):
    """The y of a line through points (x, y), sorted; its ends go on straight."""
    at = 1
    while at < len(points) - 1 and points[at][0] < x:
        at += 1
    (x0, y0), (x1, y1) = points[at - 1], points[at]
    return y0 + (x - x0) * (y1 - y0) / (x1 - x0)
