"""Gammatone spectrogram: 75 bands from 60 Hz to 15.8 kHz, as one matrix on the STFT (paper section 3.2; specs 1.4b)."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue_models.signal.frames import RATE_HZ, WINDOW

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

BANDS = 75
LOWEST_HZ, HIGHEST_HZ = 60.0, 15_800.0
EAR_Q, MIN_BANDWIDTH_HZ = 9.26449, 24.7  # Slaney, Auditory Toolbox
FLOOR = 1e-4  # added before the logarithm: -80 dB re full scale
SILENT = float(np.log(1e-3))  # -60 dB: no band of a song at reference loudness is as quiet while anything is played


def centres_hz() -> Floats:
    """Band centres (BANDS,) in Hz, equally spaced in ERB rate, both limits included (specs 1.4b)."""
    c = EAR_Q * MIN_BANDWIDTH_HZ
    steps = np.arange(BANDS) / (BANDS - 1)
    return np.asarray(-c + (LOWEST_HZ + c) * ((HIGHEST_HZ + c) / (LOWEST_HZ + c)) ** steps)


def erb_hz(frequency_hz: Floats) -> Floats:
    """Equivalent rectangular bandwidth in Hz."""
    return frequency_hz / EAR_Q + MIN_BANDWIDTH_HZ


def _sections(centre_hz: float) -> Floats:
    """Slaney's four cascaded second-order sections of one band, (4, 6), unit gain at the centre."""
    t = 1.0 / RATE_HZ
    b = 1.019 * 2 * np.pi * float(erb_hz(np.array([centre_hz]))[0])
    angle, decay = 2 * np.pi * centre_hz * t, np.exp(-b * t)
    roots = [sign * np.sqrt(3 + inner * 2**1.5) for inner in (1, -1) for sign in (1, -1)]
    sos = np.zeros((4, 6))
    for row, root in zip(sos, roots, strict=True):
        row[:3] = t, -t * decay * (np.cos(angle) + root * np.sin(angle)), 0.0
        row[3:] = 1.0, -2 * np.cos(angle) * decay, decay**2
    gain = np.abs(_response(sos, np.array([centre_hz])))[0]
    sos[:, :3] /= gain**0.25
    return sos


def _response(sos: Floats, frequency_hz: Floats) -> NDArray[np.complex128]:
    z = np.exp(-2j * np.pi * frequency_hz / RATE_HZ)[:, None] ** np.arange(3)[None, :]
    return np.asarray(np.prod((z @ sos[:, :3].T) / (z @ sos[:, 3:].T), axis=1))


@lru_cache(maxsize=1)
def weights() -> F32:
    """Power weights (bins, BANDS): power spectrum @ weights is the mean square of every band."""
    bins_hz = np.arange(WINDOW // 2 + 1) * RATE_HZ / WINDOW
    columns = [np.abs(_response(_sections(f), bins_hz)) ** 2 for f in centres_hz()]
    return np.stack(columns, axis=1).astype(np.float32)


def of_power(power: F32) -> F32:
    """Log gammatone (frames, BANDS) of a block of power spectra (frames, bins): log(1e-4 + RMS)."""
    return np.asarray(np.log(FLOOR + np.sqrt(power @ weights())), dtype=np.float32)


def sounding(bands: NDArray[np.floating[Any]], reach: int) -> NDArray[np.bool_]:
    """Which rows of log gammatone (rows, BANDS) of a song at reference loudness are no silence: (rows,).

    Nor are gaps of at most 2 * `reach` rows: what lies between notes is music, a pause is not.
    """
    in_pause = ~_any_near(bands.max(axis=1) > SILENT, reach)
    return ~_any_near(in_pause, reach)


def _any_near(these: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Rows with one of these within `reach` rows."""
    counts, rows = np.concatenate([[0], np.cumsum(these)]), np.arange(len(these))
    return np.asarray(counts[np.minimum(rows + reach + 1, len(these))] > counts[np.maximum(rows - reach, 0)])


def exact(mono: F32) -> F32:
    """The same by the filterbank itself, in float64: slow, for tests and research (about 8 x real time)."""
    from scipy.signal import sosfilt

    from segue_models.signal.frames import HOP, frame_count

    frames = frame_count(len(mono))
    padded = np.pad(mono.astype(np.float64), (WINDOW // 2, WINDOW + HOP))
    out = np.empty((frames, BANDS), dtype=np.float32)
    for band, centre in enumerate(centres_hz()):
        squares = np.concatenate([[0.0], np.cumsum(sosfilt(_sections(float(centre)), padded) ** 2)])
        starts = np.arange(frames) * HOP
        out[:, band] = np.sqrt(np.maximum(squares[starts + WINDOW] - squares[starts], 0) / WINDOW)
    return np.asarray(np.log(FLOOR + out), dtype=np.float32)
