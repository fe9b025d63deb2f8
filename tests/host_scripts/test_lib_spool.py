"""lib/spool.lua: what two runs of a script write within one second lies in two files, in their order."""

from plain_lua import run
from segue_bridge import osc, spool

WRITE = """
local osc, new = include "lib/osc", include "lib/spool"
for run = 1, 50 do new (arg[1], function () return {} end).send ({ osc.pack ("/t", "i", run) }) end
"""


def test_runs_that_count_from_one_do_not_overwrite_each_other(tmp_path):
    (tmp_path / "to_daemon").mkdir()
    run(WRITE, tmp_path)
    packets = [
        osc.parse(packet)[0] for content in spool.take(tmp_path / "to_daemon") for packet in osc.unframe(content)
    ]
    assert [message.values[0] for message in packets] == list(range(1, 51))
