import pytest
import torch

from segue_models.architectures import build


def test_each_input_has_its_own_first_stage_and_they_share_the_second():
    torch.manual_seed(0)
    network = build("boundary_cnn_sslm").eval()
    x = torch.randn(3, 115, 180)
    assert network(x).shape == (3, 2)
    assert network.mel(x[:, None, :, :80]).shape == (3, 16, 36, 12)
    assert network.lag(x[:, None, :, 80:]).shape == (3, 16, 36, 15)
    assert network.second[0].weight.shape == (32, 16, 6, 3)
    flat = 32 * 31 * (12 + 15 - 2)
    first, second, dense = 2 * (768 + 16), 9216 + 32, flat * 128 + 128 + 128 * 2 + 2
    assert sum(p.numel() for p in network.parameters()) == first + second + dense


def test_both_inputs_are_heard():
    torch.manual_seed(0)
    network = build("boundary_cnn_sslm").eval()
    x = torch.randn(1, 115, 180)
    for columns in (slice(0, 80), slice(80, 180)):
        other = x.clone()
        other[..., columns] += 1.0
        assert not torch.allclose(network(x), network(other))


def test_time_must_be_pooled_alike():
    with pytest.raises(ValueError, match="alike in time"):
        build("boundary_cnn_sslm", pool=(3, 6), lag_pool=(2, 6))
