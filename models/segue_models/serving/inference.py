"""Run one .onnx network: features in, activations out. No torch here."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models import features as known
from segue_models import libraries
from segue_models.checkpoints import checkpoint, watched
from segue_models.serving.model_card import CardError, ModelCard

Floats = NDArray[np.float64]

LARGEST_BYTES = 1 << 30  # of a model file


class ModelError(ValueError):
    """The model file cannot serve; the message says which file and why."""


@dataclass(frozen=True)
class Network:
    """A loaded network and its card; `provider` is the execution provider it really runs on, sha256 that of its file.

    Whatever it is asked, it raises ModelError where it cannot run or says what is no probability.
    """

    card: ModelCard
    session: Any
    provider: str
    sha256: str = ""

    def activations(self, features: NDArray[np.float32], rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """What the network says (rows, outputs) at the given rows of `features` (frames, bands), else at every row."""
        x = standardised(features, self.card)
        if self.card.layout == "song":
            whole: NDArray[np.float32] = self._run("song", x[None], len(x))[0]
            return whole if rows is None else whole[rows]
        at = np.arange(len(x)) if rows is None else rows
        return np.concatenate([self._excerpts(x, at[start : start + 256]) for start in range(0, len(at), 256)])

    def _excerpts(self, x: NDArray[np.float32], cells: NDArray[np.int64]) -> NDArray[np.float32]:
        checkpoint()
        return self._run("excerpt", excerpts(x, cells, self.card.context_cells))

    def _run(self, given: str, x: NDArray[np.float32], *rows: int) -> NDArray[np.float32]:
        """What the network says (len(x), *rows, outputs) to its input of that name.

        A run takes seconds for a long recording, and ends early where the work is to stop.
        """
        from onnxruntime import RunOptions

        options = RunOptions()
        try:
            with watched(lambda: setattr(options, "terminate", True)):
                said = np.asarray(self.session.run(["probability"], {given: x}, options)[0])
        except Exception as error:  # ONNX Runtime raises many private types
            checkpoint()  # what stopped the run says why
            told = (str(error).splitlines() or [""])[0][:200]
            raise ModelError(f"the network {self.card.name} {self.card.version} cannot run: {told}") from error
        shape = (len(x), *rows, len(self.card.outputs))
        # NaN compares as false; a mean of probabilities may miss 1 by what is rounded.
        if said.shape != shape or said.dtype.kind != "f" or not (np.abs(said - 0.5) < 0.501).all():
            raise ModelError(
                f"the network {self.card.name} {self.card.version} does not say what its card promises: "
                f"probabilities (0 to 1) in the shape {shape}"
            )
        return said


def standardised(features: NDArray[np.float32], card: ModelCard) -> NDArray[np.float32]:
    """Features (rows, bands) as a network of that card was trained on them: zero mean and unit deviation there."""
    mean, std = (np.array(values, dtype=np.float32) for values in (card.mean, card.std))
    return (features - mean) / std


def excerpts(features: NDArray[np.float32], cells: NDArray[np.int64], context: int) -> NDArray[np.float32]:
    """Windows (n, context, bands) whose row context // 2 is the given cell; zeros outside the song (specs 1.5)."""
    padded = np.pad(features, ((context, context), (0, 0)))
    rows = (cells + context - context // 2)[:, None] + np.arange(context)[None, :]
    return np.asarray(padded[np.clip(rows, 0, len(padded) - 1)], dtype=np.float32)


def load(path: Path, threads: int = 2) -> Network:
    """Load a network on CUDA where that works, else on the CPU; raises ModelError."""
    if not path.is_file():
        raise ModelError(f"the model file {path} is missing; `segue models` lists what is there")
    try:
        ort = libraries.onnxruntime()
    except ImportError as fault:
        raise ModelError(f"no model can run ({fault}): pip install --force-reinstall segue") from fault
    ort.set_default_logger_severity(4)  # a missing CUDA library is no fault: we say which provider is used
    content = _content(path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = [p for p in ("CUDAExecutionProvider", "CPUExecutionProvider") if p in ort.get_available_providers()]
    try:
        session = ort.InferenceSession(content, options, providers=wanted)
        text = session.get_modelmeta().custom_metadata_map.get("card")
    except Exception as error:  # ONNX Runtime raises many private types for a broken file
        told = (str(error).splitlines() or [""])[0][:200]
        raise ModelError(f"{path} is not an ONNX model that can be run: {told}") from error
    card = _card(path, text)
    return Network(card, session, session.get_providers()[0], hashlib.sha256(content).hexdigest())


def _content(path: Path) -> bytes:
    """The bytes of a model file; never waits for what is no file. Raises ModelError."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_BYTES:
                raise ModelError(f"{path} is no regular file of at most {LARGEST_BYTES >> 30} GB")
            return file.read(LARGEST_BYTES)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from error


def _card(path: Path, text: str | None) -> ModelCard:
    """The card of a model that this Segue can serve. Raises ModelError."""
    if text is None:
        raise ModelError(f"{path} has no model card; export it with `segue export`")
    try:
        card = ModelCard.from_json(text)
    except CardError as error:
        raise ModelError(f"{path}: {error}") from error
    feature = str(card.feature.get("name", ""))
    try:
        ours = known.find(feature).PARAMETERS
    except ValueError as error:
        raise ModelError(f"{path} was trained on the feature {feature!r}, which this Segue does not have") from error
    foreign = [key for key, value in card.feature.items() if ours.get(key, value) != value]
    if foreign:
        raise ModelError(f"{path} was trained on another feature ({', '.join(foreign)} differ): train it again")
    heard = feature, card.feature.get("time_base", "beats")
    if card.task == "cuts" and heard != ("gammatone", "beats"):
        raise ModelError(
            f"{path} hears {heard[0]} in rows of {heard[1]}, which Segue only experiments with: "
            "name a model of gammatone on beats, such as the one that ships"
        )
    return card
