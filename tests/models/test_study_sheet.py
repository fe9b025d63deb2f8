"""What an annotator sends back, as spreadsheets save it, and what is wrong with it."""

import json
import re
from html.parser import HTMLParser

import pytest

from segue_models.evaluation.study import sheet

ROLES = {1: "exit", 2: "entry", 3: "entry"}
GOOD = ["id,role,answer,reason", "1,exit,yes,", "2,entry,no,Grüße", "3,entry,maybe,late"]
READ = {1: ("yes", ""), 2: ("no", "Grüße"), 3: ("maybe", "late")}


def rows(song="Song"):
    cells = [(str(i), song, role, "1.500", "1", "2.00", f"clips/{i:03d}.flac", "", "") for i, role in ROLES.items()]
    return [dict(zip(sheet.COLUMNS, row, strict=True)) for row in cells]


def answered(tmp_path, content):
    path = tmp_path / "answers.csv"
    path.write_bytes(content if isinstance(content, bytes) else "\n".join(content).encode())
    return path


def refused(path, roles=ROLES):
    with pytest.raises(ValueError) as error:
        sheet.read(path, roles)
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(GOOD).encode(),
        "\r\n".join(GOOD).encode("utf-8-sig"),
        "\r\n".join(GOOD).replace(",", ";").encode("cp1252"),
        "\r\n".join(GOOD).replace(",", "\t").encode("utf-16"),
        "\n".join([GOOD[0].upper(), *reversed(GOOD[1:]), "", ",,,"]).encode(),
        "\n".join(GOOD).replace("yes", " Yes ").replace("no,", "NO ,").encode(),
        "\n".join(["clip," + GOOD[0], *("clips/x.flac," + line for line in GOOD[1:])]).encode(),
    ],
    ids=["plain", "excel utf-8", "excel german", "excel unicode", "sorted", "capitals", "another column"],
)
def test_answers_are_read_however_they_were_saved(tmp_path, content):
    assert sheet.read(answered(tmp_path, content), ROLES) == READ


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2,entry,ja,", "answers.csv: line 3: the answer 'ja' of id 2 is not known: write yes, no or maybe"),
        ("2,entry,,", "answers.csv: line 3: id 2 has no answer: write yes, no or maybe"),
        ("2,entry", "answers.csv: line 3: id 2 has no answer: write yes, no or maybe"),
        ("2,exit,no,", "answers.csv: line 3: id 2 is an entry here, not 'exit': the sheet is of another study"),
    ],
)
def test_a_fault_is_one_sentence_with_its_line(tmp_path, line, said):
    assert refused(answered(tmp_path, [*GOOD[:2], line, GOOD[3]])) == [said]


@pytest.mark.parametrize("name", ["9", "1.5", "", "x", "-2", "²"])
def test_an_id_that_is_none_is_told_and_so_is_the_one_it_replaced(tmp_path, name):
    unknown, missing = refused(answered(tmp_path, [*GOOD[:2], f"{name},entry,no,", GOOD[3]]))
    assert f"line 3: there is no id {name!r} in this study" in unknown and "id 2 is missing" in missing


def test_an_id_twice_and_one_missing_are_told_together(tmp_path):
    twice, missing = refused(answered(tmp_path, [*GOOD[:2], GOOD[1], GOOD[3]]))
    assert twice == "answers.csv: line 3: id 1 is there twice: keep one of them"
    assert missing == "answers.csv: id 2 is missing: put its line back, with an answer"


def test_lines_are_counted_as_a_spreadsheet_does(tmp_path):
    lines = [GOOD[0], '1,exit,yes,"two\nlines"', "", "2,entry,oui,", GOOD[3]]
    assert "line 4: the answer 'oui'" in refused(answered(tmp_path, lines))[0]


def test_many_faults_are_cut_short(tmp_path):
    roles = dict.fromkeys(range(1, 31), "exit")
    lines = refused(answered(tmp_path, [GOOD[0], "1,exit,yes,", *(f"{i},exit,," for i in range(2, 31))]), roles)
    assert len(lines) == sheet.FAULTS_TOLD + 1 and lines[-1] == "... and 19 more"


@pytest.mark.parametrize("content", ["", "\n\n", "hello", b"\xff\xfe", b"\x00\x01\x02", "1;2;3"])
def test_what_is_no_sheet_is_told(tmp_path, content):
    [line] = refused(answered(tmp_path, content.encode() if isinstance(content, str) else content))
    assert "has no column 'id'" in line


def test_a_sheet_as_it_was_given_has_no_answers_yet(tmp_path):
    sheet.write(tmp_path, rows())
    [line] = refused(tmp_path / "sheet.csv")
    assert "has no answers yet" in line


def test_a_written_sheet_is_read_again_with_the_answers(tmp_path):
    filled = [dict(row, answer="no", reason='in a "word"; cut, late') for row in rows("Motörhead; <b>")]
    sheet.write(tmp_path, filled)
    expected = dict.fromkeys(ROLES, ("no", 'in a "word"; cut, late'))
    assert sheet.read(tmp_path / "sheet.csv", ROLES) == expected


class Page(HTMLParser):
    """Text of the script, and what the page would load."""

    def __init__(self):
        super().__init__()
        self.inside, self.script, self.loads = "", "", []

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        self.loads += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        self.script += data if self.inside == "script" else ""


def test_the_page_shows_the_rows_and_loads_nothing_from_a_network(tmp_path):
    sheet.write(tmp_path, rows('</script><script>alert("1")</script> Grüße'))
    page = Page()
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    page.feed(text)
    data = re.search(r"^const sheet = (.*);$", page.script, re.MULTILINE)
    assert json.loads(data[1]) == {
        "columns": list(sheet.COLUMNS), "rows": rows('</script><script>alert("1")</script> Grüße')
    }  # fmt: skip
    assert not page.loads and "//" not in text
