"""A picture of the result: waveform, sections, exits and entries, and the best transitions as arcs."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue_bridge.errors import SegueError
from segue_bridge.formats.table import GLYPH
from segue_bridge.result import Analysis, Cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SUFFIX = ".png"
WIDTH, HEIGHT, DPI = 1600, 800, 100  # pixels, pixels, dots per inch
COLUMNS = 1440  # columns of the waveform
INK, QUIET, WAVE = "#22303c", "#8a98a5", "#9fb0bf"
COLOUR = {"exit": "#d7403f", "entry": "#12876f"}
SECTIONS = ("#cfe3f5", "#fde2b8", "#d9ecc8", "#ecd4ec", "#f9cfc6", "#cdebe8", "#e3dccb", "#d8d9f3")
LABELLED = 4  # cuts of each kind that carry their score in words
ARCS = 3  # transitions drawn
LABEL_GAP = 0.12  # of the width, between two labels of one row


def render(analysis: Analysis) -> bytes:
    """PNG of 1600 x 800 pixels. Raises SegueError where the recording cannot be read again."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    start, end = _span(analysis)
    peaks, loudness = _envelope(Path(analysis.audio.path), start, end)
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.025, 0.09, 0.95, 0.80))
    axes.set_xlim(start, end)
    axes.set_ylim(-2.55, 3.05)
    _waveform(axes, peaks, loudness, start, end)
    _sections(axes, analysis)
    _bars(axes, analysis)
    for kind, side in (("exit", 1), ("entry", -1)):
        _cuts(axes, [cut for cut in analysis.cuts if cut.kind == kind], side, end - start)
    _arcs(axes, analysis)
    _frame(figure, axes, analysis, start, end)
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
    import soundfile

    peaks, power = np.zeros(COLUMNS), np.zeros(COLUMNS)
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(min(round(start * file.samplerate), file.frames))
            edges = np.linspace(0, (end - start) * file.samplerate, COLUMNS + 1).astype(int)
            for column, length in enumerate(np.diff(edges)):
                block = file.read(max(int(length), 1), dtype="float32", always_2d=True)
                if block.size:
                    peaks[column] = np.abs(block).max()
                    power[column] = np.mean(np.square(block))
    except (OSError, RuntimeError) as fault:
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
        text = axes.text(middle, -2.33, section.label, ha="center", va="center", size=17, weight="bold", color=INK)
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
        if (beat.bar - 1) % step == 0:
            axes.text(beat.time, -1.91, str(beat.bar), size=12, color=QUIET, ha="center", va="bottom", clip_on=True)


def _cuts(axes: "Axes", cuts: Sequence[Cut], side: int, seconds: float) -> None:
    """Lollipops out of the waveform, exits upwards (side 1) and entries downwards (-1), as long as their score."""
    labelled: list[Cut] = []
    for cut in sorted(cuts, key=lambda cut: -cut.score):
        colour, tip = COLOUR[cut.kind], side * (0.55 + 0.75 * cut.score)
        axes.vlines(cut.time, 0, tip, color=colour, linewidth=1.0 + 1.6 * cut.score, alpha=0.85, zorder=6)
        marker = "<" if cut.kind == "exit" else ">"
        size = 60 + 190 * cut.score
        axes.scatter(cut.time, tip, s=size, marker=marker, color=colour, edgecolor="white", linewidth=1, zorder=7)
        near = any(abs(cut.time - other.time) < LABEL_GAP * seconds for other in labelled)
        if len(labelled) < LABELLED and not near:
            labelled.append(cut)
            _label(axes, cut, tip, side)


def _label(axes: "Axes", cut: Cut, tip: float, side: int) -> None:
    low, high = axes.get_xlim()
    place = (cut.time - low) / (high - low)
    align = "left" if place < 0.06 else "right" if place > 0.94 else "center"
    text = f"{cut.score:.2f} · bar {cut.bar}"
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "linewidth": 0}
    vertical = "bottom" if side > 0 else "top"
    y = tip + side * 0.14
    axes.text(
        cut.time, y, text, size=14, weight="bold", color=COLOUR[cut.kind], ha=align, va=vertical, bbox=box, zorder=9
    )


def _arcs(axes: "Axes", analysis: Analysis) -> None:
    """The best transitions: over the waveform from the exit to the entry, the best one darkest."""
    from matplotlib.patches import FancyArrowPatch

    cuts = {cut.id: cut for cut in analysis.cuts}
    best = sorted(analysis.transitions, key=lambda transition: -transition.score)[:ARCS]
    for rank, transition in enumerate(best):
        leave, enter = cuts[transition.exit], cuts[transition.entry]
        low, high = axes.get_xlim()
        bend = 1.6 + 1.1 * min(abs(enter.time - leave.time) / (high - low), 1.0)
        points = [(leave.time, 1.62), (leave.time, bend + 0.9), (enter.time, bend + 0.9), (enter.time, 1.62)]
        style: dict[str, Any] = {
            "color": INK,
            "linewidth": 3.0 - 0.8 * rank,
            "alpha": 0.9 - 0.25 * rank,
            "zorder": 8 - rank,
        }
        axes.add_patch(FancyArrowPatch(path=_curve(points), arrowstyle="-|>", mutation_scale=22, **style))


def _curve(points: list[tuple[float, float]]) -> Any:
    from matplotlib.path import Path as Curve

    return Curve(points, [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4])


def _frame(figure: "Figure", axes: "Axes", analysis: Analysis, start: float, end: float) -> None:
    """Title, legend and the time axis in m:ss."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    name = Path(analysis.audio.path).name
    title = f"{name}   {analysis.tempo:.0f} bpm"
    figure.text(0.025, 0.945, title, size=20, weight="bold", color=INK, va="center", parse_math=False)
    entries = [
        Line2D([], [], linestyle="", marker="<", markersize=14, color=COLOUR["exit"], label=f"{GLYPH['exit']} exit"),
        Line2D([], [], linestyle="", marker=">", markersize=14, color=COLOUR["entry"], label=f"{GLYPH['entry']} entry"),
        Line2D([], [], color=INK, linewidth=3, label="best transitions"),
    ]
    figure.legend(
        handles=entries, loc="center right", bbox_to_anchor=(0.98, 0.945), ncols=3, frameon=False, fontsize=15
    )
    axes.set_yticks([])
    axes.spines[["top", "left", "right", "bottom"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 1.5, 3, 6, 10] if end - start > 20 else None))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda t, _: f"{int(t // 60)}:{t % 60:02.0f}"))
    axes.tick_params(axis="x", labelsize=15, colors=INK, length=0)
