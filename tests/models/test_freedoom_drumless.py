import numpy as np
import pytest

from segue_models.corpora import freedoom, freedoom_drumless
from segue_models.rendering import midi


@pytest.fixture(scope="module")
def archive(data):
    return data / "freedoom_midi" / "freedoom_midi.zip"


def test_each_song_is_there_in_every_tempo_on_its_own_side(archive):
    names = freedoom_drumless.chosen(archive)
    assert len(names) == 4 * 97 == len(set(names))
    assert {freedoom_drumless.split(n) for n in names if n.endswith("-d_dm05")} == {freedoom.split("d_dm05")}


def test_the_other_channels_play_what_they_did_when_they_did(archive):
    file = midi.read(archive, "d_e2m6.mid")
    left = freedoom_drumless.drumless(file)

    def played(of):
        now, out = 0.0, []
        for message in of:
            now += message.time
            if not message.is_meta and message.type != "sysex" and message.channel != 9:
                out.append((round(now, 6), str(message.copy(time=0))))
        return sorted(out)

    assert played(left) == played(file) and all(m.channel != 9 for m in left if m.type == "note_on")


@pytest.mark.parametrize("kind", ["jumps", "rubato"])
def test_notes_are_heard_on_the_moved_beats(archive, kind, late_ms):
    track, audio = freedoom_drumless.make(archive, 40.0, f"{kind}-d_map01")
    plain = midi.grid(midi.read(archive, "d_map01.mid"), 40.0)
    count = min(len(plain.times), len(track.grid.times))
    assert track.grid.beats_per_bar == plain.beats_per_bar and len(audio) <= 40 * 44100
    assert np.abs(track.grid.times[:count] - plain.times[:count]).max() > 0.3  # the unmoved ones would miss
    assert abs(late_ms(audio, track.grid.times[2:-2])) <= 30
