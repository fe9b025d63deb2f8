"""The picture of an explanation: what is heard around the onset, and the three saliency maps below it."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segue_bridge.explanation import Explanation
from segue_models import libraries
from segue_models.signal import gammatone

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, DPI = 1500, 1300, 100  # pixels, pixels, dots per inch
INK, QUIET = "#22303c", "#8a98a5"
LINE = "#00a896"  # of the onset: on every ground of the maps
TICKS_HZ = (100, 300, 1000, 3000, 10000)
RANGE_DB = 60  # shown below the loudest
MADE_BY = b"segue explain"


def is_ours(path: Path) -> bool:
    """Whether a file is a picture of ours, which may be drawn anew."""
    with path.open("rb") as file:
        return MADE_BY in file.read(200)


def draw(found: Explanation, name: str) -> bytes:
    """PNG of WIDTH x HEIGHT pixels; `name` is that of the recording."""
    libraries.matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    panels = figure.subplots(4, 1, sharex=True)
    figure.subplots_adjust(left=0.075, right=0.915, top=0.875, bottom=0.075, hspace=0.27)
    _head(figure, found, name)
    goal = f"for the {found.role}" if found.is_cut else f"against an {found.role}"
    loudest = float(np.nanmax(found.heard))
    level = dict(cmap="gray_r", vmin=loudest - RANGE_DB, vmax=loudest)
    images = [
        _panel(panels[0], found.heard, "Heard: level of 75 bands", level, found),
        _map(panels[1], found.maps.positive, f"More energy here excites what speaks {goal} (positive)", "Reds", found),
        _map(panels[2], found.maps.negative, f"Less energy here excites what speaks {goal} (negative)", "Blues", found),
        _map(panels[3], found.maps.absolute, "How much hangs on it, either way (absolute)", "Purples", found),
    ]
    for axes, image, unit in zip(panels, images, ("dB", *["share of strongest"] * 3), strict=True):
        bar = figure.colorbar(image, cax=axes.inset_axes((1.012, 0, 0.016, 1)))
        bar.set_label(unit, size=12, color=INK)
        bar.ax.tick_params(labelsize=11, colors=INK)
    panels[0].annotate(
        "onset", (found.onset, 1), (0, 5), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="center", size=13, weight="bold", color=LINE,
    )  # fmt: skip
    _time_axis(panels[3], found)
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file name in a script the font lacks is drawn as boxes
        figure.savefig(picture, format="png", metadata={"Software": MADE_BY.decode()})
    return picture.getvalue()


def _head(figure: Any, found: Explanation, name: str) -> None:
    minutes, rest = divmod(found.time, 60)
    short = name if len(name) <= 40 else name[:37] + "..."
    scores = "     ".join(f"{role} {score:.2f}" for role, score in found.scores.items())
    question = f"What makes it an {found.role}" if found.is_cut else f"What keeps it from being an {found.role}"
    style: dict[str, Any] = {"color": INK, "va": "center", "parse_math": False}
    figure.text(
        0.075, 0.962, f"{question}: {short}, onset at {minutes:.0f}:{rest:06.3f}", size=19, weight="bold", **style
    )
    figure.text(0.075, 0.925, scores, size=17, **style)


def _map(axes: "Axes", values: Any, title: str, colours: str, found: Explanation) -> Any:
    """A map, as shares of its own strongest spot."""
    strongest = float(values.max())
    return _panel(axes, values / strongest if strongest else values, title, dict(cmap=colours, vmin=0, vmax=1), found)


def _panel(axes: "Axes", values: Any, title: str, colours: dict[str, Any], found: Explanation) -> Any:
    cells, bands = values.shape
    image = axes.imshow(
        values.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0, cells, -0.5, bands - 0.5),
        **colours,
    )
    for place, _, _, beat in found.beats:
        axes.axvline(place, color=INK, linewidth=1.6 if beat == 1 else 0.7, alpha=0.75 if beat == 1 else 0.45)
    axes.axvline(found.onset, color=LINE, linewidth=3)
    axes.set_title(title, loc="left", size=15, color=INK, pad=6)
    hz = gammatone.centres_hz()
    axes.set_yticks(np.interp(TICKS_HZ, hz, np.arange(bands)), [f"{f:,} Hz".replace(",", " ") for f in TICKS_HZ])
    axes.tick_params(labelsize=12, colors=INK)
    axes.set_xlim(0, cells)
    return image


def _time_axis(axes: "Axes", found: Explanation) -> None:
    """Each beat with its bar and place, downbeats with the time below."""
    labels = []
    for _, time, bar, beat in found.beats:
        minutes, rest = divmod(time, 60)
        counted = "·" if bar is None else f"{bar}.{beat}"
        labels.append(f"bar {bar}\n{minutes:.0f}:{rest:05.2f}" if beat == 1 else counted)
    axes.set_xticks([place for place, *_ in found.beats], labels)
    for label, (_, _, _, beat) in zip(axes.get_xticklabels(), found.beats, strict=True):
        label.set(weight="bold" if beat == 1 else "normal")
    axes.set_xlabel("beats, as bar.beat; downbeats with their time in the recording (min:s)", size=12, color=INK)
