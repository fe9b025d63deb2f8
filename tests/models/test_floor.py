"""A floor under the networks that ship: whoever replaces one by a worse one sees a test fail.

Each is judged by the area under the ROC curve on songs whose truth is known, and so is the same network with noise on
its weights, which must fall below the floor. The floors lie .005 under what shipped on 30 November 2026.
"""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from segue_bridge import demo
from segue_bridge.demo import compose
from segue_models import song
from segue_models.corpora import find
from segue_models.cuts import scoring
from segue_models.features import mel
from segue_models.paths import default_paths
from segue_models.recipe import Data
from segue_models.serving import inference
from segue_models.signal import audio
from segue_models.training import examples
from segue_models.training.metrics import auc

SHIPPED = Path(demo.__file__).parents[1] / "shipped"
BEAT_S = 60 / compose.BPM
CUT_SONGS = {"jamendo": "Fantasma_-_Los_Rombos", "ultrastar": "Joshua Morin - On the run"}


def noisy(name: str, share: float, folder: Path) -> inference.Network:
    """The shipped network with noise on its weights, of that share of their standard deviation; 0 is as it ships."""
    if not share:
        return inference.load(SHIPPED / f"{name}.onnx")
    model, rng = onnx.load(str(SHIPPED / f"{name}.onnx")), np.random.default_rng(0)
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.dtype in (np.float16, np.float32) and weights.size > 64:
            noise = rng.normal(0, share * float(weights.astype(np.float64).std()), weights.shape)
            tensor.CopyFrom(numpy_helper.from_array((weights + noise).astype(weights.dtype), tensor.name))
    onnx.save(model, str(folder / "noisy.onnx"))
    return inference.load(folder / "noisy.onnx")


def near(times, marks, seconds):
    return np.abs(times[:, None] - np.asarray(marks)).min(axis=1) <= seconds


def beats(network, sound, times, downbeats):
    """Areas of beats and of downbeats among the frames."""
    heard = song.hear(sound, network)
    activations = heard.beat_activations
    at = np.arange(len(activations)) / 100 + heard.start
    return auc(near(at, times, 0.02), 1 - activations[:, 0]), auc(near(at, downbeats, 0.02), activations[:, 2])


@pytest.mark.parametrize(("share", "reached"), [(0.0, True), (1.6, False)])
def test_beats_and_downbeats_of_the_demo(tmp_path, share, reached):
    times = compose.LEAD_IN + np.arange(152) * BEAT_S
    found = beats(noisy("beats", share, tmp_path), audio.read([demo.SONG]), times, times[::4])
    assert all(area >= floor for area, floor in zip(found, (0.992, 0.990), strict=True)) == reached


@pytest.mark.parametrize(("share", "reached"), [(0.0, True), (0.8, False)])
def test_beats_and_downbeats_of_a_recording(data, tmp_path, share, reached):
    track = find("evr").tracks(data, tmp_path)[0]
    downbeats = track.grid.times[track.grid.positions == 1]
    found = beats(noisy("beats", share, tmp_path), audio.read([track.audio]), track.grid.times, downbeats)
    assert all(area >= floor for area, floor in zip(found, (0.736, 0.835), strict=True)) == reached


@pytest.mark.parametrize(("share", "reached"), [(0.0, True), (0.8, False)])
def test_boundaries_of_the_demo(tmp_path, share, reached):
    network = noisy("sections", share, tmp_path)
    heard = song.hear(audio.read([demo.SONG]), None, network)
    boundaries = compose.LEAD_IN + np.array([start for start, _, _ in compose.sections()[1:]]) * BEAT_S
    rows = mel.row_times(len(heard.boundary_curve)) + heard.start
    assert (auc(near(rows, boundaries, 0.5), heard.boundary_curve) >= 0.980) == reached


@pytest.fixture(scope="module")
def sung(data, tmp_path_factory):
    """Two real songs that no network was trained on, as examples."""
    folder, beat_network = tmp_path_factory.mktemp("songs"), inference.load(default_paths().beats)
    card = inference.load(SHIPPED / "cuts.onnx").card
    tracks = [t for corpus, name in CUT_SONGS.items() for t in find(corpus).tracks(data, folder) if t.name == name]
    assert len(tracks) == 2
    heard = ((track, examples.hear(track, "gammatone", beat_network)) for track in tracks)
    return [examples.make(track, found, Data((), card.cells_per_beat)) for track, found in heard]


@pytest.mark.parametrize(("share", "reached"), [(0.0, True), (0.4, False)])
def test_entries_and_exits_of_two_songs(sung, tmp_path, share, reached):
    network = noisy("cuts", share, tmp_path)
    areas = []
    for example in sung:
        scores = scoring.scores(network, example.features.astype(np.float32), example.onset_cells, example.opens_bar)
        for column, role in enumerate(examples.ROLES):
            areas.append(auc(example.labels[example.known, column], scores[role][example.known]))
    assert (np.mean(areas) >= 0.955) == reached
