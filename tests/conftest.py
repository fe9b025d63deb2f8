"""Signals whose truth is known, files made of them, and the only way to the data sets."""

import os
import re

if "PYTEST_XDIST_WORKER" in os.environ:  # tests at work side by side would ask for more threads than there are cores
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import soundfile

RATE = 44100
DATA = Path(os.environ.get("SEGUE_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")

# The same examples in every run; `--hypothesis-profile search` looks for new ones, and for longer.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("search", max_examples=5000, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """Each worker compiles librosa into a cache of its own: two at work on one crash (numba issue 10128)."""
    cache = config.rootpath / ".pytest_cache" / f"numba-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    os.environ["NUMBA_CACHE_DIR"] = str(cache)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole files, and all tests of a DAW to one worker, which starts it once."""
    from xdist.scheduler import LoadFileScheduling

    class ByDaw(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            daw = re.search(r"host_scripts/test_(ardour|audacity)", nodeid)
            return daw[1] if daw else str(super()._split_scope(nodeid))

    return ByDaw(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark `data` on every test that asks for the data sets, so that pyproject.toml leaves it out by default.

    The tests of the hosts, which wait most, begin first, so that the others fill the time.
    """
    items.sort(key=lambda item: "host_scripts" not in item.path.parts)
    for item in items:
        if isinstance(item, pytest.Function) and {"data", "cases"} & set(item.fixturenames) - set(vars(item.module)):
            item.add_marker("data")  # a module may have a fixture of its own of that name


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory) -> Iterator[None]:
    """No test, nor a program it starts, reads or fills the user's folders: caches, models of their own, spool.

    Nor does one find the data sets that has not asked for `data`: it passes on a machine without them too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGUE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv("SEGUE_DATA", str(tmp_path_factory.mktemp("no data sets")))
        yield


@pytest.fixture(scope="session")
def data(own_folders, pytestconfig) -> Iterator[Path]:
    """Folder of the annotated music: $SEGUE_DATA, or shared/data beside the repository."""
    if pytestconfig.option.markexpr in ("not data and not long", "long and not data"):
        pytest.fail("this test must name the fixture `data` among its arguments")  # else it has no mark
    if not DATA.is_dir():
        pytest.fail(f"the data sets are not at {DATA}: set SEGUE_DATA, or run the tests without `-m data`")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGUE_DATA", str(DATA))
        yield DATA


@pytest.fixture(scope="session")
def cases(data) -> Path:
    """Folder of small recordings that once went wrong, beside the annotated music."""
    return DATA.parent / "cases"


@pytest.fixture(scope="session")
def sine():
    """sine(hz, amplitude=0.5, seconds=5.0, rate=44100) -> (n,) float32."""

    def make(hz: float, amplitude: float = 0.5, seconds: float = 5.0, rate: int = RATE) -> np.ndarray:
        return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def clicks():
    """clicks(times, seconds, accents=None) -> (n,) float32: 20 ms ticks at `times`; accented ones have a bass drum."""

    def make(times, seconds: float, accents=None) -> np.ndarray:
        rng = np.random.default_rng(0)
        t = np.arange(round(0.02 * RATE)) / RATE
        tick = 0.3 * np.exp(-t / 0.004) * (np.sin(2 * np.pi * 1500 * t) + 0.5 * rng.normal(size=len(t)))
        t = np.arange(round(0.15 * RATE)) / RATE
        drum = 0.8 * np.exp(-t / 0.05) * np.sin(2 * np.pi * 60 * t)
        out = np.zeros(round(seconds * RATE) + RATE)
        for i, time in enumerate(times):
            at = round(time * RATE)
            out[at : at + len(tick)] += tick
            if accents is not None and accents[i]:
                out[at : at + len(drum)] += drum
        return (out[: round(seconds * RATE)] + 1e-4 * rng.normal(size=round(seconds * RATE))).astype(np.float32)

    return make


@pytest.fixture
def write(tmp_path):
    """write(name, samples (n,) or (n, channels), rate=44100, subtype=None) -> Path of a file; the ending says how."""

    def make(name: str, samples: np.ndarray, rate: int = RATE, subtype: str | None = None) -> Path:
        path = tmp_path / name
        soundfile.write(path, samples, rate, subtype=subtype)
        return path

    return make
