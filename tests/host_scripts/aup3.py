"""Reads the labels of a saved Audacity project with all their digits: GetInfo gives six.

An .aup3 file is an SQLite data base whose table `project` holds the XML as a stream of fields: names in `dict`, tags
and values in `doc`.
"""

import shutil
import sqlite3
import struct
import tempfile
from pathlib import Path
from typing import Any

CHAR_SIZE, START, END, STRING, INT, BOOL, LONG, LONG_LONG, SIZE, FLOAT, DOUBLE, DATA, RAW, PUSH, POP, NAME = range(16)
NUMBERS = {INT: "<i", BOOL: "<?", LONG: "<i", LONG_LONG: "<q", SIZE: "<I", FLOAT: "<fi", DOUBLE: "<di"}


def labels(project: Path) -> list[list[tuple[float, float, str]]]:
    """Start and end in seconds and text of each label, track by track."""
    tracks: list[list[tuple[float, float, str]]] = []
    for tag, values in elements(project):
        if tag == "labeltrack":
            tracks.append([])
        if tag == "label":
            tracks[-1].append((values["t"], values["t1"], values["title"]))
    return tracks


def elements(project: Path) -> list[tuple[str, dict[str, Any]]]:
    """Name and attributes of the elements; an outer one comes before those in it."""
    with tempfile.TemporaryDirectory() as folder:  # a running Audacity keeps its own locked
        for path in project.parent.glob(f"{project.name}*"):  # what was written last stands in the -wal
            shutil.copy(path, folder)
        base = sqlite3.connect(Path(folder) / project.name)
        names, doc = base.execute("SELECT dict, doc FROM project WHERE id = 1").fetchone()
        base.close()
    found: list[tuple[str, dict[str, Any]]] = []
    opened: list[dict[str, Any]] = []
    for kind, name, value in fields(names + doc):
        if kind == START:
            opened.append({})
            found.append((name, opened[-1]))
        elif kind == END:
            opened.pop()
        elif kind in (STRING, *NUMBERS):
            opened[-1][name] = value
    return found


def fields(data: bytes) -> list[tuple[int, str, Any]]:
    """Kind, name and value of each field."""
    found: list[tuple[int, str, Any]] = []
    names: dict[int, str] = {}
    encoding, at = "", 0

    def take(form: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return values

    def text(size: int) -> str:
        return take(f"{size}s")[0].decode(encoding)

    while at < len(data):
        (kind,) = take("<B")
        if kind == CHAR_SIZE:
            encoding = {1: "utf-8", 2: "utf-16-le", 4: "utf-32-le"}[take("<B")[0]]
        elif kind == NAME:
            number, size = take("<HH")
            names[number] = text(size)
        elif kind in (DATA, RAW):
            text(take("<i")[0])
        elif kind not in (PUSH, POP):
            name = names[take("<H")[0]]
            value = text(take("<i")[0]) if kind == STRING else take(NUMBERS[kind])[0] if kind in NUMBERS else None
            found.append((kind, name, value))
    return found
