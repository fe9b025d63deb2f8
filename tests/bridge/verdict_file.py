"""What a file of verdicts holds, read without our own code."""

import json
from pathlib import Path
from typing import Any


def lines(file: Path) -> tuple[list[dict[str, Any]], int]:
    """The whole lines, and how many are broken."""
    whole, broken = [], 0
    for line in filter(None, file.read_bytes().split(b"\n")):
        try:
            whole.append(json.loads(line))
        except ValueError:
            broken += 1
    return whole, broken


def times(file: Path) -> set[float]:
    """Times of the verdicts in it."""
    return {line["time"] for line in lines(file)[0]}
