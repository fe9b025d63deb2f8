"""Every message of the OSC protocol in one table: what is not in it does not exist.

The daemon, the client and the protocol document all follow it.
"""

import math
from typing import Literal, NamedTuple


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


JOB = Arg("job", "i", "", "number the host gave the job, 0 or more", 0)
_PATHS = "absolute path of the recording; several paths, one a line, are its channels (Ardour splits stereo on import)"
_OPTIONS = (
    'JSON object or "": "top" (int, at most so many exits and so many entries), "min_score" (0..1), '
    '"spool" (absolute path of a spool folder that gets the answers to this job), "grid" (what the user says of the '
    "beats: see *Grid*)"
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
            JOB,
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
        (JOB,),
        "Say again where a job stands: its counted set, its error, that it was cancelled, or its progress.",
    ),
    Verb("/segue/cancel", "host", (JOB,), "Stop a queued or running job; answered by /segue/cancelled."),
    Verb(
        "/segue/preview",
        "host",
        (
            JOB,
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
            JOB,
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
            JOB,
            Arg("fraction", "f", "0..1", "part of the work that is done"),
            Arg("stage", "s", "", "what is being done"),
        ),
        "The job is waiting or being worked on; at most ten a second.",
    ),
    Verb(
        "/segue/cut",
        "daemon",
        (
            JOB,
            Arg("id", "i", "", "number of the cut in this job"),
            Arg("kind", "s", "", "exit or entry"),
            Arg("time", "d", "seconds", "place in the source file"),
            Arg("score", "f", "0..1", "calibrated: of the cuts scored 0.8 about 80 % are good"),
            Arg(
                "bar",
                "i",
                "bars",
                "bar of the song, or of the grid, from 1 at the first downbeat; -1 in a pick-up and in free time",
            ),
            Arg("beat", "f", "beats", "beat in the bar; 1 is the downbeat, -1 in a pick-up and in free time"),
            Arg("section", "s", "", "label of the section; repeated sections share one"),
        ),
        "One cut of a counted set.",
    ),
    Verb(
        "/segue/transition",
        "daemon",
        (
            JOB,
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
            JOB,
            Arg("cuts", "i", "", "how many /segue/cut belong to the set; 0 where nothing good was found"),
            Arg("transitions", "i", "", "how many /segue/transition belong to the set"),
        ),
        "End of a counted set; a host that counted fewer asks /segue/resend.",
    ),
    Verb(
        "/segue/warning",
        "daemon",
        (JOB, Arg("message", "s", "", "one sentence for the user")),
        "Something to know about a result, sent before its /segue/done.",
    ),
    Verb(
        "/segue/preview/splice",
        "daemon",
        (
            JOB,
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
            JOB,
            Arg("wav", "s", "", "absolute path of the rendered transition, at the source's rate and channels"),
            Arg("join", "d", "seconds", "place of the join in that file"),
        ),
        "A rendered transition.",
    ),
    Verb(
        "/segue/noted",
        "daemon",
        (JOB, Arg("cut", "i", "", "id of the cut the verdict was about, or -1")),
        "A verdict is safe on disk.",
    ),
    Verb("/segue/cancelled", "daemon", (JOB,), "The job was stopped and answers nothing more."),
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

# By these two both ends know each other over UDP; they are no part of a conversation (meeting.py).
TOKENS: tuple[Verb, ...] = (
    Verb("/segue/token", "host", (Arg("token", "s", "", "second word of the meeting file"),), "I am the user's own."),
    Verb("/segue/token", "daemon", (Arg("proof", "s", "", "third word of the meeting file"),), "So am I."),
)
