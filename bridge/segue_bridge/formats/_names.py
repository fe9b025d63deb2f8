"""What a cut is called in a DAW: the same words in every format and every host script."""

from segue_bridge.result import Cut
from segue_bridge.text import one_line

PICK_UP = "pick-up"  # where a bar stands else: before the first downbeat there is none
GLYPHS = {"exit": "◀", "entry": "▶"}
ASCII_GLYPHS = {"exit": "<", "entry": ">"}


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
    """Such as "bar 17", or "pick-up"."""
    return PICK_UP if cut.bar is None else f"bar {cut.bar}"
