"""`python -m tests.fuzz [--minutes M] [--keep FOLDER] [TARGET...]`: fuzz each target for M minutes and print a table.

Needs atheris: `pip install -e ".[fuzz]"`. The exit code is 1 where anything crashed, hung, or took over 2 GB.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from .targets import targets

HEAD = ("target", "executions", "covered", "new", "corpus", "crashes", "hangs", "out of memory", "slowest", "memory")
ROW = "{:<18}{:>11}{:>9}{:>7}{:>8}{:>9}{:>7}{:>15}{:>9}{:>9}"


def main() -> int:
    """Print the table; what went wrong is told below each row, with its input's path where --keep names a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        known = list(targets(Path(scratch)))
        parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
        parser.add_argument(
            "targets", nargs="*", metavar="TARGET", help=f"of {', '.join(known)}; all where none is given"
        )
        parser.add_argument("--minutes", type=float, default=1.0, help="for each target (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=1, help="of the mutations (default: %(default)s)")
        parser.add_argument("--keep", type=Path, help="a new folder for the corpus and the inputs that did harm")
        given = parser.parse_args()
        if unknown := set(given.targets) - set(known):
            parser.error(f"{', '.join(sorted(unknown))}: take of {', '.join(known)}")
        root = given.keep or Path(scratch) / "runs"
        print(ROW.format(*HEAD), flush=True)
        return int(any([fuzz(name, given.minutes, given.seed, root / name) for name in given.targets or known]))


def fuzz(name: str, minutes: float, seed: int, folder: Path) -> bool:
    """Run one target and print its row; whether it did harm."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.fuzz.child", name, str(round(60 * minutes)), str(seed), str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    covered = [int(number) for number in re.findall(r"^#\d+\s+\w+\s+cov: (\d+)", done.stdout, re.MULTILINE)] or [0]
    corpus = re.findall(r" corp: (\d+)/", done.stdout) or ["0"]
    stats = dict(re.findall(r"^stat::(\w+):\s+(\d+)", done.stdout, re.MULTILINE))
    kinds = ["crash-", "timeout-", "oom-"]
    crashes, hangs, memory = ([*folder.glob(f"{kind}*")] for kind in kinds)
    print(
        ROW.format(
            name,
            stats.get("number_of_executed_units", "?"),
            covered[-1],
            f"+{covered[-1] - covered[0]}",
            corpus[-1],
            *map(len, (crashes, hangs, memory)),
            f"{stats.get('slowest_unit_time_sec', '?')} s",
            f"{stats.get('peak_rss_mb', '?')} MB",
        ),
        flush=True,
    )
    for told in re.findall(r"^CRASH (.*)", done.stdout, re.MULTILINE):
        print(f"    {told}", flush=True)
    if "stat::" not in done.stdout or hangs or memory:
        print("    " + "\n    ".join(done.stdout.splitlines()[-12:]), flush=True)
    return bool(crashes or hangs or memory or "stat::" not in done.stdout)


if __name__ == "__main__":
    sys.exit(main())
