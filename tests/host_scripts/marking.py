"""Cuts that tests let the daemon find, where their markers must stand, and how they are asked for."""

from fractions import Fraction

from ardour_session import Ardour
from scripted_daemon import ScriptedDaemon, analysis
from segue_bridge.result import Cut

MARK, CLEAR = "Segue: mark cuts", "Segue: clear markers"
EXIT, ENTRY = "◀ exit", "▶ entry"
RATE = 48000


def cuts(*times: float) -> list[Cut]:
    """Alternately exits and entries, each with a bar of its own, so that no two names are the same."""
    return [
        Cut(i, ("exit", "entry")[i % 2], time, 0.5 + i / 100, 1 + i, 1.0, "AB"[i % 2]) for i, time in enumerate(times)
    ]


def name(cut: Cut) -> str:
    return f"{EXIT if cut.kind == 'exit' else ENTRY} {cut.score:.2f} · {cut.section} · bar {cut.bar}"


def expected(found: list[Cut], position: int = 0, start: int = 0, rate: int = RATE) -> dict[str, int]:
    """Where the markers must stand: the nearest sample of the exact time, on the timeline."""
    return {name(cut): position + round(Fraction(cut.time) * rate) - start for cut in found}


def ours(markers: dict[str, int]) -> dict[str, int]:
    return {name: position for name, position in markers.items() if name.startswith((EXIT, ENTRY))}


def answer(daemon: ScriptedDaemon, found: list[Cut]) -> None:
    daemon.asked.clear()
    daemon.answer = lambda region, cancelled: analysis(found)


def mark(ardour: Ardour, *regions: str) -> None:
    """Select the regions, run the action, wait for its end, where it needs no window."""
    ardour.select(*regions)
    ardour.action(MARK)
    ardour.lua("")
