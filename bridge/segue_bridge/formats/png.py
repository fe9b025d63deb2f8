"""A picture of the result: waveform, sections, exits and entries, and the best transitions as arcs."""

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue_bridge.errors import SegueError
from segue_bridge.marker_name import place
from segue_bridge.result import Analysis, Cut, Transition
from segue_bridge.text import one_line
from segue_models import libraries

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SUFFIX = ".png"
BINARY = True
WIDTH, HEIGHT, DPI = 1600, 800, 100  # pixels, pixels, dots per inch
COLUMNS = 1440  # columns of the waveform
INK, QUIET, WAVE = "#22303c", "#8a98a5", "#9fb0bf"
COLOUR = {"exit": "#d7403f", "entry": "#12876f"}
SECTIONS = ("#cfe3f5", "#fde2b8", "#d9ecc8", "#ecd4ec", "#f9cfc6", "#cdebe8", "#e3dccb", "#d8d9f3")
LABELLED = 4  # cuts of each kind that carry their score in words
BOX = {"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "linewidth": 0}
ARCS = 3  # transitions drawn
APART = 0.05  # share of the picture that a written score needs
LABEL_WIDTH = 0.1  # of the picture
FOOT = 1.68  # height at which the arcs stand
TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900)  # seconds between two times on the axis


def render(analysis: Analysis) -> bytes:
    """PNG of 1600 x 800 pixels. Raises SegueError where the recording cannot be read again."""
    libraries.matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    start, end = _span(analysis)
    peaks, loudness = _envelope(Path(analysis.audio.path), start, end)
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.025, 0.09, 0.95, 0.80))
    axes.set_xlim(start, end)
    axes.set_ylim(-2.5, 3.1)
    _waveform(axes, peaks, loudness, start, end)
    _sections(axes, analysis)
    _bars(axes, analysis)
    for kind, side in (("exit", 1), ("entry", -1)):
        _cuts(axes, [cut for cut in analysis.cuts if cut.kind == kind], side)
    _arcs(axes, analysis)
    _frame(figure, axes, analysis)
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file name in a script the font lacks is drawn as boxes
        figure.savefig(picture, format="png")
    return picture.getvalue()


def _span(analysis: Analysis) -> tuple[float, float]:
    """The analysed region in seconds: what the sections cover, else the whole recording."""
    if analysis.sections:
        return analysis.sections[0].start, max(analysis.sections[-1].end, analysis.sections[0].start + 0.001)
    return 0.0, analysis.audio.duration


def _envelope(path: Path, start: float, end: float) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Peak and root mean square of each column, both (COLUMNS,), read in blocks so that length costs no memory."""
    import numpy as np

    from segue_models.signal import audio

    peaks, power = np.zeros(COLUMNS), np.zeros(COLUMNS)
    try:
        edges = np.linspace(0, (end - start) * audio.info([path]).rate_hz, COLUMNS + 1).astype(int)
        counts, at = np.maximum(np.diff(edges), 1), 0
        for block in audio.stream(path, start, end - start):
            inner = edges[(edges > at) & (edges < at + len(block))]
            first = int(np.searchsorted(edges, at, "right")) - 1
            for column, part in enumerate(np.split(block, inner - at), first):
                column = min(column, COLUMNS - 1)
                peaks[column] = max(peaks[column], np.abs(part).max(initial=0.0))
                power[column] += np.square(part).sum() / part.shape[1] / counts[column]
            at += len(block)
    except audio.AudioError as fault:
        raise SegueError("unreadable", f"cannot read {path} to draw it: {fault}") from fault
    scale = max(float(np.nan_to_num(peaks).max()), 1e-9)
    return np.nan_to_num(peaks) / scale, np.sqrt(np.nan_to_num(power)) / scale


def _waveform(axes: "Axes", peaks: "NDArray[Any]", loudness: "NDArray[Any]", start: float, end: float) -> None:
    import numpy as np

    times = np.linspace(start, end, COLUMNS)
    axes.fill_between(times, -peaks, peaks, color=WAVE, linewidth=0, zorder=2)
    axes.fill_between(times, -loudness, loudness, color="#5f7486", linewidth=0, zorder=3)


def _sections(axes: "Axes", analysis: Analysis) -> None:
    labels = sorted({section.label for section in analysis.sections})
    for section in analysis.sections:
        colour = SECTIONS[labels.index(section.label) % len(SECTIONS)]
        axes.axvspan(section.start, section.end, ymin=0.0, ymax=1.0, color=colour, alpha=0.38, linewidth=0, zorder=0)
        width = section.end - section.start
        axes.barh(-2.32, width, 0.36, left=section.start, color=colour, edgecolor="white", linewidth=2, zorder=4)
        middle = (section.start + section.end) / 2
        text = axes.text(
            middle, -2.33, one_line(section.label), ha="center", va="center", size=17, weight="bold", color=INK
        )
        text.set(zorder=5, clip_on=True, parse_math=False)


def _bars(axes: "Axes", analysis: Analysis) -> None:
    """Beats as short ticks, bars as longer ones, every fourth bar (or fewer) with its number."""
    downbeats = [beat for beat in analysis.beats if beat.beat == 1]
    others = [beat.time for beat in analysis.beats if beat.beat != 1]
    if len(analysis.beats) <= 1200:  # beyond that the ticks run into one grey line
        axes.vlines(others, -2.08, -2.02, color=QUIET, linewidth=0.8, zorder=4)
    axes.vlines([beat.time for beat in downbeats], -2.08, -1.95, color=INK, linewidth=1.0, zorder=4)
    step = 4
    while len(downbeats) / step > 24:
        step *= 2
    for beat in downbeats:
        if beat.bar is not None and (beat.bar - 1) % step == 0:
            axes.text(beat.time, -1.91, str(beat.bar), size=12, color=QUIET, ha="center", va="bottom")


def _cuts(axes: "Axes", cuts: Sequence[Cut], side: int) -> None:
    """Flags out of the waveform, exits upwards (side 1) and entries downwards (-1), as high as their score."""
    start, end = axes.get_xlim()
    labelled: list[float] = []  # left edges of the labels
    for cut in sorted(cuts, key=lambda cut: -cut.score):
        tip = side * _height(cut)
        style: dict[str, Any] = {"color": COLOUR[cut.kind], "alpha": 0.6 + 0.4 * cut.score}
        axes.vlines(cut.time, 0, tip, linewidth=1.0 + 1.6 * cut.score, zorder=6, **style)
        # The flag flies towards the music that is kept: before an exit, after an entry.
        flag = [(0, 10), (-17 * side, 0), (0, -10)]
        style["s"] = 250 + 600 * cut.score
        axes.scatter(cut.time, tip - 0.09 * side, marker=flag, edgecolor="white", linewidth=1, zorder=7, **style)
        left = min(max((cut.time - start) / (end - start) - LABEL_WIDTH / 2, 0.0), 1.0 - LABEL_WIDTH)
        if len(labelled) < LABELLED and all(abs(left - other) > LABEL_WIDTH for other in labelled):
            labelled.append(left)
            _label(axes, cut, start + (left + LABEL_WIDTH / 2) * (end - start), side)


def _height(cut: Cut) -> float:
    return 0.45 + 0.85 * cut.score


def _label(axes: "Axes", cut: Cut, middle: float, side: int) -> None:
    style: dict[str, Any] = {"size": 14, "weight": "bold", "color": COLOUR[cut.kind], "zorder": 9, "ha": "center"}
    style["va"] = "bottom" if side > 0 else "top"
    axes.text(middle, side * (_height(cut) + 0.07), f"{cut.score:.2f} · {place(cut)}", bbox=BOX, **style)


def _arcs(axes: "Axes", analysis: Analysis) -> None:
    """The best transitions: over the waveform from the exit to the entry with their score, the best one darkest."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    low, high = axes.get_xlim()
    cuts = {cut.id: cut for cut in analysis.cuts}
    for rank, transition in enumerate(_unlike(analysis.transitions, cuts, APART * (high - low))):
        leave, enter = cuts[transition.exit], cuts[transition.entry]
        top = FOOT + 0.75 + 1.0 * abs(enter.time - leave.time) / (high - low)  # of the curve's handles
        points = [(leave.time, FOOT), (leave.time, top), (enter.time, top), (enter.time, FOOT)]
        curve = Curve(points, [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4])
        style: dict[str, Any] = {"color": INK, "linewidth": 3.0 - 0.8 * rank, "alpha": 0.95 - 0.25 * rank, "zorder": 8}
        axes.add_patch(FancyArrowPatch(path=curve, arrowstyle="-|>", mutation_scale=22, clip_on=False, **style))
        axes.vlines(enter.time, -_height(enter), FOOT, color=INK, linewidth=1, linestyle=":", alpha=0.6, zorder=5)
        apex = ((leave.time + enter.time) / 2, FOOT + 0.75 * (top - FOOT) + 0.06)
        text = axes.text(*apex, f"{transition.score:.2f}", size=14, weight="bold", color=INK, ha="center", va="bottom")
        text.set(bbox=BOX, zorder=9)


def _unlike(transitions: Sequence[Transition], cuts: Mapping[int, Cut], apart: float) -> list[Transition]:
    """The best transitions that share neither exit nor entry, with scores `apart` seconds: others hide each other."""
    chosen: list[Transition] = []
    middles: list[float] = []
    for one in sorted(transitions, key=lambda transition: -transition.score):
        middle = (cuts[one.exit].time + cuts[one.entry].time) / 2
        feet = any(one.exit == other.exit or one.entry == other.entry for other in chosen)
        if not feet and all(abs(middle - other) >= apart for other in middles):
            chosen.append(one)
            middles.append(middle)
    return chosen[:ARCS]


def _frame(figure: "Figure", axes: "Axes", analysis: Analysis) -> None:
    """Title, legend and the time axis in m:ss."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    name = one_line(Path(analysis.audio.path).name)
    tempo = "free time" if analysis.free_time else f"{analysis.tempo:.0f} bpm"
    title = f"{name if len(name) <= 48 else name[:45] + '...'}   {tempo}"
    figure.text(0.025, 0.945, title, size=20, weight="bold", color=INK, va="center", parse_math=False)
    entries = [
        Line2D([], [], linestyle="", marker="<", markersize=14, color=COLOUR["exit"], label="exit"),
        Line2D([], [], linestyle="", marker=">", markersize=14, color=COLOUR["entry"], label="entry"),
        Line2D([], [], color=INK, linewidth=3, label="best transitions"),
    ]
    style: dict[str, Any] = {"ncols": 3, "frameon": False, "fontsize": 15, "handletextpad": 0.3, "labelcolor": INK}
    figure.legend(handles=entries, loc="center right", bbox_to_anchor=(0.98, 0.945), **style)
    axes.set_yticks([])
    axes.spines[["top", "left", "right", "bottom"]].set_visible(False)
    low, high = axes.get_xlim()
    step = next((step for step in TIME_STEPS if (high - low) / step <= 12), TIME_STEPS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda t, _: f"{round(t) // 60}:{round(t) % 60:02d}"))
    axes.tick_params(axis="x", labelsize=15, colors=INK, length=0)
