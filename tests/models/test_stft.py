import numpy as np
import pytest

from segue_models.signal import stft
from segue_models.signal.frames import HOP, WINDOW, frame_count

RATE = 44100


def whole(mono):
    blocks = list(stft.power_blocks(mono))
    assert [first for first, _ in blocks] == list(np.cumsum([0] + [len(p) for _, p in blocks[:-1]]))
    return np.concatenate([power for _, power in blocks])


def noise(n):
    return np.random.default_rng(0).normal(size=n).astype(np.float32)


@pytest.mark.parametrize("n", [1, HOP - 1, HOP, 10 * RATE, stft.BLOCK_FRAMES * HOP - 1, stft.BLOCK_FRAMES * HOP])
def test_it_is_the_transform_of_scipy(n):
    from scipy.signal import stft as scipy_stft

    x = noise(n)
    padded = np.pad(x.astype(np.float64), (WINDOW // 2, WINDOW))
    spectrum = scipy_stft(padded, nperseg=WINDOW, noverlap=WINDOW - HOP, boundary=None, padded=False)[2]
    w = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    reference = np.abs(spectrum[:, : frame_count(n)].T * w.sum()) ** 2 * 2 / (WINDOW * np.sum(w**2))
    reference[:, [0, -1]] /= 2  # the bins without a mirror image
    assert whole(x).shape == (frame_count(n), stft.BINS)
    assert np.allclose(whole(x), reference, rtol=1e-3, atol=1e-6 * reference.max())


def test_the_bins_of_a_frame_add_up_to_its_mean_square():
    x = noise(20 * HOP)
    w = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = whole(x)
    for frame in (1, 7, 19):
        part = x[frame * HOP - WINDOW // 2 : frame * HOP + WINDOW // 2].astype(np.float64)
        assert power[frame].sum() == pytest.approx(np.sum((part * w) ** 2) / np.sum(w**2), rel=1e-4)


def test_frame_i_is_centred_on_sample_i_hops():
    x = np.zeros(600 * HOP, np.float32)
    for frame in (0, 5, 255, 256, 599):  # also on both sides of a border between blocks
        x[:] = 0
        x[frame * HOP] = 1.0
        level = whole(x).sum(axis=1)
        assert level.argmax() == frame
        assert np.flatnonzero(level > 1e-12).tolist() == [frame]  # the window is zero a hop away


def test_silence_has_no_power():
    assert not whole(np.zeros(RATE, np.float32)).any()
