"""Kills, a full disk, more jobs than there is room for: the attacks of `attack.py`, a few of each."""

import pytest

from attacks import full_disk, kills, many_jobs
from victim import victim


@pytest.fixture
def one(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    with victim(home) as made:
        yield made
        assert made.answers(60) and not made.crashed()


def test_no_acknowledged_verdict_is_lost_by_a_kill(one, monkeypatch):
    monkeypatch.setattr(kills, "KILLS", 3)
    _, seen = kills.attack(one)
    assert one.lost() == [] and " 0 acknowledged" not in seen


def test_a_full_disk_is_told_and_loses_nothing(one):
    """As root on a disk of 256 kB that only the daemon sees, else below a limit on the size of its files."""
    _, seen = full_disk.attack(one)
    assert one.lost() == one.hung == []
    assert " 0 refused" not in seen and "50 of 50 after room was made, 0 broken lines" in seen


def test_many_jobs_are_answered_or_wait_and_others_have_their_turn(one, monkeypatch):
    monkeypatch.setattr(many_jobs, "JOBS", 1000)
    _, seen = many_jobs.attack(one)
    assert one.lost() == [] and not [what for what in one.hung if "end" in what and "s until" not in what]
    overtaken = int(seen.split(" after ")[1].split()[0])
    assert overtaken < 500  # of a thousand, were they done in the order they came
