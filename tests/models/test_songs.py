from dataclasses import replace

import numpy as np
import pytest

from segue_models import recipe as recipes
from segue_models.corpora import evr, pop909
from segue_models.paths import Paths
from segue_models.track import Track
from segue_models.training import songs
from test_batches import example


def named(corpus: str, name: str, *voices: str):
    return replace(example(), corpus=corpus, name=name, voices=voices)


def of_split(which: str) -> str:
    return next(name for n in range(1, 910) if pop909.split(name := f"pop909-{n:03d}") == which)


def recipe(*leave_out: str) -> recipes.Recipe:
    return recipes.from_dict({
        "name": "r", "architecture": "cut_tcn", "roles": ["entry"],
        "data": {"corpora": ["pop909"], "leave_out": list(leave_out)}, "training": {},
    })  # fmt: skip


ALL = [
    named("pop909", of_split("train"), "1_hydrogen"),
    named("pop909", of_split("validation")),
    named("pop909", of_split("test")),
    named("evr", "1_hydrogen", "1_hydrogen"),
    named("evr", "3_sodium", "3_sodium"),
    named("evr_remix", "1_hydrogen-remix0", "1_hydrogen"),
    named("ultrastar", "Some Song"),
]


def names(found) -> list[tuple[str, str]]:
    return [(e.corpus, e.name) for e in found]


def test_every_song_is_in_one_part_by_the_split_of_its_corpus():
    parts = {which: names(songs.part(ALL, which)) for which in ("train", "validation", "test")}
    assert parts["validation"] == names(ALL[1:2])
    assert parts["test"] == names([ALL[2], ALL[6]])
    assert parts["train"] == names([ALL[0], *ALL[3:6]])


def test_a_song_left_out_is_heard_nowhere_neither_as_a_remix_nor_as_a_voice():
    assert names(songs.training_songs(recipe(), ALL)) == names(songs.part(ALL, "train"))
    assert names(songs.training_songs(recipe("1_hydrogen"), ALL)) == [("evr", "3_sodium")]


def test_an_unknown_corpus_and_missing_data_are_told(tmp_path):
    where = Paths(tmp_path / "none", tmp_path, 1)
    with pytest.raises(ValueError, match="there is no corpus 'nonsense'"):
        songs.load(["nonsense"], 4, where, print)
    with pytest.raises(ValueError, match="SEGUE_DATA"):
        songs.load(["evr"], 4, where, print)


def test_songs_of_several_corpora_are_loaded_with_progress(monkeypatch, tmp_path):
    def tracks(root, cache, jobs):
        return [Track("x", root.name, "a", "CC0", cache / "x.wav", np.empty((0, 2)))]

    def prepare(found, data, where, progress):
        for i, track in enumerate(found, 1):
            progress(i, len(found), track.name)
        return found

    for corpus in (evr, pop909):
        monkeypatch.setattr(corpus, "tracks", tracks)
    monkeypatch.setattr(songs, "prepare", prepare)
    said = []
    assert len(songs.load(["evr", "pop909"], 4, Paths(tmp_path, tmp_path, 1), said.append)) == 2
    assert said == ["evr: 1 songs", "pop909: 1 songs", "features 2/2 x"]


def test_a_voice_left_out_does_not_choose_the_epoch_either():
    heard = named("pop909", of_split("validation"), "1_hydrogen")
    assert names(songs.validation_songs(recipe(), [heard])) == names([heard])
    assert songs.validation_songs(recipe("1_hydrogen"), [heard]) == []


def test_a_corpus_that_is_not_trained_on_does_not_choose_the_epoch():
    heard = named("pop909", of_split("validation"))
    deaf = replace(recipe(), data=replace(recipe().data, weights={"pop909": 0.0}))
    assert songs.validation_songs(deaf, [heard]) == []


def test_of_a_recipe_for_several_networks_one_is_trained(monkeypatch, tmp_path):
    several = recipes.from_dict({**recipe().as_dict(), "members": [{}, {"seeds": 2}], "music": ["evr"]})
    trained = []
    monkeypatch.setattr(songs, "examples", lambda *given: [])
    songs.run(several, lambda one, *rest: trained.append(one), tmp_path, Paths(tmp_path, tmp_path, 1), print)
    assert trained == [recipe()]
