import torch

from segue_models.architectures import build

INPUTS = {"mel": slice(0, 80), "harmonic": slice(80, 160), "percussive": slice(160, 240), "lag": slice(240, 340)}


def test_parameters_by_hand():
    """Four first stages of 16 kernels of 8 x 6, 3 x 12 + 15 pooled columns, 31 x 49 places of the second stage."""
    network = build("boundary_cnn_hpss", hidden=64)
    flat = 32 * 31 * (3 * 12 + 15 - 2)
    first, second, dense = 4 * (768 + 16), 9216 + 32, flat * 64 + 64 + 64 * 2 + 2
    assert sum(p.numel() for p in network.parameters()) == first + second + dense == 3_123_490
    assert build("boundary_cnn_sslm").dense[1].in_features == 32 * 31 * 25


def test_each_input_is_heard_by_its_own_first_stage():
    torch.manual_seed(0)
    network = build("boundary_cnn_hpss").eval()
    x = torch.randn(1, 115, 340)
    stages = {name: network.get_submodule(name)(x[:, None, :, columns]) for name, columns in INPUTS.items()}
    assert torch.allclose(network(x), network.dense(network.second(torch.cat(list(stages.values()), dim=-1))))
    for columns in INPUTS.values():
        other = x.clone()
        other[..., columns] += 1.0
        assert not torch.allclose(network(x), network(other))


def test_it_learns_what_only_the_percussive_part_tells():
    torch.manual_seed(0)
    sizes = {"bands": 30, "lags": 20, "context_cells": 61, "filters": (4, 8), "hidden": 32, "dropout": 0.0}
    network = build("boundary_cnn_hpss", outputs=1, **sizes)

    def excerpts(n):
        y = (torch.rand(n, 1) < 0.5).float()
        x = 0.3 * torch.randn(n, 61, 110)
        change = torch.where(y > 0, 30, torch.randint(0, 22, (n, 1)))
        x[..., 60:90] += (torch.arange(61)[None, :] >= change).float()[..., None]
        return x, y

    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(60):
        x, y = excerpts(32)
        optimiser.zero_grad()
        network.loss(network(x), y, torch.ones_like(y)).backward()
        optimiser.step()
    x, y = excerpts(200)
    assert ((network.eval()(x) > 0).float() == y).float().mean() > 0.95
