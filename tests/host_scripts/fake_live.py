"""A strict Ableton Live around the Remote Script: loads it, lets its time go by, plays its user."""

import importlib
import sys
import types
from pathlib import Path

from fake_live_objects import Application, CuePoint, Song, typed


class CInstance:
    """What Live hands to `create_instance`."""

    def __init__(self, live):
        self._live = live

    def song(self):
        return self._live.song

    def handle(self):
        return 77

    def show_message(self, text):
        self._live.told.append(typed(text, str))

    def log_message(self, text):
        self._live.logged.append(typed(text, str))


class ControlSurface:
    """`_Framework.ControlSurface` as far as Live's documentation of it goes."""

    _live: "Live"

    def __init__(self, c_instance):
        self._c_instance = c_instance

    def song(self):
        return self._c_instance.song()

    def application(self):
        return self._live.application

    def show_message(self, message):
        self._c_instance.show_message(message)

    def log_message(self, *message):
        self._c_instance.log_message(" ".join(map(str, message)))

    def update_display(self):
        pass

    def build_midi_map(self, midi_map_handle):
        pass

    def disconnect(self):
        pass


class Live:
    """Live with the Remote Script that lies in `scripts`/Segue; `told`: what its status bar showed."""

    def __init__(self, scripts: Path):
        self.application = Application()
        self.song = Song(self.application.view)
        self.told, self.logged, self.forwarded = [], [], set()
        self._scripts = scripts

    def __enter__(self):
        midi = types.SimpleNamespace(forward_midi_note=self._forward)
        framework = types.ModuleType("_Framework.ControlSurface")
        framework.ControlSurface = type("ControlSurface", (ControlSurface,), {"_live": self})
        live = types.ModuleType("Live")
        live.MidiMap = midi
        self._modules = {"Live": live, "_Framework": types.ModuleType("_Framework"), framework.__name__: framework}
        sys.modules.update(self._modules)
        sys.path.insert(0, str(self._scripts))
        importlib.invalidate_caches()
        self.surface = importlib.import_module("Segue").create_instance(CInstance(self))
        self.surface.build_midi_map(5)
        return self

    def __exit__(self, *_):
        self.surface.disconnect()
        sys.path.remove(str(self._scripts))
        for name in [*self._modules, *(name for name in sys.modules if name.split(".")[0] == "Segue")]:
            del sys.modules[name]
        assert not self.song._open, "an undo step was left open"

    def _forward(self, script, midi_map, channel, note):
        assert (script, midi_map) == (77, 5)
        self.forwarded.add((typed(channel, int), typed(note, int)))
        return True

    def tick(self):
        """A tenth of a second of Live."""
        self.song._tick()
        self.surface.update_display()

    def note(self, number, velocity=100, channel=15):
        """A key of the controller; Live hands over what was forwarded alone. In a notification: nothing may change."""
        if (channel, number) not in self.forwarded:
            return
        self.song._notifying = True
        self.surface.receive_midi((0x90 + channel, number, velocity))
        self.song._notifying = False

    def user_sets(self, beats, name):
        """A locator of the user's."""
        self.song._cues.append(CuePoint(self.song, float(beats), name))

    def undo(self):
        """Edit > Undo."""
        self.song._cues[:] = [CuePoint(self.song, time, name) for time, name in self.song._history.pop()]

    def locators(self):
        """All of them, as {name: beats}."""
        names = {cue._name: cue._time for cue in self.song._cues}
        assert len(names) == len(self.song._cues), "two locators have one name"
        return names
