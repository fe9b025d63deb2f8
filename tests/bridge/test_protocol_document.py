"""The document is the committed one, says everything the code has, and a host written from it alone works."""

import ast
import re
import socket
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import segue_bridge
import segue_models
from osc_host import Slow, analysis_of, until
from segue_bridge import protocol_document, protocol_table

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"
FAULTS = {"SegueError", "AudioError", "error", "_fault"}  # what makes an answer /segue/error, or becomes one
# Said by `segue serve` on the command line, and by our own client about a daemon: they travel in no /segue/error.
NOT_SENT = {"port_taken", "bad_port", "no_daemon", "timeout", "cancelled"}


def test_the_committed_document_is_made_from_the_code():
    assert DOCUMENT.read_text("utf-8") == protocol_document.text(), protocol_document.__doc__


def test_every_message_and_argument_is_there():
    text = DOCUMENT.read_text("utf-8")
    for verb in protocol_table.TABLE:
        _, _, rest = text.partition(f"## Messages from the {verb.sender}")
        section = rest.partition(f"### `{verb.address}` `,{''.join(arg.tag for arg in verb.args)}`")[2].split("##")[0]
        assert verb.meaning in section
        assert all(f"| {arg.tag} {arg.name} | {arg.unit} | {arg.meaning} |" in section for arg in verb.args)


def tree(module: str) -> ast.Module | None:
    name, _, rest = module.partition(".")
    root = {"segue_bridge": segue_bridge, "segue_models": segue_models}.get(name)
    base = root and Path(root.__file__).parent / rest.replace(".", "/")
    found = [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()] if root else []
    return ast.parse(found[0].read_text("utf-8")) if found else None


def what_the_daemon_imports() -> list[ast.Module]:
    """Our modules that the daemon uses, directly or not, inside functions too."""
    seen, waiting = {}, ["segue_bridge.daemon"]
    while waiting:
        module = waiting.pop()
        if module not in seen and (found := tree(module)):
            seen[module] = found
            for node in ast.walk(found):
                if isinstance(node, ast.Import):
                    waiting += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return list(seen.values())


def test_every_code_a_host_can_hear_has_its_meaning_and_no_other():
    raised = set()
    for module in what_the_daemon_imports():
        for node in ast.walk(module):
            name = isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in FAULTS:
                values = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                raised.update(value for value in values[:1] if re.fullmatch("[a-z_]+", value))
    assert raised - NOT_SENT == set(protocol_document.CODES)


def written(address: str, tags: str, *values) -> bytes:
    """A message, packed by what "Packets" says."""

    def string(text: str) -> bytes:
        data = text.encode() + b"\0"
        return data + b"\0" * (-len(data) % 4)

    packed = (
        string(v) if t == "s" else struct.pack({"i": ">i", "f": ">f", "d": ">d"}[t], v)
        for t, v in zip(tags, values, strict=True)
    )
    return string(address) + string("," + tags) + b"".join(packed)


def read(packet: bytes):
    """The messages of a packet: (address, arguments)."""
    if packet.startswith(b"#bundle\0"):
        at = 16
        while at < len(packet):
            (size,) = struct.unpack_from(">i", packet, at)
            yield from read(packet[at + 4 : at + 4 + size])
            at += 4 + size
        return
    at, values = 0, []

    def string() -> str:
        nonlocal at
        end = packet.index(b"\0", at)
        text, at = packet[at:end].decode(), end + 4 - end % 4
        return text

    address, tags = string(), string()
    for tag in tags[1:]:
        if tag == "s":
            values.append(string())
        else:
            form = {"i": ">i", "f": ">f", "d": ">d"}[tag]
            values += struct.unpack_from(form, packet, at)
            at += struct.calcsize(form)
    yield address, *values


class Udp:
    """A host by UDP, from the document alone."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(0.5)

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.socket.send(packet)

    def take(self) -> list:
        try:
            return list(read(self.socket.recv(65535)))
        except TimeoutError:
            return []


class Spool:
    """A host by files, from the document alone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def send(self, *packets: bytes) -> None:
        self.count += 1
        path = self.folder / "to_daemon" / f"{self.count:08d}.tmp"
        path.write_bytes(b"".join(struct.pack(">i", len(packet)) + packet for packet in packets))
        path.rename(path.with_suffix(".osc"))

    def take(self) -> list:
        messages = []
        for path in sorted((self.folder / "to_host").glob("*.osc")):
            content, at = path.read_bytes(), 0
            path.unlink()
            while at < len(content):
                (size,) = struct.unpack_from(">i", content, at)
                messages += read(content[at + 4 : at + 4 + size])
                at += 4 + size
        return messages


def conversation(host, job: int, count: int) -> tuple[dict, dict, list]:
    """What "A conversation" says, up to the whole counted set: cuts by id, transitions, and what went before."""
    host.send(written("/segue/hello", "isss", 1, "Tiny", "1.0", ""))
    host.send(written("/segue/analyze", "isdds", job, "/music/a b.wav", 0.0, 12.5, f'{{"top": {count}}}'))
    cuts, transitions, before = {}, {}, []
    while True:
        for address, *values in host.take():
            if address == "/segue/cut":
                cuts[values[1]] = values[2:]
            elif address == "/segue/transition":
                transitions[values[1], values[2]] = values[3]
            elif address == "/segue/done":
                assert values == [job, len(cuts), len(transitions)]
                return cuts, transitions, before
            else:
                before.append((address, *values))


@pytest.mark.parametrize("transport", ["udp", "spool"])
def test_a_host_written_from_the_document(start, tmp_path, transport):
    folder = tmp_path / "tiny"
    folder.mkdir()
    daemon, _ = start(spool_root=tmp_path)
    until((folder / "daemon.alive").exists)
    host = Udp(daemon.port) if transport == "udp" else Spool(folder)
    cuts, transitions, before = conversation(host, 7, 300)
    assert sorted(cuts) == list(range(300)) and len(transitions) == 150
    kind, time, score, bar, beat, section = cuts[2]
    assert (kind, score, bar, beat, section) == ("exit", 0.75, 1, 3.0, "A") and time == 1.0 + 2 / 3
    assert before[0][:2] == ("/segue/ready", 1)
    assert before[1] == ("/segue/progress", 7, 0.5, "cuts")
    host.send(written("/segue/resend", "i", 8))
    until(lambda: any(message[:3] == ("/segue/error", 8, "unknown_job") for message in host.take()))


def test_the_example_is_what_such_a_host_sends():
    rows = re.findall(r"^    [0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    example = bytes.fromhex("".join(rows))
    assert example == written("/segue/analyze", "isdds", 7, "/music/song.wav", 1.5, 180.0, '{"top":5}')


def test_cancel_while_at_work(start):
    slow = Slow()
    daemon, _ = start(slow)
    host = Udp(daemon.port)
    host.send(written("/segue/analyze", "isdds", 7, "/a.wav", 0.0, 0.0, ""))
    assert slow.running.wait(60)
    host.send(written("/segue/cancel", "i", 7))
    until(lambda: ("/segue/cancelled", 7) in host.take())


def heard(host, *ends: str) -> list:
    """All messages up to the first to one of these addresses."""
    messages = []
    while not any(message[0] in ends for message in messages):
        messages += host.take()
    return messages


def test_preview_and_verdict_are_as_the_document_says(start, write):
    """The splice, laid out as "Preview" says, is the file that is sent with it."""
    rng, rate = np.random.default_rng(4), 44100
    swell = 0.2 + 0.1 * np.sin(np.arange(20 * rate) / rate)
    source = (swell[:, None] * rng.normal(size=(20 * rate, 2))).clip(-1, 1).astype(np.float32)
    path = write("song.wav", source, rate, "FLOAT")
    warned = replace(analysis_of(6), warnings=["The beats are uncertain."])
    daemon, _ = start(lambda *_: replace(warned, audio=replace(warned.audio, duration=20.0)))
    host = Udp(daemon.port)
    host.send(written("/segue/preview", "iiidd", 7, 0, 1, 0.0, 0.0))
    assert heard(host, "/segue/error")[-1][:3] == ("/segue/error", 7, "unknown_job")

    host.send(written("/segue/analyze", "isdds", 7, str(path), 0.0, 0.0, ""))
    messages = heard(host, "/segue/done")
    assert ("/segue/warning", 7, "The beats are uncertain.") in messages[:-1]
    exit, entry = (next(m[4] for m in messages if m[0] == "/segue/cut" and m[2] == id) for id in (4, 1))

    host.send(written("/segue/preview", "iiidd", 7, 4, 1, 1.5, 2.0))
    (_, *splice), (_, job, wav, join) = heard(host, "/segue/preview/file", "/segue/error")
    assert splice[:3] == [7, 4, 1] and job == 7
    leave, enter, ahead, fade, gain = splice[3:]
    assert abs(leave - exit) < 0.011 and abs(enter - entry) < 0.011
    made, made_rate = soundfile.read(wav, dtype="float32")
    assert made_rate == rate and made.shape[1] == 2
    leave, enter, ahead, fade, join = (round(seconds * rate) for seconds in (leave, enter, ahead, fade, join))
    assert abs(join - 1.5 * rate) <= 1 and abs(len(made) - 3.5 * rate) <= 2
    alone = join - ahead
    np.testing.assert_array_equal(made[:alone], source[leave - join : leave - ahead])
    rest = made[alone + fade :]
    np.testing.assert_allclose(rest, gain * source[enter - ahead + fade :][: len(rest)], atol=1e-6)

    host.send(written("/segue/preview", "iiidd", 7, 1, 4, 0.0, 0.0))
    assert heard(host, "/segue/error")[-1][:3] == ("/segue/error", 7, "unknown_cut")
    host.send(written("/segue/verdict", "iissd", 7, 4, "moved", "exit", 2.5))
    assert heard(host, "/segue/noted", "/segue/error") == [("/segue/noted", 7, 4)]
    host.send(written("/segue/verdict", "iissd", 7, -1, "added", "entry", 3.5))
    assert heard(host, "/segue/noted", "/segue/error") == [("/segue/noted", 7, -1)]
    host.send(written("/segue/verdict", "iissd", 7, 4, "loved", "exit", 2.5))
    assert heard(host, "/segue/noted", "/segue/error")[0][:3] == ("/segue/error", 7, "bad_arguments")
    host.send(written("/segue/resend", "i", 7))
    assert heard(host, "/segue/done")[-1] == ("/segue/done", 7, 6, 3), "the set is as good as before"
