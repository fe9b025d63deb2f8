"""Ableton Live's object model as documented, strictly: songs, locators, clips, the view.

What is not listed here raises, as do wrong types, changes in a notification, locators set outside an undo step, and
undo steps left open. As in Live 12.4.5: `current_song_time`, `jump` and playing take effect with the next tick; while
stopped, `current_song_time` moves the insert marker to the Arrangement's grid (`grid`, in beats; None: snapping is
off), which zooming in makes finer down to 1/256 beat; "set or delete" acts at that marker; `jump` is exact and moves
the start marker, too.
"""

FINEST = 1 / 256
NOTIFICATION = "Changes cannot be triggered by notifications. You will need to defer your response."


class Strict:
    """Only what is a settable property can be set; the fake's own fields begin with _."""

    def __setattr__(self, name, value):
        if not name.startswith("_"):
            found = getattr(type(self), name, None)
            if not isinstance(found, property) or found.fset is None:
                raise AttributeError(f"can't set attribute {name} of {type(self).__name__}")
        object.__setattr__(self, name, value)


def typed(value, kind):
    """The value, where boost would take it for that C++ type."""
    good = isinstance(value, (int, float) if kind is float else kind) and (kind is bool or not isinstance(value, bool))
    if not good:
        raise TypeError(f"Python argument types did not match C++ signature: {value!r} is no {kind.__name__}")
    return kind(value)


class CuePoint(Strict):
    def __init__(self, song, time, name):
        self._song, self._time, self._name, self._gone = song, time, name, False

    def _alive(self):
        if self._gone:
            raise RuntimeError("this locator was deleted")

    @property
    def time(self):
        self._alive()
        return self._time

    @property
    def name(self):
        self._alive()
        return self._name

    @name.setter
    def name(self, value):
        self._alive()
        if self._song._names_are_fixed:
            raise AttributeError("can't set attribute")
        self._song._change(edit=True)
        self._name = typed(value, str)

    def jump(self):
        self._alive()
        self._song._change()
        assert not self._song._playing, "a jump while playing is quantised"
        self._song._move(self._time)
        self._song._start = self._time


class SongView(Strict):
    def __init__(self):
        self._detail_clip = None

    @property
    def detail_clip(self):
        return self._detail_clip


class Song(Strict):
    def __init__(self, arranger):
        self._arranger = arranger
        self._cues, self._made = [], 0
        self._now = self._marker = self._start = 0.0
        self._pending = []
        self._playing = False
        self._tempo, self._length = 120.0, 1000.0
        self._signature = (4, 4)
        self._view = SongView()
        self._open, self._history, self._before = 0, [], None
        self._notifying = False
        self._names_are_fixed = False

    def _change(self, edit=False):
        if self._notifying:
            raise RuntimeError(NOTIFICATION)
        assert not edit or self._open, "a locator is changed outside an undo step"

    def _within(self, beats):
        if not 0 <= beats <= self._length:
            raise RuntimeError("Cannot set the Songtime behind the Songlength")

    def _move(self, beats, snap=False):
        self._within(beats)
        grid = self._arranger._grid if snap else None
        marker = round(beats / grid) * grid if grid else beats
        self._pending.append((beats, marker))

    def _tick(self):
        """What Live does between two calls of the script."""
        for beats, marker in self._pending:
            self._now, self._marker = beats, marker
        self._pending.clear()

    @property
    def view(self):
        return self._view

    @property
    def tempo(self):
        return self._tempo

    @property
    def signature_numerator(self):
        return self._signature[0]

    @property
    def signature_denominator(self):
        return self._signature[1]

    @property
    def song_length(self):
        return self._length

    @property
    def is_playing(self):
        return self._playing

    @property
    def cue_points(self):
        return tuple(self._cues)  # in the order they were made

    @property
    def current_song_time(self):
        return self._now

    @current_song_time.setter
    def current_song_time(self, value):
        self._change()
        self._move(typed(value, float), snap=not self._playing)

    @property
    def start_time(self):
        return self._start

    @start_time.setter
    def start_time(self, value):
        self._change()
        self._within(typed(value, float))
        self._start = float(value)

    def is_cue_point_selected(self):
        return any(cue._time == self._marker for cue in self._cues)

    def set_or_delete_cue(self):
        self._change(edit=True)
        here = [cue for cue in self._cues if cue._time == self._marker]
        if here:
            self._cues.remove(here[0])
            here[0]._gone = True
        else:
            self._made += 1
            self._cues.append(CuePoint(self, self._marker, str(self._made)))

    def begin_undo_step(self):
        self._change()
        assert not self._open, "an undo step is open"
        self._open += 1
        self._before = [(cue._time, cue._name) for cue in self._cues]

    def end_undo_step(self):
        assert self._open, "no undo step is open"
        self._open -= 1
        if self._before != [(cue._time, cue._name) for cue in self._cues]:
            self._history.append(self._before)


class WarpMarker(Strict):
    def __init__(self, sample_time, beat_time):
        self._sample_time, self._beat_time = float(sample_time), float(beat_time)

    @property
    def sample_time(self):
        """Seconds of the file."""
        return self._sample_time

    @property
    def beat_time(self):
        return self._beat_time


CLIP = {
    "name": "clip", "is_audio_clip": True, "is_midi_clip": False, "is_arrangement_clip": True, "file_path": "",
    "warping": False, "warp_markers": (), "looping": False, "start_time": 0.0, "end_time": 0.0, "start_marker": 0.0,
    "end_marker": 0.0, "loop_start": 0.0, "loop_end": 0.0, "sample_rate": 44100.0, "sample_length": 0,
    "pitch_coarse": 0, "pitch_fine": 0.0, "muted": False,
}  # fmt: skip
AUDIO_ALONE = {"file_path", "warping", "warp_markers", "sample_rate", "sample_length", "pitch_coarse", "pitch_fine"}


class Clip(Strict):
    """Read-only here: the script has no business in changing clips."""

    def __init__(self, **values):
        assert set(values) <= set(CLIP)
        self._values = {**CLIP, **values}

    def __getattr__(self, name):
        if name not in CLIP:
            raise AttributeError(f"Clip has no {name}")
        if name in AUDIO_ALONE and not self._values["is_audio_clip"]:
            raise RuntimeError(f"{name} is available for audio clips only")
        return self._values[name]


class ApplicationView(Strict):
    def __init__(self):
        self._coarsest = self._grid = None
        self._zoom = 0

    def zoom_view(self, direction, view_name, modifier_pressed):
        typed(direction, int), typed(modifier_pressed, bool)
        assert typed(view_name, str) == "Arranger"
        self._zoom += {2: -1, 3: 1}[direction]
        if self._coarsest is not None:
            self._grid = max(self._coarsest / 2 ** max(0, self._zoom // 4), min(FINEST, self._coarsest))


class Application(Strict):
    def __init__(self):
        self._view = ApplicationView()

    @property
    def view(self):
        return self._view
