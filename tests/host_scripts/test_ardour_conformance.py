"""The actions in the real Ardour do what docs/protocol.md asks of every host: conformance.py."""

from pathlib import Path
from typing import ClassVar

import pytest

from ardour_session import Ardour, wait_for
from conformance import CASES, RATE, Marker, Rig
from drivers import named
from lossy import wired
from marking import MARK


class ArdourDriver:
    """The real Ardour."""

    name = "Ardour"
    tolerance = 0.5 / RATE + 1e-9
    cannot: ClassVar[dict[str, str]] = {}

    def __init__(self, ardour: Ardour) -> None:
        self._ardour = ardour

    def mark(self, song: Path) -> None:
        if song.stem not in self._regions():
            self._ardour.bring_in(song, embed=True)
        self._ardour.select(song.stem)
        self._ardour.action(MARK)
        wait_for(lambda: self._ardour.lua("return tostring (Segue.busy)") == "false", "the action to end")

    def cancel(self) -> None:
        ardour = self._ardour
        window = wait_for(lambda: ardour.xdotool("search", "--onlyvisible", "--name", MARK), "the window")
        ardour.xdotool("key", "--window", window, "Tab", "key", "--window", window, "Return")

    def markers(self) -> list[Marker]:
        return [named(name, samples / RATE) for name, samples in self._ardour.saved_marks()]

    def told(self) -> list[str]:
        return self._ardour.messages()

    def _regions(self) -> list[str]:
        names = self._ardour.lua(
            "local names = {} for route in Session:get_routes ():iter () do local track = route:to_track () "
            "if not track:isnil () then for r in track:playlist ():region_list ():iter () do "
            'names[#names + 1] = r:name () end end end return table.concat (names, "\\n")'
        )
        return names.splitlines()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_conformance(case, clean, ardour, daemon, folder):
    host = ArdourDriver(ardour)
    with wired() as wire:
        case(Rig(host, daemon, wire, folder))
    daemon.restart_if_gone()
    host.told()
