"""lib/rate.lua against the files that libsndfile, which Ardour uses, writes."""

import numpy as np
import pytest
import soundfile

from plain_lua import run

RATE_OF = 'print ((include "lib/rate") (arg[1]))'
KINDS = [
    ("WAV", "PCM_16"),
    ("WAV", "FLOAT"),
    ("WAVEX", "PCM_24"),
    ("RF64", "FLOAT"),
    ("W64", "PCM_24"),
    ("AIFF", "PCM_16"),
    ("AIFF", "FLOAT"),
    ("CAF", "PCM_24"),
    ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"),
]


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 192000])
@pytest.mark.parametrize(("kind", "subtype"), KINDS)
def test_reads_what_libsndfile_wrote(tmp_path, kind, subtype, rate):
    path = tmp_path / "file"
    soundfile.write(path, np.zeros((100, 2)), rate, subtype, format=kind)
    assert float(run(RATE_OF, path)) == soundfile.info(path).samplerate == rate


def test_chunks_before_the_format_are_skipped(tmp_path):
    """Broadcast WAV: Ardour itself writes a `bext` chunk first."""
    path = tmp_path / "file.wav"
    soundfile.write(path, np.zeros(10), 96000, "PCM_16")
    plain = path.read_bytes()
    path.write_bytes(plain[:12] + b"bext" + (603).to_bytes(4, "little") + b"\1" * 604 + plain[12:])
    assert float(run(RATE_OF, path)) == 96000


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEdata\0\0\0\0", b"fLaC", b"ID3" * 50]
)
def test_unknown_and_cut_off_files_have_no_rate(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert run(RATE_OF, path) == b"nil\n"


def test_a_missing_file_has_no_rate(tmp_path):
    assert run(RATE_OF, tmp_path / "none") == b"nil\n"
