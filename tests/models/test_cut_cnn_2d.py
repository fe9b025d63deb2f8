import pytest
import torch

from segue_models.architectures import build


@pytest.mark.parametrize(
    ("size", "parameters"),
    [
        ({"context_cells": 96}, 11_152_474),
        ({"context_cells": 173}, 19_907_674),
        ({"context_cells": 431}, 49_398_874),
        ({"context_cells": 12}, 1_475_674),
    ],
)
def test_parameter_counts_of_the_specification(size, parameters):
    with torch.device("meta"):
        assert sum(p.numel() for p in build("cut_cnn_2d", **size).parameters()) == parameters


def test_the_largest_network_of_the_grid():
    with torch.device("meta"):
        network = build("cut_cnn_2d", context_cells=431, bands=96, filters=(64, 128, 256), shape=(9, 3), pool=(1, 2))
    assert sum(p.numel() for p in network.parameters()) == 265_300_698


def test_one_role_a_network():
    with pytest.raises(ValueError, match="one role"):
        build("cut_cnn_2d", outputs=2)
