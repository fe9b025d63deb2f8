"""Records of `segue grid` as rows: from its folders of JSON, or from a CSV file made of them."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOLD = ("key", "grid", "role", "seed", "songs", "most_epochs", "batch", "fold", "folds", "data", "failed", "command")
FIGURES = ("validation_bcr", "validation_auc", "validation_onsets", "test_bcr", "test_auc", "test_onsets",
           "test_positives", "epochs", "seconds", "cpu_seconds", "parameters")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One training: what was asked (`told`), its level of each factor, and its figures (none where it failed)."""

    told: dict[str, str]
    levels: dict[str, str]
    figures: dict[str, float]

    @property
    def grid(self) -> str:
        """Name of the grid."""
        return self.told["grid"]

    @property
    def role(self) -> str:
        """The role that was learnt."""
        return self.told["role"]

    @property
    def scale(self) -> tuple[str, ...]:
        """What must be alike for figures to be compared."""
        return tuple(self.told[k] for k in ("seed", "songs", "most_epochs", "batch", "folds"))


def read(paths: Iterable[Path]) -> list[Row]:
    """Rows of folders of records and of CSV files, each training once; raises ValueError for anything else."""
    rows: dict[str, Row] = {}
    for path in paths:
        try:
            found = [_of_record(p) for p in sorted(path.glob("*.json"))] if path.is_dir() else _of_csv(path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise ValueError(f"{path} holds no records of segue grid: {fault}") from fault
        rows |= {row.told["key"]: row for row in found}
    if not rows:
        raise ValueError("there are no records: name folders that `segue grid` filled, or CSV files made of them")
    return list(rows.values())


def as_csv(rows: Sequence[Row]) -> str:
    """One line a training, a column for each factor, empty where it has none."""
    factors = list(dict.fromkeys(factor for row in rows for factor in row.levels))
    out = io.StringIO()
    table = csv.DictWriter(out, [*TOLD[:3], *factors, *FIGURES, *TOLD[3:]], lineterminator="\n")
    table.writeheader()
    for row in sorted(rows, key=lambda r: (r.grid, r.role, *r.levels.values(), r.told["fold"])):
        table.writerow({**row.told, **row.levels, **{k: _short(v) for k, v in row.figures.items()}})
    return out.getvalue()


def _short(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.6g}"


def _of_record(path: Path) -> Row:
    d: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    told = {k: str(d.get(k, "")) for k in TOLD}
    training = d["configuration"]["training"]
    told |= {"most_epochs": str(training["epochs"]), "batch": str(training["batch"])}
    if "failed" in d:
        return Row(told, d["levels"], {})
    versions = " ".join(f"{corpus}:{version}" for corpus, version in sorted(d["data"]["versions"].items()))
    told["data"] = f"{versions} {d['data']['hash']}"
    flat = d | {f"{part}_{k}": v for part in ("validation", "test") for k, v in d[part].items()}
    return Row(told, d["levels"], {k: float(flat[k]) for k in FIGURES})


def _of_csv(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    return [
        Row(
            {k: line[k] for k in TOLD},
            {k: v for k, v in line.items() if k not in (*TOLD, *FIGURES) and v},
            {} if line["failed"] else {k: float(line[k]) for k in FIGURES},
        )
        for line in lines
    ]
