"""The plug-ins in the real Audacity: the labels of the saved project and the previews, against what the daemon said."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from audacity_session import Audacity
from lossy import wired
from scripted_daemon import SECONDS, analysis, song
from segue_bridge import preview, protocol
from segue_bridge.hosts import audacity as installer
from segue_bridge.result import Cut, Transition


@pytest.fixture
def daemon(studio_audacity):
    studio_audacity[1].asked.clear()
    return studio_audacity[1]


@pytest.fixture
def audacity(studio_audacity):
    """An empty project."""
    program = studio_audacity[0]
    program.forget()
    program.told()
    yield program
    assert not program.told(), "the user was told something that the test does not expect"


def cuts(count: int, section: str = "B") -> list[Cut]:
    """Alternately exits and entries, at times that are no whole samples; the first is in a pick-up."""
    kinds = ("exit", "entry")
    later = [
        Cut(i, kinds[i % 2], 0.1234567891 + i * 15 / count, 0.3 + i % 70 / 100, i, 1.0, section) for i in range(count)
    ]
    return [replace(later[0], bar=None, beat=None), *later[1:]]


def name(cut: Cut) -> str:
    sign = {"exit": "◀ exit", "entry": "▶ entry"}[cut.kind]
    place = "no bar" if cut.bar is None else f"bar {cut.bar}"
    return " · ".join([f"{sign} {cut.score:.2f}", *([cut.section] if cut.section else []), place])


def placed(audacity: Audacity, found: list[Cut], start: float) -> None:
    """The newest label track of the saved project holds exactly these cuts."""
    labels = audacity.saved_labels()[-1]
    assert [text for _, text in labels] == [name(cut) for cut in found]
    assert max(abs(time - start - cut.time) for (time, _), cut in zip(labels, found, strict=True)) < 1e-6


def test_stereo_from_a_selection_that_starts_late(audacity, daemon, tmp_path):
    """Labels count from the start of the selection; what was sent is the selection, sample for sample."""
    path = song(tmp_path / "naïve ♪.wav", 44100)
    found = [
        *cuts(4, "Réfrain ♪ 試"),
        Cut(4, "entry", 15.0, 0.5, 9, 1.0, ""),
        Cut(5, "exit", 15.5, 1.0, 9, 1.0, 'a"\\'),
    ]
    daemon.answer = lambda region, cancelled: analysis(found)
    audacity.import_(path)
    audacity.select(3.123456789, 19)
    audacity.do("SegueMarkCuts:")
    placed(audacity, found, 3.123456789)
    (asked,) = daemon.asked
    sent, rate = soundfile.read(asked.paths[0], dtype="float32")
    begin = round(3.123456789 * 44100)
    whole, _ = soundfile.read(path, dtype="float32")
    assert rate == 44100 and np.array_equal(sent, whole[begin : begin + len(sent)])
    assert abs(len(sent) / 44100 - (19 - 3.123456789)) < 1e-4 and (asked.start, asked.length) == (0.0, None)


def test_mono_that_is_not_at_the_rate_of_the_project(audacity, daemon, tmp_path):
    noise = np.random.default_rng(2).normal(0, 0.05, SECONDS * 48000).astype(np.float32)
    soundfile.write(tmp_path / "mono.wav", noise, 48000, subtype="FLOAT")
    daemon.answer = lambda region, cancelled: analysis(cuts(3))
    audacity.import_(tmp_path / "mono.wav")
    audacity.select(0, SECONDS)
    audacity.do("SegueMarkCuts:")
    placed(audacity, cuts(3), 0.0)
    sent, rate = soundfile.read(daemon.asked[0].paths[0], dtype="float32")
    assert rate == 48000 and np.array_equal(sent, noise)


def test_the_second_of_two_tracks_and_a_hundred_labels(audacity, daemon, tmp_path):
    daemon.answer = lambda region, cancelled: analysis(cuts(100))
    for name in ("one.wav", "two.wav"):
        audacity.import_(song(tmp_path / name, 22050 if name == "two.wav" else 44100))
    audacity.select(2, 18, track=1)
    audacity.do("SegueMarkCuts:")
    placed(audacity, cuts(100), 2.0)
    assert soundfile.info(daemon.asked[0].paths[0]).samplerate == 22050


def test_options_reach_the_daemon(audacity, daemon, tmp_path):
    daemon.answer = lambda region, cancelled: analysis(cuts(1))
    audacity.import_(song(tmp_path / "song.wav", 44100))
    audacity.select(0, 5)
    asked = []
    with wired() as wire:
        for given in ("", "MOST=7", "LEAST=0.25", "LEAST=0.5 MOST=3"):
            audacity.do(f"SegueMarkCuts: LEAST=0 MOST=0 {given}")
            request = [message for message in wire.heard if message.address == "/segue/analyze"][-1]
            asked.append(protocol.options(request.values[-1]))
    assert [(options.top, options.min_score) for options in asked] == [(None, None), (7, None), (None, 0.25), (3, 0.5)]


def test_another_run_makes_another_track_and_clear_removes_ours_alone(audacity, daemon, tmp_path):
    daemon.answer = lambda region, cancelled: analysis(cuts(3))
    audacity.import_(song(tmp_path / "song.wav", 44100))
    sent = []
    for _ in range(2):
        audacity.select(1, 9)
        audacity.do("SegueMarkCuts:")
        sent.append((audacity.spool / "selection.au").read_bytes())
    assert sent[0] == sent[1], "the daemon would not know again what it has analysed"
    audacity.do("NewLabelTrack:")
    audacity.do("AddLabel:")
    audacity.do('SetLabel: Label=6 Text="▶ mine" Start=2 End=2')
    assert [len(track) for track in audacity.saved_labels()] == [3, 3, 1]
    audacity.select(1, 9)
    audacity.do("SegueClearLabels:")
    assert audacity.saved_labels() == [[(2.0, "▶ mine")]]
    assert [track["selected"] for track in audacity.info("Tracks")] == [1, 0], "the user's selection is lost"
    audacity.do("SegueClearLabels:")
    assert audacity.told() == ["There is no label track that holds Segue's labels alone."]


def test_a_preview_becomes_a_track_at_its_place(audacity, daemon, tmp_path):
    """The chosen one of the transitions, best first; the samples are the daemon's, the join stands at the exit."""
    first, entry, second = (
        Cut(0, "exit", 6.0, 0.9, 4, 1.0, "A"),
        Cut(1, "entry", 9.0, 0.8, 6, 1.0, "B"),
        Cut(2, "exit", 4.0, 0.7, 3, 1.0, ""),
    )
    jumps = [Transition(2, 1, 0.4), Transition(0, 1, 0.8)]
    daemon.answer = lambda region, cancelled: analysis([first, entry, second], jumps)
    audacity.import_(song(tmp_path / "song.wav", 44100))
    audacity.select(2.5, 19)
    audacity.do("SegueMarkCuts:")
    plug_in = (audacity.data / "audacity" / "Plug-Ins" / "segue_preview_transition.ny").read_bytes()
    assert installer._is_ours(plug_in), "with the list that Audacity has written"
    assert 'choice (("1" (_ "0.80 · 0:08.5 → 0:11.5")) ("2" (_ "0.40 · 0:06.5 → 0:11.5"))) 0' in plug_in.decode()
    audacity.do("SeguePreviewTransition:")  # a script may choose from the list once the plug-in has read it
    audacity.do('SeguePreviewTransition: WHICH="2"')
    wanted = preview.make((audacity.spool / "selection.au",), second.time, entry.time, [], 0.0, 0.0)
    wav, rate = soundfile.read(wanted.wav, dtype="float32", always_2d=True)
    start = 2.5 + wanted.splice.leave - wanted.join
    samples, own_rate = audacity.samples(3, start + len(wav) / rate)
    begin = round(start * rate)
    assert own_rate == rate and np.array_equal(samples[begin:], wav) and not samples[:begin].any()
    assert [track["name"] for track in audacity.tracks()] == ["song", "Segue preview", "Segue preview"]
