"""Every host does what docs/protocol.md asks of it: each case of conformance.py on each host.

Ardour, Audacity and Live have files of their own, beside their other tests.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import conformance
from ardour_session import wait_for
from conformance import CASES
from drivers import Files, PythonClient, ReaperBySpool, ReaperByUdp
from lossy import wired
from rig import Driver, Rig
from scripted_daemon import ScriptedDaemon

Pair = tuple[ScriptedDaemon, Driver]

HOSTS = {
    PythonClient: "python",
    Files: "files",
    ReaperBySpool: "reaper_by_spool",
    ReaperByUdp: "reaper_by_udp",
}
RUNS = [(driver, case) for driver in HOSTS for case in CASES if case.__name__ not in driver.cannot]


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
def python(own_daemon: ScriptedDaemon) -> Pair:
    return own_daemon, PythonClient(own_daemon.port)


@pytest.fixture
def files(own_daemon: ScriptedDaemon) -> Pair:
    return own_daemon, Files(own_daemon.spool_root / "files")


def reaper(driver: type[ReaperBySpool], daemon: ScriptedDaemon, folder: Path) -> Iterator[Pair]:
    spool = daemon.spool_root / "reaper"
    spool.mkdir(exist_ok=True)
    wait_for((spool / "daemon.alive").exists, "the daemon to find the folder")
    for left in [*(spool / "to_daemon").iterdir(), *(spool / "to_host").iterdir()]:  # by the case before
        left.unlink(missing_ok=True)
    host = driver(folder, spool, daemon.port)
    yield daemon, host
    host.close()


@pytest.fixture
def reaper_by_spool(own_daemon: ScriptedDaemon, tmp_path) -> Iterator[Pair]:
    yield from reaper(ReaperBySpool, own_daemon, tmp_path)


@pytest.fixture
def reaper_by_udp(own_daemon: ScriptedDaemon, tmp_path) -> Iterator[Pair]:
    yield from reaper(ReaperByUdp, own_daemon, tmp_path)


@pytest.fixture
def rig(request: pytest.FixtureRequest, folder) -> Iterator[Rig]:
    """The host in an empty session, with a daemon that is up before and after."""
    daemon, host = request.getfixturevalue(HOSTS[request.param])
    daemon.asked.clear()
    with wired() as wire:
        yield Rig(host, daemon, wire, folder)
    daemon.restart_if_gone()
    host.told()


@pytest.mark.parametrize(
    ("rig", "case"), RUNS, indirect=["rig"], ids=[f"{driver.__name__}-{case.__name__}" for driver, case in RUNS]
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


@pytest.mark.parametrize("driver", HOSTS, ids=lambda driver: driver.__name__)
def test_what_a_host_cannot_do_is_a_case_and_has_a_reason(driver):
    assert set(driver.cannot) <= {case.__name__ for case in CASES}
    assert all(reason.endswith(".") for reason in driver.cannot.values())
