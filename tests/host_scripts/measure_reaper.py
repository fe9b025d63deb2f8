"""How many cycles of REAPER (30 a second) pass from the request to 200 placed markers: `python measure_reaper.py`.

The fake REAPER, the real daemon, an analysis that takes no time; by spool, by UDP, and by UDP with one datagram in
twenty lost.
"""

import tempfile
from pathlib import Path

from conformance import cuts, found
from lossy_relay import LossyRelay
from reaper_session import LUAS, session
from scripted_daemon import song

COUNT = 200


def by_spool(lua: str, folder: Path) -> tuple[int, int]:
    """Cycles from the request to the markers, and how many there are."""
    with session(lua, folder, pace=1) as (reaper, daemon):
        return _mark(reaper, daemon, folder)


def by_udp(lua: str, folder: Path) -> tuple[int, int]:
    """The same where luasocket is installed."""
    with session(lua, folder, pace=1) as (reaper, daemon):
        reaper.lua("fake.sockets = true")
        cycles, placed = _mark(reaper, daemon, folder)
        assert not list((folder / "spool" / "reaper").glob("*/*.osc")), "the spool was used"
        return cycles, placed


def with_loss(lua: str, folder: Path, seed: int, part: float = 0.05) -> tuple[int, int, int]:
    """Cycles, markers, and how many datagrams were lost."""
    with session(lua, folder, pace=1, port=1) as (reaper, daemon):
        relay = LossyRelay(daemon.port, part, seed)
        config = reaper.scripts / "config.lua"
        config.write_text(config.read_text("utf-8").replace("port = 1", f"port = {relay.port}"), "utf-8")
        reaper.lua("fake.sockets = true")
        cycles, placed = _mark(reaper, daemon, folder)
        relay.close()
        assert relay.passed, "the markers came another way"
        return cycles, placed, relay.lost


def _mark(reaper, daemon, folder: Path) -> tuple[int, int]:
    daemon.answer = lambda region, cancelled: found(*cuts(COUNT))
    reaper.add_item(song(folder / "song.wav", 48000))
    cycles = reaper.action("mark_cuts")
    assert reaper.told() == []
    stand = [(marker["name"].split()[1], marker["position"]) for marker in reaper.take_markers()]
    return cycles, sum((cut.kind, cut.time) in stand for cut in cuts(COUNT))


def main() -> None:
    """Print the figures of both Luas; the loss over ten runs."""
    with tempfile.TemporaryDirectory() as place:
        folders = (Path(place) / str(number) for number in range(100))
        for lua in LUAS:
            for way, measure in (("spool", by_spool), ("UDP", by_udp)):
                cycles, placed = measure(lua, _made(next(folders)))
                print(f"{lua}, {way}: {placed} markers in {cycles} cycles")
            runs = [with_loss(lua, _made(next(folders)), seed) for seed in range(10)]
            cycles, placed, lost = zip(*runs, strict=True)
            print(
                f"{lua}, UDP with 5 % lost, 10 runs: {sum(lost)} datagrams lost, "
                f"{min(placed)} markers in {min(cycles)} to {max(cycles)} cycles"
            )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
