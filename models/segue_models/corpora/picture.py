"""Draws the cut rule on a rendered song: `python -m segue_models.corpora.picture TRACK.npz -o PICTURE.png`."""

import argparse
import io
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import soundfile as sf
from PIL import Image

from segue_models.cuts.cut_rule import cuts, phrases
from segue_models.rendering.store import load
from segue_models.signal.frames import RATE_HZ
from segue_models.track import Track

_ENTRY, _EXIT, _LEAD = "#1b7f3b", "#c0392b", "#3b6ea8"


def draw(track: Track, out: Path, boundary: int = 1) -> None:
    """The candidate window of one section boundary: spectrogram, lead notes, phrases, onsets, entries and exits."""
    if track.grid is None or len(track.sections) <= boundary:
        raise ValueError(f"{track.name} has no section boundary {boundary} to draw")
    at = float(track.sections[boundary])
    phase = float(track.grid.phase(at))
    window = [float(t) for t in track.grid.seconds(np.array([phase - 8.0, phase + 4.0]))]
    left, right = (float(t) for t in track.grid.seconds(np.array([phase - 10.0, phase + 6.0])))
    left = max(left, 0.0)
    audio, _ = sf.read(track.audio, start=round(left * RATE_HZ), stop=round(right * RATE_HZ), dtype="float32")
    figure, (top, low) = plt.subplots(2, 1, figsize=(9, 4.4), sharex=True, height_ratios=(1.6, 1), layout="constrained")
    top.specgram(audio, NFFT=2048, Fs=RATE_HZ, noverlap=1536, xextent=(left, right), cmap="Greys", vmin=-130, vmax=-45)
    top.set_ylim(0, 6000)
    top.set_ylabel("Hz")
    low.set_ylim(0, 3)
    low.set_yticks([0.5, 1.5, 2.5], ["onsets", "phrases", "lead notes"])
    for start, end in track.lead:
        low.plot([start, end], [2.5, 2.5], color=_LEAD, lw=7, solid_capstyle="butt")
    for start, end in phrases(track.lead, track.grid):
        low.plot([start, end], [1.5, 1.5], color=_LEAD, lw=14, alpha=0.35, solid_capstyle="butt")
        top.axvspan(start, end, color=_LEAD, alpha=0.12, lw=0)
    low.plot(track.onsets, np.full(len(track.onsets), 0.5), "|", color="0.5", ms=9)
    for time, entry, exit_ in cuts(track.onsets, track.lead, track.grid, track.sections[boundary : boundary + 1]):
        if exit_:
            low.plot(time, 0.22, marker="<", color=_EXIT, ms=7, mec="none")
        if entry:
            low.plot(time, 0.8, marker=">", color=_ENTRY, ms=7, mec="none")
    for axis in (top, low):
        for time, position in zip(track.grid.times, track.grid.positions, strict=True):
            axis.axvline(time, color="0.6", lw=1.1 if position == 1 else 0.4, zorder=0)
        axis.axvline(at, color="k", lw=1.8)
        for edge in window:
            axis.axvline(edge, color="k", lw=1, ls=":")
    top.set_title(f"section boundary at {at:.1f} s, candidates 8 beats before to 4 after", fontsize=10, loc="left")
    low.plot([], [], "<", color=_EXIT, label="exit", mec="none")
    low.plot([], [], ">", color=_ENTRY, label="entry", mec="none")
    figure.legend(loc="upper right", ncols=2, fontsize=9, frameon=False)
    low.set_xlim(left, right)
    low.set_xlabel("seconds")
    out.parent.mkdir(parents=True, exist_ok=True)
    whole = io.BytesIO()
    figure.savefig(whole, dpi=90)
    plt.close(figure)
    Image.open(whole).convert("RGB").quantize(200, Image.Quantize.FASTOCTREE).save(
        out, optimize=True
    )  # a read-me picture stays small


def main() -> None:
    """Reads a rendered song from the cache and writes the picture."""
    parser = argparse.ArgumentParser(prog="python -m segue_models.corpora.picture", description=__doc__)
    parser.add_argument("truth", type=Path, help="NPZ of a rendered song, in the cache beside its FLAC")
    parser.add_argument("-o", "--output", type=Path, default=Path("models/pictures/cut_rule.png"))
    parser.add_argument("--boundary", type=int, default=1, help="which section boundary, from 0")
    options = parser.parse_args()
    track = load(options.truth.parent, options.truth.stem)
    if track is None:
        parser.error(f"{options.truth} is no whole rendered song; run `python -m segue_models.corpora render`")
    draw(track, options.output, options.boundary)


if __name__ == "__main__":
    main()
