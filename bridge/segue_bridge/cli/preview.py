"""`segue preview`: one transition, rendered with its crossfade."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue_bridge import batch, console
from segue_bridge.cli.mark import seconds
from segue_bridge.errors import SegueError

if TYPE_CHECKING:
    from segue_bridge.preview import Preview

NO_BEATS = frozenset({"silence", "too_short", "too_long", "no_model"})  # but there is something to hear


@click.command()
@click.argument("audio", type=click.Path(path_type=Path))
@click.option("--exit", type=seconds, metavar="TIME", required=True, help="Where to leave, as 83.5 or 1:23.5.")
@click.option("--entry", type=seconds, metavar="TIME", required=True, help="Where to go on.")
@click.option("--beats", type=click.IntRange(min=1), default=4, show_default=True, help="Heard on either side.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A WAV file, or a folder for it.")
@click.option("--play", is_flag=True, help="Play it on the sound device.")
def command(audio: Path, exit: float, entry: float, beats: int, output: Path | None, play: bool) -> None:
    """Renders the jump in AUDIO from an exit to an entry.

    Without `-o` and `--play` it prints the path of the WAV file, which stays in Segue's cache until it is the oldest of
    a hundred.
    """
    if output:
        output = output / f"{audio.stem} preview.wav" if output.is_dir() else output
        if output.suffix.lower() != ".wav":
            raise SegueError("bad_output", f"{output} would be a WAV file: give -o a name that ends in .wav")
        batch.check_target(output, [audio])
    made = _make(audio, exit, entry, beats)
    console.note(f"segue: {_told(made)}")
    if output:
        console.write(output, made.wav.read_bytes())
    if play:
        _play(made.wav)
    if not output and not play:
        click.echo(made.wav)


def _make(audio: Path, exit: float, entry: float, beats: int) -> "Preview":
    from segue_bridge import preview

    times = _beats(audio)
    before, after = preview.around(exit, entry, times, beats)
    return preview.make((audio,), exit, entry, times, before, after)


def _beats(audio: Path) -> list[float]:
    """Times of all beats in seconds; none where there is music without a beat."""
    from segue_bridge import kept
    from segue_bridge.result import Options, Region

    try:
        with console.progress(audio.name) as report:
            return [beat.time for beat in kept.analyse(Region((audio,)), Options(), report).beats]
    except SegueError as fault:
        if fault.code not in NO_BEATS:
            raise
        console.note("segue: no beats are known here, so half a second is taken for one")
        return []


def _told(made: "Preview") -> str:
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
