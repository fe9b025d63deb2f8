"""The real DAWs for the tests here, each with a daemon whose answers the tests choose.

Ardour is started once a time domain, Audacity once.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ardour_session import Ardour, missing, time_domains
from audacity_session import Audacity, served
from scripted_daemon import ScriptedDaemon


@pytest.fixture(scope="session")
def installed() -> None:
    """Ardour and what it is driven by; on a machine without them the tests fail and say what to install."""
    if missing():
        pytest.fail(f"{', '.join(missing())} not found: apt-get install ardour xvfb xdotool")


@pytest.fixture(scope="session", params=time_domains())
def time_domain(request: pytest.FixtureRequest) -> str:
    """What the session counts time in; where Ardour gives the choice, every test runs in both."""
    return str(request.param)


@pytest.fixture(scope="session")
def daemon(time_domain: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedDaemon]:
    folder = tmp_path_factory.mktemp("ardour")
    scripted = ScriptedDaemon(folder / "data" / "segue" / "spool")
    scripted.start()
    yield scripted
    scripted.stop()


@pytest.fixture(scope="session")
def ardour(installed: None, daemon: ScriptedDaemon, time_domain: str) -> Iterator[Ardour]:
    folder = daemon.spool_root.parents[2]
    with Ardour(folder, daemon.port, time_domain=time_domain) as running:
        yield running


@pytest.fixture(scope="session")
def studio_audacity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Audacity, ScriptedDaemon]]:
    """Audacity in a home whose name has a space, with its daemon."""
    with served(tmp_path_factory.mktemp("a home")) as both:
        yield both


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the user's music lies."""
    return tmp_path_factory.mktemp("my müsic")


@pytest.fixture
def clean(ardour: Ardour, daemon: ScriptedDaemon) -> Iterator[None]:
    """Each test begins without regions, markers and questions."""
    ardour.lua(
        "local L, all = Session:locations (), {} "
        "for l in L:list ():iter () do if l:is_mark () then all[#all + 1] = l end end "
        "for _, l in ipairs (all) do L:remove (l) end"
    )
    ardour.messages()
    daemon.asked.clear()
    yield
    assert not ardour.messages(), "the user was told something that the test does not expect"
