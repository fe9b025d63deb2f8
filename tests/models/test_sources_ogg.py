"""An Ogg is as long as its packets, whatever its granule positions say, and is read from any sample."""

import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from recordings import coded, granules, heard, music, pages
from segue_models.signal import audio
from segue_models.signal.sources import ogg, ogg_pages

SECONDS = 12
KINDS = [("VORBIS", 44100), ("OPUS", 48000), ("OPUS", 24000)]


class Made:
    """An Ogg, the rate it is of, and its samples (n, channels) as libsndfile decodes them from the begin."""

    def __init__(self, folder, subtype, rate):
        self.subtype, self.rate, self.folder = subtype, rate, folder
        self.content = coded(folder / "a.ogg", music(SECONDS, rate), rate, subtype)
        self.whole = soundfile.read(folder / "a.ogg", dtype="float32")[0]

    def samples(self, path, content):
        """What is read of a file with that content, at its own rate, and the warnings."""
        path.write_bytes(content)
        source = audio.info([path])
        found = audio.spans([path], [(0, round(source.duration * source.rate_hz))])[0]
        return found, audio.read([path]).warnings

    def other(self, seconds, rate=None, channels=2):
        """Another recording of the kind."""
        return coded(
            self.folder / "b.ogg", music(seconds, rate or self.rate, channels, 5), rate or self.rate, self.subtype
        )


@pytest.fixture(scope="module", params=KINDS, ids=[f"{s} {r}" for s, r in KINDS])
def made(request, tmp_path_factory):
    return Made(tmp_path_factory.mktemp("ogg"), *request.param)


def test_a_sound_file_gives_the_samples_libsndfile_gives(tmp_path, made):
    found, warnings = made.samples(tmp_path / "a.ogg", made.content)
    assert np.array_equal(found, made.whole) and warnings == () and len(found) == SECONDS * made.rate


def test_a_chain_is_all_its_links(tmp_path, made):
    other = made.other(5)
    found, warnings = made.samples(tmp_path / "a.ogg", other + made.content + other)
    assert len(found) == (5 + SECONDS + 5) * made.rate and warnings == ()
    assert np.array_equal(found[5 * made.rate : -5 * made.rate], made.whole)


@pytest.mark.parametrize("other", ["rate", "channels"])
def test_a_link_of_another_kind_ends_it(tmp_path, made, other):
    link = made.other(5, channels=1) if other == "channels" else made.other(5, made.rate // 2)
    found, warnings = made.samples(tmp_path / "a.ogg", made.content + link)
    assert np.array_equal(found, made.whole)
    assert "goes on with" in warnings[0] and "at 12.0 s" in warnings[0] and "convert" in warnings[0]


LIES = {
    "zero": lambda granule, number, last: 0,
    "none": lambda granule, number, last: -1,
    "small at the end": lambda granule, number, last: 7 if last else granule,
    "large at the end": lambda granule, number, last: 10**12 if last else granule,
    "from elsewhere": lambda granule, number, last: granule + 10**7,
    "doubled": lambda granule, number, last: 2 * granule,
    "halved": lambda granule, number, last: granule // 2,
    "below zero": lambda granule, number, last: -granule,
    "falling": lambda granule, number, last: 10**6 - 1000 * number,
}


@pytest.mark.parametrize("lie", LIES)
def test_granule_positions_are_not_believed(tmp_path, made, lie):
    found, warnings = made.samples(tmp_path / "a.ogg", granules(made.content, LIES[lie]))
    assert (
        0 <= len(found) - len(made.whole) < 2048 and warnings == ()
    )  # the last block is not cut off where none says so
    assert np.array_equal(found[: len(made.whole)], made.whole)


@pytest.mark.parametrize("fill", ["zeros", "noise", "nothing"])
def test_a_damage_loses_only_its_pages_and_is_told(tmp_path, made, fill):
    half, size = len(made.content) // 2, 3000
    put = {"zeros": bytes(size), "noise": np.random.default_rng(1).bytes(size), "nothing": b""}[fill]
    found, (warning,) = made.samples(tmp_path / "a.ogg", made.content[:half] + put + made.content[half + size :])
    assert SECONDS - 2.6 < len(found) / made.rate < SECONDS
    assert warning == "a.ogg is damaged: what is lost is left out"
    quarter = SECONDS * made.rate // 4
    assert np.array_equal(found[:quarter], made.whole[:quarter])
    assert np.abs(found[-quarter:] - made.whole[-quarter:]).max() < 1e-6


def test_without_its_end_it_is_used_as_far_as_it_goes(tmp_path, made):
    at = pages(made.content)
    for cut in (at[-1], at[-1] + 40, at[-3] + 1):
        found, (warning,) = made.samples(tmp_path / "a.ogg", made.content[:cut])
        assert np.array_equal(found, made.whole[: len(found)]) and len(found) > 8 * made.rate
        assert warning.startswith("a.ogg ends early")


@pytest.mark.parametrize(("front", "tail"), [(b"junk" * 99, b""), (b"", b"junk" * 99), (b"", bytes(9999))])
def test_garbage_around_it_is_no_sound(tmp_path, made, front, tail):
    found, warnings = made.samples(tmp_path / "a.ogg", front + made.content + tail)
    assert np.array_equal(found, made.whole) and warnings == ()


def test_every_region_is_that_of_the_whole_to_the_sample(tmp_path, made):
    path = tmp_path / "a.ogg"
    for content in (made.content, made.other(5) + made.content, granules(made.content, LIES["zero"])):
        whole, _ = made.samples(path, content)
        for first in np.random.default_rng(2).integers(0, len(whole) - 3000, 15):
            part = audio.spans([path], [(int(first), int(first) + 3000)])[0]
            assert np.array_equal(part, whole[first : first + 3000])


def test_a_file_without_headers_is_none(tmp_path, made):
    path = tmp_path / "a.ogg"
    path.write_bytes(made.content[pages(made.content)[2] :])
    with pytest.raises(audio.AudioError) as fault:
        audio.info([path])
    assert fault.value.code == "not_audio"


def test_the_checksum_is_that_of_the_encoder(made):
    for at in pages(made.content)[:5]:
        with (made.folder / "a.ogg").open("rb") as file:
            found = ogg_pages.read(file, len(made.content), ogg.KNOWN, lambda: False).streams[0].stretches[0]
        page = next(page for page in found if page.at == at)
        raw = made.content[at : at + page.size]
        assert ogg_pages.checksum(raw[:22] + bytes(4) + raw[26:]) == int.from_bytes(raw[22:26], "little")


def test_a_begin_that_is_cut_off_by_its_granule_positions(tmp_path):
    made = Made(tmp_path, "VORBIS", 44100)
    found, _ = made.samples(tmp_path / "c.ogg", granules(made.content, lambda granule, number, last: granule - 128))
    assert np.array_equal(found, made.whole[128:])


@pytest.fixture(scope="module")
def flac(tmp_path_factory):
    """(bytes of FLAC in Ogg, its samples (n, 2))."""
    if not shutil.which("ffmpeg"):
        pytest.fail("ffmpeg is not installed: apt-get install ffmpeg")
    folder = tmp_path_factory.mktemp("flac")
    coded(folder / "a.flac", music(SECONDS), subtype="PCM_16")
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", "a.flac", "-c", "copy", "-f", "ogg", "a.ogg"]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "a.ogg").read_bytes(), soundfile.read(folder / "a.flac", dtype="float32")[0]


def test_flac_in_ogg_and_a_chain_of_it(tmp_path, flac):
    content, whole = flac
    assert np.array_equal(heard(tmp_path / "a.ogg", content).samples.T, whole)
    sound = heard(tmp_path / "b.oga", content + content)
    assert np.array_equal(sound.samples.T, np.concatenate([whole, whole])) and sound.warnings == ()


def test_damaged_flac_in_ogg_keeps_its_time(tmp_path, flac):
    content, whole = flac
    half = len(content) // 2
    path = tmp_path / "a.ogg"
    sound = heard(path, content[:half] + bytes(3000) + content[half + 3000 :])
    differs = np.not_equal(sound.samples.T, whole)
    lost = np.flatnonzero(differs.any(axis=1))
    assert sound.samples.shape[1] == len(whole) and 0 < len(lost) < 16 * 4096 and sound.warnings
    assert not sound.samples[:, lost].any()
    for first in (lost[0] - 2000, lost[0] + 10, lost[-1] - 10):
        assert np.array_equal(audio.spans([path], [(first, first + 4000)])[0], sound.samples[:, first : first + 4000].T)


def test_a_chain_of_the_world(cases):
    sound = heard(cases / "chained.ogg")
    assert sound.duration == 60.0 and sound.warnings == ()
    assert np.array_equal(
        sound.samples[:, : 29 * 44100], heard(cases / "chained.ogg", None, 0.0, 29.5).samples[:, :1278900]
    )
