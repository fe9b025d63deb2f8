"""lib/correction.lua: corrections add up to what the daemon reads as one grid."""

import json

import pytest

from plain_lua import run
from segue_bridge import grid_option
from segue_models.beats.user_grid import UserGrid

CODE = """
local correction, options, grid = include "lib/correction", '{"top":5}', nil
local ok, fault = pcall (function ()
  for step in arg[1]:gmatch ("%S+") do
    grid = correction (step, options)
    options = grid and ('{"top":5,"grid":%s}'):format (grid) or ""
  end
end)
io.write (ok and (grid or "as found") or fault.text)
"""


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("later", UserGrid(shift=0.5)),
        ("later later later", UserGrid(shift=1.5)),
        ("later double", UserGrid(tempo="double", shift=1.0)),  # the same moment in beats half as long
        ("later half", UserGrid(tempo="half", shift=0.25)),
        ("3/4 double later", UserGrid(meter=(3, 4), tempo="double", shift=0.5)),
        ("half later double", UserGrid(shift=1.0)),
    ],
)
def test_each_step_is_on_top_of_those_before(steps, told):
    assert grid_option.parse(json.loads(run(CODE, steps))) == told


def test_double_and_half_are_the_grid_that_was_found():
    assert run(CODE, "double half") == b"as found"


def test_what_the_daemon_cannot_be_asked_is_refused():
    assert b"run Segue: mark cuts" in run(CODE, "double double")
    code = CODE.replace("'{\"top\":5}'", '\'{"grid":{"points":[[0,0],[1,2]],"signatures":[[0,4,4]],"bar":1}}\'')
    assert b"by the session's own grid" in run(code, "later")
