import io
import zipfile
from collections import Counter

import mido
import numpy as np
import pytest

from segue_models.corpora import pop909
from segue_models.cuts.cut_rule import phrases
from segue_models.rendering import production, score
from segue_models.rendering.mix import envelope
from segue_models.signal.frames import BeatGrid

SONG = "pop909-053"  # an instrument plays its lead: quick to render


@pytest.fixture(scope="module")
def song(data, tmp_path_factory):
    return pop909.make(data, tmp_path_factory.mktemp("cache"), 24.0, SONG)


def test_the_split_is_fixed_and_holds_forty_test_songs(data):
    names = pop909.chosen(data)
    assert Counter(map(pop909.split, names)) == {"test": 44, "validation": 22, "train": 178}
    assert len(set(names)) == 244
    # Frozen: a song that changes sides makes every earlier figure worthless.
    assert names[:6] == ["748", "500", "561", "053", "441", "376"]
    assert [pop909.split(f"pop909-{n:03d}") for n in (1, 2, 3, 4)] == ["train", "test", "train", "train"]


def test_only_the_songs_asked_for_are_rendered(data, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(pop909, "rendered", lambda make, names, *rest: asked.append(names) or [])
    pop909.tracks(data, tmp_path, 1, {"561", "748", "no such song"})
    pop909.tracks(data, tmp_path)
    assert asked[0] == ["pop909-748", "pop909-561"] and len(asked[1]) == 244


def test_the_same_song_is_rendered_bit_for_bit(data, song, tmp_path):
    track, audio = song
    again, twice = pop909.make(data, tmp_path, 24.0, SONG)
    assert np.array_equal(audio, twice)
    assert np.array_equal(track.lead, again.lead) and np.array_equal(track.onsets, again.onsets)


def test_the_audio_is_finished_and_as_long_as_asked(song):
    _, audio = song
    assert 12 < len(audio) / 44100 <= 24.1
    assert np.isfinite(audio).all() and 0.5 < np.abs(audio).max() <= 1.0


def test_melody_agrees_with_mido_s_own_clock(data):
    """`midi_tables` has its own tempo map; mido plays the same file with another."""
    read = score.read(data / "pop909", "003")
    with zipfile.ZipFile(data / "pop909" / "pop909_midi_beats.zip") as archive:
        file = mido.MidiFile(file=io.BytesIO(archive.read("003/003.mid")))
    melody = next(t for t in file.tracks if t.name == "MELODY")
    alone = mido.MidiFile(ticks_per_beat=file.ticks_per_beat)
    alone.tracks += [file.tracks[0], melody]
    now, starts = 0.0, []
    for message in alone:
        now += message.time
        if message.type == "note_on" and message.velocity:
            starts.append((now, message.note))
    assert len(starts) == len(read.melody)
    assert np.allclose(read.melody[:, 0], [t for t, _ in starts], atol=1e-6)
    assert read.melody[:, 2].tolist() == [p for _, p in starts]


def test_the_lead_is_heard_where_the_score_has_it(data, song):
    """Phrases begin on notes of the melody and end on its ends, but for the release of the instrument."""
    track, _ = song
    rng = np.random.default_rng(int(pop909._rank("053")[:15], 16))
    placed = production.excerpted(score.read(data / "pop909", "053"), rng, 24.0)
    assert len(track.lead) >= 0.9 * len(placed.melody)
    sung = phrases(track.lead, track.grid)
    starts, ends = placed.melody[:, 0], placed.melody[:, 1]
    assert len(sung) >= 2
    for begin, end in sung:
        assert np.abs(begin - starts).min() < 0.08
        late = end - ends[np.argmin(np.abs(end - ends))]
        assert -0.1 < late < 0.42


def test_onsets_of_the_audio_fall_on_the_annotated_beats(song):
    """The rise of energy at the beats against that a third of a beat later: drums, bass and chords are in time."""
    track, audio = song
    rise = np.maximum(np.diff(np.log(envelope(audio) + 1e-4)), 0)
    beat = 60 / track.grid.tempo_bpm

    def at(times):
        return np.mean([rise[max(round(t * 100) - 4, 0) : round(t * 100) + 4].max() for t in times])

    beats = track.grid.times[(track.grid.times > 0.2) & (track.grid.times < len(audio) / 44100 - 2.5)]
    assert at(beats) > 2 * at(beats + 0.37 * beat)


def test_sections_and_chords_stand_on_downbeats(song):
    track, _ = song
    bar, beat = track.grid.bar_and_beat(track.sections)
    assert len(track.sections) >= 1 and np.all(np.abs(beat - 1) < 0.1) and np.all(bar >= 1)
    assert len(track.section_labels) == len(track.sections)


def test_slow_beats_are_doubled_and_downbeats_kept():
    slow = BeatGrid(np.arange(8) * 1.0, np.tile([3, 4, 1, 2], 2))
    felt = pop909.felt(slow)
    assert felt.tempo_bpm == 120.0 and felt.times[-1] == slow.times[-1]
    assert felt.positions[:6].tolist() == [1, 2, 3, 4, 1, 2]
    assert set(slow.times[slow.positions == 1]) <= set(felt.times[felt.positions == 1])
    assert pop909.felt(felt) is felt


def test_licence_and_voices(data, song):
    track, _ = song
    assert track.trainable and "MIT" in track.licence and track.voices == ()
    assert track.corpus == "pop909" and track.name == SONG
    assert len(phrases(track.lead, track.grid))
