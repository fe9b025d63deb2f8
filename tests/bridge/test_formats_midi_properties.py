"""MIDI files of any beats, metre, pick-up and cuts, read back by mido and by symusic."""

import io
from itertools import pairwise

import mido
import numpy as np
import symusic
from hypothesis import given
from hypothesis import strategies as st

from segue_bridge import formats
from segue_bridge.formats._tempo_map import tempo_map
from segue_bridge.formats.midi import TICKS
from segue_bridge.result import Analysis, AudioInfo, Beat, Cut


@st.composite
def analyses(draw):
    """Beats of 40 to 240 a minute, each as long as it likes, the first downbeat after up to a bar; cuts anywhere."""
    metre = draw(st.integers(2, 7))
    pick_up = draw(st.integers(0, metre - 1))
    steps = draw(st.lists(st.floats(0.25, 1.5), min_size=1, max_size=60))
    times = np.cumsum([draw(st.floats(0, 30)), *steps])
    beats = [Beat(float(t), 1 + (i - pick_up) // metre, 1 + (i - pick_up) % metre) for i, t in enumerate(times)]
    end = float(times[-1]) + draw(st.floats(0, 20))
    cuts = sorted(draw(st.lists(st.floats(0, 1), max_size=12)))
    marks = [Cut(i, ("exit", "entry")[i % 2], end * t, 0.5, 1, 1.0, "A") for i, t in enumerate(cuts)]
    return Analysis(AudioInfo("a.wav", end, 44100, "0" * 64), {}, 120.0, metre, beats, [], marks, [], [])


@given(analyses())
def test_mido_and_symusic_find_the_cuts_where_they_are(analysis):
    content = formats.render("midi", analysis)
    theirs, seconds = [], 0.0
    for message in mido.MidiFile(file=io.BytesIO(content), charset="utf-8"):
        seconds += message.time
        theirs += [seconds] * (message.type == "marker")
    slowest = max(late - early for (early, _), (late, _) in pairwise(tempo_map(analysis).points))
    tick = slowest / TICKS
    assert np.allclose(theirs, [cut.time for cut in analysis.cuts], atol=tick)
    score = symusic.Score.from_midi(content, ttype="second")
    # symusic counts in float32
    assert np.allclose([mark.time for mark in score.markers], theirs, atol=1e-4 + 1e-6 * analysis.audio.duration)
    assert abs(seconds - max([analysis.audio.duration, *theirs])) < 2 * tick


@given(analyses())
def test_every_beat_is_a_quarter_note_and_every_downbeat_a_bar_line(analysis):
    beats = tempo_map(analysis)
    seconds, quarters = np.array(beats.points).T
    assert (seconds[0], quarters[0]) == (0, 0) and np.all(np.diff(seconds) > 0) and np.all(np.diff(quarters) > 0)
    last_start, above, below = beats.signatures[-1]
    assert (above, below) == (analysis.beats_per_bar, 4)
    bar = [at for at, _, _ in beats.signatures]
    assert bar == sorted(bar) and bar[0] == 0
    for (start, numerator, denominator), (end, _, _) in pairwise(beats.signatures):
        assert (end - start) % (4 * numerator / denominator) == 0  # whole bars
    lead = quarters[-1] - (len(analysis.beats) - 1)
    for i, beat in enumerate(analysis.beats[1:], start=1):  # the first may be moved to the start
        at = np.interp(beat.time, seconds, quarters)
        assert abs(at - lead - i) < 1e-6
        if beat.beat == 1 and at > last_start - 1e-6:
            bars = (at - last_start) / analysis.beats_per_bar
            assert abs(bars - round(bars)) < 1e-6
