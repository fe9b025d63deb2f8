"""`segue preview`: one transition, rendered with its crossfade."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue_bridge import batch, console
from segue_bridge.cli.mark import seconds
from segue_bridge.errors import SegueError
from segue_bridge.formats.table import clock
from segue_models import files

if TYPE_CHECKING:
    from segue_bridge.preview import Preview
    from segue_bridge.result import Analysis, Cut

NO_BEATS = frozenset({"silence", "too_short", "too_long", "no_model"})  # but there is something to hear


@dataclass(frozen=True)
class Place:
    """What --exit or --entry was given: seconds, or the id of a cut."""

    text: str
    seconds: float | None
    id: int | None


def place(text: str) -> Place:
    """A time, or #29, the id of a cut in the table of `segue mark`. Raises BadParameter on anything else."""
    if text.startswith("#") and text[1:].isascii() and text[1:].isdigit():
        return Place(text, None, int(text[1:]))
    return Place(text, seconds(text), None)


@click.command()
@click.argument("audio", type=click.Path(path_type=Path))
@click.option(
    "--exit", type=place, metavar="TIME", required=True, help="Where to leave: as 83.5 or 1:23.5, or '#29' (quoted)."
)
@click.option("--entry", type=place, metavar="TIME", required=True, help="Where to go on, likewise.")
@click.option("--beats", type=click.IntRange(min=1), default=4, show_default=True, help="Heard on either side.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A WAV file, or a folder for it.")
@click.option("--play", is_flag=True, help="Play it on the sound device.")
def command(audio: Path, exit: Place, entry: Place, beats: int, output: Path | None, play: bool) -> None:
    """Renders the jump in AUDIO from an exit to an entry.

    A number is a time in seconds; with # it is the id of a cut that `segue mark AUDIO` shows.

    Without `-o` and `--play` it prints the path of the WAV file, which stays in Segue's cache until it is the oldest of
    a hundred.
    """
    if output:
        output = output / f"{audio.stem} preview.wav" if output.is_dir() else output
        if output.suffix.lower() != ".wav":
            raise SegueError("bad_output", f"{output} would be a WAV file: give -o a name that ends in .wav")
        batch.check_target(output, [audio])
    analysis = _analysis(audio, needed=exit.id is not None or entry.id is not None)
    leave, enter = _seconds("exit", exit, analysis, audio), _seconds("entry", entry, analysis, audio)
    made = _make(audio, leave, enter, analysis, beats)
    for role, given in (("exit", exit), ("entry", entry)):
        _say_which(role, given, analysis, audio)
    console.note(f"segue: {_summary(made)}")
    if output:
        files.write(output, made.wav.read_bytes())
    if play:
        _play(made.wav)
    if not output and not play:
        click.echo(made.wav)


def _make(audio: Path, exit: float, entry: float, analysis: "Analysis | None", beats: int) -> "Preview":
    from segue_bridge import preview

    times = [beat.time for beat in analysis.beats] if analysis else []
    before, after = preview.around(exit, entry, times, beats)
    return preview.make((audio,), exit, entry, times, before, after)


def _analysis(audio: Path, needed: bool) -> "Analysis | None":
    """What `segue mark` shows of it; None where there is music without a beat, if it can do without."""
    from segue_bridge import cached_analysis
    from segue_bridge.result import Options, Region

    try:
        with console.progress(audio.name) as report:
            return cached_analysis.analyse(Region((audio,)), Options(), report)
    except SegueError as fault:
        if needed or fault.code not in NO_BEATS:
            raise
        console.note("segue: no beats are known here, so half a second is taken for one")
        return None


def _seconds(role: str, given: Place, analysis: "Analysis | None", audio: Path) -> float:
    return given.seconds if given.seconds is not None else _cut(role, given, _cuts(analysis), audio).time


def _say_which(role: str, given: Place, analysis: "Analysis | None", audio: Path) -> None:
    """Say where an id is, and of a number that could be an id that it was taken for seconds."""
    number = given.id if given.id is not None else int(given.text) if re.fullmatch("[0-9]{1,9}", given.text) else None
    cut = _cuts(analysis).get(number) if number is not None else None
    if cut is None or cut.kind != role:
        return
    if given.id is not None:
        console.note(f"segue: {role} {given.text} is at {clock(cut.time)}, score {cut.score:.2f}")
    else:
        means = f"the {role} #{number} is at {clock(cut.time)}: for it write --{role} '#{number}'"
        console.note(f"segue: --{role} {given.text} is second {given.text} of {audio.name}; {means}")


def _cuts(analysis: "Analysis | None") -> "dict[int, Cut]":
    return {cut.id: cut for cut in analysis.cuts} if analysis else {}


def _cut(role: str, given: Place, cuts: "Mapping[int, Cut]", audio: Path) -> "Cut":
    cut = cuts.get(given.id) if given.id is not None else None
    if cut and cut.kind == role:
        return cut
    there = ", ".join(f"#{cut.id}" for cut in cuts.values() if cut.kind == role) or "none"
    what = f"an {cut.kind}" if cut else "no cut"
    raise SegueError(
        "bad_value", f"{given.text} is {what} where `segue mark {audio}` shows them; --{role} can be {there}"
    )


def _summary(made: "Preview") -> str:
    splice = made.splice
    fade = f"crossfade {1000 * splice.fade:.0f} ms" if splice.fade else "the recording itself"
    return f"leaves at {splice.leave:.3f} s, goes on at {splice.enter:.3f} s, joined at {made.join:.3f} s ({fade})"


def _play(wav: Path) -> None:
    import numpy as np
    import soundfile

    try:
        import sounddevice
    except (ImportError, OSError) as fault:
        raise SegueError(
            "failed", f"nothing can be played ({fault}): install PortAudio (apt install libportaudio2), or use -o"
        ) from fault
    samples, rate_hz = soundfile.read(str(wav), dtype="float32", always_2d=True)
    silence = np.zeros((rate_hz // 4, samples.shape[1]), np.float32)  # a device drops what it holds when it is closed
    try:
        sounddevice.play(np.concatenate([samples, silence]), rate_hz, blocking=True)
    except sounddevice.PortAudioError as fault:
        raise SegueError("failed", f"no sound device plays this ({fault}): connect one, or use -o") from fault
    finally:
        sounddevice.stop()
