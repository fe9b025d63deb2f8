"""`python -m segue_models.corpora render [--jobs N] [--only NAME]`: makes all rendered corpora, resumably."""

import argparse
import sys
from pathlib import Path

from segue_models import corpora
from segue_models.paths import default_paths

RENDERED = (
    "evr", "evr_remix", "pop909", "voice_over", "freedoom", "groove", "asap", "speakers", "evr_swap", "electronic",
    "voice_electronic", "breakdowns", "openewld", "freedoom_drumless", "odd_metres", "no_pulse",
)  # fmt: skip


def main() -> int:
    """Renders; exit code 130 after Ctrl-C, when the songs made until then are kept."""
    parser = argparse.ArgumentParser(prog="python -m segue_models.corpora", description=__doc__)
    parser.add_argument("what", choices=["render"])
    parser.add_argument("--jobs", type=int, default=1, help="processes (each takes up to 1 GB)")
    parser.add_argument("--only", choices=RENDERED, action="append", help="one corpus; may be repeated")
    parser.add_argument("--data", type=Path, default=default_paths().data, help="folder of data sets")
    parser.add_argument("--cache", type=Path, default=default_paths().cache, help="where the songs are kept")
    options = parser.parse_args()
    try:
        for name in options.only or RENDERED:
            found = corpora.find(name).tracks(options.data, options.cache, options.jobs)
            print(f"{name}: {len(found)} songs in {options.cache / name}")
    except KeyboardInterrupt:
        print("stopped; run the same command to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
