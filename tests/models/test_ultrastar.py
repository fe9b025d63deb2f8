import json
import re

import numpy as np
import pytest

from segue_models.corpora import ultrastar

SHORT = "Jonathan Coulton - Monkey Shines"


def by_hand(path):
    """The notes of a song.txt by the UltraStar format: GAP in ms, `: beat length pitch`, 4 x BPM beats a minute."""
    text = path.read_text(encoding="utf-8", errors="replace")
    bpm = float(re.search(r"#BPM:([\d.,]+)", text)[1].replace(",", "."))
    gap = float(re.search(r"#GAP:([\d.,]+)", text)[1].replace(",", ".")) / 1000
    beats = [tuple(map(int, m)) for m in re.findall(r"^[:*F] (\d+) (\d+) (-?\d+)", text, re.MULTILINE)]
    return np.array([[gap + b * 15 / bpm, gap + (b + n) * 15 / bpm] for b, n, _ in beats])


def test_the_notes_are_those_of_the_song_file(data):
    expected = by_hand(data / "ultrastar_cc" / SHORT / "song.txt")
    assert np.allclose(ultrastar.sung(data, SHORT)[:, :2], expected, atol=2e-3)


def test_the_lag_is_estimated_once_and_kept(data, tmp_path):
    kept = tmp_path / "ultrastar" / "lags.json"
    kept.parent.mkdir()
    songs = sorted(p.parent.name for p in (data / "ultrastar_cc").glob("*/vocal_notes.csv"))
    kept.write_text(json.dumps({song: 0.5 for song in songs if song != SHORT}))
    found = ultrastar.lags(data, tmp_path)
    assert found[songs[0]] == 0.5  # kept, not estimated again
    assert 0.0 < found[SHORT] < 0.1  # UltraStar times are a little early
    tracks = ultrastar.tracks(data, tmp_path)
    late = next(t for t in tracks if t.name == songs[0])
    assert np.allclose(late.lead[0], ultrastar.sung(data, songs[0])[0, :2] + 0.5)
    assert len(tracks) == 11 and not any(t.trainable for t in tracks)
    assert {ultrastar.split(t.name) for t in tracks} == {"test"}


@pytest.mark.parametrize(("song", "licence"), [("Joshua Morin - On the run", "CC BY-SA 2.5"), (SHORT, "CC BY-NC 3.0")])
def test_licence_and_artist(data, tmp_path, song, licence):
    songs = [p.parent.name for p in (data / "ultrastar_cc").glob("*/vocal_notes.csv")]
    (tmp_path / "ultrastar").mkdir()
    (tmp_path / "ultrastar" / "lags.json").write_text(json.dumps(dict.fromkeys(songs, 0.0)))
    track = next(t for t in ultrastar.tracks(data, tmp_path) if t.name == song)
    assert track.licence == licence and track.artist == song.split(" - ")[0] and track.audio.exists()


def test_no_songs_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="unpack the data set"):
        ultrastar.tracks(tmp_path, tmp_path)
