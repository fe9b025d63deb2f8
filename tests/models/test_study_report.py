"""The paper's own study, and small ones that can be counted by hand."""

import json

import numpy as np
import pytest

from segue_models.evaluation.study import report
from segue_models.evaluation.study.report import Line, Share, mixed, wilson


@pytest.mark.parametrize(
    ("count", "value", "low", "high"),
    [
        (22, 0.3385, 0.2353, 0.4596),
        (5, 0.0769, 0.0333, 0.1678),
        (38, 0.5846, 0.4634, 0.6964),
        (27, 0.4154, 0.3036, 0.5366),
    ],
)
def test_the_published_shares_have_their_wilson_intervals(count, value, low, high):
    share = wilson(count, 65)
    assert (share.value, share.low, share.high) == pytest.approx((value, low, high), abs=5e-5)


def test_none_and_all_have_intervals_too():
    assert wilson(0, 10).low == 0 and 0.2 < wilson(0, 10).high < 0.35
    assert wilson(10, 10).high == 1 and 0.65 < wilson(10, 10).low < 0.8


def answered(yes, maybe, no, control=False, role="exit"):
    counts = {"yes": yes, "maybe": maybe, "no": no}
    return [Line(role, control, answer, "") for answer, n in counts.items() for _ in range(n)]


def test_the_published_answers_come_out_as_published():
    yes, maybe, no, either = report.shares(answered(22, 5, 38))
    assert yes.split() == ["yes", "22", "33.8%", "(23.5%", "to", "46.0%)"]
    assert maybe.split() == ["maybe", "5", "7.7%", "(3.3%", "to", "16.8%)"]
    assert no.split() == ["no", "38", "58.5%", "(46.3%", "to", "69.6%)"]
    assert either.split() == ["yes", "or", "maybe", "27", "41.5%", "(30.4%", "to", "53.7%)"]


def test_precision_gains_the_accepted_share_of_the_false_positives():
    # 60 true, 40 false, of which 22 in 65 are accepted: (60 + 22/65 * 40) / 100
    title, lower, upper = report.corrected("both roles", answered(22, 5, 38), 60, 40)
    assert title == "both roles: 60.0% by the labels (60 of 100)"
    assert f"{0.6 + 0.4 * 22 / 65:.1%} ({0.6 + 0.4 * 0.2353:.1%} to {0.6 + 0.4 * 0.4596:.1%})" in lower
    assert f"{0.6 + 0.4 * 27 / 65:.1%} ({0.6 + 0.4 * 0.3036:.1%} to {0.6 + 0.4 * 0.5366:.1%})" in upper
    assert "controls" not in lower + upper


def test_controls_that_are_refused_cost_precision():
    lines = [*answered(22, 5, 38), *answered(15, 1, 4, control=True)]
    _, lower, upper = report.corrected("both roles", lines, 60, 40)
    assert f"counted  {0.6 * 15 / 20 + 0.4 * 22 / 65:.1%}" in lower
    assert f"counted  {0.6 * 16 / 20 + 0.4 * 27 / 65:.1%}" in upper
    assert f"added  {0.6 + 0.4 * 22 / 65:.1%}" in lower  # as without them


def test_parts_are_weighted_by_their_size_and_their_errors_add_in_squares():
    both = mixed([(30, Share(0.5, 0.4, 0.7)), (10, Share(0.9, 0.5, 1.0))])
    assert both.value == pytest.approx(0.6)
    assert both.low == pytest.approx(0.6 - (0.075**2 + 0.1**2) ** 0.5)
    assert both.high == pytest.approx(0.6 + (0.15**2 + 0.025**2) ** 0.5)


def test_an_interval_of_controls_holds_what_it_promises():
    """The share of draws whose interval has the truth, 60 % and 30 % accepted, is 95 %."""
    rng = np.random.default_rng(3)
    hits = 0
    for a, b in zip(rng.binomial(40, 0.6, 400), rng.binomial(65, 0.3, 400), strict=True):
        share = mixed([(70, wilson(int(a), 40)), (30, wilson(int(b), 65))])
        hits += share.low <= 0.7 * 0.6 + 0.3 * 0.3 <= share.high
    assert 0.92 < hits / 400 < 0.98


@pytest.fixture
def study(tmp_path):
    """A folder of a study with two false positives of each role and a control, all answered."""
    table = [  # id, role, good, answer, reason
        (1, "exit", False, "no", "in a word"),
        (2, "entry", False, "yes", ""),
        (3, "exit", True, "yes", "smooth"),
        (4, "exit", False, "no", " In a  WORD "),
        (5, "entry", False, "maybe", "late"),
    ]
    key = {
        "model": {"file": "m.onnx", "sha256": "a1b2" * 16, "name": "cuts", "version": "7"},
        "corpus": "ultrastar", "seed": 3, "songs": ["A", "B"], "thresholds": {},
        "predicted": {"entry": {"true": 6, "false": 4}, "exit": {"true": 8, "false": 2}},
        "lines": [{"id": i, "role": role, "good": good} for i, role, good, *_ in table],
    }  # fmt: skip
    (tmp_path / "key.json").write_text(json.dumps(key))
    (tmp_path / "sheet").mkdir()
    lines = ["id,role,answer,reason", *(f"{i},{role},{answer},{reason}" for i, role, _, answer, reason in table)]
    (tmp_path / "sheet" / "sheet.csv").write_text("\n".join(lines))
    return tmp_path


def test_the_report_says_what_was_judged_and_why(study):
    text = report.report(study)
    assert text.startswith("cuts 7 (a1b2a1b2a1b2) on 2 songs of ultrastar, drawn by seed 3: A, B\n")
    assert [line for line in text.splitlines() if line.endswith("answers")] == [
        "false positives: 4 answers", "entry: 2 answers", "exit: 2 answers", "controls: 1 answers",
    ]  # fmt: skip
    assert "     2 no: in a word" in text and "     1 yes: smooth" in text and "     1 yes: (none)" in text
    assert "both roles: 70.0% by the labels (14 of 20)" in text
    # entry: half of its four are accepted, with maybe all; its controls were not drawn
    entry = text.split("\nentry: 60.0%")[1].splitlines()
    assert "added  80.0%" in entry[1] and "added 100.0%" in entry[2] and "controls" not in entry[1]


def test_a_sheet_is_found_beside_the_key_and_below_it(study):
    given = study / "sheet" / "sheet.csv"
    beside = study / "anna.csv"
    beside.write_bytes(given.read_bytes())
    assert report.report(given) == report.report(beside) == report.report(study)


def test_where_there_is_no_study_it_says_so(study, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("downloads")
    stray = elsewhere / "answers.csv"
    stray.write_bytes((study / "sheet" / "sheet.csv").read_bytes())
    for path in (elsewhere, stray):
        with pytest.raises(ValueError, match=r"no key\.json beside"):
            report.report(path)
    (study / "sheet" / "sheet.csv").unlink()
    with pytest.raises(ValueError, match=r"there is no sheet .*sheet\.csv"):
        report.report(study)


@pytest.mark.parametrize("damage", ["{", "[]", '{"lines": [1]}', "{}"])
def test_a_damaged_key_is_told(study, damage):
    (study / "key.json").write_text(damage)
    with pytest.raises(ValueError, match="is damaged"):
        report.report(study)
