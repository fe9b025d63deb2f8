"""`segue learn` without its files: recordings with marks in, a judged network that has learned from them out."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from segue_exporter import last_layer
from segue_exporter.export import Mean, export
from segue_exporter.restore import restore
from segue_models import song
from segue_models.corpora.user import Recording
from segue_models.cuts import beat_align, scoring
from segue_models.evaluation.learning_gain import LearningGain, offer
from segue_models.serving import inference
from segue_models.serving.model_card import ModelCard
from segue_models.signal import audio
from segue_models.signal.frames import BeatGrid
from segue_models.training import preference
from segue_models.training.examples import ROLES
from segue_models.training.preference import MarkedSong


class Learner:
    """A network of cuts that hears recordings and learns from their marks. Raises ValueError where it cannot."""

    def __init__(self, model: Path) -> None:
        self.network: Mean
        self.card: ModelCard
        self.network, self.card = restore(model)
        last_layer.check(self.card)
        self._served = inference.load(model)

    def hear(self, recording: Recording, grid: BeatGrid) -> MarkedSong:
        """One recording on its served beats. Raises AudioError."""
        sound = audio.read(recording.paths)
        played = song.hear(sound)
        from_music = grid.later(-played.start)
        aligned = beat_align.align(played.front_end.gammatone, from_music, self.card.cells_per_beat, played.duration)
        marks = [mark for mark in recording.marks if 0 <= mark.time <= sound.duration]
        times = preference.onsets_with(played.onsets + played.start, marks)
        cells = beat_align.cells(grid, times, self.card.cells_per_beat) - aligned.first_cell
        inside = (cells >= 0) & (cells < len(aligned.features))
        times, cells = times[inside], cells[inside]
        heard = last_layer.hidden(self.network, self.card, aligned.features)
        # Exits are read out as smoothed over cells and nothing else: so is what they are made of.
        smooth = scoring.smooth_logits(heard, ("exit",) * heard.shape[1], self.card.cells_per_beat)[cells]
        columns = [self.card.outputs.index(role) for role in ROLES]
        log_odds = scoring.log_odds(self._served, aligned.features, cells)[:, columns]
        liked, weight, shown = preference.placed(recording, times)
        opens_bar = beat_align.on_downbeat(grid, times, self.card.cells_per_beat)
        return MarkedSong(recording.name, times, smooth, log_odds, liked, weight, shown, opens_bar)

    def judge(self, songs: Sequence[MarkedSong]) -> LearningGain:
        """What learning gives on songs left out of it."""
        return offer(songs, self.card.calibration)

    def learned(self, songs: Sequence[MarkedSong], judged: LearningGain, version: str) -> bytes:
        """The .onnx file of the network that has learned from all songs, calibrated on songs left out."""
        learned = preference.learn(songs, self.card.calibration)
        last_layer.change(self.network, self.card, learned)
        state = {
            "recipe": self.card.recipe, "mean": self.card.mean, "std": self.card.std,
            "data": [*self.card.training_data, {"corpus": "user", "licence": "the user's own", "songs": len(songs)}],
        }  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "cuts.onnx"
            new = {
                role: replace(c, downbeat=c.slope * learned.downbeat[role]) for role, c in judged.calibration.items()
            }
            calibration = {**self.card.calibration, **new}
            export(self.network, state, out, version=version, calibration=calibration, threshold=self.card.threshold)
            return out.read_bytes()
