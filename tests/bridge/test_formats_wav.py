"""The WAV copy: its sound read by soundfile and sox, its cue points by wavinfo, its chunks by a loop of our own."""

import os
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
from hypothesis import given
from hypothesis import strategies as st

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


def test_an_mp3_that_ends_early_is_copied_as_far_as_it_goes(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.mp3"
    soundfile.write(source, stereo, RATE)
    source.write_bytes(source.read_bytes()[:-600])
    copy = marked(source)
    sound = soundfile.read(copy)[0]
    assert 96_000 - 3 * 576 <= len(sound) <= 96_000  # whole frames of 576 samples
    assert len(dict(chunks(copy))[b"data"]) == len(sound) * 2 * 4
    assert np.abs(sound[80_000:84_000]).max() > 0.5


def test_a_wav_whose_header_does_not_know_its_length_is_copied_whole(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, stereo, RATE)
    sound, _ = soundfile.read(source)
    whole = source.read_bytes()
    at = whole.index(b"data") + 4
    for said in (0, 96_000):
        source.write_bytes(whole[:at] + said.to_bytes(4, "little") + whole[at + 4 :])
        assert np.array_equal(soundfile.read(marked(source))[0], sound)


def test_a_flac_of_unknown_length_is_copied_whole(tmp_path: Path) -> None:
    """As an encoder writes it into a pipe: the number of samples in its header is 0."""
    source = tmp_path / "a.flac"
    soundfile.write(source, np.sin(np.arange(40_000) / 9), RATE)
    content = bytearray(source.read_bytes())
    content[21] &= 0xF0  # the upper four of 36 bits, behind rate, channels and bits
    content[22:26] = bytes(4)
    source.write_bytes(content)
    assert len(soundfile.read(marked(source))[0]) == 40_000


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


def point(number: int, frame: int) -> bytes:
    return struct.pack("<II4sIII", number, frame, b"data", 0, 0, frame)


def label(number: int, text: bytes, name: bytes = b"labl", padded: bool = True) -> bytes:
    content = struct.pack("<I", number) + text + b"\0"
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2 * padded)


FMT = (b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
DATA = (b"data", bytes(2 * 96_000))


def cue(*points: bytes) -> tuple[bytes, bytes]:
    return b"cue ", struct.pack("<I", len(points)) + b"".join(points)


def ids(path: Path) -> list[int]:
    content = b"".join(body for name, body in chunks(path) if name == b"cue ")
    return [struct.unpack("<I", content[at : at + 4])[0] for at in range(4, len(content), 24)]


@pytest.mark.parametrize("taken", [[0xFFFFFFFF], [0xFFFFFFFE, 0xFFFFFFFF, 0, 1], [3, 2, 1]])
def test_ids_fit_32_bits_and_are_ours_alone(tmp_path: Path, taken: list[int]) -> None:
    old = [point(number, 100 * i) for i, number in enumerate(taken)]
    copy = marked(riff(tmp_path / "a.wav", FMT, cue(*old), DATA, (b"LIST", b"adtl" + label(taken[0], b"mine"))))
    assert ids(copy)[: len(taken)] == taken
    assert len(set(ids(copy))) == len(taken) + 3
    assert cues(copy)[0] == ("mine", 0) and cues(copy)[-3:] == list(zip(NAMES, PLACES, strict=True))


def test_an_id_that_a_loop_or_a_stray_label_names_is_not_ours(tmp_path: Path) -> None:
    loops = (b"smpl", bytes(28) + struct.pack("<II", 1, 0) + struct.pack("<6I", 1, 0, 10, 20, 0, 0))
    plays = (b"plst", struct.pack("<I", 1) + struct.pack("<III", 2, 9, 1))
    stray = (b"LIST", b"adtl" + label(3, b"a note", b"note"))
    copy = marked(riff(tmp_path / "a.wav", FMT, DATA, loops, plays, stray))
    assert ids(copy) == [4, 5, 6]
    assert {loops, plays} <= set(chunks(copy))
    assert label(3, b"a note", b"note") in dict(chunks(copy))[b"LIST"]


def test_a_point_that_shares_our_id_or_our_label_with_the_users_stays(tmp_path: Path) -> None:
    ours = label(1, NAMES[0].encode())
    for old, labels in (
        ([point(1, 10), point(1, 20)], ours),  # one id twice
        ([point(1, 10)], ours + label(1, b"keep this")),  # named again by the user
        ([point(1, 10)], ours + label(1, b"a thought", b"note")),
    ):
        copy = marked(riff(tmp_path / "a.wav", FMT, DATA, cue(*old), (b"LIST", b"adtl" + labels)))
        assert ids(copy) == [1] * len(old) + [2, 3, 4]


@pytest.mark.parametrize("padded", [True, False])
def test_odd_chunks_with_and_without_the_byte_behind_them(tmp_path: Path, padded: bool) -> None:
    notes = b"adtl" + label(7, b"four", padded=padded) + label(8, b"five5", padded=padded)
    parts = [FMT, (b"odd1", b"abc"), cue(point(7, 1), point(8, 2)), (b"LIST", notes), (b"odd2", b"x"), DATA]
    body = b"".join(n + struct.pack("<I", len(c)) + c + bytes(len(c) % 2 * padded) for n, c in parts)
    source = tmp_path / "a.wav"
    source.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)
    copy = marked(source)
    assert cues(copy) == [("four", 1), ("five5", 2), *zip(NAMES, PLACES, strict=True)]
    assert [chunk for chunk in chunks(copy) if chunk[0] in (b"odd1", b"odd2")] == [parts[1], parts[4]]
    assert dict(chunks(copy))[b"data"] == DATA[1]


@pytest.mark.parametrize("form", [b"RF64", b"BW64"])
def test_a_64_bit_wav_is_copied_with_all_its_chunks(tmp_path: Path, form: bytes) -> None:
    sizes = struct.pack("<QQQI", 0, len(DATA[1]), 96_000, 0)
    source = riff(tmp_path / "a.wav", (b"ds64", sizes), (b"bext", bytes(602)), FMT, DATA, (b"iXML", b"<BWFXML/>"))
    content = bytearray(source.read_bytes())
    at = content.index(b"data", 12)
    content[:8], content[at + 4 : at + 8] = form + b"\xff" * 4, b"\xff" * 4
    source.write_bytes(content)
    copy = marked(source)
    assert [name for name, _ in chunks(copy)] == [b"bext", b"fmt ", b"data", b"iXML", b"cue ", b"LIST"]
    assert dict(chunks(copy))[b"data"] == DATA[1]
    assert soundfile.info(copy).frames == 96_000


def test_a_64_bit_wav_over_4_gb_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    size = 5 << 30
    head = riff(source, (b"ds64", struct.pack("<QQQI", 0, size, size // 2, 0)), FMT, (b"data", b"")).read_bytes()
    source.write_bytes(b"RF64" + b"\xff" * 4 + head[8:-4] + b"\xff" * 4)
    os.truncate(source, len(head) + size)
    with pytest.raises(SegueError, match="4 GB"):
        next(iter(formats.blocks("wav", analysis(source))))


def test_the_extensible_format_is_copied(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, stereo, RATE, subtype="PCM_24", format="WAVEX")
    copy = marked(source)
    assert dict(chunks(copy))[b"fmt "] == dict(chunks(source))[b"fmt "]
    assert cues(copy) == list(zip(NAMES, PLACES, strict=True))


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 90_000)), max_size=6),
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=9).filter(lambda text: b"\0" not in text)), max_size=6
    ),
    st.binary(max_size=7),
    st.binary(max_size=9),
)
def test_whatever_others_wrote_stays_and_ours_are_read_back(tmp_path_factory, points, labels, odd, junk) -> None:
    folder = tmp_path_factory.mktemp("wav")
    notes = b"adtl" + b"".join(label(number, text) for number, text in labels)
    old = [point(number, frame) for number, frame in points]
    source = riff(folder / "a.wav", (b"odd ", odd), FMT, cue(*old), DATA, (b"LIST", notes))
    source.write_bytes(source.read_bytes() + b"\0" + junk)
    copy = marked(source)
    content = dict(chunks(copy))
    assert content[b"odd "] == odd and content[b"data"] == DATA[1]
    assert content[b"cue "][4 : 4 + 24 * len(old)] == b"".join(old)
    ours = ids(copy)[len(old) :]
    assert len(ours) == len(set(ours)) == 3
    assert not set(ours) & {number for number, _ in (*points, *labels)}
    read = wavinfo.WavInfoReader(str(copy)).cues
    assert [(read.label_and_note(n)[0], at) for n, at in read.each_cue() if n in ours] == list(
        zip(NAMES, PLACES, strict=True)
    )


def test_marking_a_marked_copy_replaces_our_cue_points(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, stereo, RATE)
    once = marked(source).rename(tmp_path / "once.wav")
    assert marked(once).read_bytes() == once.read_bytes()
    assert marked(once, cuts=False).read_bytes() == source.read_bytes()


def test_a_pick_up_is_known_as_ours(tmp_path: Path, stereo: np.ndarray) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, stereo, RATE)
    found = analysis(source)
    early = replace(found, cuts=[replace(found.cuts[0], bar=None, beat=None)])
    once = tmp_path / "once.wav"
    once.write_bytes(formats.render("wav", early))
    assert cues(once) == [("> entry 0.87 - A - no bar", 16000)]
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
