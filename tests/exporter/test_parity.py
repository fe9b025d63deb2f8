import io

import numpy as np
import pytest
import torch
from torch import nn

from segue_exporter.parity import LIMIT, allowed, largest_difference


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


@pytest.mark.long
def test_a_difference_is_measured_not_assumed():
    model = graph_of(Shift(0.0))
    inputs = [np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32) for n in (1, 5)]
    assert largest_difference(Shift(0.0), model, "song", inputs) < 1e-6
    assert largest_difference(Shift(0.01), model, "song", inputs) == pytest.approx(0.01, rel=1e-3)


class Sum(nn.Module):
    """A sum of many terms, whose rounding depends on their order."""

    def forward(self, x):
        return torch.cumsum(x * 1e3, dim=-1)[..., -1:]


def test_what_torch_itself_rounds_is_allowed_and_no_more():
    inputs = [np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)]
    assert allowed(Shift(0.0), inputs) == LIMIT
    many = [np.random.default_rng(0).normal(size=(4, 4000)).astype(np.float32)]
    exact = (many[0].astype(np.float64) * 1e3).sum(axis=-1)
    off = np.abs(Sum()(torch.from_numpy(many[0])).numpy()[:, 0] - exact).max()
    assert allowed(Sum(), many) == pytest.approx(off, rel=0.01) and off > LIMIT
