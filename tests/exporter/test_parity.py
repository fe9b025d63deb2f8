import io

import numpy as np
import pytest
import torch
from torch import nn

from segue_exporter.parity import largest_difference


class Shift(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, x):
        return torch.sigmoid(x) + self.by


def graph_of(network):
    program = torch.onnx.export(
        network.eval(), (torch.zeros(2, 3),), dynamo=True, input_names=["song"], output_names=["probability"],
        dynamic_shapes=({0: torch.export.Dim("n", min=1, max=64)},), external_data=False,
    )  # fmt: skip
    out = io.BytesIO()
    program.save(out)
    return out.getvalue()


def test_a_difference_is_measured_not_assumed():
    model = graph_of(Shift(0.0))
    inputs = [np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32) for n in (1, 5)]
    assert largest_difference(Shift(0.0), model, "song", inputs) < 1e-6
    assert largest_difference(Shift(0.01), model, "song", inputs) == pytest.approx(0.01, rel=1e-3)
