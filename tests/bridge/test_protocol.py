import json
import math
from dataclasses import replace

import pytest

from osc_host import analysis_of
from segue_bridge import osc, protocol, protocol_table
from segue_bridge.errors import SegueError
from segue_bridge.result import Options

# The product's contract, protocol 1: who sends it, type tags in order.
CONTRACT = {
    ("host", "/segue/hello"): "isss",
    ("host", "/segue/analyze"): "isdds",
    ("host", "/segue/resend"): "i",
    ("host", "/segue/cancel"): "i",
    ("host", "/segue/preview"): "iiidd",
    ("host", "/segue/verdict"): "iissd",
    ("host", "/segue/status"): "",
    ("daemon", "/segue/ready"): "is",
    ("daemon", "/segue/progress"): "ifs",
    ("daemon", "/segue/cut"): "iisdfifs",
    ("daemon", "/segue/transition"): "iiif",
    ("daemon", "/segue/done"): "iii",
    ("daemon", "/segue/warning"): "is",
    ("daemon", "/segue/preview/splice"): "iiiddddf",
    ("daemon", "/segue/preview/file"): "isd",
    ("daemon", "/segue/noted"): "ii",
    ("daemon", "/segue/cancelled"): "i",
    ("daemon", "/segue/status"): "s",
    ("daemon", "/segue/error"): "iss",
}


def read(tags: str, *values, address: str = "/segue/analyze"):
    (message,) = osc.parse(osc.pack(address, tags, values))
    return protocol.arguments(message)


def test_the_table_is_the_contract():
    assert {(v.sender, v.address): "".join(a.tag for a in v.args) for v in protocol_table.TABLE} == CONTRACT


def test_every_row_says_what_it_means():
    for verb in protocol_table.TABLE:
        assert verb.meaning.endswith(".")
        assert all(arg.name.isidentifier() and arg.meaning for arg in verb.args), verb
        assert all(arg.unit for arg in verb.args if arg.tag in "df"), verb


def test_an_analyze_datagram_byte_for_byte():
    datagram = (
        b"/segue/analyze\0\0"
        b",isdds\0\0"
        b"\0\0\0\x07"
        b"/a\nb.wav\0\0\0\0"
        + bytes.fromhex("3ff8000000000000")  # 1.5
        + bytes.fromhex("4066800000000000")  # 180.0
        + b'{"top":5}\0\0\0'
    )
    (message,) = osc.parse(datagram)
    wanted = {"job": 7, "path": "/a\nb.wav", "start": 1.5, "length": 180.0, "options": '{"top":5}'}
    assert protocol.arguments(message) == wanted
    assert protocol.reply("/segue/analyze", *wanted.values(), sender="host") == datagram


@pytest.mark.parametrize("tags", ["isdds", "isffs", "isiis", "fsdds", "dshds", "hsdds"])
def test_numbers_of_another_type_pass_where_nothing_is_lost(tags):
    got = read(tags, 3, "/a.wav", 2, 8, "")
    assert got == {"job": 3, "path": "/a.wav", "start": 2.0, "length": 8.0, "options": ""}
    assert isinstance(got["job"], int) and isinstance(got["start"], float)


@pytest.mark.parametrize(
    ("tags", "values", "word"),
    [
        ("", [], "none"),
        ("isdd", [1, "/a", 0.0, 1.0], "i s d d"),
        ("isddss", [1, "/a", 0.0, 1.0, "", ""], "i s d d s s"),
        ("ssdds", ["1", "/a", 0.0, 1.0, ""], "job"),
        ("iidds", [1, 2, 0.0, 1.0, ""], "path"),
        ("issds", [1, "/a", "0", 1.0, ""], "start"),
        ("iTdds", [1, True, 0.0, 1.0, ""], "i T d d s"),
        ("dsdds", [1.5, "/a", 0.0, 1.0, ""], "job"),
        ("hsdds", [2**40, "/a", 0.0, 1.0, ""], "job"),
        ("isdds", [-1, "/a", 0.0, 1.0, ""], "job"),
        ("isdds", [1, "/a", math.nan, 1.0, ""], "start"),
        ("isdds", [1, "/a", 0.0, math.inf, ""], "length"),
        ("isdds", [1, "/a", -0.1, 1.0, ""], "start"),
        ("dsdds", [math.nan, "/a", 0.0, 1.0, ""], "job"),
    ],
)
def test_wrong_arguments_are_named(tags, values, word):
    with pytest.raises(SegueError, match=word) as fault:
        read(tags, *values)
    assert fault.value.code == "bad_arguments"
    assert "/segue/analyze takes job (i), path (s), start (d, seconds)" in str(fault.value)


@pytest.mark.parametrize("address", ["/segue/nothing", "/", "/segue/*", "/segue/cut", "/SEGUE/STATUS"])
def test_unknown_addresses(address):
    with pytest.raises(SegueError, match="/segue/analyze") as fault:
        read("i", 1, address=address)
    assert fault.value.code == "unknown_address"


def test_the_job_of_a_faulty_message():
    def job(tags, *values, address="/segue/analyze"):
        return protocol.job_of(osc.parse(osc.pack(address, tags, values))[0])

    assert job("iss", 12, "x", "y") == 12
    assert job("i", 12, address="/segue/hello") == -1
    assert job("s", "12") == job("") == job("h", 2**40) == job("i", 5, address="/other") == -1


def test_options():
    assert protocol.options("") == protocol.options("{}") == protocol.options(" ") == Options()
    assert protocol.options('{"top": 5, "min_score": 1}') == Options(5, 1.0)
    assert protocol.options('{"top": null}') == Options()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "list"),
        ("3", "int"),
        ('{"tops": 3}', "tops"),
        ('{"top": 0}', "top"),
        ('{"top": "3"}', "top"),
        ('{"top": true}', "top"),
        ('{"top": 2.5}', "top"),
        ('{"min_score": 1.1}', "min_score"),
        ('{"min_score": NaN}', "min_score"),
        ('{"min_score": "high"}', "min_score"),
    ],
)
def test_wrong_options_are_named(text, word):
    with pytest.raises(SegueError, match=word) as fault:
        protocol.options(text)
    assert fault.value.code == "bad_arguments" and len(str(fault.value)) < 400


@pytest.mark.parametrize("spool", ["relative", "/does/not/exist", "/with\0nul", 7, None])
def test_a_spool_that_cannot_be_used(spool):
    with pytest.raises(SegueError, match="spool") as fault:
        protocol.options(json.dumps({"spool": spool}))
    assert fault.value.code == "bad_spool"


def test_a_message_names_its_spool_even_where_the_rest_is_wrong(tmp_path):
    def named(address, tags, *values):
        return protocol.named_spool(osc.parse(osc.pack(address, tags, values))[0])

    text = json.dumps({"spool": str(tmp_path), "unknown": 1})
    assert named("/segue/analyze", "ss", "x", text) == tmp_path
    assert named("/segue/hello", "isss", 1, "h", "v", str(tmp_path)) == tmp_path
    assert named("/segue/hello", "isss", 1, "h", "v", "") is None
    assert named("/segue/analyze", "s", "{") is None
    assert named("/segue/cancel", "s", str(tmp_path)) is None


def test_paths():
    assert [str(p) for p in protocol.region_paths("/a%L.wav\n/a%R.wav\n")] == ["/a%L.wav", "/a%R.wav"]
    for text in ("", "\n", "song.wav", "/a.wav\nb.wav"):
        with pytest.raises(SegueError, match="absolute"):
            protocol.region_paths(text)


def test_the_counted_set_counts_itself():
    messages = [osc.parse(packet)[0] for packet in protocol.counted_set(4, analysis_of(5))]
    assert [m.address for m in messages].count("/segue/cut") == 5
    assert messages[0].values == (4, 0, "exit", 1.0, 0.75, 1, 1.0, "A")
    assert messages[5].values == (4, 0, 1, 0.5)
    assert messages[-1] == ("/segue/done", "iii", (4, 5, 2))


def test_a_pick_up_has_no_bar():
    analysis = analysis_of(2)
    early = replace(analysis, cuts=[replace(analysis.cuts[0], bar=None, beat=None), analysis.cuts[1]])
    values = [protocol.arguments(osc.parse(packet)[0], "daemon") for packet in protocol.counted_set(4, early)[:2]]
    assert [(v["bar"], v["beat"]) for v in values] == [(-1, -1.0), (1, 2.0)]
    told = [protocol.cut({name: value for name, value in v.items() if name != "job"}) for v in values]
    assert told == early.cuts


def test_times_are_exact_to_the_sample_after_an_hour():
    sample = 3600 * 192_000 + 1
    analysis = analysis_of(1)
    object.__setattr__(analysis.cuts[0], "time", sample / 192_000)
    assert osc.parse(protocol.counted_set(1, analysis)[0])[0].values[3] * 192_000 == pytest.approx(sample, abs=1e-3)


def test_a_long_sentence_is_cut():
    assert len(protocol.error(1, "internal", "x" * 100_000)) < 1100
