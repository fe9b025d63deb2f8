"""One row per cut, for spreadsheets."""

import csv
import io

from segue_bridge.result import Analysis

SUFFIX = ".csv"
COLUMNS = ("id", "kind", "time", "score", "bar", "beat", "section")


def render(analysis: Analysis) -> bytes:
    """The cuts as CSV in UTF-8, in the order of the analysis; times in seconds to the microsecond."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for cut in analysis.cuts:
        score, beat = f"{cut.score:.4f}", f"{cut.beat:g}"
        rows.writerow((cut.id, cut.kind, f"{cut.time:.6f}", score, cut.bar, beat, cut.section))
    return text.getvalue().encode()
