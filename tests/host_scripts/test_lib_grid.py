"""lib/grid.lua: the tempo map that the daemon reads is the one the DAW has, in few words."""

import json

import numpy as np
import pytest

from plain_lua import run
from segue_bridge import grid_option

CODE = """
local beats, signatures = {}, {}
for seconds, quarters in arg[1]:gmatch ("(%S+) (%S+)") do
  beats[#beats + 1] = { tonumber (seconds), tonumber (quarters) }
end
for at, count, unit in arg[2]:gmatch ("(%S+) (%S+) (%S+)") do
  signatures[#signatures + 1] = { tonumber (at), tonumber (count), tonumber (unit) }
end
print ((include "lib/grid") (beats, signatures, math.tointeger (arg[3])))
"""


def said(seconds, quarters, signatures, bar=1):
    beats = " ".join(f"{float(s)!r} {float(q)!r}" for s, q in zip(seconds, quarters, strict=True))
    text = run(CODE, beats, " ".join(" ".join(map(str, row)) for row in signatures), str(bar)).decode()
    return grid_option.parse(json.loads(text)).tempo_map


def test_a_steady_tempo_is_two_points_though_beats_stand_on_samples():
    quarters = np.arange(2000.0)
    seconds = np.rint(quarters * 60 / 123.4 * 44100) / 44100 - 3.0
    told = said(seconds, quarters, [(0, 4, 4)], 17)
    assert len(told.points) == 2 and told.points[0] == (-3.0, 0.0)
    assert (told.signatures, told.first_bar) == (((0.0, 4, 4),), 17)


@pytest.mark.parametrize("seed", range(5))
def test_every_beat_is_where_it_was(seed):
    rng = np.random.default_rng(seed)
    steps = np.where(rng.random(600) < 0.05, rng.uniform(0.3, 0.8, 600), np.nan)
    steps[0] = 0.5
    held = steps[np.maximum.accumulate(np.where(np.isnan(steps), 0, np.arange(600)))]  # tempi that stay a while
    held[300:340] = np.linspace(0.5, 0.9, 40)  # and a ritardando
    seconds = np.rint(np.cumsum(held) * 48000) / 48000
    quarters = 10 + 0.5 * np.arange(600)
    told = said(seconds, quarters, [(10, 4, 4), (12, 7, 8)])
    points = np.array(told.points)
    assert np.abs(np.interp(quarters, points[:, 1], points[:, 0]) - seconds).max() < 4e-5
    assert len(points) < 120 and told.signatures == ((10.0, 4, 4), (12.0, 7, 8))
