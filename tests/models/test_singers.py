import numpy as np
import pytest
import soundfile as sf

from segue_models.rendering import singers


def test_shares_of_singers(data, tmp_path, monkeypatch):
    monkeypatch.setattr(singers, "singer", lambda path, cache: path)
    monkeypatch.setattr(singers, "speaker", lambda name, cache: name)
    drawn = [singers.singer_for(data, tmp_path, np.random.default_rng(s)) for s in range(2000)]
    real = np.mean([bool(names) for _, names in drawn])
    nobody = np.mean([voice is None for voice, _ in drawn])
    assert real == pytest.approx(0.45, abs=0.04) and nobody == pytest.approx(0.45, abs=0.04)
    assert {n for _, names in drawn for n in names} == set(singers.RECORDINGS)
    assert all(names == () or names[0] in str(voice) for voice, names in drawn)


def test_a_speaker_is_spoken_once(tmp_path, monkeypatch):
    monkeypatch.setattr(singers, "singer", lambda path, cache: path)
    path = singers.speaker("en+m3", tmp_path)
    audio, rate = sf.read(path)
    assert rate == 44100 and len(audio) > 20 * rate and np.abs(audio).max() > 0.05
    written = path.stat().st_mtime_ns
    assert singers.speaker("en+m3", tmp_path).stat().st_mtime_ns == written


def test_a_missing_espeak_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(singers.shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="espeak-ng"):
        singers.speaker("en+f2", tmp_path)
