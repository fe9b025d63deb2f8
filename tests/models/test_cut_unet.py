import pytest
import torch

from segue_models.architectures import build
from segue_models.architectures.cut_unet import padded

SIZES = [  # bands, rows, all parameters
    (75, 435, 13_532_364), (75, 431, 13_412_364), (75, 217, 6_992_364), (75, 175, 5_732_364), (75, 173, 5_672_364),
    (75, 96, 3_362_364), (75, 87, 3_092_364), (75, 48, 1_922_364), (75, 24, 1_202_364), (75, 12, 842_364),
    (96, 431, 17_032_764), (96, 173, 7_125_564),
]  # fmt: skip


def parameters(**sizes) -> tuple[int, int]:
    """Parameters of the convolutions, all parameters."""
    with torch.device("meta"):
        network = build("cut_unet", **sizes)
    dense, everything = (sum(p.numel() for p in part.parameters()) for part in (network.dense, network))
    return everything - dense, everything


@pytest.mark.parametrize(("bands", "rows", "total"), SIZES)
def test_parameter_counts_of_the_specification(bands, rows, total):
    assert parameters(bands=bands, context_cells=rows) == (481_762, total)


@pytest.mark.parametrize(("base", "depth", "core"), [(16, 4, 1_940_834), (32, 3, 1_925_058), (64, 4, 31_030_658)])
def test_other_depths_and_widths_of_the_specification(base, depth, core):
    assert parameters(base=base, depth=depth)[0] == core


def test_depth_4_of_the_specification_in_all():
    assert parameters(depth=4, context_cells=435)[1] == 14_991_436


@pytest.mark.long
@pytest.mark.parametrize("rows", [431, 217, 173, 87])
@pytest.mark.parametrize("bands", [75, 96])
def test_all_14_inputs_are_feasible(bands, rows):
    for context in (rows,) if bands == 96 else (rows, 96, 48, 24, 12):
        with torch.device("meta"):
            network = build("cut_unet", bands=bands, context_cells=context)
            assert network(torch.empty(2, context, bands)).shape == (2, 1)


def levels(network, rows, bands) -> list[tuple[int, ...]]:
    """Maps, bands and rows after each double convolution and after the 1 x 1 convolution."""
    seen = []
    for part in (*network.down, *network.join, network.maps):
        part.register_forward_hook(lambda _m, _i, out: seen.append((out.shape[1], out.shape[3], out.shape[2])))
    network(torch.empty(1, rows, bands, device="meta"))
    return seen


@pytest.mark.long
@pytest.mark.parametrize("rows", [96, 435])
def test_the_levels_of_the_specification(rows):
    with torch.device("meta"):
        network = build("cut_unet", context_cells=rows)
    whole = -(-rows // 8) * 8
    down = [(16 * 2**i, 80 // 2**i, whole // 2**i) for i in range(4)]
    assert levels(network, rows, 75) == [*down, *reversed(down[:-1]), (2, 80, whole)]


def test_75_bands_get_two_rows_of_zeros_before_and_three_after():
    assert padded(75, 3, "same") == (80, 2) and padded(12, 3, "same") == (16, 2) and padded(96, 3, "same") == (96, 0)


@pytest.mark.parametrize(
    ("depth", "length", "size", "output"),
    [(3, 75, 164, 76), (3, 96, 188, 100), (3, 175, 268, 180), (3, 435, 524, 436),
     (4, 75, 268, 84), (4, 96, 284, 100), (4, 175, 364, 180), (4, 435, 620, 436)],
)  # fmt: skip
def test_padded_sizes_of_the_literal_variant(depth, length, size, output):
    assert padded(length, depth, "input")[0] == size
    with torch.device("meta"):
        network = build("cut_unet", context_cells=length, bands=75, depth=depth, padding="input")
    assert levels(network, length, 75)[-1] == (2, 84 if depth == 4 else 76, output)


@pytest.mark.long
@pytest.mark.parametrize("padding", ["same", "input"])
def test_the_last_maps_lie_over_the_excerpt(padding):
    """An impulse changes the maps that the dense layer hears most at its own place, also through crops and skips."""
    torch.manual_seed(0)
    places = [(3, 4), (15, 10), (27, 17)]
    excerpts = torch.zeros(len(places) + 1, 30, 20)
    for excerpt, place in zip(excerpts, places, strict=False):
        excerpt[place] = 1.0
    heard = []
    for _ in range(6):
        network = build("cut_unet", bands=20, context_cells=30, padding=padding, hidden=1).eval()
        network.dense.register_forward_pre_hook(lambda _m, maps: heard.append(maps[0]))
        with torch.no_grad():
            network(excerpts)
    change = sum((maps[:-1] - maps[-1:]).abs().sum(dim=1) for maps in heard)
    for (row, band), map_ in zip(places, change, strict=True):
        at = divmod(int(map_.argmax()), 20)
        assert abs(at[0] - row) <= 1 and abs(at[1] - band) <= 1


def test_the_dense_layer_may_hear_all_maps():
    with torch.device("meta"):
        network = build("cut_unet", context_cells=96, head_maps="all")
    assert network.dense[1].in_features == 16 * 75 * 96


def test_another_padding_is_told():
    with pytest.raises(ValueError, match="'reflect'"):
        build("cut_unet", padding="reflect")
