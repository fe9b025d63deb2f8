"""What kills leave is cleared away later; what is another's, or may still be written, is not."""

import os
import time

from segue_bridge import console, leftovers, model_store, model_versions


def old(path):
    os.utime(path, (time.time() - 2 * leftovers.OLD_SECONDS,) * 2, follow_symlinks=False)
    return path


def test_only_old_files_of_our_own_pattern_go(tmp_path):
    (tmp_path / "below").mkdir()
    gone = [".cuts.onnx.4711.tmp", ".a preview.wav.1.tmp"]
    kept = ["cuts.onnx.4711.tmp", ".cuts.onnx.tmp", ".cuts.onnx.x.tmp", ".cuts.onnx.4711.tmp.txt", "notes.tmp"]
    for name in (*gone, *kept, "below/.cuts.onnx.4711.tmp"):
        (tmp_path / name).write_text("half a file")
        old(tmp_path / name)
    (tmp_path / ".young.onnx.5.tmp").write_text("being written")
    (tmp_path / ".link.onnx.6.tmp").symlink_to(tmp_path / "notes.tmp")
    (tmp_path / ".folder.onnx.7.tmp").mkdir()
    for name in (".link.onnx.6.tmp", ".folder.onnx.7.tmp"):
        old(tmp_path / name)
    leftovers.sweep(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*kept, "below", ".young.onnx.5.tmp", ".link.onnx.6.tmp", ".folder.onnx.7.tmp"}
    assert (tmp_path / "below" / ".cuts.onnx.4711.tmp").exists()


def test_a_folder_that_is_not_there_is_clean(tmp_path):
    leftovers.sweep(tmp_path / "none")


def test_what_a_kill_left_of_a_model_goes_with_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    model_versions.install(b"one")
    stumps = []
    real = os.replace

    def killed(source, target):
        stumps.append(source)
        raise SystemExit

    for folder in (model_store.folder(), model_store.folder() / "versions"):
        monkeypatch.setattr(os, "replace", killed)
        monkeypatch.setattr(console.Path, "unlink", lambda path, missing_ok=False: None)
        try:
            console.write(folder / "cuts.onnx", b"half")
        except SystemExit:
            monkeypatch.undo()
            monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert os.replace is real and all(old(path).exists() for path in stumps) and len(stumps) == 2
    model_versions.install(b"two")
    assert not any(path.exists() for path in stumps)
    assert (model_store.folder() / "cuts.onnx").read_bytes() == b"two"
