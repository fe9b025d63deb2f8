"""A study of two small songs whose false positives can be counted."""

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from segue_models.evaluation.study import drawing, report
from segue_models.evaluation.study.drawing import Wanted
from segue_models.paths import Paths
from segue_models.serving.model_card import Calibration
from segue_models.signal.frames import BeatGrid
from segue_models.track import Track
from test_batches import example
from test_splice import noise

pytestmark = pytest.mark.long

TIMES = np.arange(2.0, 18.0)  # 16 onsets, each the first or third beat of a bar
GRID = BeatGrid(np.arange(0.0, 20.0, 0.5), np.arange(40) % 4 + 1)
NAMES = ("Alpha", "Beta", "Calibrated")
CARD = SimpleNamespace(
    name="cuts", version="7", cells_per_beat=4, outputs=("entry", "exit", "lead"),
    threshold={"entry": 0.3, "exit": 0.6}, calibration={"exit": Calibration(fitted_on=("Calibrated",))},
    training_data=({"corpus": "evr"},),
)  # fmt: skip
ENTRIES = np.arange(16) % 4 == 0  # good ones; of the 16 scores 0, 1/16 .. 15/16 the threshold finds 11 and 6
EXITS = np.arange(16) % 2 == 1


def song(name, **changes):
    labels = np.stack([ENTRIES, EXITS], axis=1)
    near = np.zeros(16, bool)
    return replace(
        example(), name=name, corpus="ultrastar", onset_times=TIMES, onset_cells=np.arange(16), labels=labels,
        known=np.ones(16, bool), near_boundary=near, **changes,
    )  # fmt: skip


def scorer(e):
    return {"entry": np.arange(16) / 16, "exit": np.arange(16) / 16, "lead": np.ones(16)}


def counted(predictions, role, good):
    return sum(p.predicted and p.role == role and p.good == good for p in predictions)


def test_the_thresholds_of_the_card_decide_what_is_predicted():
    frozen = drawing.freeze([song("Alpha")], scorer, CARD)
    assert len(frozen) == 32 and {p.role for p in frozen} == {"entry", "exit"}
    # entry: 5/16 to 15/16, of which 8 and 12 are good; exit: 10/16 to 15/16, of which 11, 13 and 15 are
    assert [counted(frozen, role, good) for role in ("entry", "exit") for good in (True, False)] == [2, 9, 3, 3]
    assert [p.time for p in frozen if p.role == "exit" and p.predicted] == list(TIMES[10:])


def test_only_candidates_of_section_boundaries_count_where_a_song_has_some():
    near = replace(song("Alpha"), near_boundary=np.arange(16) >= 14)
    assert [p.time for p in drawing.freeze([near], scorer, CARD)] == [*TIMES[14:]] * 2


def test_what_nobody_knows_is_not_asked():
    part = replace(song("Alpha"), known=np.arange(16) < 3)
    assert [p.time for p in drawing.freeze([part], scorer, CARD)] == [*TIMES[:3]] * 2


def test_a_song_whose_voice_never_stops_is_not_judged():
    assert drawing.freeze([song("3_sodium")], scorer, CARD) == []


FROZEN = drawing.freeze([song(name) for name in "ABCDEFGH"], scorer, CARD)


def test_the_draw_is_of_false_positives_in_the_drawn_songs_without_repetition():
    names, lines = drawing.sample(FROZEN, Wanted(songs=5, onsets=30, seed=4))
    assert len(set(names)) == 5 and len(set(lines)) == len(lines) == 30
    assert all(p.predicted and not p.good and p.song in names for p in lines)
    assert {p.role for p in lines} == {"entry", "exit"} and lines != sorted(lines, key=lambda p: (p.song, p.time))


def test_the_seed_alone_decides():
    first, again, other = (drawing.sample(FROZEN, Wanted(onsets=20, controls=5, seed=seed)) for seed in (1, 1, 2))
    assert first == again and first != other


def test_every_false_positive_is_as_likely_as_another():
    drawn = [p for seed in range(300) for p in drawing.sample(FROZEN, Wanted(8, 12, 0, seed))[1]]
    often = {p: drawn.count(p) for p in set(drawn)}  # 96 of them, 37.5 draws each
    assert len(often) == 96 and all(15 < count < 65 for count in often.values())


def test_controls_are_true_positives_and_lie_among_the_others():
    _, lines = drawing.sample(FROZEN, Wanted(onsets=20, controls=10))
    kinds = [p.good for p in lines]
    assert sum(kinds) == 10 and all(p.predicted for p in lines)
    assert kinds != sorted(kinds) and kinds != sorted(kinds, reverse=True)


def test_all_are_taken_where_there_are_fewer():
    names, lines = drawing.sample(FROZEN, Wanted(songs=99, onsets=999, controls=999))
    assert len(names) == 8 and len(lines) == 8 * (9 + 3) + 8 * (2 + 3)


def test_without_false_positives_there_is_nothing_to_judge():
    right = [replace(p, good=p.predicted) for p in FROZEN]
    with pytest.raises(ValueError, match=r"no false positives in the drawn songs: .*--seed"):
        drawing.sample(right, Wanted())


@pytest.fixture
def corpus(tmp_path_factory, monkeypatch):
    """Puts three songs in place of the corpus, and a model that says what is above; returns the model's file."""
    folder = tmp_path_factory.mktemp("songs")
    for i, name in enumerate(NAMES):
        soundfile.write(folder / f"{name}.flac", noise(20.0, seed=i), 44100)
    tracks = [Track(n, "ultrastar", n, "CC0", folder / f"{n}.flac", np.empty((0, 2)), GRID) for n in NAMES]
    monkeypatch.setattr(drawing.songs, "tracks", lambda corpora, where, log: tracks)
    monkeypatch.setattr(drawing.songs, "load", lambda corpora, cells, where, log: [song(n) for n in NAMES])
    monkeypatch.setattr(drawing.inference, "load", lambda path: SimpleNamespace(card=CARD))
    monkeypatch.setattr(drawing, "default_paths", lambda: Paths(folder, folder, 1))
    monkeypatch.setattr(drawing, "from_onnx", lambda path: scorer)
    (folder / "m.onnx").write_bytes(b"weights")
    return folder / "m.onnx"


def draw(model, folder, wanted=Wanted(onsets=12, controls=4)):  # noqa: B008  # frozen
    told = []
    return drawing.draw(model, "ultrastar", folder, wanted, lambda line: None, lambda *at: told.append(at)), told


def sheet(folder):
    with (folder / "sheet" / "sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_holds_the_sheet_its_clips_and_what_was_predicted(corpus, tmp_path):
    said, told = draw(corpus, tmp_path / "s")
    key = json.loads((tmp_path / "s" / "key.json").read_text())
    assert key["model"] == {
        "file": "m.onnx", "sha256": hashlib.sha256(b"weights").hexdigest(), "name": "cuts", "version": "7"
    }  # fmt: skip
    assert key["songs"] == ["Alpha", "Beta"]  # the thresholds were fitted on the third one
    assert key["predicted"] == {"entry": {"true": 4, "false": 18}, "exit": {"true": 6, "false": 6}}
    assert "12 false positives and 4 controls of 2 songs" in said and len(told) == 16
    with (tmp_path / "s" / "predictions.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2 * 32
    rows = sheet(tmp_path / "s")
    assert [row["id"] for row in rows] == [str(i) for i in range(1, 17)]
    for row, line in zip(rows, key["lines"], strict=True):
        assert (row["song"], row["role"], float(row["time"])) == (line["song"], line["role"], line["time"])
        assert (int(row["bar"]), float(row["beat"])) == (line["time"] // 2 + 1, line["time"] % 2 * 2 + 1)
        assert soundfile.info(tmp_path / "s" / "sheet" / row["clip"]).duration == pytest.approx(4.0)


def test_a_partner_is_a_good_cut_of_the_other_role(corpus, tmp_path):
    draw(corpus, tmp_path / "s")
    for line in json.loads((tmp_path / "s" / "key.json").read_text())["lines"]:
        good = TIMES[EXITS if line["role"] == "entry" else ENTRIES]
        assert line["partner"] is None or line["partner"] in good


def test_what_the_annotator_gets_does_not_say_which_is_which(corpus, tmp_path):
    draw(corpus, tmp_path / "s")
    given = tmp_path / "s" / "sheet"
    names = sorted(str(p.relative_to(given)) for p in given.rglob("*") if p.is_file())
    assert names == [*(f"clips/{i:03d}.flac" for i in range(1, 17)), "index.html", "sheet.csv"]
    rows = sheet(tmp_path / "s")
    assert list(rows[0]) == ["id", "song", "role", "time", "bar", "beat", "clip", "answer", "reason"]
    assert {(row["answer"], row["reason"]) for row in rows} == {("", "")}
    page = (given / "index.html").read_text(encoding="utf-8")
    assert json.loads(page.split("const sheet = ")[1].split(";\n")[0])["rows"] == rows
    for name in names[:16]:
        with soundfile.SoundFile(given / name) as clip:
            assert not clip.copy_metadata()


def test_the_same_seed_gives_the_same_study(corpus, tmp_path):
    for name in "ab":
        draw(corpus, tmp_path / name)
    files = [p.relative_to(tmp_path / "a") for p in sorted((tmp_path / "a").rglob("*")) if p.is_file()]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_answers_of_a_drawn_sheet_are_reported(corpus, tmp_path):
    draw(corpus, tmp_path / "s")
    good = {line["id"]: line["good"] for line in json.loads((tmp_path / "s" / "key.json").read_text())["lines"]}
    rows = [dict(row, answer="yes" if good[int(row["id"])] else "no") for row in sheet(tmp_path / "s")]
    with (tmp_path / "s" / "anna.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), delimiter=";")
        table.writeheader()
        table.writerows(rows)
    text = report.report(tmp_path / "s" / "anna.csv")
    assert "both roles: 29.4% by the labels (10 of 34)" in text  # an annotator who agrees changes nothing
    assert text.count("added  29.4%") == 2


def test_a_study_is_never_overwritten(corpus, tmp_path):
    folder = tmp_path / "s"
    draw(corpus, folder)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with pytest.raises(ValueError, match="holds a study, and its answers are not overwritten: give -o another"):
        draw(corpus, folder)
    assert before == {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_an_empty_folder_is_taken_and_no_other(corpus, tmp_path):
    (tmp_path / "empty").mkdir()
    draw(corpus, tmp_path / "empty")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "song.wav").write_bytes(b"x")
    for folder in (tmp_path / "mine", tmp_path / "mine" / "song.wav"):
        with pytest.raises(ValueError, match="not an empty folder"):
            draw(corpus, folder)


def test_what_stops_halfway_leaves_nothing(corpus, tmp_path, monkeypatch):
    render, made = drawing.clips.render, []

    def stopped(*args):
        made.append(args)
        if len(made) == 5:
            raise KeyboardInterrupt
        return render(*args)

    monkeypatch.setattr(drawing.clips, "render", stopped)
    with pytest.raises(KeyboardInterrupt):
        draw(corpus, tmp_path / "s")
    assert not list(Path(tmp_path).iterdir())


def test_songs_that_the_thresholds_were_fitted_on_are_no_test(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing.songs, "load", lambda *args: [song("Calibrated")])
    with pytest.raises(ValueError, match="fitted on all songs of ultrastar"):
        draw(corpus, tmp_path / "s")


@pytest.mark.parametrize(("corpus_", "warned"), [("evr", True), ("ultrastar", False)])
def test_songs_that_the_model_was_trained_on_are_told(corpus, monkeypatch, corpus_, warned):
    monkeypatch.setattr(drawing.songs, "load", lambda *args: [replace(song("Alpha"), corpus=corpus_)])
    said = []
    assert drawing._unseen(corpus_, CARD, None, said.append)
    assert said == ["caution: the model was trained on these songs"] * warned
