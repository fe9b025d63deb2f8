from itertools import product

import pytest
import torch

from segue_models.architectures import build

NARROW, WIDE = (32, 64, 128), (64, 128, 256)


def parameters(**sizes) -> tuple[int, int, int]:
    """Values after the last convolution, parameters of the convolutions, all parameters."""
    with torch.device("meta"):
        network = build("cut_cnn_1d", **sizes)
        flat = network.convolutions(torch.empty(1, sizes["bands"], sizes["context_cells"])).numel()
    return (flat, *(sum(p.numel() for p in part.parameters()) for part in (network.convolutions, network)))


@pytest.mark.parametrize(
    ("bands", "rows", "filters", "shape", "pool", "counts"),
    [
        (75, 431, NARROW, 2, 1, (27_264, 25_504, 5_478_906)),
        (75, 173, NARROW, 2, 2, (5_248, 25_504, 1_075_706)),
        (75, 217, WIDE, 4, 2, (12_544, 183_488, 2_692_890)),
        (36, 87, NARROW, 4, 2, (2_048, 45_792, 455_994)),
        (96, 431, WIDE, 2, 1, (54_528, 94_656, 11_000_858)),
    ],
)
def test_parameter_counts_of_the_specification(bands, rows, filters, shape, pool, counts):
    assert parameters(bands=bands, context_cells=rows, filters=filters, shape=shape, pool=pool) == counts


def test_all_96_configurations_are_feasible_between_the_two_sizes_named():
    grid = list(product((36, 75, 96), (431, 217, 173, 87), (NARROW, WIDE), (2, 4), (1, 2)))
    assert len(grid) == 96
    keys = ("bands", "context_cells", "filters", "shape", "pool")
    totals = [parameters(**dict(zip(keys, sizes, strict=True)))[-1] for sizes in grid]
    assert (min(totals), max(totals)) == (455_994, 11_000_858)


def test_the_network_hears_time_in_order():
    torch.manual_seed(0)
    network = build("cut_cnn_1d", context_cells=87).eval()
    x = torch.randn(2, 87, 75)
    assert network(x).shape == (2, 1)
    assert not torch.allclose(network(x), network(x.flip(1)), atol=1e-4)


def test_an_excerpt_that_is_too_short_is_told():
    with pytest.raises(ValueError, match="too long for 12"):
        build("cut_cnn_1d", context_cells=12)
