"""Models that are none: links, folders, pipes, wrong cards, wrong shapes, and bytes changed at random."""

import random
from pathlib import Path

from click_song import click_song
from odd_models import BROKEN, ODD, SHIPPED
from osc_host import Host
from victim import Victim

TITLE = "odd models"
VICTIM = {"analyse": "real"}
FUZZED = 40
PATIENCE = 60.0  # seconds; the real analysis on a machine that may be busy


def attack(one: Victim) -> tuple[int, str]:
    """All kinds together hurt no job; each as the user's own cuts is one sentence, and gone with its file."""
    folder = one.home / "data" / "segue" / "models"
    folder.mkdir(parents=True)
    song = click_song(one.home / "song.wav")
    host, tried, done = Host(one.port), 0, 0
    for name, make in {**ODD, **BROKEN}.items():
        make(folder / f"{name}.onnx", "cuts")
        tried += 1
    for name, kind in (("beats", "card of std 0"), ("sections", "few bands")):
        BROKEN[kind](folder / f"{name}.onnx", name)
        tried += 1
    done += _asked(one, host, tried, song) == "done"
    one.missed += [] if done else ["a job beside odd files"]
    codes: dict[str, int] = {}
    for make in [*ODD.values(), *BROKEN.values(), *map(_fuzzed, range(FUZZED))]:
        make(folder / "cuts.onnx", "cuts")
        tried += 1
        code = _asked(one, host, tried, song)
        codes[code] = codes.get(code, 0) + 1
        (folder / "cuts.onnx").rename(one.home / f"tried {tried}")
    one.missed += [f"a job: {code}" for code in codes if code not in ("done", "no_model")]
    one.missed += [] if _asked(one, host, 9999, song) == "done" else ["the model that ships"]
    host.socket.close()
    return tried, ", ".join(f"{count} x {code}" for code, count in sorted(codes.items()))


def _asked(one: Victim, host: Host, job: int, song: Path) -> str:
    """ "done", or the code of the error that ended the job."""
    host.analyze(job, song)
    try:
        while (message := host.next(PATIENCE)).address not in ("/segue/done", "/segue/error"):
            pass
    except TimeoutError:
        one.hung.append(f"job {job}")
        return "no answer"
    return "done" if message.address == "/segue/done" else str(message.values[1])


def _fuzzed(seed: int):
    """The model that ships with bytes changed, left out or put in, near its ends: its weights lie between."""

    def make(path: Path, name: str) -> None:
        dice, content = random.Random(seed), bytearray((SHIPPED / f"{name}.onnx").read_bytes())
        for _ in range(dice.choice((1, 10, 100))):
            at = dice.choice((dice.randrange(20_000), len(content) - 1 - dice.randrange(20_000)))
            match dice.randrange(3):
                case 0:
                    content[at] = dice.randrange(256)
                case 1:
                    del content[at : at + dice.randrange(1, 50)]
                case 2:
                    content[at:at] = dice.randbytes(dice.randrange(1, 50))
        path.write_bytes(content)

    return make
