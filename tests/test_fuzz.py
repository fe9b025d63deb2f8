"""The fuzz targets themselves: each takes its seeds and small changes of them, so that none is out of date."""

import random

from fuzz import json_mutator
from fuzz.targets import targets


def changed(content: bytes, chance: random.Random) -> bytes:
    """The content with up to four bytes changed, left out or put in."""
    out = bytearray(content)
    for _ in range(chance.randint(0, 4)):
        at = chance.randrange(len(out) + 1)
        out[at : at + chance.randint(0, 2)] = bytes(chance.randrange(256) for _ in range(chance.randint(0, 2)))
    return bytes(out)


def test_every_target_takes_its_seeds_and_what_is_like_them(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    chance = random.Random(1)
    for name, target in targets(tmp_path).items():
        print(name)  # of the target that fails
        for seed in target.seeds:
            target.run(seed)
            for number in range(3 if name == "markers_otio" else 20):
                target.run(json_mutator.changed(seed, number) or changed(seed, chance))
