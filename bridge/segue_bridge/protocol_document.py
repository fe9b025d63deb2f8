"""docs/protocol.md, made from the protocol's table: `python -m segue_bridge.protocol_document > docs/protocol.md`."""

from collections.abc import Iterator

from segue_bridge import PROTOCOL, outbox, preview, preview_worker, protocol, protocol_table, spool
from segue_bridge.jobs import KEPT_PER_HOST, WAITING_PER_HOST
from segue_bridge.osc import BUNDLE_LIMIT
from segue_models.beats.user_grid import FASTEST_BPM, SLOWEST_BPM

# Every code a host can hear in /segue/error; a test holds them against the faults raised in the code.
CODES = {
    "bad_packet": "The bytes are no OSC packet, or the file is not length-framed. Belongs to no job.",
    "unknown_address": "The address is not in this document.",
    "bad_arguments": "Number, types or values of the arguments are not as written here; the sentence names them.",
    "wrong_protocol": "The daemon speaks another protocol: the user installs the scripts again.",
    "bad_spool": "The spool that was named cannot be used, is not its user's alone, or is one too many.",
    "bad_token": "The datagram does not begin with the token of this daemon.",
    "duplicate_job": "A job of this number is still at work; for a host that only asked twice: it waits on.",
    "unknown_job": "The daemon does not know the job: it was restarted, has forgotten it, or never heard of it. "
    "Say /segue/analyze again; the answer is cached. After /segue/cancel: the job had ended before.",
    "too_many": "More is asked for than may wait, or more paths are named than a recording has channels. Wait for some "
    "answers, then ask again.",
    "not_done": "The job has no counted set yet, so nothing of it can be previewed or judged.",
    "unknown_cut": "The job has no cut of that number and kind.",
    "stopped": "The daemon was stopped while the job was waiting or at work.",
    "not_found": "There is no such file.",
    "bad_name": "The file's name is no text.",
    "not_audio": "The file is no audio that can be read.",
    "no_decoder": "M4A, films and the like need ffmpeg or PyAV, which are not installed.",
    "unreadable": "The file cannot be opened.",
    "empty_file": "The file holds no samples.",
    "truncated_file": "The file is damaged where the region begins. One that ends early is used up to there, with a "
    "warning.",
    "bad_rate": "The file has so few or so many samples a second that it is no music.",
    "bad_samples": "The file holds values that are no sound.",
    "channels_differ": "Several paths that are not the channels of one recording: length or rate differ.",
    "bad_region": "Start or length is no number of seconds, or more is asked around a join than is rendered.",
    "bad_grid": "The grid in the options cannot be, or not that of this recording; the sentence says why.",
    "outside_file": "The region, or a place of the preview, lies outside the recording.",
    "too_short": "The region is too short to be cut.",
    "too_long": "The region is too long.",
    "too_large": "The region, the preview or the file needs more memory than it may take: ask for less.",
    "changed_file": "The recording, or a model, was changed while it was analysed: ask again.",
    "silence": "The region is silent.",
    "no_model": "A network is missing or broken.",
    "failed": "The disk refused: it is full, or may not be written.",
    "internal": "A fault of ours.",
}

_EXAMPLE = (7, "/music/song.wav", 1.5, 180.0, '{"top":5}')

_TYPES = {
    "i": "int32, big-endian",
    "f": "IEEE float, 4 bytes, big-endian",
    "d": "IEEE double, 8 bytes, big-endian: every time, so that it is exact to the sample after hours",
    "s": "UTF-8, ended by a NUL, padded with NULs to a multiple of 4 bytes",
}

_DOCUMENT = """\
<!-- Made by `python -m segue_bridge.protocol_document > docs/protocol.md`; do not edit. -->
# Protocol {protocol}: how a DAW talks to Segue

Enough to write the script for one more DAW. The *host* is that script; the *daemon* is `segue serve`, one for all
hosts. The host says which recording the user selected, the daemon answers with *cuts* (an *exit*, where the music can
be left, or an *entry*, where it can be joined) and *transitions* (an exit and an entry that fit). All times are
**seconds in the source file**; the host alone knows its timeline.

## Packets

[OSC 1.0](https://opensoundcontrol.stanford.edu/spec-1_0.html): a message is its address as a string, its type tags as
a string that begins with a comma, and its arguments. A bundle (`#bundle`, NUL, 8 bytes of time tag, then each element
behind its length as int32) counts as its messages in their order, at once; time tags mean nothing here.

{types}

A whole number is taken for `f` or `d`, and `f`, `d` or `h` for `i` where nothing is lost. The daemon sends exactly
the types of this document.

    {example_call}

is these {example_size} bytes:

{example}

## Transport

### UDP

The daemon listens on {host}:{port} and nowhere else, and answers to the address and port that a datagram came from.
It sends datagrams of at most {limit} bytes, bundles where several messages fit, {pace:g} ms apart. A datagram can be
lost, and any of them may.

**Who may speak.** Only the user that the daemon works for ([security](security.md)). On Linux the kernel says who sent
a datagram, as long as the sender's socket is there: keep it open until the answer has come, and let no other program
share its port. Others are answered nothing. On other systems each datagram begins with the token of the meeting file:
it is a bundle whose first message is `/segue/token` `,s`. Without it the answer is *bad_token*. The token may be said
on Linux too, and is always answered with the proof, which is a `/segue/token` `,s` as well.

**The meeting file** is `segue/daemons/{port}` in the user's data folder (see *Spool*), which only the user can read:

    PORT TOKEN PROOF

PORT is where the daemon listens: another one than {port} where another user's daemon was faster. Where there is no
such file, no daemon runs. A host says TOKEN in `/segue/token` and believes nothing before it has heard PROOF in a
`/segue/token` from that port: else another user's program could sit there. Both are new with each daemon, so read the
file again for each request.

### Spool: for hosts whose scripts cannot receive UDP

A folder through which both hand each other files:

| path | what it is |
|---|---|
| `to_daemon/*.osc` | requests: the host writes them, the daemon deletes them when it has read them |
| `to_host/*.osc` | answers: the daemon writes them, the host deletes them when it has read them |
| `daemon.alive` | `pid protocol time`, time in Unix seconds; new every second while a daemon watches this folder |

- **Framing.** A file holds one or more packets, each behind its length in bytes as int32, big-endian. The daemon
  frames single messages and puts a whole counted set into one file. A file for the daemon has at most {file_limit}
  bytes.
- **Whose.** The spool and its two folders are the user's own: nobody else may write in them, or rename a folder on the
  way to them, and they are no links; else *bad_spool*. The daemon makes them, and its files, for their owner alone. It
  reads and deletes regular files of its user alone, and passes over everything else. At most {spools} spools are
  watched below `segue/spool`, and as many elsewhere.
- **Names.** Write under a name that ends in `.tmp`, then rename it to `.osc`. Files are read in the order of their
  names: begin with the time, zero-padded, and go on with a counter.
- **Where.** `segue/spool/HOST` in the user's data folder (`~/.local/share`, on macOS `~/Library/Application Support`,
  on Windows `%LOCALAPPDATA%`). Every folder in `segue/spool` is watched; a new one is found within a second, and gets
  its two folders then. A folder elsewhere is watched from the moment a message names it: the `spool` of /segue/hello,
  or `"spool"` in the options of /segue/analyze, by UDP. `segue serve --spool DIR` watches DIR and not the default
  ones.
- **Answers** to what came through a spool go to that spool. After a /segue/hello that names a spool, so do the
  answers to everything from that UDP address.
- An `.osc` file that nobody has fetched for an hour is deleted, and no other. A host deletes what it finds in `to_host`
  before it asks.
- Two windows of one DAW may share a folder, and one can take the other's answer: see *Loss*.

## A conversation

1. **Hello.** `/segue/hello` with the DAW's name and version; the answer is `/segue/ready`. No other message needs it,
   but only so does a host learn that both speak one protocol, and a daemon where its spool is.
2. **Ask.** `/segue/analyze` with a job number of the host's choice, which no other run of the script takes: begin at
   random, or with a clock that counts milliseconds. The daemon still knows the jobs of earlier runs, and answers to
   them may still arrive: they are ignored by their number.
3. **Wait.** `/segue/progress` comes at most ten times a second, and not at all where the answer is cached. Show it.
4. **Take in** the counted set: each `/segue/cut` and `/segue/transition`, in any order, a repeated one counting once;
   `/segue/warning` is a sentence for the user. `/segue/done` says how many of each there were. Nothing is placed
   before all are there. 0 cuts: say that nothing good was found and change nothing.
5. Or the job ends with one `/segue/error` or `/segue/cancelled`, and says nothing more.

**Loss.** Fewer than `/segue/done` says, or no word about the job for half a second (UDP) or two (spool): say
`/segue/resend`. A finished job answers with its whole counted set, its error, or that it was cancelled; one at work
with its progress. The daemon keeps the last {kept} endings of each host. The error *unknown_job* then means that the
request was lost or the daemon restarted: say `/segue/analyze` again, with the same number. An answer heard twice
counts once.

**Cancel.** `/segue/cancel`; the answer comes at once. Whatever still arrives for that job is ignored. A
`/segue/cancelled` that the host did not ask for ends the job too.

**The daemon is gone** when ten seconds (UDP) pass without a word in spite of `/segue/resend`, or when `daemon.alive`
is missing or older than five seconds (spool; the daemon removes it when it is stopped). Tell the user in one sentence
and stop waiting. Requests that nobody fetched are deleted, or the next daemon would do work nobody waits for.

**The daemon was restarted.** Nothing of a conversation is kept, but results are cached on disk: *unknown_job*, then
`/segue/analyze` again, is answered in milliseconds. A host that says hello before each job needs nothing else.

**Grid.** With `"grid"` in the options of /segue/analyze the user says where beats are. It is taken as told, and what it
does not say is found in the music, which is not heard again for it: an earlier grid is corrected in a fraction of a
second. Where little is played on its beats a `/segue/warning` says so. A JSON object with some of:

- `bpm`: beats a minute, all the way, {slowest:g} to {fastest:g}.
- `meter`: a text as `"3/4"`, beats in a bar and the note that is a beat; that note is what `bpm` counts.
- `downbeat`: seconds in the source file, where a bar begins; any one.
- `tempo`: `"double"` or `"half"` of what is found.
- `shift`: beats by which the grid is moved to later, after all else; 0.5 is half a beat.
- `points`: the session's tempo map, a list of `[seconds, quarters]`, where in the source file it has so many quarter
  notes. Two at least, both growing; between them, and beyond both ends, the tempo stays.
- `signatures`, with `points`: a list of `[quarters, beats, unit]`; each begins bars of so many beats of 1/`unit`.
- `bar`, with `points`: what the session calls the bar that the first signature begins, else 1. Cuts are told in its
  bars.

Corrections are offered as steps, and one request says all that were made: "half a beat later" adds 0.5 to `shift`,
"double" and "half" undo each other and make `shift` twice or half as many beats, "three in a bar" is a `meter`. A
request without `grid` goes back to what is found.

A session says `points`, `signatures` and `bar` alone, from its bar line at or before the region on: a point where the
tempo changes, and at every quarter where it glides. *bad_grid* answers what cannot be. A daemon that does not know
`grid` yet answers *bad_arguments*.

**Preview.** `/segue/preview` with the ids of an exit and an entry of a finished job. The answers are
`/segue/preview/splice`, the join for a host that plays its own regions, and `/segue/preview/file`, a sound file to
play. The exit side is heard until `leave - ahead + fade`, the entry side from `enter - ahead` on, times `gain`; where
both sound, for `fade` seconds, they cross with equal power. `leave` and `enter` lie on whole samples and fall on one
moment, the join. No answer within two seconds: ask again. An error with the job's number answers a preview that
failed; the set of the job stays good. For *unknown_job*: analyze again, then ask again, if the cuts are the same.

**Verdict.** What the user does with a cut is said by `/segue/verdict`: kept, rejected, moved (the time is where it is
now) or added (id -1). `/segue/noted` comes when it is on disk. Without it, say it again: twice means once.

**Turns and limits.** Hosts take turns: a job waits for the one at work and for one of each other host, however many
those have asked for. Previews do not wait for analyses, nor verdicts for previews. Jobs and verdicts of one host are
done in the order in which it asked. Of its previews the one that it asked for last comes first: that is the one the
user waits for; one that is asked for again while it waits is made once. At most {jobs:,} jobs, {previews} previews and
{verdicts:,} verdicts of one host wait; *too_many* answers what is more. A recording has at most {channels} files, a
preview {preview_mb} MB. A host that leaves {lying:,} answers lying in its spool gets no more; answers that find no
room are lost as on the way. At most {kept_previews} previews and {kept_mb} MB of them are kept: the one that was not
asked for the longest time goes first, the one that a host was told of last stays.

## Messages from the host

{from_host}
## Messages from the daemon

{from_daemon}
## Errors

`/segue/error` carries the number of the job, or -1 where it belongs to none, a code for programs, and one sentence
for people: show that. Codes may be added; treat an unknown one as a plain error.

| code | meaning |
|---|---|
{codes}

## Markers

`◀ exit 0.91 · B · bar 17` and `▶ entry 0.88 · A · bar 1`: kind, score with two decimals and a point, section (left
out with its dot where it is empty), bar; before the first downbeat and in free time `no bar`, as in
`▶ entry 0.88 · A · no bar`. Where only ASCII can be shown: `< exit 0.91 - B - bar 17`, `> entry 0.88 - A - bar 1`.

## What users rely on

- One undo step takes a whole set away, and brings the earlier one back.
- A run replaces the earlier set. "Clear markers" removes exactly ours. A marker that the user made or renamed is the
  user's and is never touched.
- Until the whole set is there nothing changes. After an error, a cancel or an empty set the session is as before.
- A time of a cut is exact: place the marker on the nearest sample. Cuts outside the item are left out.
- The waiting can be cancelled, and nothing waits for ever.
- What the user reads is one sentence that says what to do: the daemon's own, where there is one.
- An address or a JSON key that is unknown is ignored.

## Starting the daemon

`segue serve` runs in the foreground until it is stopped; where one is running already it ends at once, without a
fault. A script starts it detached from the DAW, when `daemon.alive` or the answer to hello is missing, and gives it
half a minute:

    python -c "from segue_bridge.client import ensure_daemon; ensure_daemon({port}, spool='/path/of/your/spool')"

returns when a daemon answers and watches that spool (leave it out for UDP), with the Python that Segue is installed in;
where none comes up, the last line on stderr says why. A script that cannot start programs says: start `segue serve`,
then run this again.

`tests/host_scripts/conformance.py` holds what every host must do, as tests: write a driver for yours and run them.
"""


def text() -> str:
    """The whole document."""
    example = protocol.reply("/segue/analyze", *_EXAMPLE, sender="host")
    return _DOCUMENT.format(
        protocol=PROTOCOL,
        host=protocol.HOST,
        port=protocol.PORT,
        limit=BUNDLE_LIMIT,
        pace=1000 * outbox.PACE,
        file_limit=f"{spool.FILE_LIMIT:,}",
        spools=spool.SPOOLS,
        kept=KEPT_PER_HOST,
        jobs=WAITING_PER_HOST,
        previews=preview_worker.PREVIEWS_PER_HOST,
        verdicts=preview_worker.VERDICTS_PER_HOST,
        channels=protocol.CHANNEL_FILES,
        preview_mb=preview.LARGEST_BYTES // 10**6,
        lying=outbox.LYING,
        kept_previews=preview.KEPT,
        kept_mb=preview.KEPT_BYTES // 10**6,
        slowest=SLOWEST_BPM,
        fastest=FASTEST_BPM,
        types=_table(("type", "bytes"), ((f"`{tag}`", meaning) for tag, meaning in _TYPES.items())),
        example_call=f"/segue/analyze {' '.join(str(value) for value in _EXAMPLE)}",
        example_size=len(example),
        example="\n".join(_hex(example)),
        from_host="\n".join(_messages("host")),
        from_daemon="\n".join(_messages("daemon")),
        codes="\n".join(f"| {code} | {meaning} |" for code, meaning in CODES.items()),
    )


def _messages(sender: str) -> Iterator[str]:
    for verb in protocol_table.TABLE:
        if verb.sender != sender:
            continue
        yield f"### `{verb.address}` `,{''.join(arg.tag for arg in verb.args)}`\n\n{verb.meaning}\n"
        if verb.args:
            rows = ((f"{arg.tag} {arg.name}", arg.unit, arg.meaning) for arg in verb.args)
            yield _table(("argument", "unit", "meaning"), rows) + "\n"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows))


def _hex(data: bytes) -> Iterator[str]:
    """The bytes, 16 a line, with what is ASCII in them."""
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"    {at:04x}  {row.hex(' '):<47}  {shown}"


if __name__ == "__main__":
    print(text(), end="")
