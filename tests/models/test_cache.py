from dataclasses import replace
from pathlib import Path

import numpy as np

from segue_models.track import Track
from segue_models.training.cache import cached


def test_arrays_are_made_once_for_a_file_and_a_key(tmp_path):
    audio = tmp_path / "a.wav"
    audio.write_bytes(b"one")
    track = Track("a", "c", "x", "CC0", audio, np.empty((0, 2)))
    made = []

    def make(of):
        made.append(of.name)
        return {"rows": np.arange(3, dtype=np.float16), "name": of.name, "flag": True}

    first = cached(tmp_path / "kept", track, "1", make)
    again = cached(tmp_path / "kept", replace(track, name="renamed"), "1", make)
    assert made == ["a"]
    assert first["rows"].dtype == again["rows"].dtype == np.float16
    assert (str(again["name"]), bool(again["flag"])) == ("a", True)
    cached(tmp_path / "kept", track, "2", make)
    audio.write_bytes(b"another")
    cached(tmp_path / "kept", track, "2", make)
    assert made == ["a"] * 3
    assert not list(Path(tmp_path).rglob("*.tmp"))
