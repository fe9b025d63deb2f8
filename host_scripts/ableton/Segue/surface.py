"""The control surface: what Live calls, what the user can trigger, and what the user is told.

An action is a generator that Live's timer goes through, one step each tick: a MIDI or OSC message changes nothing by
itself, and nothing waits.
"""

import traceback

import Live
from _Framework.ControlSurface import ControlSurface

from . import clip, correction, locators
from .daemon import Daemon, configuration, run
from .trouble import Trouble

CORRECTIONS = {"later": "later", "double": "double", "half": "half", "three": "3/4"}  # steps of `correction`
ACTIONS = ("mark", "next", "previous", "preview", "keep", "reject", "clear", "cancel", "grid", *CORRECTIONS)
CHANNEL = 15  # counted from 0: MIDI channel 16
FIRST_NOTE = 36  # of the first action; the others follow
NOTE_ON = 0x90
ADDRESS = "/segue/action/"


class Segue(ControlSurface):
    """Segue in Live's list of control surfaces."""

    def __init__(self, c_instance):
        super().__init__(c_instance)
        settings = configuration()
        self._play_command = settings["play"]
        places = settings["port"], settings["own_port"]
        self._daemon = Daemon(*places, settings["start"], settings["version"], settings["daemons"])
        self._work = None
        self._player = None
        self._found = None
        self._at = -1  # which of the transitions was heard last
        self.log_message(f"listens to OSC on port {self._daemon.own_port}")

    def disconnect(self):
        """Live closes, or the user chose another surface."""
        if self._work:
            self._work.close()
        self._stop_playing()
        self._daemon.close()
        super().disconnect()

    def update_display(self):
        """Live's timer, about ten times a second."""
        super().update_display()
        for address, values in self._daemon.poll():
            if address.startswith(ADDRESS) and values[:1] != [0]:  # a button's 0 says that it was let go
                self.act(address[len(ADDRESS) :])
        self._step()
        if self._player and self._player.poll():
            self._player = None
            self._tell("The transition could not be played: run `segue doctor` in a terminal.")

    def build_midi_map(self, midi_map_handle):
        """Live asks which notes are ours."""
        super().build_midi_map(midi_map_handle)
        for number in range(len(ACTIONS)):
            Live.MidiMap.forward_midi_note(self._c_instance.handle(), midi_map_handle, CHANNEL, FIRST_NOTE + number)

    def receive_midi(self, midi_bytes):
        """One of our notes came."""
        number = midi_bytes[1] - FIRST_NOTE
        if midi_bytes[0] == NOTE_ON + CHANNEL and midi_bytes[2] and 0 <= number < len(ACTIONS):
            self.act(ACTIONS[number])

    def receive_midi_chunk(self, midi_chunk):
        """Several notes at once, as newer Lives hand them over."""
        for midi_bytes in midi_chunk:
            self.receive_midi(midi_bytes)

    def act(self, action):
        """Begin one of ACTIONS with the next tick."""
        if action == "cancel":
            self._cancel()
        elif action not in ACTIONS:
            self._tell(f"There is no action {action}: choose one of {', '.join(ACTIONS)}.")
        elif self._work:
            self._tell("Still at work: wait, or send cancel.")
        elif action in CORRECTIONS:
            self._work = self._correct(CORRECTIONS[action])
        else:
            self._work = getattr(self, "_" + action)()

    def _step(self):
        if not self._work:
            return
        try:
            next(self._work)
            return
        except StopIteration:
            pass
        except Trouble as trouble:
            self._tell(str(trouble))
        except Exception:
            self.log_message(traceback.format_exc())
            self._tell("This went wrong, please report what Live's Log.txt says of Segue.")
        self._work = None

    def _cancel(self):
        self._stop_playing()
        if self._work:
            self._work.close()
            self._work = None
            self._tell("Cancelled.")

    def _mark(self):
        return self._marking(lambda song, placed: None)

    def _grid(self):
        """Mark by the Arrangement's own bars and beats."""
        return self._marking(lambda song, placed: placed.grid(song.signature_numerator, song.signature_denominator))

    def _correct(self, step):
        """Mark the clip again, on the grid it was marked on last after one more step of `correction`."""

        def grid_of(song, placed):
            same = self._found and self._found.path == placed.path
            return correction.corrected(step, self._found.grid if same else None)

        return self._marking(grid_of)

    def _marking(self, grid_of):
        song = self.song()
        locators.refuse_while_playing(song)
        placed = clip.selected(song)
        self._tell("looking for cuts")
        asked = placed.path, placed.start, placed.length
        found = yield from self._daemon.analyse(*asked, self._tell, grid_of(song, placed))
        cuts = [cut for cut in found.cuts.values() if placed.holds(cut["time"])]
        if not cuts:
            self._tell("No good place to cut was found here; nothing was changed.")
            return
        wanted = [(placed.beats(cut["time"]), locators.name(cut)) for cut in cuts]
        wanted = [(beats, name) for beats, name in wanted if beats >= 0]
        report = yield from locators.replace(song, self.application().view, wanted)
        self._found, self._at = found, -1
        self._tell(" ".join([_summary(report, song.tempo), *found.warnings]))

    def _clear(self):
        report = yield from locators.replace(self.song(), self.application().view, [])
        self._tell(f"{report.removed} locators removed.")

    def _next(self):
        return self._audition(self._at + 1)

    def _previous(self):
        return self._audition(max(self._at, 0) - 1)

    def _preview(self):
        return self._audition(max(self._at, 0))

    def _keep(self):
        return self._judge("kept")

    def _reject(self):
        return self._judge("rejected")

    def _audition(self, at):
        """Have a transition rendered and play it beside Live, whose own jumps are not exact."""
        found = self._marked()
        at %= len(found.transitions)
        leave, enter, score = found.transitions[at]
        wav = yield from self._daemon.preview(found, leave, enter)
        self._at = at
        self._stop_playing()
        if self._play_command:
            self._player = run([*self._play_command, wav])
        where = f"{_where(found.cuts[leave])} to {_where(found.cuts[enter])}"
        self._tell(f"Transition {at + 1} of {len(found.transitions)}, {score:.2f}: {where}")

    def _judge(self, verdict):
        found = self._marked()
        if self._at < 0:
            raise Trouble("Listen to a transition first: next.")
        for cut_id in found.transitions[self._at][:2]:
            yield from self._daemon.judge(found, found.cuts[cut_id], verdict)
        self._tell(f"Transition {self._at + 1} is {verdict}.")

    def _marked(self):
        if not self._found:
            raise Trouble("Mark a clip first.")
        if not self._found.transitions:
            raise Trouble("No transition was found in this clip.")
        return self._found

    def _stop_playing(self):
        if self._player and self._player.poll() is None:
            self._player.terminate()
            self._player.wait()
        self._player = None

    def _tell(self, text):
        self.show_message("Segue: " + text)


def _where(cut):
    return f"{cut['kind']} at bar {cut['bar']}" if cut["bar"] > 0 else f"{cut['kind']} in no bar"


def _summary(report, tempo):
    text = f"{report.placed} locators placed."
    if report.taken:
        text += f" {report.taken} not: other locators stand there."
    if report.off > locators.FINE:
        late = report.off * 60000 / tempo
        text += f" The grid moved some by up to {late:.0f} ms: switch off Options > Snap to Grid and mark again."
    return text
