"""What the annotator's answers say: shares with Wilson intervals, reasons, precision corrected by them (specs 1.12)."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from segue_models.evaluation.study import sheet
from segue_models.evaluation.study.sheet import ANSWERS

COUNTED = {"yes": ("yes",), "yes or maybe": ("yes", "maybe")}  # as a good cut: the lower and the upper bound


@dataclass(frozen=True)
class Share:
    """A share, 0 to 1, and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:6.1%} ({self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True)
class Line:
    """An answered line of the sheet; control: a true positive, not a false one."""

    role: str
    control: bool
    answer: str
    reason: str


def wilson(count: int, of: int) -> Share:
    """Share of `count` in `of` > 0 with its Wilson interval."""
    interval = binomtest(count, of).proportion_ci(0.95, method="wilson")
    return Share(count / of, float(interval.low), float(interval.high))


def mixed(parts: Sequence[tuple[int, Share]]) -> Share:
    """Share over parts of given sizes, independently judged; the interval by Newcombe's square-and-add."""
    size = sum(n for n, _ in parts)
    value = sum(n * s.value for n, s in parts) / size
    below, above = (
        hypot(*(n / size * (s.value - s.low) for n, s in parts)),
        hypot(*(n / size * (s.high - s.value) for n, s in parts)),
    )
    return Share(value, value - below, value + above)


def report(path: Path) -> str:
    """What `segue study report` prints of a study's folder, or of one answered sheet in it.

    Raises ValueError where there is no study, and for every fault of the sheet.
    """
    answered, key = _find(path)
    try:
        return _text(answered, json.loads(key.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{key} is damaged: draw the study again, with the same seed") from error


def _text(answered: Path, key: dict[str, Any]) -> str:
    answers = sheet.read(answered, {line["id"]: line["role"] for line in key["lines"]})
    lines = [Line(line["role"], line["good"], *answers[line["id"]]) for line in key["lines"]]
    model = key["model"]
    out = [
        f"{model['name']} {model['version']} ({model['sha256'][:12]}) on {len(key['songs'])} songs of {key['corpus']}, "
        f"drawn by seed {key['seed']}: {', '.join(key['songs'])}"
    ]
    roles = list(key["predicted"])
    for title, control in (("false positives", False), ("controls", True)):
        part = [line for line in lines if line.control == control]
        for name in ["", *(role for role in roles if len(roles) > 1 and not control)]:
            some = [line for line in part if name in ("", line.role)]
            out += ["", f"{name or title}: {len(some)} answers", *shares(some)] if some else []
        out += ["", f"reasons, {title}", *_reasons(part)] if part else []
    out += ["", "precision: of the predicted cuts, those that are good", ""]
    for title, among in [("both roles", roles), *((role, [role]) for role in roles)]:
        out += corrected(title, [line for line in lines if line.role in among], *_predicted(key, among))
    return "\n".join(out)


def shares(lines: Sequence[Line]) -> list[str]:
    """A row for each answer and for those that may be accepted."""
    counts = Counter(line.answer for line in lines)
    rows = {name: counts[name] for name in ANSWERS} | {"yes or maybe": counts["yes"] + counts["maybe"]}
    return [f"  {name:12} {count:4d} {wilson(count, len(lines))}" for name, count in rows.items()]


def corrected(title: str, lines: Sequence[Line], true: int, false: int) -> list[str]:
    """Precision with the accepted share of the false positives added, P' = (TP + share FP) / (TP + FP).

    Where there are controls, also with true positives counted by the share of controls that were accepted.
    """
    judged = [line for line in lines if not line.control]
    controls = [line for line in lines if line.control]
    if not judged:
        return []
    out = [f"{title}: {true / (true + false):.1%} by the labels ({true} of {true + false})"]
    for name, accepted in COUNTED.items():
        here, there = (sum(line.answer in accepted for line in part) for part in (judged, controls))
        added = (false, wilson(here, len(judged)))
        out.append(f"  {name:12} added {mixed([(true, Share(1.0, 1.0, 1.0)), added])}")
        if controls:
            out[-1] += f"   and the controls counted {mixed([(true, wilson(there, len(controls))), added])}"
    return out


def _predicted(key: dict[str, Any], roles: Sequence[str]) -> tuple[int, int]:
    true, false = (sum(key["predicted"][role][kind] for role in roles) for kind in ("true", "false"))
    return true, false


def _reasons(lines: Sequence[Line]) -> list[str]:
    """How often each answer had each reason, however it was written."""
    tally = Counter((line.answer, " ".join(line.reason.lower().split()) or "(none)") for line in lines)
    return [f"  {count:4d} {answer}: {reason}" for (answer, reason), count in sorted(tally.items(), key=_first)]


def _first(item: tuple[tuple[str, str], int]) -> tuple[int, int, str]:
    (answer, reason), count = item
    return ANSWERS.index(answer), -count, reason


def _find(path: Path) -> tuple[Path, Path]:
    """The sheet, and the key that lies beside it or in the folder above."""
    folders = [path] if path.is_dir() else [path.parent, path.parent.parent]
    key = next((folder / "key.json" for folder in folders if (folder / "key.json").is_file()), None)
    if key is None:
        raise ValueError(f"there is no key.json beside {path}: put the sheet into the folder that `study draw` made")
    answered = path / "sheet" / "sheet.csv" if path.is_dir() else path
    if not answered.is_file():
        raise ValueError(f"there is no sheet {answered}: name the CSV file with the answers")
    return answered, key
