"""`segue learn`: a network that knows what the user likes, where it proves better than the one that serves."""

import glob
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue_bridge import batch, console, extras
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis, Options, Region

if TYPE_CHECKING:
    from segue_bridge.feedback_marks import FeedbackMarks
    from segue_exporter.learn import Learner
    from segue_models.evaluation.learning_gain import LearningGain
    from segue_models.signal.frames import BeatGrid
    from segue_models.training.preference import MarkedSong


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--audio",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    show_default="where they were",
    help="Where recordings lie now.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be learned, and how good it is.")
@click.option("--yes", is_flag=True, help="Use a better network without asking.")
@click.option("--rollback", is_flag=True, help="Go back to the network before the last one learned.")
def command(files: tuple[Path, ...], audio: Path | None, dry_run: bool, yes: bool, rollback: bool) -> None:
    """Learns from the cuts that you kept, rejected and made.

    It reads what you kept, rejected, moved and added in your DAW, and FILES: sessions and label files, whose markers
    are named exit or entry, ◀ or ▶, and recordings that label files are about. The network that learned serves only
    where it proves better on songs it did not learn from.
    """
    from segue_bridge import model_versions

    if rollback:
        before = model_versions.rollback()
        click.echo(f"back to {before}" if before else "back to the network that ships with Segue")
        return
    with extras.needs("train,export", "learn"):
        found = _gathered(files, audio)
        learner = _learner(model_versions.unlearned())
        songs = list(_heard(learner, found))
        if not any(song.weight.any() for song in songs):
            raise SegueError("bad_input", "there is nothing to learn from: keep, reject or mark some cuts first")
        with console.progress("learn") as report:  # it learns once for each song that it leaves out
            report(1.0, f"judging on {len(songs)} songs")
            judged = learner.judge(songs)
        click.echo(_summary(judged))
        if not judged.better or dry_run:
            return
        if not yes:
            click.confirm("Use the new network from now on?", abort=True, err=True)
        version = f"{learner.card.version}+{model_versions.next_number()}"
        kept = model_versions.install(learner.learned(songs, judged, version))
        click.echo(f"the new network serves now ({kept}); segue learn --rollback brings the one before back")


def _learner(model: Path) -> "Learner":
    from segue_exporter.learn import Learner

    try:
        return Learner(model)
    except ValueError as fault:
        raise SegueError("no_model", f"{model} cannot learn: {fault}") from fault


def _gathered(files: Iterable[Path], folder: Path | None) -> list["FeedbackMarks"]:
    """All opinions, those about the same files together; what cannot be read is said and left out."""
    from segue_bridge import feedback_marks

    named = [file for file in files if file.suffix.lower() in batch.AUDIO_SUFFIXES]
    found = [_located(o, folder) for o in feedback_marks.from_verdicts(_log)]
    merged = {o.paths: o for o in found if o}
    for file in (file for file in files if file not in named):
        try:
            for more in feedback_marks.from_markers(file, named, tuple(merged)):
                here = _located(more, folder)
                if here:
                    whole = merged.setdefault(here.paths, feedback_marks.FeedbackMarks(here.paths))
                    whole.marks += here.marks
                    whole.named += here.named
        except (SegueError, OSError) as fault:
            _log(f"left out: {fault}")
    return list(merged.values())


def _located(found: "FeedbackMarks", folder: Path | None) -> "FeedbackMarks | None":
    """The opinions with the recording where it lies now; None, and a sentence, where it is gone or has changed."""
    from segue_bridge.result_cache import ResultCache

    cache = ResultCache()
    reason = "is gone: say with --audio where it lies now"
    try:
        for paths in (found.paths, tuple(_in(folder, path) for path in found.paths)):
            if all(path.is_file() for path in paths):
                if found.sha256 in (None, cache.sha256(paths)):
                    return replace(found, paths=tuple(path.absolute() for path in paths))
                reason = "has changed since it was judged"
    except (SegueError, OSError) as fault:  # such as a name that is too long
        reason = f"cannot be used: {fault}"
    _log(f"left out: {found.paths[0]} {reason}")
    return None


def _in(folder: Path | None, path: Path) -> Path:
    found = next(folder.rglob(glob.escape(path.name)), None) if folder and path.name else None
    return found or path


def _heard(learner: "Learner", found: Sequence["FeedbackMarks"]) -> Iterable["MarkedSong"]:
    from segue_bridge import feedback_marks
    from segue_models.corpora.user import Recording
    from segue_models.serving.inference import ModelError
    from segue_models.signal.audio import AudioError

    with console.progress("learn") as report:
        for number, each in enumerate(found):
            name = each.paths[0].name
            report(number / len(found), name)
            try:
                analysis = _analysed(each.paths)
                marks = (*each.marks, *feedback_marks.moved(each, analysis))
                shown = tuple((cut.kind, cut.time) for cut in analysis.cuts)
                if marks:
                    yield learner.hear(Recording(name, each.paths, marks, shown), _grid(analysis))
            except (SegueError, AudioError, ModelError, OSError, MemoryError) as fault:
                _log(f"left out: {each.paths[0]}: {fault}")


def _grid(analysis: Analysis) -> "BeatGrid":
    import numpy as np

    from segue_models.signal.frames import BeatGrid

    times = np.array([beat.time for beat in analysis.beats])
    return BeatGrid(times, np.array(analysis.places()), analysis.beats_per_bar)


def _analysed(paths: tuple[Path, ...]) -> Analysis:
    from segue_bridge import cached_analysis

    return cached_analysis.analyse(Region(paths), Options(), lambda fraction, stage: None)


def _summary(judged: "LearningGain") -> str:
    from segue_models.evaluation.learning_gain import LEAST_MARKS, LEAST_SONGS

    if not judged.enough:
        marks, songs = max(LEAST_MARKS - judged.marks, 0), max(LEAST_SONGS - judged.songs, 0)
        needs = [f"{marks} more marks"] * (marks > 0) + [f"marks in {songs} more songs"] * (songs > 0)
        return (
            f"{judged.marks} marks in {judged.songs} songs are too few to learn from: {' and '.join(needs)} are needed "
            "(in each song some you like, and some you do not or left unmarked)"
        )
    before, after = judged.auc
    lines = [
        f"on {judged.songs} songs with {judged.marks} marks, each left out of learning:",
        f"  what you like comes first in {before:.1%} of comparisons now, in {after:.1%} after learning"
        f" (give or take {judged.error:.1%})",
        f"  log loss of your marks {judged.log_loss[0]:.3f} now, {judged.log_loss[1]:.3f} after learning",
        "the new network is better" if judged.better else "that is no clear gain: the network stays as it is",
    ]
    return "\n".join(lines)


def _log(line: str) -> None:
    console.note(f"segue: {line}")
