"""M4A, films and the like, by PyAV and by ffmpeg: the same sound from both, and nothing but the file is opened."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from recordings import coded, heard, music
from segue_models.signal import audio, sources
from segue_models.signal.sources import media

SECONDS = 8
MADE = {
    "a.m4a": ["-c:a", "aac"],
    "lossless.m4a": ["-c:a", "alac"],
    "a.mov": ["-c:a", "aac"],
    "a.webm": ["-c:a", "libopus", "-ar", "48000"],
    "a.wma": ["-c:a", "wmav2"],
    "a.aac": ["-c:a", "aac"],
    "film.mp4": ["-f", "lavfi", "-i", "testsrc=s=64x64:r=5", "-c:a", "aac", "-shortest"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of MADE, and a.wav of which they are."""
    if not shutil.which("ffmpeg"):
        pytest.fail("ffmpeg is not installed: apt-get install ffmpeg")
    folder = tmp_path_factory.mktemp("media")
    coded(folder / "a.wav", music(SECONDS), subtype="PCM_16")
    for name, how in MADE.items():
        ffmpeg = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", "a.wav", *how, name]
        subprocess.run(ffmpeg, cwd=folder, check=True)
    return folder


@pytest.fixture(params=["PyAV", "ffmpeg"])
def decoder(request, monkeypatch):
    """Which decoder is installed."""
    sources._kept.clear()
    if request.param == "ffmpeg":
        monkeypatch.setattr(media, "find_spec", lambda name: None)
    return request.param


@pytest.fixture
def no_decoder(monkeypatch):
    """Neither is installed."""
    sources._kept.clear()
    monkeypatch.setattr(media, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize("name", [*MADE, "a.wav"])
def test_without_a_decoder_it_is_said_what_to_install(made, no_decoder, name):
    if name == "a.wav":
        assert audio.info([made / name]).duration == SECONDS
        return
    with pytest.raises(audio.AudioError, match="install ffmpeg") as fault:
        audio.info([made / name])
    assert fault.value.code == "no_decoder" and 'pip install "segue[m4a]"' in str(fault.value)


@pytest.mark.parametrize("name", MADE)
def test_it_is_decoded_whole_and_in_its_place(made, decoder, name):
    sound = heard(made / name)
    whole = heard(made / "a.wav").samples
    late = {"a.aac": 1024}.get(name, 0)  # without a container nothing tells the encoder's delay
    lost = 4096 if name == "a.wma" else 0
    assert -lost <= sound.samples.shape[1] - whole.shape[1] <= 2 * 1024 + late
    assert sound.warnings == () and audio.info([made / name]).duration == sound.duration
    there, here = sound.samples[0, 44100 + late :][: 5 * 44100], whole[0, 44100:][: 5 * 44100]
    if name == "a.wma":  # ffmpeg leaves out its first block
        here = whole[0, 44100 + 2048 :][: 5 * 44100]
    assert np.corrcoef(there, here)[0, 1] > 0.9
    if name == "lossless.m4a":
        assert np.array_equal(sound.samples, whole)


def test_regions_are_those_of_the_whole(made, decoder):
    path = made / "a.m4a"
    whole = heard(path).samples
    for first in (0, 1, 40_000, 200_001):
        part = audio.spans([path], [(first, first + 5000)])[0].T
        assert np.array_equal(part, whole[:, first : first + 5000])


def test_one_that_ends_early_is_used_up_to_there(made, decoder, tmp_path):
    ffmpeg = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", made / "a.m4a", "-c", "copy"]
    subprocess.run([*ffmpeg, "-movflags", "faststart", tmp_path / "a.m4a"], check=True)
    content = (tmp_path / "a.m4a").read_bytes()
    sound = heard(tmp_path / "b.m4a", content[: len(content) * 3 // 4])
    assert 4 < sound.duration < 7.5
    assert sound.warnings == ("b.m4a is damaged or ends early: what can be decoded is used",)


@pytest.mark.parametrize("content", [b"\0\0\0\x20ftypM4A " + bytes(5000), b"no film " * 999], ids=["mp4", "text"])
def test_what_cannot_be_decoded_is_told(decoder, tmp_path, content):
    path = tmp_path / "a.m4a"
    path.write_bytes(content)
    with pytest.raises(audio.AudioError) as fault:
        audio.read([path])
    assert fault.value.code == "not_audio"
    assert str(path) in str(fault.value) and "\n" not in str(fault.value)


def test_a_playlist_is_no_recording_and_asks_no_server(decoder, tmp_path):
    asked = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/a.ts"
        secret = tmp_path / "secret.wav"
        coded(secret, music(5))
        lists = {
            "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n",
            "concat": f"ffconcat version 1.0\nfile '{secret}'\n",
            "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio {server.server_port} RTP/AVP 0\n",
        }
        for name, text in lists.items():
            path = tmp_path / f"{name}.mp4"
            path.write_text(text)
            with pytest.raises(audio.AudioError):
                audio.read([path])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []


def test_a_name_is_never_an_option_or_an_address(made, decoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-i.m4a", "http:a.m4a", "concat:a|b.m4a", "pipe:0.m4a", "a%03d.m4a"):
        shutil.copy(made / "a.m4a", tmp_path / name)
        assert audio.info([tmp_path / name]).duration == pytest.approx(SECONDS, abs=0.05)


def test_cancelling_is_heard_while_decoding(made, decoder):
    sources._kept.clear()
    with pytest.raises(audio.Cancelled):
        audio.read([made / "film.mp4"], cancelled=lambda: True)


def test_no_process_and_no_file_is_left(made, decoder, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path))
    sources._kept.clear()
    heard(made / "a.m4a")
    assert list(tmp_path.rglob("*")) == []
    with pytest.raises(audio.Cancelled):
        audio.info([made / "film.mp4"], lambda: True)
    assert list(tmp_path.rglob("*")) == []
