"""The OSC protocol: every address in one table, the check of what arrives, the packing of what is answered.

The daemon, the client and the protocol document all follow `TABLE`; an address that is not in it does not exist.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

from segue_bridge import osc
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Options

PORT = 9721
HOST = "127.0.0.1"


class Arg(NamedTuple):
    """One argument: name, OSC type tag, unit ("" for none), meaning, smallest value that is accepted."""

    name: str
    tag: Literal["i", "f", "d", "s"]
    unit: str
    meaning: str
    least: float = -math.inf


class Verb(NamedTuple):
    """One message: its address, who sends it, its arguments in order, and what it means."""

    address: str
    sender: Literal["host", "daemon"]
    args: tuple[Arg, ...]
    meaning: str


_JOB = Arg("job", "i", "", "number the host gave the job, 0 or more", 0)
_PATHS = "absolute path of the recording; several paths, one a line, are its channels (Ardour splits stereo on import)"
_OPTIONS = (
    'JSON object or "": "top" (int, at most so many exits and so many entries), "min_score" (0..1), '
    '"spool" (absolute path of a spool folder that gets the answers to this job)'
)

TABLE: tuple[Verb, ...] = (
    Verb(
        "/segue/hello",
        "host",
        (
            Arg("protocol", "i", "", "protocol the host script speaks"),
            Arg("host", "s", "", "name of the DAW"),
            Arg("version", "s", "", "version of the DAW or of the script"),
            Arg(
                "spool",
                "s",
                "",
                "absolute path of a folder that gets all further answers to this host, or empty for UDP",
            ),
        ),
        "First contact; answered by /segue/ready.",
    ),
    Verb(
        "/segue/analyze",
        "host",
        (
            _JOB,
            Arg("path", "s", "", _PATHS),
            Arg("start", "d", "seconds", "start of the region in the source file", 0),
            Arg("length", "d", "seconds", "length of the region in the source file; 0 means to its end", 0),
            Arg("options", "s", "", _OPTIONS),
        ),
        "Find the cuts of a region; answered by /segue/progress, then the counted set or one /segue/error.",
    ),
    Verb(
        "/segue/resend",
        "host",
        (_JOB,),
        "Say again where a job stands: its counted set, its error, that it was cancelled, or its progress.",
    ),
    Verb("/segue/cancel", "host", (_JOB,), "Stop a queued or running job; answered by /segue/cancelled."),
    Verb(
        "/segue/preview",
        "host",
        (
            _JOB,
            Arg("exit", "i", "", "id of the cut to leave at", 0),
            Arg("entry", "i", "", "id of the cut to go on at", 0),
            Arg("before", "d", "seconds", "heard before the join; 0 means four beats", 0),
            Arg("after", "d", "seconds", "heard after the join; 0 means four beats", 0),
        ),
        "Render a jump between two cuts of a finished job; answered by /segue/preview/splice and /segue/preview/file.",
    ),
    Verb(
        "/segue/verdict",
        "host",
        (
            _JOB,
            Arg("cut", "i", "", "id of a cut of the finished job, or -1 for one the user made", -1),
            Arg("verdict", "s", "", "kept, rejected, moved or added"),
            Arg("kind", "s", "", "exit or entry"),
            Arg("time", "d", "seconds", "where the user has it, in the source file", 0),
        ),
        "What the user thinks of a cut, for later learning; answered by /segue/noted.",
    ),
    Verb("/segue/status", "host", (), "Ask how the daemon is; answered by /segue/status."),
    Verb(
        "/segue/ready",
        "daemon",
        (
            Arg("protocol", "i", "", "protocol the daemon speaks"),
            Arg("version", "s", "", "version of Segue"),
        ),
        "The daemon is there.",
    ),
    Verb(
        "/segue/progress",
        "daemon",
        (
            _JOB,
            Arg("fraction", "f", "0..1", "part of the work that is done"),
            Arg("stage", "s", "", "what is being done"),
        ),
        "The job is waiting or being worked on; at most ten a second.",
    ),
    Verb(
        "/segue/cut",
        "daemon",
        (
            _JOB,
            Arg("id", "i", "", "number of the cut in this job"),
            Arg("kind", "s", "", "exit or entry"),
            Arg("time", "d", "seconds", "place in the source file"),
            Arg("score", "f", "0..1", "calibrated: of the cuts scored 0.8 about 80 % are good"),
            Arg("bar", "i", "bars", "bar of the song; the first downbeat starts bar 1"),
            Arg("beat", "f", "beats", "beat in the bar; 1 is the downbeat"),
            Arg("section", "s", "", "label of the section; repeated sections share one"),
        ),
        "One cut of a counted set.",
    ),
    Verb(
        "/segue/transition",
        "daemon",
        (
            _JOB,
            Arg("exit", "i", "", "id of the cut to leave at"),
            Arg("entry", "i", "", "id of the cut to go on at"),
            Arg("score", "f", "0..1", "how well the one goes on at the other"),
        ),
        "One transition of a counted set.",
    ),
    Verb(
        "/segue/done",
        "daemon",
        (
            _JOB,
            Arg("cuts", "i", "", "how many /segue/cut belong to the set; 0 where nothing good was found"),
            Arg("transitions", "i", "", "how many /segue/transition belong to the set"),
        ),
        "End of a counted set; a host that counted fewer asks /segue/resend.",
    ),
    Verb(
        "/segue/warning",
        "daemon",
        (_JOB, Arg("message", "s", "", "one sentence for the user")),
        "Something to know about a result, sent before its /segue/done.",
    ),
    Verb(
        "/segue/preview/splice",
        "daemon",
        (
            _JOB,
            Arg("exit", "i", "", "id of the cut that is left at"),
            Arg("entry", "i", "", "id of the cut that is gone on at"),
            Arg("leave", "d", "seconds", "place in the source file where the exit side meets the join"),
            Arg("enter", "d", "seconds", "place in the source file where the entry side meets the join"),
            Arg("ahead", "d", "seconds", "how long before the join the crossfade begins"),
            Arg("fade", "d", "seconds", "length of the equal-power crossfade; 0 for a hard cut"),
            Arg("gain", "f", "factor", "of the entry side, to match the levels"),
        ),
        "The same join for a host that builds it from its own regions; sent before /segue/preview/file.",
    ),
    Verb(
        "/segue/preview/file",
        "daemon",
        (
            _JOB,
            Arg("wav", "s", "", "absolute path of the rendered transition, at the source's rate and channels"),
            Arg("join", "d", "seconds", "place of the join in that file"),
        ),
        "A rendered transition.",
    ),
    Verb(
        "/segue/noted",
        "daemon",
        (_JOB, Arg("cut", "i", "", "id of the cut the verdict was about, or -1")),
        "A verdict is safe on disk.",
    ),
    Verb("/segue/cancelled", "daemon", (_JOB,), "The job was stopped and answers nothing more."),
    Verb("/segue/status", "daemon", (Arg("status", "s", "", "JSON object"),), "How the daemon is."),
    Verb(
        "/segue/error",
        "daemon",
        (
            Arg("job", "i", "", "number of the job, or -1 where the fault belongs to none"),
            Arg("code", "s", "", "short name of the fault, for programs"),
            Arg("message", "s", "", "one sentence that says what to do, for people"),
        ),
        "Any fault; a job that failed answers nothing more.",
    ),
)

_ROWS = {(verb.sender, verb.address): verb for verb in TABLE}
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
    about_job = verb is not None and verb.args[:1] == (_JOB,)
    return first if about_job and isinstance(first, int) and first in _INT32 else -1


def region_paths(text: str) -> tuple[Path, ...]:
    """The path argument of /segue/analyze as absolute paths. Raises SegueError "bad_arguments"."""
    paths = tuple(Path(line) for line in text.split("\n") if line.strip())
    if not paths or not all(path.is_absolute() for path in paths):
        raise SegueError("bad_arguments", f"path must hold absolute paths, one a line, not {text[:200]!r}")
    return paths


def options(text: str) -> Options:
    """The options argument of /segue/analyze. Raises SegueError "bad_arguments", "bad_spool"."""
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
    return Options(top, None if min_score is None else float(min_score))


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
        *(reply("/segue/cut", job, c.id, c.kind, c.time, c.score, c.bar, c.beat, c.section) for c in analysis.cuts),
        *(reply("/segue/transition", job, t.exit, t.entry, t.score) for t in analysis.transitions),
        *(reply("/segue/warning", job, sentence) for sentence in analysis.warnings),
        reply("/segue/done", job, len(analysis.cuts), len(analysis.transitions)),
    ]


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
