"""Wrong inputs of `train`, `grid`, `evaluate`, `export` and `study`: each is one line that says what is wrong."""

import pickle
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest
import torch

from test_cli import segue

RECIPES = Path(__file__).parents[2] / "models" / "recipes"
SHIPPED = Path(str(files("segue_bridge"))) / "shipped"
HEAD = 'name = "x"\narchitecture = "cut_cnn_1d"\nroles = ["exit"]\n'
GOOD = HEAD + '[data]\ncorpora = ["evr"]\n[network]\ncontext_cells = 36\n'


def refused(*args: object) -> str:
    result = segue(*args)
    line = result.stderr.splitlines()[-1] if result.stderr else ""
    assert result.exit_code == 2, (result.stderr, result.exception)
    assert result.stdout == "" and "unexpected" not in line and line.startswith("segue: ")
    return line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\xff\xfe", "not valid TOML"),
        (b"a = " + b"[" * 5000, "not valid TOML"),
        (b"", "data"),
        (b"data = 3", "not complete"),
        (HEAD + "[data]\ncorpora = 3", "corpora = 3: write a list"),
        (HEAD + '[data]\ncorpora = "evr"', "write a list"),
        (HEAD + "[data]\ncorpora = [3]", "corpora"),
        (HEAD.replace('["exit"]', '"exit"') + "[data]\ncorpora = []", "roles"),
        (HEAD.replace('"x"', "7") + "[data]\ncorpora = []", "name = 7"),
        (GOOD + '[training]\nepochs = "x"', "epochs = 'x'"),
        (GOOD + "[training]\nepochs = 0", "epochs = 0"),
        (GOOD + "[training]\nlearning_rate = true", "learning_rate"),
        (GOOD + "[training]\nbatch = -1", "batch = -1"),
        (GOOD + "[data.weights]\nevr = 'much'", "weights"),
        (GOOD + "[[members]]\nseeds = 'x'\n", ""),
    ],
)
def test_a_recipe_of_the_wrong_shape(tmp_path: Path, text: bytes | str, says: str, data_sets: None) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for verb, options in (("train", ["--runs", tmp_path / "runs"]), ("grid", ["-o", tmp_path / "grid"])):
        if says:
            assert says in refused(verb, path, *options)


@pytest.fixture
def data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None, so that nothing is trained where a recipe is taken for a good one."""
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path / "no data"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("designs = 3\n" + GOOD, r"[[designs]]"),
        ("designs = [3]\n" + GOOD, r"[[designs]]"),
        (GOOD + "[[designs]]\npooled = 3", "list of levels"),
        (GOOD + "[[designs]]\ncells_per_beat = ['x']", "cells_per_beat"),
        (GOOD + "[[designs]]\nwindow_beats = ['x']", ""),
    ],
)
def test_a_grid_of_the_wrong_shape(tmp_path: Path, text: str, says: str, data_sets: None) -> None:
    path = tmp_path / "g.toml"
    path.write_text(text)
    assert says in refused("grid", path, "-o", tmp_path / "grid")


def test_a_recipe_that_is_no_grid_says_what_takes_it(tmp_path: Path) -> None:
    assert "segue train" in refused("grid", RECIPES / "cuts.toml", "-o", tmp_path / "grid")
    assert not (tmp_path / "grid").exists()


@pytest.mark.parametrize(
    "change", [("cut_cnn_1d", "no_such"), ("cut_cnn_1d", "../x"), ("context_cells = 36", "wings = 2")]
)
def test_a_network_that_cannot_be_built(tmp_path: Path, change: tuple[str, str], data_sets: None) -> None:
    from segue_models import recipe as recipes
    from segue_models.architectures import build

    path = tmp_path / "r.toml"
    path.write_text(GOOD.replace(*change))
    recipe = recipes.read(path)
    with pytest.raises(ValueError, match=r"among the architectures|can be built"):
        build(recipe.architecture, **recipe.network)


@pytest.mark.parametrize("corpus", ["cut_rule", "user", "picture", "__main__", "", "a.b", "../x", "x y", "évr"])
def test_what_is_no_corpus_is_told_with_those_there_are(corpus: str, tmp_path: Path) -> None:
    for args in (["evaluate"], ["study", "draw"]):
        output = ["-o", tmp_path / "study"] if args[0] == "study" else []
        assert "take one of asap, ballroom" in refused(*args, SHIPPED / "cuts.onnx", corpus, *output)


def test_every_corpus_is_one() -> None:
    from segue_models import corpora

    assert {"evr", "jamendo", "ultrastar", "pop909"} <= set(corpora.names())
    assert all(callable(corpora.find(name).tracks) for name in corpora.names())


@pytest.mark.parametrize("model", ["beats.onnx", "sections.onnx"])
def test_a_model_of_something_else_is_told(model: str, tmp_path: Path) -> None:
    assert "name a model of cuts" in refused("evaluate", SHIPPED / model, "evr")
    assert "name a model of cuts" in refused("study", "draw", SHIPPED / model, "evr", "-o", tmp_path / "study")


def checkpoints(folder: Path) -> dict[str, Path]:
    """Files that are no checkpoint, each in its own way."""
    made = {name: folder / name for name in ("list", "dict", "shapes", "pickle", "zip", "text", "empty")}
    torch.save([1, 2], made["list"])
    torch.save({"a": 1}, made["dict"])
    torch.save({"recipe": {"architecture": "cut_tcn", "network": {"wings": 2}}, "network": {}}, made["shapes"])
    made["pickle"].write_bytes(pickle.dumps({"x": 1}))
    with zipfile.ZipFile(made["zip"], "w") as archive:
        archive.writestr("x", "y")
    made["text"].write_text("no checkpoint")
    made["empty"].write_bytes(b"")
    return made


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    for path in checkpoints(tmp_path).values():
        assert "is no checkpoint" in refused("export", path, "-o", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_export_writes_no_place_that_is_no_file(tmp_path: Path) -> None:
    path = checkpoints(tmp_path)["text"]
    assert "device" in refused("export", path, "-o", "/dev/null")
    assert "has no folder" in refused("export", path, "-o", tmp_path / "no" / "x.onnx")


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"lines": 3}', "\xff"])
def test_a_study_that_is_damaged(tmp_path: Path, content: str) -> None:
    assert "key.json" in refused("study", "report", tmp_path)
    (tmp_path / "key.json").write_text(content, encoding="latin-1")
    (tmp_path / "sheet").mkdir()
    (tmp_path / "sheet" / "sheet.csv").write_text("id,answer\n")
    refused("study", "report", tmp_path)
