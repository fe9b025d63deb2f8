import pytest
import torch
from torch import nn

from segue_models.architectures import build
from segue_models.architectures.boundary_cnn import first_stage


def test_parameters_of_the_specification():
    network = build("boundary_cnn")
    assert sum(p.numel() for p in network.parameters()) == 1_280_049
    assert sum(p.numel() for p in network.parameters() if p.ndim > 1) == 1_279_872
    assert network.dense[1].in_features == 9_920


def test_the_weights_of_the_slide_are_those_of_unit_stride():
    with torch.device("meta"):
        network = build("boundary_cnn", pool=(3, 3), stride=(1, 1))
    assert sum(p.numel() for p in network.parameters() if p.ndim > 1) == 29_382_528
    assert network.dense[1].in_features == 229_472


def test_the_tangent_after_the_maximum_is_the_paper_s_before_it():
    torch.manual_seed(0)
    ours = first_stage(16, (3, 6))
    paper = nn.Sequential(ours[0], nn.Tanh(), nn.MaxPool2d((3, 6)))
    x = torch.randn(2, 1, 115, 80)
    assert torch.allclose(ours(x), paper(x))
    assert ours(x).shape == (2, 16, 36, 12)


def test_a_row_of_no_weight_teaches_nothing():
    network = build("boundary_cnn").eval()
    x = torch.randn(2, 115, 80)
    logits = network(x)
    loss = network.loss(logits, torch.tensor([[1.0], [0.0]]), torch.tensor([[1.0], [0.0]]))
    assert loss.item() == pytest.approx(nn.functional.softplus(-logits[0, 0]).item(), abs=1e-6)


def test_it_learns_to_tell_a_change_in_the_middle():
    torch.manual_seed(0)
    network = build("boundary_cnn", bands=30, context_cells=61, filters=(4, 8), hidden=32, dropout=0.0)

    def excerpts(n):
        y = (torch.rand(n, 1) < 0.5).float()
        x = 0.3 * torch.randn(n, 61, 30)
        change = torch.where(y > 0, 30, torch.randint(0, 22, (n, 1)))
        return x + (torch.arange(61)[None, :] >= change).float()[..., None], y

    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(60):
        x, y = excerpts(32)
        optimiser.zero_grad()
        network.loss(network(x), y, torch.ones_like(y)).backward()
        optimiser.step()
    x, y = excerpts(200)
    assert ((network.eval()(x) > 0).float() == y).float().mean() > 0.95
