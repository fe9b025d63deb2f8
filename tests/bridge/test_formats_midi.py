"""The MIDI file, read by a reader written from the standard (exact) and by symusic (a second opinion)."""

import struct
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import symusic

from segue_bridge import formats
from segue_bridge.formats.midi import TICKS
from segue_bridge.result import Analysis, AudioInfo, Beat, Cut
from test_formats import analysis


@dataclass
class Smf:
    """What a sequencer knows after reading the meta events of the only track."""

    name: str = ""
    markers: list[tuple[int, str]] = field(default_factory=list)
    tempi: list[tuple[int, int]] = field(default_factory=list)
    signatures: list[tuple[int, int, int]] = field(default_factory=list)
    end: int = 0

    def seconds(self, tick: int) -> Fraction:
        """Exact time of a tick."""
        total = Fraction(0)
        for i, (start, tempo) in enumerate(self.tempi):
            stop = min(tick, self.tempi[i + 1][0] if i + 1 < len(self.tempi) else tick)
            total += Fraction(max(stop - start, 0) * tempo, TICKS * 1_000_000)
        return total

    def is_bar_line(self, tick: int) -> bool:
        start, above, below = self.signatures[bisect_right(self.signatures, (tick, 999, 999)) - 1]
        return (tick - start) % (above * 4 * TICKS // below) == 0

    def bars_before(self, tick: int) -> int:
        return sum(self.is_bar_line(t) for t in range(0, tick, TICKS // 8))


def read(content: bytes) -> Smf:
    assert content[:4] == b"MThd"
    length, kind, tracks, division = struct.unpack(">IHHH", content[4:14])
    assert (length, tracks, division) == (6, 1, TICKS)
    assert kind in (0, 1)
    assert content[14:18] == b"MTrk"
    assert struct.unpack(">I", content[18:22])[0] == len(content) - 22
    smf, at, tick = Smf(), 22, 0

    def number() -> int:
        nonlocal at
        value = 0
        while True:
            byte = content[at]
            at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    while at < len(content):
        tick += number()
        assert content[at] == 0xFF, "only meta events"
        meta, at = content[at + 1], at + 2
        size = number()
        body, at = content[at : at + size], at + size
        if meta == 0x03:
            smf.name = body.decode()
        elif meta == 0x06:
            smf.markers.append((tick, body.decode()))
        elif meta == 0x51:
            smf.tempi.append((tick, int.from_bytes(body)))
        elif meta == 0x58:
            smf.signatures.append((tick, body[0], 2 ** body[1]))
        elif meta == 0x2F:
            smf.end = tick
        else:
            pytest.fail(f"meta event {meta:#x}")
    assert smf.tempi[0][0] == smf.signatures[0][0] == 0
    return smf


def grid(times: list[float], metre: int = 4, pick_up: int = 0, cuts: tuple[float, ...] = ()) -> Analysis:
    """An analysis with beats at `times`, the first downbeat after `pick_up` of them."""
    beats = [Beat(t, (i - pick_up) // metre + 1, (i - pick_up) % metre + 1) for i, t in enumerate(times)]
    marks = [Cut(i, "exit", t, 0.5, 1, 1.0, "A") for i, t in enumerate(cuts)]
    audio = AudioInfo("a.wav", max([*times, *cuts, 1.0]), 44100, "0" * 64)
    return Analysis(audio, {}, 120.0, metre, beats, [], marks, [], [])


def first_tick(smf: Smf, time: float) -> int:
    """The eighth of a beat that stands at `time`."""
    return min(range(0, smf.end + TICKS, TICKS // 8), key=lambda tick: abs(smf.seconds(tick) - Fraction(time)))


def test_names_bars_and_end_are_the_analysis(tmp_path: Path) -> None:
    smf = read(formats.render("midi", analysis(tmp_path / "söng.wav")))
    assert smf.name == "söng.wav"
    assert smf.markers == [
        (4 * TICKS, "> entry 0.87 - A - bar 2"),
        (16 * TICKS, "< exit 0.91 - B - bar 5"),
        (18 * TICKS + TICKS // 2, "< exit 0.40 - B - bar 5"),
    ]
    assert smf.signatures == [(0, 4, 4)]
    assert smf.tempi == [(0, 500_000)]  # a steady song is one tempo
    assert smf.end == 24 * TICKS


def test_symusic_reads_the_same_markers(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    result = grid([0.31 + 0.4837 * i for i in range(400)], 3, 1, (0.05, 7.7713, 193.9))
    path.write_bytes(formats.render("midi", result))
    score = symusic.Score(path, ttype="second")
    assert [mark.text for mark in score.markers] == ["< exit 0.50 - A - bar 1"] * 3
    assert [mark.time for mark in score.markers] == pytest.approx([0.05, 7.7713, 193.9], abs=0.0003)
    assert [(s.numerator, s.denominator) for s in score.time_signatures] == [(2, 4), (3, 4)]


@pytest.mark.parametrize("metre", [3, 4])
@pytest.mark.parametrize("pick_up", [0, 1, 2])
@pytest.mark.parametrize("start", [0.0, 0.05, 0.1, 0.2, 0.3, 0.76, 61.3])
def test_beats_are_ticks_and_the_first_downbeat_is_a_bar_line(start: float, pick_up: int, metre: int) -> None:
    times = [start + 0.5 * i for i in range(40)]
    smf = read(formats.render("midi", grid(times, metre, pick_up)))
    first = first_tick(smf, start)
    for i, time in enumerate(times):
        assert float(smf.seconds(first + i * TICKS)) == pytest.approx(time, abs=2e-6)
        if i >= pick_up:
            assert smf.is_bar_line(first + i * TICKS) == ((i - pick_up) % metre == 0)
    if start + pick_up == 0:
        assert smf.bars_before(first) == 0  # the DAW counts as the analysis does
    assert all(250_000 <= tempo <= 1_000_000 for _, tempo in smf.tempi)  # 60 to 240: DAWs refuse absurd ones


def test_a_first_beat_almost_at_the_start_is_moved_there() -> None:
    smf = read(formats.render("midi", grid([0.02 + 0.5 * i for i in range(9)])))
    assert smf.signatures == [(0, 4, 4)]
    assert [float(smf.seconds(i * TICKS)) for i in range(4)] == pytest.approx([0.0, 0.52, 1.02, 1.52], abs=1e-6)


def test_nothing_drifts_in_95_minutes() -> None:
    rng = np.random.default_rng(1)
    steps = 60 / 147.3 * (1 + 0.02 * np.sin(np.arange(13_900) / 300) + 0.004 * rng.standard_normal(13_900))
    times = 0.2 + np.cumsum(steps)
    cuts = tuple(float(t) for t in np.sort(rng.uniform(0, times[-1] + 3, 200)))
    smf = read(formats.render("midi", grid([float(t) for t in times], cuts=cuts)))

    starts = np.array([tick for tick, _ in smf.tempi])
    tempi = np.array([tempo for _, tempo in smf.tempi])
    at_start = np.concatenate([[0], np.cumsum(np.diff(starts) * tempi[:-1])])  # exact: microseconds times TICKS

    def seconds(ticks: np.ndarray) -> np.ndarray:
        i = np.searchsorted(starts, ticks, side="right") - 1
        return (at_start[i] + (ticks - starts[i]) * tempi[i]) / TICKS / 1e6

    first = TICKS * next(i for i in range(9) if abs(seconds(np.array([i * TICKS]))[0] - times[0]) < 1e-4)
    error = seconds(first + TICKS * np.arange(len(times))) - times
    assert times[-1] > 94 * 60
    assert np.abs(error).max() < 1e-6
    placed = seconds(np.array([tick for tick, _ in smf.markers]))
    assert np.abs(placed - cuts).max() < 0.5 * 1.05 * steps.max() / TICKS  # half a tick


@pytest.mark.parametrize(("times", "tempo"), [([], 120.0), ([3.0], 120.0)])
def test_without_beats_the_tempo_is_fixed(times: list[float], tempo: float) -> None:
    smf = read(formats.render("midi", grid(times, cuts=(2.0, 7.25))))
    assert smf.tempi == [(0, round(60e6 / tempo))]
    assert [float(smf.seconds(tick)) for tick, _ in smf.markers] == pytest.approx([2.0, 7.25], abs=0.0003)


def of_bars(lengths: list[int], unit: int = 4, first_bar: int = 1, start: float = 0.0) -> Analysis:
    """An analysis with bars of so many beats of a quarter second each, its first bar called `first_bar`."""
    places = [(first_bar + bar, beat + 1) for bar, length in enumerate(lengths) for beat in range(length)]
    beats = [Beat(start + 0.25 * i, bar, beat) for i, (bar, beat) in enumerate(places)]
    usual = max({*lengths}, key=lengths.count)
    return Analysis(AudioInfo("a.wav", 99.0, 44100, "0"), {}, 240.0, usual, beats, [], [], [], [], unit)


@pytest.mark.parametrize("start", [0.0, 0.09, 1.1])
@pytest.mark.parametrize("unit", [2, 4, 8])
@pytest.mark.parametrize("lengths", [[6] * 5, [4, 4, 3, 3, 4], [5, 7, 7], [4, 4, 7], [2, 4, 4]])
def test_every_bar_line_is_one_where_the_metre_changes(lengths: list[int], unit: int, start: float) -> None:
    found = of_bars(lengths, unit, start=start)
    smf = read(formats.render("midi", found))
    beat = 4 * TICKS // unit
    first = min(range(0, smf.end + TICKS, TICKS // 16), key=lambda tick: abs(smf.seconds(tick) - Fraction(start)))
    for i, each in enumerate(found.beats):
        assert float(smf.seconds(first + i * beat)) == pytest.approx(each.time, abs=2e-6)
        assert smf.is_bar_line(first + i * beat) == (each.beat == 1)
    changed = [length for i, length in enumerate(lengths) if i == 0 or length != lengths[i - 1]]
    assert [above for _, above, _ in smf.signatures][-len(changed) :] == changed
    assert smf.signatures[-1][1:] == (lengths[-1], unit)


@pytest.mark.parametrize("unclaimed", [range(4), range(3, 7), range(6, 10)])
def test_bars_go_on_where_none_is_claimed(unclaimed: range) -> None:
    lengths = [4] * 10
    found = of_bars(lengths)
    beats = [Beat(b.time, None, None) if b.bar is not None and b.bar - 1 in unclaimed else b for b in found.beats]
    smf = read(formats.render("midi", replace(found, beats=beats)))
    assert [(above, below) for _, above, below in smf.signatures] == [(4, 4)]
    assert all(smf.is_bar_line(i * TICKS) == (each.beat == 1) for i, each in enumerate(found.beats))
