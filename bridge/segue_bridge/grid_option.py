"""What a user says of the grid, as text and as the option `grid` of the protocol, made a UserGrid."""

import re
from typing import Any

from segue_bridge.errors import SegueError
from segue_models.beats.user_grid import BadGrid, TempoMap, UserGrid

MOST = 1e9  # of any number in it; also what is no number is not below it
KEYS = ("bpm", "meter", "downbeat", "tempo", "shift", "points", "signatures", "bar")


def meter(text: str) -> tuple[int, int]:
    """Beats in a bar and the note that is a beat, from 3/4. Raises BadGrid on anything else."""
    if not re.fullmatch("[0-9]{1,3}/[0-9]{1,3}", text):
        raise BadGrid(f"{text!r:.50} is no metre: write beats in a bar and the note that is a beat, as 3/4 or 6/8")
    beats, unit = text.split("/")
    return int(beats), int(unit)


def parse(given: object) -> UserGrid:
    """The grid from the JSON value of the option. Raises SegueError "bad_grid"."""
    try:
        return _parsed(given)
    except BadGrid as fault:
        raise SegueError("bad_grid", str(fault)) from fault


def _parsed(given: object) -> UserGrid:
    if not isinstance(given, dict) or not given or not set(KEYS).issuperset(given):
        raise BadGrid(f"options.grid must be a JSON object with some of {', '.join(KEYS)}, not {str(given)[:100]}")
    said = {key: value for key, value in given.items() if value is not None}
    if not isinstance(said.get("meter", ""), str) or not isinstance(said.get("tempo", ""), str):
        raise BadGrid('options.grid.meter is a text as "3/4", and tempo is "double" or "half"')
    return UserGrid(
        bpm=_number(said, "bpm"),
        meter=meter(said["meter"]) if "meter" in said else None,
        downbeat=_number(said, "downbeat"),
        tempo_map=_tempo_map(said),
        tempo=said.get("tempo"),
        shift=_number(said, "shift") or 0.0,
    )


def _tempo_map(said: dict[str, Any]) -> TempoMap | None:
    if not {"points", "signatures", "bar"} & set(said):
        return None
    if not {"points", "signatures"} <= set(said):
        raise BadGrid("a tempo map in options.grid has points and signatures")
    points = tuple((seconds, quarter) for seconds, quarter in _rows(said, "points", 2))
    signatures = tuple((at, _whole(beats), _whole(unit)) for at, beats, unit in _rows(said, "signatures", 3))
    return TempoMap(points, signatures, _whole(_number(said, "bar") or 1.0))


def _rows(said: dict[str, Any], name: str, columns: int) -> list[list[float]]:
    rows = said[name]
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == columns for row in rows):
        raise BadGrid(f"options.grid.{name} must be a list of lists of {columns} numbers")
    return [[_finite(value, name) for value in row] for row in rows]


def _number(said: dict[str, Any], name: str) -> float | None:
    return None if name not in said else _finite(said[name], name)


def _finite(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST:
        raise BadGrid(f"options.grid.{name} must hold numbers, not {str(value)[:50]}")
    return float(value)


def _whole(value: float) -> int:
    if value != int(value):
        raise BadGrid(f"options.grid counts bars and beats in whole numbers, not {value:g}")
    return int(value)
