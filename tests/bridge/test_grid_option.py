import json

import pytest

from segue_bridge import grid_option, protocol
from segue_bridge.errors import SegueError
from segue_bridge.result import Options
from segue_models.beats.user_grid import BadGrid, TempoMap, UserGrid


def test_a_grid_is_read_as_it_is_said():
    said = {"bpm": 124, "meter": "6/8", "downbeat": 1.25, "shift": -0.5}
    assert grid_option.parse(said) == UserGrid(124.0, (6, 8), 1.25, None, None, -0.5)
    assert grid_option.parse({"tempo": "double"}) == UserGrid(tempo="double")
    told = {"points": [[-1.5, 0], [0.5, 4]], "signatures": [[0, 3, 4], [6, 7, 8]], "bar": 17}
    tempo_map = TempoMap(((-1.5, 0.0), (0.5, 4.0)), ((0.0, 3, 4), (6.0, 7, 8)), 17)
    assert grid_option.parse(told) == UserGrid(tempo_map=tempo_map)


def test_it_is_an_option_of_the_protocol_that_may_be_missing():
    assert protocol.options(json.dumps({"top": 5, "grid": {"bpm": 90}})) == Options(5, None, UserGrid(bpm=90.0))
    assert protocol.options('{"grid": null}') == Options()


@pytest.mark.parametrize("text", ["3/4", "12/8"])
def test_a_metre_is_two_numbers(text):
    beats, unit = text.split("/")
    assert grid_option.meter(text) == (int(beats), int(unit))


@pytest.mark.parametrize("text", ["", "3", "3/", "/4", "3/4/4", "-3/4", "3.5/4", "three/4", "٣/4", "9" * 5000 + "/4"])
def test_anything_else_is_no_metre(text):
    with pytest.raises(BadGrid, match="is no metre") as fault:
        grid_option.meter(text)
    assert len(str(fault.value)) < 200


@pytest.mark.parametrize(
    "given",
    [
        "{}", "[]", "3", '"4/4"', "true", '{"tempos": 3}',
        '{"bpm": "120"}', '{"bpm": true}', '{"bpm": 0}', '{"bpm": NaN}',
        '{"bpm": Infinity}', '{"bpm": 1' + "0" * 400 + "}", '{"bpm": []}', '{"meter": 4}', '{"meter": "13/0"}',
        '{"meter": [4, 4]}', '{"downbeat": "1:00"}', '{"tempo": "triple"}', '{"tempo": 2}', '{"shift": 1e9}',
        '{"points": [[0, 0], [1, 2]]}',
        '{"signatures": [[0, 4, 4]]}', '{"bar": 3}', '{"points": 3, "signatures": 4}',
        '{"points": [[0, 0], [1, 2]], "signatures": [[0, 4]]}', '{"points": [[0, 0], [1]], "signatures": [[0, 4, 4]]}',
        '{"points": [[0, 0], [1, 2]], "signatures": [[0, 4.5, 4]]}',
        '{"points": [[1, 2], [0, 0]], "signatures": [[0, 4, 4]]}',
        '{"points": [[0, 0], [1, 2]], "signatures": [[0, 4, 4]], "bar": 1.5}',
        '{"points": [[0, 0], [1, 2]], "signatures": [[0, 4, 4]], "bpm": 120}',
        '{"points": [[0, null], [1, 2]], "signatures": [[0, 4, 4]]}',
    ],
)  # fmt: skip
def test_a_grid_that_cannot_be_is_refused_in_one_sentence(given):
    with pytest.raises(SegueError) as fault:
        protocol.options(f'{{"grid": {given}}}')
    assert fault.value.code == "bad_grid" and len(str(fault.value)) < 300 and "\n" not in str(fault.value)
