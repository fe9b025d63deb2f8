import matplotlib.image
import numpy as np
import pytest

from segue_models.evaluation.grid import plots
from test_grid_configurations import read
from test_grid_effects import trained
from test_grid_records import record, rows


@pytest.mark.long
def test_one_picture_a_grid_with_a_panel_for_each_factor(tmp_path):
    found = trained(tmp_path / "a", 3) + trained(tmp_path / "b", 2, part=12)
    files = plots.draw(found, tmp_path / "plots")
    assert [f.name for f in files] == ["experiment2.png", "experiment3.png"]
    wide = [matplotlib.image.imread(f).shape[1] for f in files]
    assert wide[0] / wide[1] == 8 / 5  # feature, window_s, pooled, window_beats, cells_per_beat; filters, shape, pool
    green, red = (np.abs(matplotlib.image.imread(files[1])[..., :3] - c).sum(axis=2).min() for c in (GREEN, RED))
    assert green < 0.1 and red < 0.1  # both roles are drawn


GREEN, RED = (np.array([0x95, 0xBF, 0x9F]) / 255, np.array([0xD8, 0x98, 0x98]) / 255)


def test_one_training_alone_has_no_picture(tmp_path):
    assert plots.draw(rows([record(read(3)[0])], tmp_path / "a"), tmp_path / "plots") == []
