"""`segue study`: what is told of bad input, and what the report prints."""

import json

import pytest
from click.testing import CliRunner

from segue_bridge import model_store
from segue_bridge.cli import main


def segue(*args):
    return CliRunner().invoke(main, ["study", *map(str, args)])


@pytest.fixture
def folder(tmp_path):
    """A study of two lines, one of them answered."""
    key = {
        "model": {"name": "cuts", "version": "7", "sha256": "0" * 64}, "corpus": "ultrastar", "seed": 1, "songs": ["A"],
        "predicted": {"exit": {"true": 1, "false": 2}},
        "lines": [{"id": i, "role": "exit", "good": False} for i in (1, 2)],
    }  # fmt: skip
    (tmp_path / "key.json").write_text(json.dumps(key))
    (tmp_path / "sheet").mkdir()
    (tmp_path / "sheet" / "sheet.csv").write_text("id,role,answer,reason\n1,exit,yes,\n2,exit,,\n")
    return tmp_path


def test_the_report_is_the_result(folder):
    answers = folder / "answers.csv"
    answers.write_text((folder / "sheet" / "sheet.csv").read_text().replace("2,exit,,", "2,exit,no,late"))
    result = segue("report", answers)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "exit: 33.3% by the labels (1 of 3)" in result.stdout and "1 no: late" in result.stdout


def test_a_fault_of_the_sheet_is_one_line_and_exit_2(folder):
    result = segue("report", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "segue: sheet.csv: line 3: id 2 has no answer: write yes, no or maybe\n"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["draw", "none.onnx", "ultrastar", "-o", "s"], "none.onnx"),
        (["draw", "MODEL", "ultrastar"], "-o"),
        (["draw", "MODEL", "nonsense", "-o", "s"], "there is no corpus 'nonsense'"),
        (["draw", "MODEL", "ultrastar", "-o", "s"], "$SEGUE_DATA"),
        (["draw", "MODEL", "ultrastar", "-o", "FULL"], "not an empty folder"),
        (["draw", "BROKEN", "ultrastar", "-o", "s"], "is not an ONNX model"),
        (["draw", "MODEL", "ultrastar", "-o", "s", "--onsets", "0"], "--onsets"),
        (["draw", "MODEL", "ultrastar", "-o", "s", "--songs", "0"], "--songs"),
        (["draw", "MODEL", "ultrastar", "-o", "s", "--controls", "-1"], "--controls"),
        (["draw", "MODEL", "ultrastar", "-o", "s", "--seed", "-1"], "--seed"),
        (["report", "none.csv"], "none.csv"),
        (["report", "FULL"], "no key.json"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(tmp_path, monkeypatch, args, says):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path / "nowhere"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "song.wav").write_bytes(b"x")
    shipped = next(m.path for m in model_store.available() if m.name == "cuts")
    names = {"MODEL": shipped, "BROKEN": tmp_path / "full" / "song.wav", "FULL": "full"}
    result = segue(*(names.get(arg, arg) for arg in args))
    assert (result.exit_code, result.stdout) == (2, "")
    told = [line for line in result.stderr.splitlines() if line != "ultrastar: 0 songs"]  # a note, no fault
    assert len(told) == 1 and told[0].startswith("segue: ") and says in told[0]
    assert not (tmp_path / "s").exists()
