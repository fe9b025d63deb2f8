import json

import pytest

from segue_models.evaluation.grid import records
from segue_models.training.grid import configurations, runs
from test_grid_configurations import read


def record(configuration, validation=0.6, test=0.6, command="segue grid x -o y", **told):
    """The record of a training that came out so."""
    figures = {"auc": 0.7, "onsets": 100, "positives": 0.4, "songs": 4}
    out = {
        **runs._asked(configuration), "command": command, "epochs": 3, "seconds": 12.5, "cpu_seconds": 11.0,
        "parameters": 1000, "validation": {"bcr": validation, **figures}, "test": {"bcr": test, **figures},
        "data": {"hash": "abc", "versions": {"pop909": 1}},
    }  # fmt: skip
    return out | told


def rows(made, folder):
    folder.mkdir(exist_ok=True)
    for r in made:
        (folder / f"{r['key']}.json").write_text(json.dumps(r))
    return records.read([folder])


def test_a_table_says_the_same_as_the_records_it_was_made_of(tmp_path):
    small = configurations.scaled([*read(2)[:3], *read(2)[-3:], *read(1)[:2]], 60, 5, 0)
    told = [record(c, 0.5 + i / 97, 0.5 + i / 89, 'segue grid "a, b".toml') for i, c in enumerate(small)]
    told[4] = {k: v for k, v in told[4].items() if k != "test"} | {"failed": "MemoryError: too\nmuch, really"}
    found = rows(told, tmp_path / "r")
    (tmp_path / "t.csv").write_text(records.as_csv(found), encoding="utf-8")
    again = {row.told["key"]: row for row in records.read([tmp_path / "t.csv", tmp_path / "r"])}
    alone = {row.told["key"]: row for row in records.read([tmp_path / "t.csv"])}
    assert set(again) == set(alone) == {r["key"] for r in told}
    for row in found:
        assert alone[row.told["key"]].told == row.told and alone[row.told["key"]].levels == row.levels
        assert alone[row.told["key"]].figures == pytest.approx(row.figures, rel=1e-5)
    failed = alone[told[4]["key"]]
    assert failed.figures == {} and failed.told["failed"].startswith("MemoryError")
    assert {row.told["most_epochs"] for row in found} == {"5"} and {row.told["songs"] for row in found} == {"60"}


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\0"])
def test_another_table_is_told(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match="no records"):
        records.read([path])


def test_an_empty_folder_and_a_foreign_one(tmp_path):
    with pytest.raises(ValueError, match="there are no records"):
        records.read([tmp_path])
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"holds no records of segue grid"):
        records.read([tmp_path])
