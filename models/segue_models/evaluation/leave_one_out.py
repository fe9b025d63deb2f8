"""Leave-one-song-out over the CC0 songs: train without a song and without its singer, score the song."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from segue_models.architectures import layout
from segue_models.inference import excerpts, read_out
from segue_models.recipe import Recipe
from segue_models.training.examples import Example
from segue_models.training.songs import training_songs, validation_songs
from segue_models.training.train import load, train

Floats = NDArray[np.float64]
Say = Callable[[str], None]


def logits(checkpoint: Path, example: Example) -> Floats:
    """Log odds (onsets, outputs) of a checkpoint for every onset of a song."""
    network, state = load(checkpoint)
    x = ((example.features.astype(np.float32) - state["mean"]) / state["std"]).astype(np.float32)
    with torch.no_grad():
        if layout(state["recipe"]["architecture"]) == "song":
            raw = network(torch.from_numpy(x)[None])[0].numpy().astype(np.float64)
            outputs = (*state["recipe"]["roles"], "lead")
            return read_out(raw, outputs, state["recipe"]["data"]["cells_per_beat"])[example.onset_cells]
        context = int(state["recipe"]["network"]["context_cells"])
        return np.asarray(network(torch.from_numpy(excerpts(x, example.onset_cells, context))).numpy(), np.float64)


def held_out_logits(
    members: Sequence[Recipe], examples: Sequence[Example], songs: Sequence[str], runs: Path, say: Say
) -> dict[str, Floats]:
    """Log odds (onsets, outputs) of each named song by networks that heard neither it nor its singer.

    One network of each recipe; their log odds are averaged, as they are in a model of several members.
    """
    out = {}
    for song in songs:
        example = next(e for e in examples if e.name == song and e.corpus == "evr")
        said = []
        for member in members:
            fold = replace(member, name=f"{member.name}-without-{song}", data=replace(member.data, leave_out=(song,)))
            say(fold.name)
            checkpoint = train(fold, training_songs(fold, examples), validation_songs(fold, examples), runs, say)
            said.append(logits(checkpoint, example))
        out[song] = np.mean(said, axis=0)
    return out
