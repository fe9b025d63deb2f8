"""The OSC protocol: the check of what arrives against the table of all messages, the packing of what is answered."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from segue_bridge import osc
from segue_bridge.errors import SegueError
from segue_bridge.protocol_table import JOB, TABLE, TOKENS, Arg, Verb
from segue_bridge.result import Analysis, Cut, Options

if TYPE_CHECKING:
    from segue_models.beats.user_grid import UserGrid

PORT = 9721
HOST = "127.0.0.1"
CHANNEL_FILES = 64  # of one recording
NO_BAR = -1  # bar, and beat, of a cut in a pick-up or in free time

_ROWS = {(verb.sender, verb.address): verb for verb in (*TABLE, *TOKENS)}
_INT32 = range(-(2**31), 2**31)


def arguments(message: osc.Message, sender: Literal["host", "daemon"] = "host") -> dict[str, Any]:
    """The arguments of a message by name, with the types of the table.

    Whole numbers pass for d and f, and d and f for i where they are whole.
    Raises SegueError "unknown_address" or "bad_arguments".
    """
    verb = _ROWS.get((sender, message.address))
    if verb is None:
        known = ", ".join(address for who, address in _ROWS if who == sender)
        raise SegueError("unknown_address", f"{message.address} is no address of protocol 1; there are {known}")
    if len(message.tags) != len(verb.args) or len(message.values) != len(verb.args):
        raise SegueError("bad_arguments", f"{_signature(verb)}, but got {_tags(message)}")
    return {arg.name: _value(arg, tag, value, verb) for arg, tag, value in zip(verb.args, *message[1:], strict=True)}


def job_of(message: osc.Message) -> int:
    """Number of the job a message is about, or -1, for the error that answers a faulty one."""
    first = message.values[0] if message.values else -1
    verb = _ROWS.get(("host", message.address))
    about_job = verb is not None and verb.args[:1] == (JOB,)
    return first if about_job and isinstance(first, int) and first in _INT32 else -1


def region_paths(text: str) -> tuple[Path, ...]:
    """The path argument of /segue/analyze as absolute paths. Raises SegueError "bad_arguments", "too_many"."""
    paths = tuple(Path(line) for line in text.split("\n") if line.strip())
    if not paths or not all(path.is_absolute() for path in paths):
        raise SegueError("bad_arguments", f"path must hold absolute paths, one a line, not {text[:200]!r}")
    if len(paths) > CHANNEL_FILES:
        raise SegueError("too_many", f"{len(paths)} paths: name the channels of one recording, at most {CHANNEL_FILES}")
    return paths


def options(text: str) -> Options:
    """The options argument of /segue/analyze. Raises SegueError "bad_arguments", "bad_spool", "bad_grid"."""
    try:
        given = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as fault:
        raise SegueError("bad_arguments", f"options must be a JSON object, but: {str(fault)[:200]}") from fault
    known = {"spool", *(field.name for field in fields(Options))}
    if not isinstance(given, dict) or not known.issuperset(given):
        names = sorted(set(given) - known) if isinstance(given, dict) else [type(given).__name__]
        raise SegueError("bad_arguments", f"options knows {', '.join(sorted(known))}, not {', '.join(names)[:200]}")
    top, min_score = given.get("top"), given.get("min_score")
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        raise SegueError("bad_arguments", f"options.top must be a whole number from 1, not {str(top)[:50]}")
    if min_score is not None and (isinstance(min_score, bool) or not isinstance(min_score, int | float)):
        raise SegueError("bad_arguments", f"options.min_score must be a number from 0 to 1, not {str(min_score)[:50]}")
    if min_score is not None and not 0 <= min_score <= 1:
        raise SegueError("bad_arguments", f"options.min_score must be from 0 to 1, not {min_score:g}")
    spool_folder(given.get("spool", ""))
    return Options(top, None if min_score is None else float(min_score), _grid(given.get("grid")))


def _grid(given: object) -> "UserGrid | None":
    if given is None:
        return None
    from segue_bridge import grid_option  # numpy, which few requests need

    return grid_option.parse(given)


def named_spool(message: osc.Message) -> Path | None:
    """The spool folder a message names for its answers; None where there is none or it is not usable."""
    folder: object = message.values[-1] if message.values else ""
    try:
        if message.address == "/segue/analyze":
            given = json.loads(str(folder))
            folder = given.get("spool", "") if isinstance(given, dict) else ""
        return spool_folder(folder) if message.address in ("/segue/analyze", "/segue/hello") else None
    except (SegueError, ValueError, RecursionError):
        return None


def spool_folder(text: object) -> Path | None:
    """A folder that was named as spool, None for "". Raises SegueError "bad_spool"."""
    if text == "":
        return None
    try:
        usable = isinstance(text, str) and os.path.isabs(text) and os.path.isdir(text)
    except ValueError:  # a NUL in the name
        usable = False
    if not usable:
        raise SegueError("bad_spool", f"the spool must be the absolute path of a folder that exists, not {text!r:.200}")
    return Path(os.path.normpath(str(text)))


def reply(address: str, *values: osc.Value, sender: Literal["host", "daemon"] = "daemon") -> bytes:
    """A message of the table as a datagram; raises KeyError or ValueError where it is not in the table."""
    verb = _ROWS[sender, address]
    return osc.pack(address, "".join(arg.tag for arg in verb.args), values)


def error(job: int, code: str, message: str) -> bytes:
    """An answer to a fault; the sentence is kept below 1 kB."""
    return reply("/segue/error", job, code, message if len(message) < 1000 else message[:999] + "…")


def counted_set(job: int, analysis: Analysis) -> list[bytes]:
    """The messages of a finished job, /segue/done last."""
    return [
        *(reply("/segue/cut", job, c.id, c.kind, c.time, c.score, *_place(c), c.section) for c in analysis.cuts),
        *(reply("/segue/transition", job, t.exit, t.entry, t.score) for t in analysis.transitions),
        *(reply("/segue/warning", job, sentence) for sentence in analysis.warnings),
        reply("/segue/done", job, len(analysis.cuts), len(analysis.transitions)),
    ]


def cut(values: Mapping[str, Any]) -> Cut:
    """The cut of a /segue/cut, by the names of its arguments without the job."""
    found = Cut(**values)
    return replace(found, bar=None, beat=None) if found.bar == NO_BAR else found


def _place(found: Cut) -> tuple[int, float]:
    return (NO_BAR, float(NO_BAR)) if found.bar is None or found.beat is None else (found.bar, found.beat)


def status(facts: Mapping[str, Any]) -> bytes:
    """An answer to /segue/status."""
    return reply("/segue/status", json.dumps(facts, ensure_ascii=False))


def _value(arg: Arg, tag: str, value: osc.Value, verb: Verb) -> osc.Value:
    wrong = ""
    if isinstance(value, str) or arg.tag == "s":
        wrong = "" if tag == arg.tag else f"came as {tag}"
    elif not math.isfinite(value) or value < arg.least:
        wrong = f"was {value:g}"
    elif arg.tag == "i" and (value != int(value) or int(value) not in _INT32):
        wrong = f"was {value!r}"
    if wrong:
        raise SegueError("bad_arguments", f"{_signature(verb)}, but {arg.name} {wrong}")
    return value if isinstance(value, str) else int(value) if arg.tag == "i" else float(value)


def _signature(verb: Verb) -> str:
    names = (f"{arg.name} ({arg.tag}{', ' + arg.unit if arg.unit else ''})" for arg in verb.args)
    return f"{verb.address} takes {', '.join(names) or 'no arguments'}"


def _tags(message: osc.Message) -> str:
    return f"the types {' '.join(message.tags)}"[:200] if message.tags else "none"
