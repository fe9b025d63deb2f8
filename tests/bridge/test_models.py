"""`segue models`: what is installed, and the card of one."""

import json
import math
import re

from click.testing import CliRunner

from segue_bridge import model_store
from segue_bridge.cli import main


def segue(*args: str):
    return CliRunner().invoke(main, list(args))


def test_the_shipped_network_is_listed_with_its_figures_and_what_it_was_trained_on():
    result = segue("models")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    start = next(i for i, line in enumerate(lines) if re.match(r"cuts +cuts, version \S+, shipped$", line))
    end = next((i for i, line in enumerate(lines) if i > start and not line.startswith(" ")), len(lines))
    rest = lines[start + 1 : end]
    assert any(re.search(r"ultrastar.*: entry AUC 0\.\d{3}, BCR 0\.\d{3}; exit AUC 0\.\d{3}", line) for line in rest)
    trained = [line for line in rest if line.strip().startswith("trained on")]
    assert any("evr (CC0" in line for line in trained) and not any("ultrastar" in line for line in trained)


def test_a_card_is_json_with_all_that_serving_needs():
    card = json.loads(segue("models", "cuts").stdout)
    assert card["outputs"][:2] == ["entry", "exit"]
    assert card["feature"]["bands"] == 75 and card["feature"]["foreground"]
    assert len(card["mean"]) == len(card["std"]) == 2 * 75  # of the song, and of what stands out
    for role in ("entry", "exit"):
        assert 0 < card["threshold"][role] < 1
        assert card["calibration"][role]["slope"] > 0 and math.isfinite(card["calibration"][role]["offset"])
        assert card["calibration"][role]["fitted_on"]
    assert card["figures"] and card["training_data"] and card["licence"] == "MIT"


def test_a_name_that_no_model_has_is_one_line_and_says_what_to_do():
    result = segue("models", "nothing")
    assert result.exit_code == 1 and "there is no model 'nothing'" in result.output
    assert "Traceback" not in result.output


def test_without_any_model_it_says_where_to_put_one(monkeypatch, tmp_path):
    monkeypatch.setattr(model_store, "folder", lambda: tmp_path)
    monkeypatch.setattr(model_store, "files", lambda package: tmp_path)
    result = segue("models")
    assert result.exit_code == 1 and "reinstall segue" in result.output and str(tmp_path) in result.output


def test_odd_files_are_left_out_with_a_sentence_and_the_others_are_listed(monkeypatch, tmp_path):
    monkeypatch.setattr(model_store, "folder", lambda: tmp_path)
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "text.onnx").write_text("no model")
    (tmp_path / "beats.onnx").symlink_to("nowhere")
    (tmp_path / "sections.onnx").write_text("no model")
    result = segue("models")
    assert result.exit_code == 0 and "Traceback" not in result.output
    listed = [line.split()[0] for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert sorted(listed) == ["beats", "cuts", "sections"] and result.stdout.count(", shipped") == 3
    for name in ("folder", "text", "beats", "sections"):
        assert sum(f"left out: {tmp_path / name}.onnx" in line for line in result.stderr.splitlines()) == 1
    (tmp_path / "cuts.onnx").write_text("no model")
    result = segue("models")
    listed = [line.split()[0] for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert result.exit_code == 0 and sorted(listed) == ["beats", "sections"]
    assert "cuts.onnx is not an ONNX model" in result.stderr
