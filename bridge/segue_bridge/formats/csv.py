"""One row per cut, for spreadsheets."""

import csv
import io

from segue_bridge.result import Analysis
from segue_bridge.text import one_line

SUFFIX = ".csv"
COLUMNS = ("id", "kind", "time", "score", "bar", "beat", "section")


def render(analysis: Analysis) -> bytes:
    """The cuts as CSV in UTF-8, in the order of the analysis; times in seconds to the microsecond.

    In a pick-up and in free time bar and beat are empty.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for cut in analysis.cuts:
        score, beat = f"{cut.score:.4f}", None if cut.beat is None else f"{cut.beat:g}"
        # A bare carriage return would not be quoted, and readers take it for the end of the row.
        section = "\n".join(one_line(line) for line in cut.section.split("\n"))
        rows.writerow((cut.id, cut.kind, f"{cut.time:.6f}", score, cut.bar, beat, section))
    return text.getvalue().encode()
