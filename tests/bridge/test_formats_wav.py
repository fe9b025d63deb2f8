"""The WAV copy: its sound read by soundfile and sox, its cue points by wavinfo, its chunks by a loop of our own."""

import shutil
import struct
import subprocess
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import wavinfo

from segue_bridge import formats
from segue_bridge.errors import SegueError
from segue_bridge.result import Analysis
from test_formats import analysis

RATE = 8000
NAMES = ["> entry 0.87 - A - bar 2", "< exit 0.91 - B - bar 5", "< exit 0.40 - B - bar 5"]
PLACES = [16000, 64000, 74000]


@pytest.fixture
def stereo() -> np.ndarray:
    """Twelve seconds of two unlike channels, (96000, 2) in -1..1."""
    t = np.arange(12 * RATE) / RATE
    return np.stack([0.9 * np.sin(2 * np.pi * 220 * t), 0.5 * np.sin(2 * np.pi * 331 * t)], axis=1)


def marked(source: Path, cuts: bool = True) -> Path:
    target = source.with_name("marked.wav")
    target.write_bytes(formats.render("wav", analysis(source, cuts)))
    return target


def chunks(path: Path) -> list[tuple[bytes, bytes]]:
    content = path.read_bytes()
    assert content[:4] + content[8:12] == b"RIFFWAVE"
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    found, at = [], 12
    while at < len(content):
        name, size = struct.unpack("<4sI", content[at : at + 8])
        found.append((name, content[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    assert at == len(content)
    return found


def riff(path: Path, *parts: tuple[bytes, bytes]) -> Path:
    body = b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in parts)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)
    return path


def cues(path: Path) -> list[tuple[str, int]]:
    """(label, sample) of each cue point, by wavinfo."""
    found = wavinfo.WavInfoReader(str(path)).cues
    return [(found.label_and_note(number)[0], at) for number, at in found.each_cue()] if found else []


SUBTYPES = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM"]


@pytest.mark.parametrize("subtype", SUBTYPES)
def test_a_wav_is_copied_byte_by_byte(tmp_path: Path, stereo: np.ndarray, subtype: str) -> None:
    source = tmp_path / "söng.wav"
    soundfile.write(source, stereo, RATE, subtype=subtype)
    before, copy = source.read_bytes(), marked(source)
    assert source.read_bytes() == before
    assert chunks(copy)[: len(chunks(source))] == chunks(source)
    assert cues(copy) == list(zip(NAMES, PLACES, strict=True))
    assert soundfile.info(copy).subtype == subtype
    np.testing.assert_array_equal(soundfile.read(copy)[0], soundfile.read(source)[0])


@pytest.mark.parametrize(
    ("name", "subtype", "becomes"),
    [
        ("a.flac", "PCM_S8", "PCM_16"),
        ("a.flac", "PCM_16", "PCM_16"),
        ("a.flac", "PCM_24", "PCM_24"),
        ("a.aiff", "PCM_16", "PCM_16"),
        ("a.aiff", "DOUBLE", "DOUBLE"),
        ("a.caf", "PCM_32", "PCM_32"),
        ("a.w64", "FLOAT", "FLOAT"),
        ("a.rf64", "PCM_24", "PCM_24"),
        ("a.ogg", "VORBIS", "FLOAT"),
        ("a.mp3", "MPEG_LAYER_III", "FLOAT"),
    ],
)
def test_others_are_decoded_without_loss(
    tmp_path: Path, stereo: np.ndarray, name: str, subtype: str, becomes: str
) -> None:
    source = tmp_path / name
    soundfile.write(source, stereo, RATE, subtype=subtype)
    copy = marked(source)
    assert cues(copy) == list(zip(NAMES, PLACES, strict=True))
    assert (soundfile.info(copy).subtype, soundfile.info(copy).samplerate) == (becomes, RATE)
    kind = "float32" if becomes == "FLOAT" else "float64"
    with soundfile.SoundFile(source) as file:  # not soundfile.read: it seeks, and an MP3 then differs by 2e-7
        np.testing.assert_array_equal(soundfile.read(copy, dtype=kind)[0], file.read(dtype=kind))


def test_an_odd_number_of_bytes_is_padded(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.flac"
    soundfile.write(source, stereo[:95_999, 0], RATE, subtype="PCM_24")
    assert len(dict(chunks(marked(source)))[b"data"]) == 3 * 95_999


def test_an_mp3_that_ends_early_is_silent_to_its_promised_end(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.mp3"
    soundfile.write(source, stereo, RATE)
    source.write_bytes(source.read_bytes()[:-600])
    copy = marked(source)
    sound = soundfile.read(copy)[0]
    assert len(dict(chunks(copy))[b"data"]) == 96_000 * 2 * 4
    assert np.abs(sound[80_000:84_000]).max() > 0.5
    assert not sound[-400:].any()


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_sox_has_nothing_to_complain_of(tmp_path: Path, stereo: np.ndarray, name: str) -> None:
    if not shutil.which("sox"):
        pytest.fail("sox is not installed: apt-get install sox")
    soundfile.write(tmp_path / name, stereo, RATE)
    copy = marked(tmp_path / name)
    said = subprocess.run(["sox", copy, "-n", "stat"], capture_output=True, text=True, check=True).stderr
    assert "WARN" not in said
    assert "Length (seconds):     12.000000" in said


def test_chunks_and_cue_points_of_others_stay(tmp_path: Path) -> None:
    other = struct.pack("<II4sIII", 7, 100, b"data", 0, 0, 100)
    note = b"labl" + struct.pack("<II", 11, 7) + b"chorus\0\0"
    parts = (
        (b"bext", bytes(602)),
        (b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, RATE, 1, 8)),
        (b"iXML", b"<BWFXML/>"),  # odd, so padded
        (b"cue ", struct.pack("<I", 1) + other),
        (b"data", bytes(range(255)) * 377),  # odd
        (b"LIST", b"adtl" + note),
        (b"LIST", b"INFOINAM\x04\0\0\0song"),
        (b"smpl", bytes(36)),
    )
    copy = marked(riff(tmp_path / "a.wav", *parts))
    assert [part for part in chunks(copy) if part in parts] == [parts[i] for i in (0, 1, 2, 4, 6, 7)]
    assert cues(copy) == [("chorus", 100), *zip(NAMES, PLACES, strict=True)]


def test_marking_a_marked_copy_replaces_our_cue_points(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, stereo, RATE)
    once = marked(source).rename(tmp_path / "once.wav")
    assert marked(once).read_bytes() == once.read_bytes()
    assert marked(once, cuts=False).read_bytes() == source.read_bytes()


def test_no_cuts_is_a_plain_copy(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, stereo, RATE)
    assert marked(source, cuts=False).read_bytes() == source.read_bytes()


def test_what_follows_the_chunks_is_left_out(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, stereo, RATE)
    clean = source.read_bytes()
    source.write_bytes(clean + bytes(10_000))
    assert marked(source, cuts=False).read_bytes() == clean


def test_a_recorder_that_never_wrote_the_length(tmp_path: Path) -> None:
    source = riff(tmp_path / "a.wav", (b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)), (b"data", b""))
    sound = np.arange(96000, dtype="<i2").tobytes()
    source.write_bytes(source.read_bytes()[:-4] + b"\xff\xff\xff\xff" + sound)
    assert dict(chunks(marked(source)))[b"data"] == sound


def long_recording(path: Path, size: int) -> Analysis:
    """A WAV whose data takes no room on the disk."""
    riff(path, (b"fmt ", struct.pack("<HHIIHH", 1, 2, RATE, 4 * RATE, 4, 16)), (b"data", b""))
    with path.open("r+b") as file:
        file.seek(-4, 2)
        file.write(struct.pack("<I", min(size, 0xFFFFFFFF)))
        file.truncate(file.tell() + size)
    return analysis(path)


def test_over_4_gb_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for size in (0xFFFFFFFF - 100, 5 << 30):
        pieces = iter(formats.blocks("wav", long_recording(tmp_path / "a.wav", size)))
        with pytest.raises(SegueError, match=r"4 GB.*--format"):
            next(pieces)


def test_a_long_recording_needs_little_memory(tmp_path: Path) -> None:
    found = long_recording(tmp_path / "a.wav", 200 << 20)
    tracemalloc.start()
    written = sum(len(block) for block in formats.blocks("wav", found))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written > 200 << 20
    assert peak < 4 << 20


def test_a_lost_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(SegueError, match="cannot read"):
        formats.render("wav", analysis(tmp_path / "gone.wav"))
    (tmp_path / "text.mp3").write_text("no music")
    with pytest.raises(SegueError, match="cannot read"):
        formats.render("wav", analysis(tmp_path / "text.mp3"))


def test_names_in_other_scripts_are_utf_8(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, stereo, RATE)
    found = analysis(source)
    content = formats.render("wav", replace(found, cuts=[replace(found.cuts[0], section="Ü")]))
    assert "> entry 0.87 - Ü - bar 2\0".encode() in content
