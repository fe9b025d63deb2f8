from pathlib import Path

import pytest
import torch

import segue_models.architectures as architectures

NAMES = sorted(p.stem for p in Path(architectures.__file__).parent.glob("*.py") if p.stem != "__init__")
SIZES = {
    "cut_cnn_1d": {"context_cells": 24, "shape": 2},
    "cut_cnn_2d": {"context_cells": 24},
    "cut_unet": {"context_cells": 24},
    "beat_blstm": {"features": 75},
    "downbeat_gru": {"percussive": 50, "harmonic": 25},
    "boundary_cnn": {"context_cells": 24, "bands": 75, "pool": (2, 6)},
    "boundary_cnn_hpss": {"context_cells": 24, "bands": 20, "lags": 15, "pool": (2, 6), "lag_pool": (2, 6)},
    "boundary_cnn_sslm": {"context_cells": 24, "bands": 40, "lags": 35, "pool": (2, 6), "lag_pool": (2, 6)},
}


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_few_steps_lower_the_loss(name):
    torch.manual_seed(0)
    network = architectures.build(name, **SIZES.get(name, {})).eval()
    x = torch.randn(16, 24, 75)
    logits = network(x)
    y = (torch.rand_like(logits) < 0.3).float()
    if getattr(network, "exclusive", False):
        y = torch.nn.functional.one_hot(y.argmax(dim=-1), y.shape[-1]).float()
    recurrent = any(isinstance(part, torch.nn.RNNBase) for part in network.modules())
    optimiser = torch.optim.Adam(network.parameters(), 1e-2 if recurrent else 1e-3)
    before = network.loss(logits, y, torch.ones_like(y)).item()
    for _ in range(10):
        optimiser.zero_grad()
        network.loss(network(x), y, torch.ones_like(y)).backward()
        optimiser.step()
    assert network.loss(network(x), y, torch.ones_like(y)).item() < 0.9 * before
    assert logits.shape[0] == 16


def test_a_dense_network_scores_every_cell_and_knows_no_song_length():
    network = architectures.build("cut_tcn").eval()
    song = torch.randn(1, 600, 75)
    whole, part = network(song), network(song[:, :500])
    assert whole.shape == (1, 600, 3)
    # Far from the cut-off end both hear the same music, so they say the same.
    assert torch.allclose(whole[:, :300], part[:, :300], atol=1e-5)


def test_folded_cells_are_scored_one_by_one():
    network = architectures.build("cut_tcn", fold=4).eval()
    song = torch.randn(1, 1203, 75)
    whole = network(song)
    assert whole.shape == (1, 1203, 3) and whole[0, 1:].sub(whole[0, :-1]).abs().amin() > 0
    later = network(torch.nn.functional.pad(song, (0, 0, 400, 0)))[:, 400:]
    assert torch.allclose(whole[:, 600:], later[:, 600:], atol=1e-5)


def test_what_stands_out_is_heard_by_who_listens_to_it_and_learnt_without():
    torch.manual_seed(0)
    song, other = torch.randn(8, 64, 150), torch.randn(8, 64, 75)
    changed = torch.cat([song[..., :75], other], dim=2)
    plain = architectures.build("cut_tcn").eval()
    assert torch.equal(plain(song), plain(changed)) and torch.equal(plain(song), plain(song[..., :75]))
    hears = architectures.build("cut_tcn", foreground=True, unheard=0.5, dropout=0.0)
    assert not torch.allclose(hears.eval()(song), hears(changed))
    silent = torch.cat([song[..., :75], torch.zeros(8, 64, 75)], dim=2)
    whole, without, learning = hears(song), hears(silent), hears.train()(song)
    deaf = [bool(torch.allclose(a, b, atol=1e-5)) for a, b in zip(learning, without, strict=True)]
    assert deaf == [not torch.allclose(a, b, atol=1e-5) for a, b in zip(learning, whole, strict=True)]
    assert 0 < sum(deaf) < 8


def test_an_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="among the architectures"):
        architectures.build("no_such_network")
