"""The doctor names what is wrong and what to do, and fails only where the main job cannot run."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import sounddevice
from click.testing import CliRunner, Result

from segue_bridge import client, doctor, hosts, model_store, model_versions, spool
from segue_bridge.cli import main
from segue_bridge.errors import SegueError
from segue_bridge.model_store import Stored

FIND = hosts.find
CARD = SimpleNamespace(name="cuts-2d", version="1.2", task="cuts", licence="MIT")


def install(monkeypatch: pytest.MonkeyPatch, *names: str, provider: str = "CPUExecutionProvider") -> None:
    """Pretend that models of these names are installed; a name with "broken" in it does not load."""

    def network(name: str) -> SimpleNamespace:
        if "broken" in name or name not in names:
            raise SegueError("no_model", f"{name} is not an ONNX model: reinstall segue")
        return SimpleNamespace(card=CARD, provider=provider)

    monkeypatch.setattr(model_store, "available", lambda: [Stored(name, Path(f"{name}.onnx"), True) for name in names])
    monkeypatch.setattr(model_store, "network", network)


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    """A machine without a daemon on the usual port, and without a DAW."""
    real = doctor.examine
    monkeypatch.setattr(doctor, "examine", lambda: real(free_port))
    hosts_are(monkeypatch)


def hosts_are(monkeypatch: pytest.MonkeyPatch, **states: str | SegueError) -> None:
    """Pretend that these hosts answer so when asked for their status, and that no other is here."""

    def find(name: str) -> SimpleNamespace:
        def status() -> str:
            state = states.get(name, SegueError("no_host", f"no {name}: install it"))
            if isinstance(state, SegueError):
                raise state
            return state

        return SimpleNamespace(status=status)

    monkeypatch.setattr(hosts, "find", find)


def run() -> Result:
    return CliRunner().invoke(main, ["doctor"])


def line(result: Result, title: str) -> str:
    return next(line for line in result.stdout.splitlines() if line[7:].startswith(title))


def test_a_good_machine_passes_even_without_daemon_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "cuts", "beats", "sections")

    hosts_are(monkeypatch)
    result = run()
    assert result.exit_code == 0
    assert "fault" not in result.stdout
    assert line(result, "model cuts").startswith("ok ")
    assert "cuts-2d 1.2" in line(result, "model cuts")
    assert "segue serve" in line(result, "daemon")
    assert line(result, "not installed").startswith("ok ")
    assert ", ".join(hosts.names()) in line(result, "not installed")


def test_a_model_that_learned_from_an_older_one_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "cuts", "beats", "sections")
    own = [Stored("cuts", Path("cuts.onnx"), False)]
    monkeypatch.setattr(model_store, "available", lambda: own)
    monkeypatch.setattr(model_versions, "outgrown", lambda name: "1.3")
    assert line(run(), "model cuts").startswith("note ") and "1.3 is here now: run `segue learn`" in run().stdout
    monkeypatch.setattr(model_versions, "outgrown", lambda name: "")
    assert line(run(), "model cuts").startswith("ok ")


def test_every_host_says_that_it_is_not_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a machine of somebody who has none of them."""
    monkeypatch.setattr(hosts, "find", FIND)
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    (told,) = doctor._hosts()
    assert (told.state, told.title) == ("ok", "not installed")
    assert told.text.startswith(", ".join(hosts.names()))


def test_a_host_that_is_there_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what there is something to do about is a note."""
    install(monkeypatch, "cuts", "beats", "sections")
    hosts_are(monkeypatch, ardour="actions are in place")
    assert line(run(), "ardour") == "ok     ardour          actions are in place"
    hosts_are(monkeypatch, ardour="actions are missing, run `segue install ardour`")
    assert line(run(), "ardour").startswith("note ")
    hosts_are(monkeypatch, ardour=SegueError("bad_host_file", "its file is broken: move it away"))
    result = run()
    assert line(result, "ardour") == "note   ardour          its file is broken: move it away"
    assert "ardour" not in line(result, "not installed")
    assert result.exit_code == 0


@pytest.mark.parametrize(("place", "says"), [("to_daemon", "start `segue serve`"), ("to_host", "run the action again")])
def test_what_lies_in_a_spool_is_told_when_it_is_old(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, says: str
) -> None:
    install(monkeypatch, "cuts", "beats", "sections")
    hosts_are(monkeypatch, ardour="actions are in place")
    monkeypatch.setattr(spool, "spool_root", lambda: tmp_path)
    (tmp_path / "ardour" / place).mkdir(parents=True)
    spool.write(tmp_path / "ardour" / place, [b"/segue/status"])
    assert line(run(), "ardour").startswith("ok ")
    (left,) = (tmp_path / "ardour" / place).iterdir()
    os.utime(left, (time.time() - 60, time.time() - 60))
    found = line(run(), "ardour")
    assert found.startswith("note ") and says in found


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (OSError("PortAudio library not found"), "libportaudio2"),
        (sounddevice.PortAudioError("no device"), "segue preview -o"),
        (ValueError("no output device"), "segue preview -o"),
    ],
)
def test_without_sound_it_is_a_note(monkeypatch: pytest.MonkeyPatch, fault: Exception, says: str) -> None:
    install(monkeypatch, "cuts", "beats", "sections")

    def refuse(kind: str) -> None:
        raise fault

    monkeypatch.setattr(sounddevice, "query_devices", refuse)
    result = run()
    assert line(result, "sound").startswith("note ") and says in line(result, "sound")
    assert result.exit_code == 0


def test_the_sound_device_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "cuts", "beats", "sections")
    monkeypatch.setattr(sounddevice, "query_devices", lambda kind: {"name": f"Loud {kind}"})
    assert line(run(), "sound") == "ok     sound           `segue preview --play` plays on Loud output"


@pytest.mark.parametrize("installed", [("sections",), ("sections", "beats"), ("sections", "broken cuts")])
def test_without_the_main_model_it_fails_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...]
) -> None:
    install(monkeypatch, *installed)
    result = run()
    assert result.exit_code == 1
    assert line(result, "model cuts").startswith("fault")
    assert "reinstall segue" in line(result, "model cuts")


@pytest.mark.parametrize("missing", ["beats", "sections"])
def test_a_missing_model_of_the_main_job_is_a_fault(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    install(monkeypatch, *{"cuts", "beats", "sections"} - {missing})
    result = run()
    assert result.exit_code == 1
    assert line(result, f"model {missing}").startswith("fault")


def test_a_broken_third_model_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "cuts", "beats", "sections", "broken")
    result = run()
    assert result.exit_code == 0
    assert line(result, "model broken").startswith("note")


@pytest.mark.parametrize(
    ("provider", "gpu_build", "says"),
    [
        ("CUDAExecutionProvider", True, "on the graphics card"),
        ("CPUExecutionProvider", True, "CUDA did not start"),
        ("CPUExecutionProvider", False, "runs on the CPU"),
    ],
)
def test_it_says_where_the_network_really_runs(
    monkeypatch: pytest.MonkeyPatch, provider: str, gpu_build: bool, says: str
) -> None:
    install(monkeypatch, "cuts", "beats", "sections", provider=provider)
    real = doctor._version
    fake = {"onnxruntime-gpu": "1.31" if gpu_build else None, "onnxruntime": None if gpu_build else "1.31"}
    monkeypatch.setattr(doctor, "_version", lambda package: fake.get(package) if package in fake else real(package))
    text = line(run(), "model cuts")
    assert says in text
    assert gpu_build or "CUDA" not in text


def test_both_builds_of_the_runtime_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "cuts", "beats", "sections")
    monkeypatch.setattr(doctor, "_version", lambda package: "1.31")
    result = run()
    assert "overwrite each other" in line(result, "onnxruntime")
    assert result.exit_code == 0


def test_a_missing_library_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "cuts", "beats", "sections")
    monkeypatch.setattr(doctor, "_version", lambda package: None if package == "soxr" else "1")
    result = run()
    assert "soxr missing" in line(result, "libraries")
    assert result.exit_code == 1


def test_a_cache_that_cannot_be_written_is_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, "cuts", "beats", "sections")
    (tmp_path / "file").write_text("in the way")  # holds for root too, unlike permissions
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "file" / "cache"))
    result = run()
    assert line(result, "cache").startswith("note")
    assert result.exit_code == 0
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "new" / "cache"))
    assert line(run(), "cache").startswith("ok")
    assert not (tmp_path / "new").exists()


def test_a_daemon_that_is_up_is_found(start) -> None:
    daemon, _ = start()
    findings = {finding.title: finding for finding in (doctor._daemon(daemon.port),)}
    assert findings["daemon"].state == "ok"
    assert str(daemon.port) in findings["daemon"].text


def test_an_older_daemon_is_told(start, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon, _ = start()
    old = {"version": "0.0.1", "pid": 4711}
    monkeypatch.setattr(client.Client, "status", lambda self, timeout: old)
    finding = doctor._daemon(daemon.port)
    assert finding.state == "note"
    assert "4711" in finding.text


def test_odd_files_among_the_models_are_notes_and_the_users_own_broken_cuts_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(model_store, "folder", lambda: tmp_path)
    (tmp_path / "x.onnx").mkdir()
    (tmp_path / "beats.onnx").write_text("no model")
    result = run()
    assert "x.onnx is a folder" in line(result, "model x") and line(result, "model x").startswith("note ")
    told = [found for found in result.stdout.splitlines() if found[7:].startswith("model beats")]
    assert [found[:5] for found in told] == ["note ", "ok   "] and "shipped" in told[1]
    assert line(result, "model cuts").startswith("ok ")
    (tmp_path / "cuts.onnx").write_text("no model")
    told = [found for found in run().stdout.splitlines() if found[7:].startswith("model cuts")]
    assert len(told) == 1 and told[0].startswith("fault") and "take it away" in told[0]
