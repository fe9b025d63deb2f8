from itertools import product

import pytest
import torch

from segue_models.architectures import build

NARROW, WIDE = (32, 64, 128), (64, 128, 256)
NETWORKS = list(product((NARROW, WIDE), ((3, 3), (3, 9), (9, 3)), ((1, 2), (2, 2))))
ABSOLUTE = list(product((75, 96), (431, 217, 173, 87)))
BEATS = [(75, cells * beats) for beats in (12, 6) for cells in (8, 4, 2)]


def on_meta(**sizes):
    with torch.device("meta"):
        return build("cut_cnn_2d", **sizes)


def count(part) -> int:
    return sum(p.numel() for p in part.parameters())


@pytest.mark.parametrize(
    ("sizes", "maps", "parameters"),
    [
        ({"context_cells": 96}, (128, 24, 18), 11_152_474),
        ({"context_cells": 173}, (128, 43, 18), 19_907_674),
        ({"context_cells": 431}, (128, 107, 18), 49_398_874),
        ({"context_cells": 12}, (128, 3, 18), 1_475_674),
        (
            {"context_cells": 431, "bands": 96, "filters": WIDE, "shape": (9, 3), "pool": (1, 2)},
            (256, 215, 24),
            265_300_698,
        ),
    ],
)
def test_maps_and_parameter_counts_of_the_specification(sizes, maps, parameters):
    network = on_meta(**sizes)
    x = torch.empty(1, 1, sizes["context_cells"], sizes.get("bands", 75), device="meta")
    assert network.convolutions(x).shape[1:] == maps
    assert count(network) == parameters


@pytest.mark.parametrize(
    ("filters", "shape", "parameters"),
    [(NARROW, (3, 3), 92_672), (NARROW, (3, 9), 277_568), (NARROW, (9, 3), 277_568),
     (WIDE, (3, 3), 369_664), (WIDE, (3, 9), 1_108_096), (WIDE, (9, 3), 1_108_096)],
)  # fmt: skip
def test_parameters_of_the_convolutions_of_the_specification(filters, shape, parameters):
    assert count(on_meta(filters=filters, shape=shape).convolutions) == parameters


def totals(padding: str) -> list[int]:
    """Parameters of every configuration of the grid, 0 where it is impossible."""
    out = []
    for (bands, rows), (filters, shape, pool) in product(ABSOLUTE + BEATS, NETWORKS):
        sizes = {"bands": bands, "context_cells": rows, "filters": filters, "shape": shape, "pool": pool}
        try:
            out.append(count(on_meta(**sizes, padding=padding)))
        except ValueError as error:
            assert "choose shorter ones" in str(error)
            out.append(0)
    return out


def test_all_168_configurations_are_feasible_between_the_two_sizes_named():
    found = totals("same")
    assert len(found) == 168 and (min(found), max(found)) == (1_475_674, 265_300_698)


def test_without_padding_20_of_them_are_impossible():
    assert totals("valid").count(0) == 20


def test_one_role_a_network():
    with pytest.raises(ValueError, match="one role"):
        build("cut_cnn_2d", outputs=2)
