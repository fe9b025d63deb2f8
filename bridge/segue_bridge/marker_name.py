"""What a cut is called in a DAW: made from a cut, and known again. `host_scripts/lib/marker_name.lua` says the same."""

import re

from segue_bridge.result import Cut, Kind
from segue_bridge.text import one_line

NO_BAR = "no bar"  # where a bar stands else: there is none in free time, nor before the first downbeat
_ONCE = "pick-up"  # what markers said before free time was known
GLYPHS = {"exit": "◀", "entry": "▶"}
ASCII_GLYPHS = {"exit": "<", "entry": ">"}
_OURS = re.compile(rf"(◀ exit|▶ entry|< exit|> entry) \d\.\d\d( [·-] .+)? [·-] (bar -?\d+|{NO_BAR}|{_ONCE})")
_BY_HAND = {
    "exit": re.compile(rf"({GLYPHS['exit']}|{ASCII_GLYPHS['exit']}\s*exit\b|exit\b)", re.IGNORECASE),
    "entry": re.compile(rf"({GLYPHS['entry']}|{ASCII_GLYPHS['entry']}\s*entry\b|entry\b)", re.IGNORECASE),
}


def name(cut: Cut) -> str:
    """Such as "◀ exit 0.91 · B · bar 17"; without the section where it has no label."""
    return _joined(" · ", GLYPHS, cut)


def ascii_name(cut: Cut) -> str:
    """Such as "< exit 0.91 - B - bar 17", for formats whose readers disagree about other characters."""
    return _joined(" - ", ASCII_GLYPHS, cut)


def _joined(dot: str, glyphs: dict[str, str], cut: Cut) -> str:
    parts = (f"{glyphs[cut.kind]} {cut.kind} {cut.score:.2f}", one_line(cut.section), place(cut))
    return dot.join(part for part in parts if part)


def place(cut: Cut) -> str:
    """Such as "bar 17", or "no bar"."""
    return NO_BAR if cut.bar is None else f"bar {cut.bar}"


def is_ours(name: str) -> bool:
    """Whether Segue gave this name; a marker of ours that was renamed or kept is the user's."""
    return _OURS.fullmatch(name.strip()) is not None


def kind(name: str) -> Kind | None:
    """Exit or entry, by the first word or sign of a marker's name; None for a marker about something else."""
    if _BY_HAND["exit"].match(name.strip()):
        return "exit"
    return "entry" if _BY_HAND["entry"].match(name.strip()) else None
