"""Leave-one-song-out over the CC0 songs: train without a song and without its singer, score the song."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from segue_models.architectures import layout
from segue_models.cuts.scoring import smooth_logits
from segue_models.recipe import Recipe
from segue_models.serving.inference import excerpts
from segue_models.training.examples import Example
from segue_models.training.songs import training_songs, validation_songs
from segue_models.training.train import load, train

Floats = NDArray[np.float64]
Log = Callable[[str], None]
Logits = Callable[[Example], Floats]


def logits(checkpoint: Path, example: Example) -> Floats:
    """Log odds (onsets, outputs) of a checkpoint for every onset of a song."""
    network, state = load(checkpoint)
    x = ((example.heard.astype(np.float32) - state["mean"]) / state["std"]).astype(np.float32)
    with torch.no_grad():
        if layout(state["recipe"]["architecture"]) == "song":
            raw = network(torch.from_numpy(x)[None])[0].numpy().astype(np.float64)
            outputs = (*state["recipe"]["roles"], "lead")
            return smooth_logits(raw, outputs, state["recipe"]["data"]["cells_per_beat"])[example.onset_cells]
        context = int(state["recipe"]["network"]["context_cells"])
        return np.asarray(network(torch.from_numpy(excerpts(x, example.onset_cells, context))).numpy(), np.float64)


def held_out(
    members: Sequence[Recipe], examples: Sequence[Example], songs: Sequence[str], runs: Path, log: Log
) -> dict[str, Logits]:
    """For each named song: the log odds (onsets, outputs) of any song by networks that heard neither it nor its singer.

    One network of each recipe; their log odds are averaged, as they are in a model of several members.
    """
    out: dict[str, Logits] = {}
    for song in songs:
        checkpoints = []
        for member in members:
            fold = replace(member, name=f"{member.name}-without-{song}", data=replace(member.data, leave_out=(song,)))
            log(fold.name)
            trained = train(fold, training_songs(fold, examples), validation_songs(fold, examples), runs, log)
            checkpoints.append(trained)
        out[song] = partial(_mean, checkpoints)
    return out


def _mean(checkpoints: Sequence[Path], example: Example) -> Floats:
    return np.asarray(np.mean([logits(checkpoint, example) for checkpoint in checkpoints], axis=0))
