"""Handcrafted features, 36 values: 12 MFCC, 12 chroma, 12 of the Fourier tempogram (paper section 3.2; specs 1.4a)."""

import numpy as np
from numpy.typing import NDArray

from segue_models import libraries
from segue_models.signal.frames import FPS, HOP, RATE_HZ, WINDOW

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

BANDS = 36
EACH = 12
MELS = 40
CHROMA_WINDOW = 8192  # samples: in 2048 the semitones of the bass are one
CHROMA_HZ = 100.0, 5000.0
TEMPOGRAM_S = 4.0
TEMPI_BPM = 30.0 * 2.0 ** (np.arange(EACH) / 3)  # three to the octave, so that several metrical levels are seen
PARAMETERS: dict[str, str | int | float] = {  # what a network's card says of the feature it was trained on
    "name": "handcrafted", "bands": BANDS, "mels": MELS, "chroma_window": CHROMA_WINDOW, "tempogram_s": TEMPOGRAM_S,
    "rate_hz": RATE_HZ, "window": WINDOW, "hop": HOP,
}  # fmt: skip


def extract(mono: F32) -> F32:
    """MFCC c0 to c11 in dB, chroma C to B, tempogram 30 to 381 BPM, (frames, 36), of mono samples (n,) at 44.1 kHz."""
    librosa = libraries.librosa()

    loud = librosa.feature.melspectrogram(y=mono, sr=RATE_HZ, n_fft=WINDOW, hop_length=HOP, n_mels=MELS)
    mel = librosa.power_to_db(loud)
    power = np.abs(librosa.stft(mono, n_fft=CHROMA_WINDOW, hop_length=HOP)) ** 2
    hz = librosa.fft_frequencies(sr=RATE_HZ, n_fft=CHROMA_WINDOW)
    power[(hz < CHROMA_HZ[0]) | (hz > CHROMA_HZ[1])] = 0
    # Tuned to 440 Hz, and every octave within the limits weighs the same.
    chroma = librosa.feature.chroma_stft(S=power, sr=RATE_HZ, n_fft=CHROMA_WINDOW, tuning=0.0, octwidth=None)
    novelty = librosa.onset.onset_strength(S=mel, sr=RATE_HZ, hop_length=HOP)
    columns = librosa.feature.mfcc(S=mel, n_mfcc=EACH), chroma, tempogram(novelty)
    return np.concatenate(columns).T.astype(np.float32)


def tempogram(novelty: F32) -> Floats:
    """Magnitude (12, frames) of TEMPI_BPM in a Hann window of 4 s around each frame of the novelty (frames,)."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import fftconvolve

    length = round(TEMPOGRAM_S * FPS) // 2 * 2 + 1
    window = np.hanning(length + 2)[1:-1]
    # Without its local mean, which says nothing of tempo but would leak into the slowest.
    rise = novelty - uniform_filter1d(novelty.astype(np.float64), length, mode="constant")
    turns = TEMPI_BPM[:, None] / 60 * np.arange(len(novelty)) / FPS
    spun = rise * np.exp(-2j * np.pi * turns)
    full = fftconvolve(spun, window[None, :] / window.sum(), axes=1)
    return np.asarray(np.abs(full[:, length // 2 : length // 2 + len(novelty)]))
