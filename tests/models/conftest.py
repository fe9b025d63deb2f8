import numpy as np
import pytest

from segue_models.rendering import speakers
from segue_models.signal.frames import FPS
from segue_models.signal.front_end import front_end


@pytest.fixture(scope="session")
def late_ms():
    """late_ms(audio, times) -> by how many ms after the times, within 150, onsets are strongest, in steps of ten."""

    def measure(audio, times):
        strength = front_end(audio).onset_strength
        at = (np.arange(len(strength)) - 0.5) / FPS  # a rise seen between two frames was heard in their middle
        lags = np.arange(-150, 151, 10)
        return int(lags[np.argmax([np.interp(times + lag / 1000, at, strength).mean() for lag in lags])])

    return measure


@pytest.fixture(scope="session")
def spoken():
    """The recordings of each speaker of the Debian packages."""
    try:
        return speakers.recordings()
    except FileNotFoundError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def analysed(spoken, tmp_path_factory):
    """(name, cache) of an actress; twelve seconds of her in cache/voices, enough to sing and quickly analysed."""
    name, cache = "fillets-cs-m", tmp_path_factory.mktemp("speakers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speakers, "_SECONDS", 12.0)
        speakers.voice(name, cache / "voices")
    return name, cache
