"""Does the ONNX file say what the torch network says?"""

from copy import deepcopy

import numpy as np
import torch
from torch import nn

from segue_models import libraries

LIMIT = 1e-5


class ParityError(ValueError):
    """ONNX Runtime and torch differ by more than the limit; nothing is written."""


def allowed(network: nn.Module, inputs: list[np.ndarray]) -> float:
    """LIMIT, or how far torch itself is off float64 where that is more: recurrent networks add up their rounding."""
    exact = deepcopy(network).double()
    with torch.no_grad():
        off = [network(torch.from_numpy(x)).numpy() - exact(torch.from_numpy(x).double()).numpy() for x in inputs]
    return max(LIMIT, *(float(np.max(np.abs(part))) for part in off))


def largest_difference(network: nn.Module, model: bytes, input_name: str, inputs: list[np.ndarray]) -> float:
    """Largest absolute difference of `probability` over several inputs of different batch sizes and lengths."""
    ort = libraries.onnxruntime()
    quiet = ort.SessionOptions()
    quiet.log_severity_level = 3  # it infers the example's length for recurrent networks and warns at every other one
    session = ort.InferenceSession(model, quiet, providers=["CPUExecutionProvider"])
    worst = 0.0
    with torch.no_grad():
        for x in inputs:
            ours = network(torch.from_numpy(x)).numpy()
            theirs = session.run(["probability"], {input_name: x})[0]
            if ours.shape != theirs.shape or not np.all(np.isfinite(theirs)):
                return float("inf")
            worst = max(worst, float(np.max(np.abs(ours - theirs))))
    return worst
