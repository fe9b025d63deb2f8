"""Ardour for the tests here: started once, with a daemon whose answers the tests choose."""

import os
from collections.abc import Iterator

import pytest
from ardour_session import Ardour, missing
from scripted_daemon import ScriptedDaemon


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    if missing():
        sentence = f"{', '.join(missing())} not found: apt-get install ardour xvfb xdotool"
        pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedDaemon]:
    folder = tmp_path_factory.mktemp("ardour")
    scripted = ScriptedDaemon(folder / "data" / "segue" / "spool")
    scripted.start()
    yield scripted
    scripted.stop()


@pytest.fixture(scope="module")
def ardour(daemon: ScriptedDaemon) -> Iterator[Ardour]:
    folder = daemon.spool_root.parents[2]
    with Ardour(folder, daemon.port) as running:
        yield running
