"""Songs with beats, heard as if they had none."""

import numpy as np
from click.testing import CliRunner

from segue_models.evaluation import free_time
from segue_models.paths import default_paths
from segue_models.signal.frames import RATE_HZ
from segue_models.song import Song


def test_a_song_to_a_click_as_if_it_had_no_beats(clicks):
    song = Song(clicks(np.arange(0.0, 12.0, 0.5), 12.0), 0.0)
    song.__dict__["boundary_curve"] = np.zeros(86)
    free = free_time.without_beats(song)
    assert not song.free_time and free.free_time and free.grid.barless
    assert free.onsets is song.onsets and len(song.samples) == 12 * RATE_HZ


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    model = default_paths().beats.with_name("cuts.onnx")
    done = CliRunner().invoke(free_time.main, [str(model), str(tmp_path / "none.wav")])
    assert done.exit_code == 2 and "none.wav" in done.output
