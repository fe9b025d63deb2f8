import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from segue_bridge import cached_analysis
from segue_bridge.cli import main
from segue_bridge.cli.explain import lines
from test_explanation import analysis_of
from test_explanation_picture import explained


def segue(*arguments):
    return CliRunner().invoke(main, ["explain", *map(str, arguments)])


@pytest.fixture
def music(write, clicks, monkeypatch):
    monkeypatch.setattr(cached_analysis, "analyse", lambda region, options, report: analysis_of(region.paths[0], 20.0))
    return write("music.wav", clicks(0.5 * np.arange(40), 20.0, np.arange(40) % 4 == 0))


@pytest.mark.long
def test_a_picture_and_words(music, tmp_path):
    out = tmp_path / "map.png"
    done = segue(music, "--at", "0:10.04", "--role", "exit", "-o", out)
    assert done.exit_code == 0, done.stderr
    assert Image.open(out).size == (1500, 1300)
    first, what, *reasons = done.stdout.splitlines()
    assert first.startswith("onset at 9.99") and ": exit " in first and ", entry " in first
    assert "being an exit" in what or "makes it an exit" in what
    assert [line.split()[0] for line in reasons[1:]] == ["were", "frequencies:", "beats:"]
    assert "before the onset" in reasons[0] and "ratio" in reasons[0]
    shares = [int(word[:-1]) for word in reasons[2].split() if word.endswith("%")]
    assert len(shares) == 3 and 98 <= sum(shares) <= 102 and "15800 Hz" in reasons[2]
    assert reasons[3].count("bar ") == 3


@pytest.mark.parametrize(("shown", "told"), [(None, False), (0.11, False), (0.6, True)])
def test_what_a_section_adds_to_an_entry_is_told(shown, told):
    found = explained(np.ones((32, 75), np.float32), np.ones((32, 75), np.float32))
    said = lines(replace(found, role="entry", shown=shown))
    assert ("marked with 0.60" in said[1] and "the network alone" in said[1]) == told


def test_bad_input_is_one_sentence(music, tmp_path):
    cover = tmp_path / "cover.png"
    Image.new("RGB", (8, 8)).save(cover)
    before = cover.read_bytes()
    png = tmp_path / "map.png"
    for arguments, says in (
        ((music, "--at", "10", "-o", tmp_path / "map.jpg"), "ends in .png"),
        ((music, "--at", "10", "-o", cover), "was not made by segue explain"),
        ((music, "--at", "10", "-o", tmp_path / "none" / "map.png"), "has no folder"),
        ((music, "--at", "33", "-o", png), "behind the end of music.wav, which is 20.0 s long"),
        ((music, "--at", "ten", "-o", png), "is no time"),
        ((music, "--at", "10", "--model", "sections", "-o", png), "name a model of cuts"),
        ((tmp_path / "none.wav", "--at", "10", "-o", png), "there is no file"),
    ):
        done = segue(*arguments)
        assert done.exit_code == 2 and says in done.stderr and done.stderr.count("\n") == 1, (says, done.stderr)
        assert done.stdout == ""
    assert cover.read_bytes() == before and not png.exists()


def test_an_unknown_model_is_a_failure_that_names_it(music, tmp_path):
    done = segue(music, "--at", "10", "--model", "nothing", "-o", tmp_path / "map.png")
    assert done.exit_code == 1 and "there is no model 'nothing'" in done.stderr


def test_a_place_without_an_onset(write, monkeypatch, sine, tmp_path):
    monkeypatch.setattr(cached_analysis, "analyse", lambda region, options, report: analysis_of(region.paths[0], 20.0))
    music = write(
        "sparse.wav", np.concatenate([np.zeros(44100, np.float32), sine(440, seconds=1), np.zeros(18 * 44100)])
    )
    done = segue(music, "--at", "10", "-o", tmp_path / "map.png")
    assert done.exit_code == 2 and "no note begins within 1 s of 10.00 s" in done.stderr


def test_silence(write, tmp_path):
    silent = write("silent.wav", np.zeros(44100 * 8, np.float32))
    done = segue(silent, "--at", "3", "-o", tmp_path / "map.png")
    assert done.exit_code == 2 and "silent" in done.stderr


def test_without_torch_the_extra_is_named(music, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("segue_exporter", "segue_exporter.saliency"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(cached_analysis, "analyse", lambda *job: pytest.fail("a minute of analysis for nothing"))
    done = segue(music, "--at", "10", "-o", tmp_path / "map.png")
    assert done.exit_code == 1 and 'segue explain needs torch: pip install "segue[explain]"' in done.stderr
