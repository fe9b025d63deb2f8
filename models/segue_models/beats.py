"""Beats with their place in the bar. The tracker is librosa's (Ellis 2007) until our own networks replace it."""

import numpy as np
from numpy.typing import NDArray

from segue_models.frames import FPS, BeatGrid
from segue_models.frontend import Front

Floats = NDArray[np.float64]

METRES = (4, 3)
SLOWEST_BPM, FASTEST_BPM = 55.0, 215.0
TIGHTNESS = 1000  # recordings of our users keep their tempo; librosa's 100 wanders off it
FINER = 4
SAYS = "no steady beat was found: cuts follow the beat, so there are none to show"


class NoBeats(ValueError):
    """No steady beat could be found."""


def track(front: Front) -> BeatGrid:
    """Beat grid from before the start to past the end of the song; raises NoBeats."""
    import librosa

    if len(front.rms) < 4 * FPS or float(front.onset_strength.max(initial=0.0)) < 1e-3:
        raise NoBeats(SAYS)
    strength, fps = _fine(front.onset_strength)
    _, found = librosa.beat.beat_track(
        onset_envelope=strength.astype(np.float32), sr=fps, hop_length=1, trim=False, units="frames",
        tightness=TIGHTNESS, bpm=tempo_bpm(strength, fps),
    )  # fmt: skip
    if len(found) < 4:
        raise NoBeats(SAYS)
    times = _cover(np.asarray(found) / fps, front.duration)
    positions, metre = _bars(front, times)
    return BeatGrid(times, positions, metre)


def _fine(strength: NDArray[np.float32]) -> tuple[Floats, float]:
    """Onset strength at 5.8 ms a frame: at 23 ms the tracker knows no tempo between 123 and 129 BPM."""
    from scipy.signal import resample_poly

    return np.maximum(resample_poly(strength.astype(np.float64), FINER, 1), 0.0), FPS * FINER


def tempo_bpm(strength: Floats, fps: float) -> float:
    """Tempo whose 1, 2, 4 and 8 beats all fit the autocorrelation best, with a wide preference for 110 BPM."""
    n = len(strength)
    spectrum = np.fft.rfft(strength - strength.mean(), 2 * n)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:n]
    bpm = np.exp(np.linspace(np.log(SLOWEST_BPM), np.log(FASTEST_BPM), 800))
    fit = sum(np.interp(60 * fps / bpm * beats, np.arange(n), correlation, right=0.0) for beats in (1, 2, 4, 8))
    fit = fit * np.exp(-0.5 * (np.log2(bpm / 110.0) / 0.6) ** 2)
    return float(bpm[np.argmax(fit)])


def _cover(times: Floats, duration: float) -> Floats:
    """Go on evenly to both ends of the song."""
    step_first, step_last = np.median(np.diff(times[:9])), np.median(np.diff(times[-9:]))
    before = np.arange(times[0] - step_first, 0.0, -step_first)[::-1]
    after = np.arange(times[-1] + step_last, duration, step_last)
    return np.concatenate([before, times, after])


def _bars(front: Front, times: Floats) -> tuple[NDArray[np.int64], int]:
    """Bar positions: the metre and phase at which bass onsets and changes of harmony gather on beat 1."""
    at = np.clip(np.rint(times * FPS).astype(int), 0, len(front.rms) - 1)
    bass = np.array([front.bass_strength[max(i - 1, 0) : i + 2].max() for i in at])
    sums = np.vstack([np.zeros(12), np.cumsum(front.chroma, axis=0, dtype=np.float64)])
    chroma = np.diff(sums[np.append(at, len(front.rms))], axis=0)
    chroma /= np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-9)
    change = np.concatenate([[0.0], 1.0 - (chroma[1:] * chroma[:-1]).sum(axis=1)])
    evidence = _standard(bass) + 1.5 * _standard(change)
    best = max(
        ((evidence[p::m].mean() - evidence.mean()) * np.sqrt(len(evidence[p::m])) - (0.8 if m == 3 else 0.0), m, p)
        for m in METRES
        for p in range(m)
    )
    _, metre, phase = best
    return (np.arange(len(times)) - phase) % metre + 1, metre


def _standard(x: Floats) -> Floats:
    return np.asarray((x - x.mean()) / max(float(x.std()), 1e-9))
