"""A label file for Audacity (File > Import > Labels): one point label per cut."""

from segue_bridge.marker_name import name
from segue_bridge.result import Analysis

SUFFIX = ".labels.txt"  # .txt alone is the table


def render(analysis: Analysis) -> bytes:
    """One line per cut in UTF-8: start and end, which are the same, in seconds to the microsecond, and the name."""
    return "".join(f"{cut.time:.6f}\t{cut.time:.6f}\t{name(cut)}\n" for cut in analysis.cuts).encode()
