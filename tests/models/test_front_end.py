import time

import numpy as np
import pytest

from segue_models.signal.front_end import front_end

RATE = 44100
FEATURES = ("gammatone", "onset_strength", "bass_strength", "chroma", "timbre", "rms")


@pytest.mark.parametrize(("seconds", "frames"), [(10, 431), (30, 1292), (60, 2584), (180, 7752)])
def test_frames_of_the_specification(seconds, frames):
    front = front_end(np.zeros(seconds * RATE, np.float32))
    assert [len(getattr(front, name)) for name in FEATURES] == [frames] * len(FEATURES)
    assert front.duration == pytest.approx(seconds, abs=1024 / RATE)


def test_a_thousand_times_real_time_on_one_thread():
    from threadpoolctl import threadpool_limits

    mono = np.random.default_rng(0).normal(0, 0.1, 60 * RATE).astype(np.float32)
    front_end(mono[:RATE])  # the matrices are made once
    spent = []
    with threadpool_limits(1):
        for _ in range(8):
            start = time.process_time()  # of all threads: what others do on this machine does not count
            front_end(mono)
            spent.append(time.process_time() - start)
    assert 60 / min(spent) >= 1000


@pytest.mark.parametrize("kind", ["silence", "clipped", "one sample", "a click in silence"])
def test_every_number_is_finite(kind):
    rng = np.random.default_rng(0)
    mono = {
        "silence": np.zeros(2 * RATE),
        "clipped": np.sign(rng.normal(size=2 * RATE)),
        "one sample": np.ones(1),
        "a click in silence": np.eye(1, 2 * RATE, RATE)[0],
    }[kind]
    front = front_end(mono.astype(np.float32))
    for name in FEATURES:
        assert np.isfinite(getattr(front, name)).all() and getattr(front, name).dtype == np.float32


@pytest.mark.parametrize("shape", [(0,), (2, RATE)])
def test_anything_but_mono_samples_is_refused(shape):
    with pytest.raises(ValueError, match="mono"):
        front_end(np.zeros(shape, np.float32))


def test_the_level_of_a_sine_is_its_rms(sine):
    front = front_end(sine(1000, 0.5))
    assert front.rms[10:-10] == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)


@pytest.mark.parametrize(("hz", "pitch_class"), [(440.0, 9), (261.63, 0), (1174.66, 2), (2637.02, 4)])
def test_chroma_names_the_note(sine, hz, pitch_class):
    chroma = front_end(sine(hz)).chroma[50]
    assert chroma.argmax() == pitch_class
    assert np.linalg.norm(chroma) == pytest.approx(1.0, abs=1e-5)


def test_strength_rises_where_something_starts_and_the_bass_knows_a_drum_from_a_tick(clicks):
    times = np.arange(1.0, 9.0)
    front = front_end(clicks(times, 10.0, accents=np.arange(8) % 2 == 0))
    at = np.rint(times * RATE / 1024).astype(int)
    there = np.array([front.onset_strength[i - 1 : i + 2].max() for i in at])
    elsewhere = np.delete(front.onset_strength, (at[:, None] + np.arange(-2, 3)).ravel())
    assert there.min() > 5 * elsewhere.max()
    bass = np.array([front.bass_strength[i - 1 : i + 2].max() for i in at])
    assert bass[::2].min() > 2 * bass[1::2].max()


def test_timbre_does_not_depend_on_level_but_on_colour(clicks, sine):
    saw = sum(sine(220 * k, 0.2 / k) for k in range(1, 60))
    dull = sum(sine(220 * k, 0.2 / k**3) for k in range(1, 60))
    bright, quiet, dark = (front_end(x.astype(np.float32)).timbre[100] for x in (saw, saw / 2, dull))
    assert np.linalg.norm(bright - quiet) < 0.2 * np.linalg.norm(bright - dark)
