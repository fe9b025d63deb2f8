"""Cuts that tests let the daemon find, where their markers must stand, how they are asked for, heard and cleared."""

from fractions import Fraction

from ardour_session import Ardour, wait_for
from scripted_daemon import ScriptedDaemon, analysis
from segue_bridge.result import Cut

LATER, DOUBLE, HALVE, THREE = (
    f"Segue: {name}" for name in ("beats half a beat later", "double the tempo", "halve the tempo", "three in a bar")
)
MARK, CLEAR, USE_GRID = "Segue: mark cuts", "Segue: clear markers", "Segue: use the session's grid"
NEXT, PREVIOUS = "Segue: preview next transition", "Segue: preview previous transition"
KEEP, REJECT, CLEAR_PREVIEW = "Segue: keep transition", "Segue: reject transition", "Segue: clear preview"
EXIT, ENTRY = "◀ exit", "▶ entry"
RATE = 48000
OUR_TRACKS = (
    "local n = 0 for r in Session:get_routes ():iter () do "
    'if r:comment ():find ("^Segue\'s track") then n = n + 1 end end return n'
)


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


def mark(ardour: Ardour, *regions: str, action: str = MARK) -> None:
    """Select the regions, run the action, wait for its end, where it needs no window."""
    ardour.select(*regions)
    ardour.action(action)
    ardour.lua("")


def ended(ardour: Ardour) -> None:
    """The preview is over, and has let go of the solos."""
    held = "for r in Session:get_routes ():iter () do if r:comment ():find ('soloed before') then return 'held' end end"
    wait_for(lambda: ardour.lua(f"{held} return 'free'") == "free", "the preview to end")


def cleared(ardour: Ardour) -> None:
    """Clear the preview and answer Ardour's question."""
    ardour.action(CLEAR_PREVIEW)
    window = wait_for(lambda: ardour.xdotool("search", "--onlyvisible", "--name", "Remove"), "the question")
    window = window.split()[-1]
    ardour.xdotool("key", "--window", window, "Tab", "key", "--window", window, "Return")
    wait_for(lambda: ardour.lua(OUR_TRACKS) == "0", "the track to go")
