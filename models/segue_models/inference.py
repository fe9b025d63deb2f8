"""Run one .onnx network: the song's aligned features and its onsets in, calibrated scores out. No torch here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.features import gammatone
from segue_models.model_card import CardError, ModelCard

Floats = NDArray[np.float64]


class ModelError(ValueError):
    """The model file cannot serve; the message says which file and why."""


@dataclass(frozen=True)
class Network:
    """A loaded network and its card; `provider` is the execution provider it really runs on."""

    card: ModelCard
    session: Any
    provider: str

    def logits(self, features: NDArray[np.float32], cells: NDArray[np.int64]) -> Floats:
        """Uncalibrated log odds (onsets, outputs) of cuts that open the given rows of `features` (cells, bands)."""
        if not len(cells):
            return np.empty((0, len(self.card.outputs)))
        mean, std = (np.array(values, dtype=np.float32) for values in (self.card.mean, self.card.std))
        x = (features - mean) / std
        if self.card.layout == "song":
            probability = self.session.run(["probability"], {"song": x[None]})[0][0, cells]
        else:
            probability = np.concatenate(
                [self._excerpts(x, cells[start : start + 256]) for start in range(0, len(cells), 256)]
            )
        p = np.clip(probability.astype(np.float64), 1e-7, 1 - 1e-7)
        return np.asarray(np.log(p / (1 - p)))

    def scores(self, features: NDArray[np.float32], cells: NDArray[np.int64]) -> dict[str, Floats]:
        """Calibrated probability (onsets,) of each output; of cuts scored 0.8 about 80 % are good on new songs."""
        logits = self.logits(features, cells)
        out = {}
        for column, name in enumerate(self.card.outputs):
            c = self.card.calibration.get(name)
            z = logits[:, column] if c is None else c.slope * logits[:, column] + c.offset
            out[name] = 1.0 / (1.0 + np.exp(-z))
        return out

    def _excerpts(self, normalised: NDArray[np.float32], cells: NDArray[np.int64]) -> NDArray[np.float32]:
        x = excerpts(normalised, cells, self.card.context_cells)
        return np.asarray(self.session.run(["probability"], {"excerpt": x})[0])


def excerpts(features: NDArray[np.float32], cells: NDArray[np.int64], context: int) -> NDArray[np.float32]:
    """Windows (n, context, bands) whose row context // 2 is the given cell; zeros outside the song (specs 1.5)."""
    padded = np.pad(features, ((context, context), (0, 0)))
    rows = (cells + context - context // 2)[:, None] + np.arange(context)[None, :]
    return np.asarray(padded[np.clip(rows, 0, len(padded) - 1)], dtype=np.float32)


def load(path: Path, threads: int = 2) -> Network:
    """Load a network on CUDA where that works, else on the CPU; raises ModelError."""
    if not path.is_file():
        raise ModelError(f"the model file {path} is missing; `segue models` lists what is there")
    import onnxruntime as ort

    ort.set_default_logger_severity(4)  # a missing CUDA library is no fault: we say which provider is used
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = [p for p in ("CUDAExecutionProvider", "CPUExecutionProvider") if p in ort.get_available_providers()]
    try:
        session = ort.InferenceSession(str(path), options, providers=wanted)
    except Exception as error:  # ONNX Runtime raises many private types for a broken file
        raise ModelError(f"{path} is not an ONNX model that can be run: {str(error).splitlines()[0][:200]}") from error
    text = session.get_modelmeta().custom_metadata_map.get("card")
    if text is None:
        raise ModelError(f"{path} has no model card; export it with `segue export`")
    try:
        card = ModelCard.from_json(text)
    except CardError as error:
        raise ModelError(f"{path}: {error}") from error
    foreign = [key for key, value in card.feature.items() if gammatone.PARAMETERS.get(key, value) != value]
    if foreign:
        raise ModelError(f"{path} was trained on another feature ({', '.join(foreign)} differ): train it again")
    return Network(card, session, session.get_providers()[0])
