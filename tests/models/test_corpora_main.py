import sys

import pytest

from segue_models.corpora import __main__ as command
from segue_models.corpora import evr


def run(monkeypatch, tmp_path, *words):
    monkeypatch.setattr(sys, "argv", ["corpora", "render", "--only", "evr", "--cache", str(tmp_path), *words])
    return command.main()


def test_it_says_how_many_songs_lie_where(monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setattr(evr, "tracks", lambda root, cache, jobs: asked.append((cache, jobs)) or [1, 2])
    assert run(monkeypatch, tmp_path, "--jobs", "2") == 0
    assert asked == [(tmp_path, 2)]
    assert capsys.readouterr().out == f"evr: 2 songs in {tmp_path / 'evr'}\n"


def test_ctrl_c_is_no_traceback(monkeypatch, tmp_path, capsys):
    def stop(root, cache, jobs):
        raise KeyboardInterrupt

    monkeypatch.setattr(evr, "tracks", stop)
    assert run(monkeypatch, tmp_path) == 130
    assert "run the same command" in capsys.readouterr().err


def test_an_unknown_corpus_is_refused(monkeypatch, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, tmp_path, "--only", "none")
    assert stopped.value.code == 2
