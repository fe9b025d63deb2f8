"""What travels inside an .onnx file: everything serving must know of a network, as one JSON text."""

import json
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
            return cls(**d)
        except CardError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CardError(f"the model's card cannot be read: {error}") from error
