"""The annotator's sheet: a CSV file and a page that plays its clips; answers come back however Excel saved them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

ANSWERS = ("yes", "maybe", "no")
COLUMNS = ("id", "song", "role", "time", "bar", "beat", "clip", "answer", "reason")
NEEDED = ("id", "role", "answer", "reason")
FAULTS_TOLD = 10

Row = Mapping[str, str]  # by COLUMNS


def write(folder: Path, rows: Sequence[Row]) -> None:
    """`sheet.csv` and `index.html`, which shows the same rows and saves them as `answers.csv`."""
    with (folder / "sheet.csv").open("w", encoding="utf-8-sig", newline="") as file:  # Excel asks for the mark
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    page = (files(__package__) / "page.html").read_text(encoding="utf-8")
    data = json.dumps({"columns": COLUMNS, "rows": list(rows)}, ensure_ascii=False).replace("<", "\\u003c")
    (folder / "index.html").write_text(page.replace("{/* sheet */}", data), encoding="utf-8")


def read(sheet: Path, roles: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    """(answer, reason) of every id; roles: of each id in the study, so that another study's sheet is noticed.

    Raises ValueError with one line for each fault.
    """
    header, records = _records(sheet)
    absent = [name for name in NEEDED if name not in header]
    if absent:
        raise ValueError(f"{sheet} has no column {absent[0]!r} in line 1: keep the header that the sheet came with")
    found: dict[int, tuple[str, str]] = {}
    faults: list[str] = []
    for line, cells in records:
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        fault = _fault(row, roles, found)
        if fault:
            faults.append(f"line {line}: {fault}")
        if row["id"].isdecimal():
            found.setdefault(int(row["id"]), (row.get("answer", "").lower(), row.get("reason", "")))
    if not any(answer for answer, _ in found.values()):
        raise ValueError(f"{sheet} has no answers yet: write yes, no or maybe into each line")
    faults += [f"id {i} is missing: put its line back, with an answer" for i in sorted(roles.keys() - found.keys())]
    if faults:
        told, rest = faults[:FAULTS_TOLD], len(faults) - FAULTS_TOLD
        raise ValueError("\n".join(f"{sheet.name}: {f}" for f in told) + (f"\n... and {rest} more" if rest > 0 else ""))
    return found


def _fault(row: Row, roles: Mapping[int, str], found: Mapping[int, object]) -> str | None:
    name, role, answer = row["id"], row.get("role", ""), row.get("answer", "").lower()
    if not name.isdecimal() or int(name) not in roles:
        return f"there is no id {name!r} in this study: keep the ids as they came"
    if int(name) in found:
        return f"id {name} is there twice: keep one of them"
    if role != roles[int(name)]:
        return f"id {name} is an {roles[int(name)]} here, not {role!r}: the sheet is of another study"
    if not answer:
        return f"id {name} has no answer: write yes, no or maybe"
    if answer not in ANSWERS:
        return f"the answer {row['answer']!r} of id {name} is not known: write yes, no or maybe"
    return None


def _records(sheet: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header in lower case, and the other lines that hold something with their numbers, as a spreadsheet counts."""
    text = _text(sheet.read_bytes())
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    table = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    header = [name.strip().lower() for name in table[0]] if table else []
    return header, [(n, cells) for n, cells in enumerate(table[1:], 2) if any(cell.strip() for cell in cells)]


def _text(content: bytes) -> str:
    """Excel saves UTF-8 with a mark, UTF-16 ("Unicode text") or the code page of Windows, as it is told."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
