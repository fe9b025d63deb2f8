import json

import numpy as np
import pytest

from segue_exporter.export import from_checkpoint
from segue_models import recipe as recipes
from segue_models.features import beat_sync
from segue_models.serving import inference
from segue_models.training import tasks
from segue_models.training.beat_examples import BeatExample
from segue_models.training.tasks.bars import STRETCH_BEATS, stretch, varied
from segue_models.training.train import train

task = tasks.find("bars")


def recipe(**training):
    return recipes.from_dict({
        "name": "tiny", "task": "bars", "architecture": "downbeat_gru",
        "data": {"corpora": ["pop909"], "weights": {"3/4": 3.0}}, "network": {"units": 6, "layers": 1},
        "training": {"optimiser": "adamw", "learning_rate": 3e-2, "batch": 8, "augment": True, **training},
    })  # fmt: skip


def song(seed, bar=4, beats=150):
    """A cymbal on every beat, a bass drum and another note on the first of each bar; 120 bpm from 0.5 s on."""
    rng = np.random.default_rng(seed)
    at = 50.0 + 50.0 * np.arange(beats)
    positions = (np.arange(beats) + seed) % bar + 1
    features, note = rng.uniform(0, 0.02, (beats * 50 + 100, 57)), 0
    for frame, position in zip(at.astype(int), positions, strict=True):
        note = (note + int(rng.integers(1, 12))) % 12 if position == 1 else note
        features[frame : frame + 8, 30:45] += 0.6
        features[frame : frame + 8, :8] += 0.8 * (position == 1)
        features[frame : frame + 50, beat_sync.BANDS + note] += 1.0
    return BeatExample(f"s{seed}", "pop909", "CC0", (), True, features.astype(np.float16), at, positions)


def test_a_stretch_holds_its_beats_and_says_which_open_a_bar():
    x, y = stretch(song(0), 10)
    assert x.shape == (STRETCH_BEATS, 204) and np.flatnonzero(y).tolist() == list(range(2, STRETCH_BEATS, 4))
    drums = x[:, :180].reshape(-1, 4, 45)
    assert np.array_equal(drums[:, 0, :8].mean(axis=1) > 0.05, y == 1)
    whole = beat_sync.of_beats(song(0).features.astype(np.float32), song(0).beats / 100)
    np.testing.assert_allclose(x[1:], whole[11 : 10 + STRETCH_BEATS], atol=0.01)


def test_a_varied_stretch_has_the_same_downbeats_in_another_mix_and_key():
    rng, plain = np.random.default_rng(1), stretch(song(0), 10)
    keys = set()
    for _ in range(30):
        x, y = varied(song(0), 10, rng, True)
        assert x.shape == plain[0].shape and not np.array_equal(x, plain[0])
        if y.tolist() == plain[1].tolist():  # else it was made a waltz
            keys.add((int(x[0, 180:192].argmax()) - int(plain[0][0, 180:192].argmax())) % 12)
            drums = x[:, :180].reshape(-1, 4, 45)[:, 0].sum(axis=1)
            assert drums[y == 1].mean() > drums[y == 0].mean()
    assert len(keys) > 6


def test_bars_of_four_become_bars_of_three_now_and_then_and_waltzes_stay():
    rng = np.random.default_rng(2)
    four, three = song(0), song(0, 3)
    lengths = [bar_lengths(varied(four, 10, rng, False)[1]) for _ in range(120)]
    assert all(found in ({3}, {4}) for found in lengths)
    assert 3 < sum(found == {3} for found in lengths) < 30
    assert all(bar_lengths(varied(three, 0, rng, False)[1]) == {3} for _ in range(30))


def bar_lengths(downbeats):
    return set(np.diff(np.flatnonzero(downbeats)).tolist())


def test_waltzes_are_drawn_as_often_as_their_weight_says_but_not_to_validate():
    songs = [song(0, beats=640), song(3, bar=3, beats=640)]
    norm = task.normalisation(songs)
    assert norm[0].shape == norm[1].shape == (204,)
    for vary, expected in ((True, 40), (False, 20)):
        rows = list(task.batches(recipe(batch=1, augment=False), songs, norm, np.random.default_rng(0), vary))
        assert len(rows) == expected


def test_beyond_a_short_song_nothing_is_learnt():
    songs = [song(n, beats=40) for n in range(20)]
    x, y, w = next(task.batches(recipe(), songs, task.normalisation(songs), np.random.default_rng(0), True))
    assert x.shape == (8, STRETCH_BEATS, 204) and y.shape == w.shape == (8, STRETCH_BEATS, 1)
    assert w.sum(axis=(1, 2)).max() <= 39 and not x[:, 39:].any() and not y[w == 0].any()


@pytest.mark.long
def test_it_learns_and_what_is_exported_finds_downbeats_of_other_songs(tmp_path):
    songs = [song(n) for n in range(8)]
    best = train(recipe(epochs=5, patience=5, batch=2, augment=False), songs, songs[:3], tmp_path, lambda line: None)
    log = [json.loads(line) for line in (tmp_path / "tiny" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["validation"] < 0.5 * log[0]["validation"]
    assert "differs from torch" in from_checkpoint(best, tmp_path / "bars.onnx")
    network = inference.load(tmp_path / "bars.onnx")
    assert network.card.outputs == ("drums", "harmony") and network.card.feature["name"] == "beat_sync"
    unheard = song(100 + 2)
    x = beat_sync.of_beats(unheard.features.astype(np.float32), unheard.beats / 100)
    said = network.activations(x).mean(axis=1)
    assert ((said > 0.5) == (unheard.positions[:-1] == 1)).mean() > 0.95
