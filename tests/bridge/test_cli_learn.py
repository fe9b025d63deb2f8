"""`segue learn` on real sound: two recordings of clicks, many verdicts, a network that is small but whole."""

import json
import sys

import numpy as np
import onnx
import pytest
import soundfile
from click.testing import CliRunner

from segue_bridge import cached_analysis, feedback, model_store, model_versions
from segue_bridge.cli import main
from segue_bridge.result import Options, Region
from segue_exporter.learn import Learner
from segue_models.cuts import scoring
from segue_models.evaluation import learning_gain

SECONDS = 24.0


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "segue"


@pytest.fixture
def songs(tmp_path, clicks):
    """Three recordings at tempi of their own, with a chord in every other bar."""
    out = []
    for i, beat in enumerate((0.5, 0.48, 0.52)):
        times = np.arange(0.2, SECONDS, beat)
        sound = clicks(times, SECONDS, [n % 4 == 0 for n in range(len(times))])
        t = np.arange(len(sound)) / 44100
        sound = sound + 0.1 * np.sin(2 * np.pi * (300 + 50 * i) * t) * ((t / beat / 4) % 2 < 1)
        path = tmp_path / f"song {i}.wav"
        soundfile.write(path, sound, 44100)
        out.append(path)
    return out


def judge(path, good=lambda cut: cut.beat < 1.5):
    """The user keeps downbeats and rejects what else is shown, each in a transition of its own."""
    analysis = cached_analysis.analyse(Region((path,)), Options(), lambda fraction, stage: None)
    for cut in analysis.cuts:
        feedback.note(Region((path,)), analysis, cut.id, "kept" if good(cut) else "rejected", cut.kind, cut.time)
    for seconds in np.arange(2.0, 20.0, 1.7):
        feedback.note(Region((path,)), analysis, -1, "added", "exit", float(seconds))


def run(*args, given=None):
    done = CliRunner().invoke(main, ["learn", *map(str, args)], input=given)
    return done.exit_code, done.stdout, done.stderr


def only_better(monkeypatch):
    """The rule has tests of its own."""
    monkeypatch.setattr(learning_gain.LearningGain, "better", property(lambda judged: True))


def test_nothing_to_learn_from_is_told(home):
    code, out, told = run()
    assert (code, out) == (2, "") and "keep, reject or mark some cuts first" in told
    code, _, told = run("--rollback")
    assert code == 2 and "nothing before it" in told


@pytest.mark.long
def test_few_marks_say_how_many_are_missing(home, songs):
    judge(songs[0])
    code, out, _ = run("--yes")
    assert code == 0 and "too few" in out and "4 more songs" in out
    assert not list(home.glob("models/*"))


@pytest.mark.long
def test_a_better_network_serves_and_goes_back(home, songs, monkeypatch):
    only_better(monkeypatch)
    for path in songs:
        judge(path)
    shipped = model_store.network("cuts")
    assert run("--dry-run")[0] == 0 and not (home / "models").exists()
    code, _, told = run(given="n\n")
    assert code == 130 and "stopped" in told and not (home / "models").exists()
    code, out, told = run(given="y\n")
    assert code == 0, told
    assert "serves now" in out and "song" in out
    learned = model_store.network("cuts")
    assert learned.card.version == f"{shipped.card.version}+1"
    assert learned.card.training_data[-1] == {"corpus": "user", "licence": "the user's own", "songs": 3}
    assert learned.card.calibration["exit"].fitted_on == tuple(path.name for path in songs)
    x, cells = np.random.default_rng(0).normal(-4, 2, (200, 75)).astype(np.float32), np.arange(200)
    assert np.abs(scoring.scores(learned, x, cells)["exit"] - scoring.scores(shipped, x, cells)["exit"]).max() > 0.01

    assert model_versions.unlearned().parent.name == "shipped"  # where learning begins the next time too
    code, out, _ = run("--rollback")
    assert code == 0 and "ships" in out
    assert model_store.network("cuts").card.version == shipped.card.version


@pytest.mark.long
def test_label_files_are_learned_from_with_the_recordings_they_name(home, songs, tmp_path):
    for path in songs:
        lines = "".join(f"{t:.3f}\t{t:.3f}\texit\n" for t in np.arange(2.2, 22, 2.0))
        (tmp_path / f"{path.name}.labels.txt").write_text(lines)
    code, out, told = run("--dry-run", *sorted(tmp_path.glob("*.txt")))
    assert code == 0, told
    assert "30 marks in 3 songs are too few" in out and "30 more marks and marks in 2 more songs" in out


@pytest.mark.long
def test_what_cannot_be_used_is_one_sentence_each_and_the_rest_goes_on(home, songs, tmp_path):
    for path in songs:
        judge(path)
    songs[0].unlink()
    soundfile.write(songs[1], np.zeros(44100 * 20), 44100)
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    with feedback.path().open("ab") as file:
        file.write(b"half a li")
    code, out, told = run("--dry-run", tmp_path / "broken.mid", tmp_path / "gone.ardour")
    assert code == 0 and "in 1 songs" in out
    lines = told.splitlines()
    assert sum("is gone: say with --audio" in line for line in lines) == 1
    assert sum("has changed since" in line for line in lines) == 1
    assert sum("1 lines of" in line and "broken" in line for line in lines) == 1
    assert sum("broken.mid cannot be read" in line for line in lines) == 1
    assert sum("gone.ardour does not exist" in line for line in lines) == 1
    assert "Traceback" not in told


def test_odd_verdicts_are_left_out_and_the_rest_is_learned_from(home, songs, tmp_path):
    judge(songs[0])
    good = feedback.path().read_bytes()
    line = json.loads(good.splitlines()[0])

    def about(*paths, **more):
        return json.dumps({**line, **more, "audio": {**line["audio"], "paths": paths, "sha256": str(paths)}}).encode()

    far = json.dumps({**line, "verdict": "added", "cut": None, "time": 9e5}).encode()
    broken = [b"[" * 50_000, json.dumps({**line, "time": 1e308}).encode()]
    elsewhere = [
        about("/" + "x" * 300),
        about("/a**b.wav"),
        about("/a\0b"),
        about("/dev/zero"),
        about("/"),
        about("\ud800"),
    ]
    feedback.path().write_bytes(b"\n".join([*broken, *elsewhere, far, good]))
    code, out, told = run("--dry-run", "--audio", tmp_path)
    assert code == 0 and "in 1 songs" in out, told
    assert "2 lines of" in told and told.count("left out: ") == len(elsewhere) and "Traceback" not in told


def test_a_network_that_cannot_learn_is_told(home, songs):
    judge(songs[0])
    target = home / "models" / "cuts.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    model = onnx.load(next(s.path for s in model_store.available() if s.name == "cuts"))
    card = json.loads(next(p.value for p in model.metadata_props if p.key == "card"))
    onnx.helper.set_model_props(model, {"card": json.dumps({**card, "architecture": "none of ours"})})
    target.write_bytes(model.SerializeToString())
    code, out, told = run("--dry-run")
    assert (code, out) == (1, "") and f"{target} cannot learn" in told and "Traceback" not in told
    target.write_text("no model")
    code, out, told = run("--dry-run")
    assert (code, out) == (1, "") and f"{target} is not an ONNX model" in told


def test_recordings_that_were_moved_are_found(home, songs, tmp_path):
    judge(songs[0])
    (tmp_path / "new" / "deep").mkdir(parents=True)
    songs[0].rename(tmp_path / "new" / "deep" / songs[0].name)
    code, out, told = run("--audio", tmp_path / "new")
    assert code == 0 and "in 1 songs" in out and "gone" not in told


def test_without_torch_the_line_that_installs_it_is_told(home, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("segue_exporter")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, told = run()
    assert code == 1 and 'pip install "segue[train,export]"' in told


@pytest.mark.long
def test_a_full_disk_leaves_everything_as_it_was(home, songs, monkeypatch):
    only_better(monkeypatch)
    for path in songs:
        judge(path)

    def full(path, content, *mode):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Learner, "learned", lambda *_: b"a network")
    monkeypatch.setattr(model_versions.files, "write", full)
    code, _, told = run("--yes")
    assert code == 1 and "No space left on device" in told
    assert not list(home.glob("models/**/*.*"))


@pytest.mark.long
def test_ctrl_c_leaves_everything_as_it_was(home, songs, monkeypatch):
    only_better(monkeypatch)
    for path in songs:
        judge(path)
    before = feedback.path().read_bytes()

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Learner, "learned", interrupted)
    code, _, told = run("--yes")
    assert code == 130 and "Traceback" not in told
    assert feedback.path().read_bytes() == before and not [path for path in home.glob("models/**/*") if path.is_file()]
