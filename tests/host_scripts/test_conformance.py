"""Every host does what docs/protocol.md asks of it: each case of conformance.py on each host."""

import inspect
from collections.abc import Iterator

import pytest

import conformance
from conformance import CASES, Rig
from drivers import ArdourDriver, Files, PythonClient
from lossy import wired
from scripted_daemon import ScriptedDaemon
from segue_bridge.client import answers

DRIVERS = (PythonClient, Files, ArdourDriver)
RUNS = [(driver, case) for driver in DRIVERS for case in CASES if case.__name__ not in driver.cannot]


@pytest.fixture(scope="module")
def own_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedDaemon]:
    """For hosts that need no DAW."""
    root = tmp_path_factory.mktemp("spool")
    (root / "files").mkdir()
    scripted = ScriptedDaemon(root)
    scripted.start()
    yield scripted
    scripted.stop()


@pytest.fixture
def rig(request: pytest.FixtureRequest, folder) -> Iterator[Rig]:
    """The host in an empty session, with a daemon that is up before and after."""
    driver = request.param
    if driver is ArdourDriver:
        request.getfixturevalue("clean")
        daemon, host = request.getfixturevalue("daemon"), driver(request.getfixturevalue("ardour"))
    else:
        daemon = request.getfixturevalue("own_daemon")
        host = driver(daemon.port if driver is PythonClient else daemon.spool_root / "files")
    daemon.asked.clear()
    with wired() as wire:
        yield Rig(host, daemon, wire, folder)
    if not answers(daemon.port, 0.3):
        daemon.restart()
    host.told()


@pytest.mark.parametrize(
    ("rig", "case"), RUNS, indirect=["rig"], ids=[f"{driver.name}-{case.__name__}" for driver, case in RUNS]
)
def test_conformance(rig, case):
    case(rig)


def test_no_case_is_forgotten():
    written = {
        name
        for name, function in inspect.getmembers(conformance, inspect.isfunction)
        if list(inspect.signature(function).parameters) == ["rig"]
    }
    assert {case.__name__ for case in CASES} == written


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_what_a_host_cannot_do_is_a_case_and_has_a_reason(driver):
    assert set(driver.cannot) <= {case.__name__ for case in CASES}
    assert all(reason.endswith(".") for reason in driver.cannot.values())
