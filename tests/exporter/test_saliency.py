import numpy as np
import pytest
import torch
from torch import nn

from segue_exporter import saliency
from segue_models.architectures import build

W1 = torch.tensor([[1.0, -1.0], [-1.0, 2.0], [2.0, 1.0]])
W2 = torch.tensor([[1.0, -2.0, 0.5], [-1.0, 1.0, 1.0]])


def small(x):
    """The network of the specification's vectors."""
    return torch.relu(x @ W1.T) @ W2.T


@pytest.mark.parametrize("relu", [nn.ReLU(), nn.ReLU(inplace=True), nn.functional.relu, torch.relu, torch.Tensor.relu])
def test_a_rectifier_passes_what_is_positive_both_ways(relu):
    upstream = torch.tensor([0.5, 0.3, -0.2])
    x = torch.tensor([1.0, -1.0, 2.0], requires_grad=True)
    with saliency.Guided():
        out = relu(x.clone())
    out.backward(upstream)
    assert torch.equal(out, torch.tensor([1.0, 0.0, 2.0]))  # forward unchanged
    assert torch.equal(x.grad, torch.tensor([0.5, 0.0, 0.0]))
    x.grad = None
    relu(x.clone()).backward(upstream)  # plain again outside
    assert torch.equal(x.grad, torch.tensor([0.5, 0.0, -0.2]))


def test_an_elu_passes_by_its_own_derivative():
    x = torch.tensor([1.0, -1.0, 2.0], requires_grad=True)
    with saliency.Guided():
        nn.ELU()(x).backward(torch.tensor([0.5, 0.3, -0.2]))
    assert x.grad.tolist() == pytest.approx([0.5, 0.3 * np.exp(-1), 0.0])


def test_the_vectors_of_the_specification():
    x = np.array([[4.0, 3.0]], np.float32)
    assert small(torch.from_numpy(x)).tolist() == [[2.5, 12.0]]
    assert saliency.gradient(lambda t: saliency.predicted(small(t)), x).tolist() == [[1.0, 3.0]]

    x = np.array([[3.0, 1.0]], np.float32)
    assert small(torch.from_numpy(x)).tolist() == [[5.5, 5.0]]
    found = saliency.maps(lambda t: saliency.predicted(small(t)), x)
    assert found.positive.tolist() == [[2.0, 0.0]]
    assert found.negative.tolist() == [[0.0, 0.5]]
    assert found.absolute.tolist() == [[2.0, 0.5]]


def test_what_is_louder_stands_out_by_as_much():
    rng = np.random.default_rng(2)
    mean, std = np.full(150, -5.0, np.float32), rng.uniform(0.5, 2, 150).astype(np.float32)
    raw = rng.normal(-5, 1, (20, 150)).astype(np.float32)
    louder = raw[:, :75] + rng.normal(0, 1, (20, 75)).astype(np.float32)
    expected = np.concatenate([louder, raw[:, 75:] + louder - raw[:, :75]], axis=1)
    given = torch.from_numpy((louder - mean[:75]) / std[:75])[None]
    found = saliency.beside(given, (raw - mean) / std, std)
    assert found[0].numpy() == pytest.approx((expected - mean) / std, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "size", "shape"),
    [("cut_cnn_2d", {"context_cells": 24}, (2, 24, 75)), ("cut_tcn", {"channels": 16, "levels": 3}, (1, 60, 75))],
)
def test_the_maps_of_our_networks(name, size, shape):
    torch.manual_seed(0)
    network = build(name, **size).eval()
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    target = (lambda t: saliency.predicted(network(t))) if name == "cut_cnn_2d" else (lambda t: network(t)[0, 30, 0])
    found = saliency.maps(target, x)
    g = saliency.gradient(target, x)
    assert found.positive.shape == shape and found.positive.max() > 0 and found.negative.max() > 0
    assert (found.positive * found.negative).max() == 0
    assert np.array_equal(found.absolute, np.abs(g)) and np.array_equal(found.positive - found.negative, g)

    plain = torch.from_numpy(x).requires_grad_()
    target(plain).sum().backward()
    assert not np.allclose(g, plain.grad.numpy())  # guided is not plain
    assert torch.equal(network(torch.from_numpy(x)), network(plain).detach())


@pytest.mark.parametrize("name", ["cut_cnn_2d", "cut_tcn"])
def test_what_is_negative_comes_from_the_first_weights_alone(name):
    torch.manual_seed(0)
    network = build(name, **({"context_cells": 24} if name == "cut_cnn_2d" else {})).eval()
    first = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
    with torch.no_grad():
        first.weight.abs_()
    x = np.random.default_rng(1).normal(size=(1, 24, 75)).astype(np.float32)
    assert saliency.gradient(lambda t: network(t)[..., 0], x).min() >= 0


@pytest.mark.parametrize("name", ["cut_cnn_1d", "cut_cnn_2d", "cut_unet"])
def test_the_two_classes_of_a_paper_network(name):
    torch.manual_seed(0)
    network = build(name, context_cells=48).eval()
    x = torch.randn(3, 48, 75)
    units = saliency.classes(network, x)
    assert torch.equal(units[:, 1:] - units[:, :1], network(x))


def test_a_network_that_listens_to_one_band_before_the_cut_is_found_out():
    """A map must show what decides: a network made to hear only rows 4 to 7 of band 10."""

    def listens(x):
        return torch.relu(x[:, 4:8, 10]).sum(dim=1, keepdim=True)

    found = saliency.maps(lambda t: saliency.predicted(listens(t)), np.ones((1, 24, 75), np.float32))
    assert set(zip(*np.nonzero(found.absolute[0]), strict=True)) == {(row, 10) for row in range(4, 8)}
