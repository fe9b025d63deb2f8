"""Segue's locators: their names, placing a set in one undo step, clearing exactly ours.

Live lets a script do no more than press "Set/Delete Locator": it toggles at the insert marker, which a new
`current_song_time` moves in the next tick, and only to a line of the Arrangement's grid. So each locator takes a tick;
where the grid was too coarse, the Arrangement is zoomed in, which makes it finer, and out again in the end.
"""

import re

from .trouble import Trouble

SAME = 1e-3  # beats within which two locators would be at one place
FINE = 1 / 512  # beats; half of the finest grid there is
ZOOM_IN, ZOOM_OUT = 3, 2
ZOOM_STEP, ZOOM_MOST = 8, 64  # of Live's steps; the more at once, the less the user's view comes back exactly

_OURS = re.compile(r"(◀ exit|▶ entry) \d\.\d\d · (.* · )?(bar -?\d+|no bar|pick-up)\Z")


def name(cut):
    """Name of a cut's locator, such as "◀ exit 0.91 · B · bar 17"; where there is no bar it is -1."""
    kind = "◀ exit" if cut["kind"] == "exit" else "▶ entry"
    place = f"bar {cut['bar']}" if cut["bar"] > 0 else "no bar"
    parts = [f"{kind} {cut['score']:.2f}", cut["section"], place]
    return " · ".join(part for part in parts if part)


def ours(song):
    """The locators that we named; one that the user renamed is the user's."""
    return [cue for cue in song.cue_points if _OURS.match(cue.name)]


class Report:
    """What was done: `placed`; `taken`, as other locators stand there; `off`: the largest distance in beats."""

    def __init__(self):
        self.removed = self.placed = self.taken = 0
        self.off = 0.0


def replace(song, view, wanted):
    """Replace our locators by `wanted`, a list of (beats, name); one step per tick; returns Report. Raises Trouble.

    `view`: Live's Application.View.
    """
    refuse_while_playing(song)
    report = Report()
    hand = _Hand(song, view)
    playhead, start = song.current_song_time, song.start_time
    song.begin_undo_step()
    try:
        for cue in ours(song):
            yield from hand.remove(cue)
            report.removed += 1
        for beats, text in _one_a_place(wanted):
            off = yield from hand.place(beats, text)
            if off is None:
                report.taken += 1
            else:
                report.placed += 1
                report.off = max(report.off, off)
    finally:
        song.end_undo_step()
        hand.zoom_out()
        if not song.is_playing:
            song.current_song_time = min(playhead, song.song_length)
            song.start_time = min(start, song.song_length)
    return report


def _one_a_place(wanted):
    """Sorted; an exit and an entry at one place share a locator."""
    places = []
    for beats, text in sorted(wanted):
        if places and beats - places[-1][0] < SAME:
            places[-1][1] += " " + text
        else:
            places.append([beats, text])
    return places


def refuse_while_playing(song):
    """Raises Trouble: while Live plays, locators come where the playhead is."""
    if song.is_playing:
        raise Trouble("Stop Live first: it sets locators at the playhead, then try again.")


class _Hand:
    """Presses the button."""

    def __init__(self, song, view):
        self._song = song
        self._view = view
        self._zoomed = 0

    def remove(self, cue):
        """Take a locator of ours away."""
        mine = (cue.time, cue.name)
        cue.jump()  # exact, unlike current_song_time
        yield
        refuse_while_playing(self._song)
        _, gone = self._press()
        if gone != mine:
            self._put_back(gone)
            raise Trouble("Live's playhead was moved, so not all locators are gone: try again.")

    def place(self, beats, text):
        """How far off the new locator is, in beats; None where another one has the place."""
        song = self._song
        while not any(abs(cue.time - beats) < SAME for cue in song.cue_points):
            song.current_song_time = beats
            yield
            refuse_while_playing(song)
            if abs(song.current_song_time - beats) > SAME:
                raise Trouble("Live's playhead was moved, so not all locators are there: mark again.")
            off = None if song.is_cue_point_selected() else self._try(beats, text)
            if off is not None or self._zoomed >= ZOOM_MOST:
                return off
            self._zoomed += ZOOM_STEP
            self._zoom(ZOOM_IN, ZOOM_STEP)
        return None

    def zoom_out(self):
        """Undo what `place` did to the view."""
        self._zoom(ZOOM_OUT, self._zoomed)

    def _try(self, beats, text):
        """Set a locator at the insert marker, and leave it if it is good enough; its distance, or None."""
        new, gone = self._press()
        if gone:  # another one after all, of which Live had not told
            self._put_back(gone)
            return None
        off = abs(new.time - beats)
        if off > FINE and self._zoomed < ZOOM_MOST:
            self._put_back(gone)
            return None
        try:
            new.name = text
        except AttributeError as fault:
            self._put_back(gone)
            raise Trouble("This Live lets no script name its locators: update to the newest Live.") from fault
        return off

    def _put_back(self, gone):
        """Take the button's last press back: what is new goes, what was there has its name again."""
        back, _ = self._press()
        if gone:
            back.name = gone[1]

    def _press(self):
        """The new locator or None, and (beats, name) of the one that went or None."""
        before = {(cue.time, cue.name): cue for cue in self._song.cue_points}
        self._song.set_or_delete_cue()
        after = {(cue.time, cue.name): cue for cue in self._song.cue_points}
        new = [after[key] for key in after if key not in before]
        gone = [key for key in before if key not in after]
        return (new or [None])[0], (gone or [None])[0]

    def _zoom(self, direction, steps):
        for _ in range(steps):
            self._view.zoom_view(direction, "Arranger", False)
