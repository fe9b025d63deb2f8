"""The label file, read by mir_eval as any tab-separated table of times."""

from pathlib import Path

import mir_eval
import pytest

from segue_bridge import formats
from test_formats import analysis


def test_labels_are_points_with_names(tmp_path: Path) -> None:
    path = tmp_path / "a.labels.txt"
    path.write_bytes(formats.render("audacity", analysis(tmp_path / "a.wav")))
    starts, ends, labels = mir_eval.io.load_delimited(str(path), [float, float, str], delimiter="\t")
    assert starts == ends == [2.0, 8.0, 9.25]
    assert labels == ["▶ entry 0.87 · A · bar 2", "◀ exit 0.91 · B · bar 5", "◀ exit 0.40 · B · bar 5"]


@pytest.mark.parametrize("name", ["audacity", "csv"])
def test_no_cuts_is_no_line(tmp_path: Path, name: str) -> None:
    assert formats.render(name, analysis(tmp_path / "a.wav", cuts=False)).count(b"\n") == (name == "csv")
