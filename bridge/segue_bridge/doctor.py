"""What works here, and what to do where it does not."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from segue_bridge import __version__, client, hosts, model_store, model_versions, protocol, spool
from segue_bridge.errors import SegueError
from segue_bridge.result_cache import cache_root
from segue_models import libraries

LIBRARIES = ("numpy", "scipy", "soundfile", "soxr", "python-osc")
RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
MAIN_MODELS = model_store.SERVED
PAUSE = 30.0  # seconds after which a file in a spool waits for nobody


@dataclass(frozen=True)
class Finding:
    """One line of the report; with a "fault" the main job cannot run, a "note" is good to know."""

    state: Literal["ok", "note", "fault"]
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.state:<5}  {self.title:<14}  {self.text}"


def examine(port: int = protocol.PORT) -> Iterator[Finding]:
    """Look at everything the main job needs, one finding after the other."""
    yield Finding("ok", "segue", f"{__version__}, Python {platform.python_version()}, {platform.system()}")
    yield _libraries()
    yield from _runtime()
    yield from _models()
    yield _daemon(port)
    yield _writable("spool", spool.spool_root(), "hosts without UDP cannot reach the daemon")
    yield _writable("cache", cache_root(), "a second ask takes as long as the first")
    yield _sound()
    yield from _hosts()


def _libraries() -> Finding:
    installed = {name: _version(name) for name in LIBRARIES}
    missing = [name for name, number in installed.items() if number is None]
    if missing:
        return Finding("fault", "libraries", f"{', '.join(missing)} missing: pip install --force-reinstall segue")
    return Finding("ok", "libraries", ", ".join(f"{name} {number}" for name, number in installed.items()))


def _runtime() -> Iterator[Finding]:
    """Both builds of ONNX Runtime share one folder: with both installed, the later one has overwritten the other."""
    installed = [f"{name} {_version(name)}" for name in RUNTIMES if _version(name)]
    if len(installed) == 2:
        advice = "pip uninstall -y onnxruntime onnxruntime-gpu, then pip install segue"
        yield Finding("note", "onnxruntime", f"{' and '.join(installed)} overwrite each other: {advice}")
    try:
        runtime = libraries.onnxruntime()
        yield Finding("ok", "onnxruntime", f"{' '.join(installed)}, built for {_names(runtime)}")
    except ImportError as fault:
        yield Finding("fault", "onnxruntime", f"cannot be used ({fault}): pip install --force-reinstall segue")


def _names(runtime: object) -> str:
    """The execution providers of this build that Segue asks for."""
    providers = runtime.get_available_providers()  # type: ignore[attr-defined]
    return " and ".join(name for name in ("CUDA", "CPU") if f"{name}ExecutionProvider" in providers)


def _models() -> Iterator[Finding]:
    stored, left_out = model_store.available(), dict(model_store.left_out())
    for model, sentence in left_out.items():
        if model.name != "cuts":  # the user's own cuts are never passed over: below that is a fault
            yield Finding("note", f"model {model.name}", f"left out: {sentence}")
    for model in stored:
        if model in left_out and model.name not in MAIN_MODELS:
            continue
        try:
            network = model_store.network(model.name)
        except SegueError as fault:
            yield Finding("fault" if model.name in MAIN_MODELS else "note", f"model {model.name}", str(fault))
            continue
        card = network.card
        origin = "shipped" if model.shipped or model in left_out else "your own"
        text = f"{card.name} {card.version} ({card.task}), {origin}, {card.licence}, {_where(network.provider)}"
        newer = "" if origin == "shipped" else model_versions.outgrown(model.name)
        if newer:
            text += f"; {newer} is here now: run `segue learn` again, or `segue learn --rollback` for it as it ships"
        yield Finding("note" if newer else "ok", f"model {model.name}", text)
    for name in MAIN_MODELS:
        if name not in [model.name for model in stored]:
            advice = f"reinstall segue, or put {name}.onnx into {model_store.folder()}"
            yield Finding("fault", f"model {name}", f"is missing: {advice}")


def _where(provider: str) -> str:
    """The execution provider that a session really got, in words."""
    if provider == "CUDAExecutionProvider":
        return "runs on the graphics card (CUDA)"
    if provider == "CPUExecutionProvider" and _version("onnxruntime-gpu"):
        return "runs on the CPU (CUDA did not start here; the CPU will do)"
    return f"runs on the {provider.removesuffix('ExecutionProvider')}"


def _daemon(port: int) -> Finding:
    try:
        with client.Client(port) as host:
            status = host.status(timeout=1.0)
    except SegueError as fault:
        if fault.code == "no_daemon":
            return Finding("note", "daemon", f"none on port {port}: start one with `segue serve`")
        return Finding("note", "daemon", str(fault))
    if status.get("version") != __version__:
        return Finding(
            "note", "daemon", f"version {status.get('version')} on port {port}: stop it (pid {status['pid']})"
        )
    return Finding("ok", "daemon", f"answers on port {port}, up for {status.get('uptime', 0):.0f} s")


def _writable(title: str, folder: Path, loss: str) -> Finding:
    """Whether files can be written into a folder, which need not be there yet."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("ok", title, f"{folder} can be written")
    return Finding("note", title, f"{folder} cannot be written, so {loss}: make {nearest} a folder of yours")


def _sound() -> Finding:
    try:
        import sounddevice  # raises OSError where PortAudio is missing

        device = sounddevice.query_devices(kind="output")["name"]
    except (ImportError, OSError):
        advice = "install PortAudio (apt install libportaudio2); your DAW does not need it"
        return Finding("note", "sound", f"`segue preview --play` cannot play: {advice}")
    except (sounddevice.PortAudioError, ValueError):
        return Finding("note", "sound", "no output device: `segue preview -o` writes a file instead of playing it")
    return Finding("ok", "sound", f"`segue preview --play` plays on {device}")


def _hosts() -> Iterator[Finding]:
    """One line for each DAW that is here, one for all that are not."""
    absent = []
    for name in hosts.names():
        try:
            text = hosts.find(name).status()
        except SegueError as fault:
            if fault.code == "no_host":
                absent.append(name)
            else:
                yield Finding("note", name, str(fault))
            continue
        trouble = _left_lying(name)
        missing = "`segue install" in text  # that is what a host says where something is to do
        yield Finding("note" if missing or trouble else "ok", name, "; ".join(filter(None, (text, trouble))))
    if absent:
        yield Finding("ok", "not installed", f"{', '.join(absent)}: once it is here, run `segue install NAME`")


def _left_lying(name: str) -> str:
    """What lies longer in a host's spool than a conversation has pauses, and what to do about it."""
    folder = spool.default_spool(name)
    if _old_files(folder / "to_daemon"):
        return "its last request was not taken by a daemon: start `segue serve`"
    if _old_files(folder / "to_host"):
        return f"its last answer was not fetched: run the action again, or `segue install {name}` if this stays"
    return ""


def _old_files(folder: Path) -> bool:
    with suppress(OSError):
        return any(time.time() - path.stat().st_mtime > PAUSE for path in folder.glob("*.osc"))
    return False


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
