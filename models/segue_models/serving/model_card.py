"""What travels inside an .onnx file: everything serving must know of a network, as one JSON text."""

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SCHEMA = 1


class CardError(ValueError):
    """The metadata of a model is missing or cannot be understood."""


@dataclass(frozen=True)
class Calibration:
    """Platt scaling of one output: calibrated = 1 / (1 + exp(-(slope * logit + offset + downbeat))).

    fitted_on: names of the songs it was fitted on, by networks that had not heard them; downbeat: only where a bar
    begins, which the network is not told.
    """

    slope: float = 1.0
    offset: float = 0.0
    fitted_on: tuple[str, ...] = ()
    downbeat: float = 0.0


@dataclass(frozen=True)
class ModelCard:
    """Description of one network.

    layout: "excerpt" networks see (n, context cells, bands) windows centred on an onset, "song" networks see
    (batch, cells, bands) of a whole song; outputs: names of the last axis of `probability`;
    feature: name and parameters of the input; mean, std: (bands,) training-set normalisation;
    calibration and threshold: by output name; figures: measured results by name.
    """

    name: str
    version: str
    task: str
    architecture: str
    layout: Literal["excerpt", "song"]
    outputs: tuple[str, ...]
    feature: dict[str, Any]
    cells_per_beat: int
    context_cells: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    label: str
    threshold: dict[str, float] = field(default_factory=dict)
    calibration: dict[str, Calibration] = field(default_factory=dict)
    training_data: tuple[dict[str, Any], ...] = ()
    licence: str = "MIT"
    figures: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0
    recipe: dict[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA

    def to_json(self) -> str:
        """The card as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "ModelCard":
        """Inverse of `to_json`; raises CardError for anything that is not a card of this schema."""
        try:
            d: dict[str, Any] = json.loads(text)
            if d.get("schema") != SCHEMA:
                raise CardError(f"the model's card has schema {d.get('schema')}, this Segue reads schema {SCHEMA}")
            for key in ("outputs", "mean", "std", "training_data"):
                d[key] = tuple(d[key])
            d["calibration"] = {
                k: Calibration(v["slope"], v["offset"], tuple(v["fitted_on"]), v.get("downbeat", 0.0))
                for k, v in d["calibration"].items()
            }
            card = cls(**d)
            fault = card._fault()
        except CardError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CardError(f"the model's card cannot be read: {error}") from error
        if fault:
            raise CardError(f"the model's card is wrong: {fault}")
        return card

    def _fault(self) -> str:
        """What makes the card useless for serving, "" where nothing does; raises TypeError where a type is wrong."""
        if not all(isinstance(text, str) for text in (self.name, self.version, self.task, *self.outputs)):
            return "its name, version, task and outputs must be texts"
        if self.layout not in ("excerpt", "song") or not self.outputs or len({*self.outputs}) < len(self.outputs):
            return "its layout must be excerpt or song, and its outputs must have names of their own"
        if not self.mean or len(self.mean) != len(self.std):
            return f"{len(self.mean)} values of mean and {len(self.std)} of std are not one for each band"
        if not all(math.isfinite(value) for value in (*self.mean, *self.std)) or min(self.std) <= 0:
            return "mean and std must be finite numbers, and std above 0"
        if type(self.cells_per_beat) is not int or not 1 <= self.cells_per_beat <= 1000:
            return f"cells_per_beat must be a whole number from 1, not {self.cells_per_beat!r:.50}"
        if type(self.context_cells) is not int or not (self.layout == "excerpt") <= self.context_cells <= 100_000:
            return f"context_cells must be a whole number from 0, not {self.context_cells!r:.50}"
        numbers = [n for c in self.calibration.values() for n in (c.slope, c.offset, c.downbeat)]
        if not all(math.isfinite(value) for value in (*numbers, *self.threshold.values())):
            return "calibration and threshold must be finite numbers"
        return "" if isinstance(self.feature, dict) else "its feature must be an object"
