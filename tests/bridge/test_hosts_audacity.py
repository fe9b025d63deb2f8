"""Our plug-ins in Audacity's folder: nothing else is touched, they come once, and leave again."""

import re
import sys
from pathlib import Path

import pytest

from segue_bridge import hosts
from segue_bridge.errors import SegueError
from segue_bridge.hosts import audacity

NAMES = ["segue_clear_labels.ny", "segue_mark_cuts.ny", "segue_preview_transition.ny"]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Audacity's folder as it is after the first start."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "data" / "audacity"
    folder.mkdir(parents=True)
    return folder


def installed(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "Plug-Ins").iterdir())


def test_a_fresh_audacity_gets_the_plug_ins(data):
    done = audacity.install()
    assert installed(data) == NAMES
    assert "are in place" in done[0] and "Segue Mark Cuts" in done[-1]
    assert audacity.status() == "plug-ins are in place"


def test_what_the_plug_ins_name_is_there(data, tmp_path):
    audacity.install()
    spool = tmp_path / "data" / "segue" / "spool" / "audacity"
    for name in NAMES:
        text = (data / "Plug-Ins" / name).read_text("utf-8")
        assert "CONFIG" not in text and f'(load "{spool}/segue.lsp")' in text
    assert (spool / "segue.lsp").is_file() and (spool / "to_daemon").is_dir() and (spool / "to_host").is_dir()


def test_backslashes_of_windows_and_quotes_are_escaped():
    assert audacity._quote('C:\\Users\\"me"') == '"C:\\\\Users\\\\\\"me\\""'


def test_the_plug_ins_of_others_stay(data):
    (data / "Plug-Ins").mkdir()
    (data / "Plug-Ins" / "mine.ny").write_bytes(b"$nyquist plug-in\r\n")
    audacity.install()
    audacity.install()
    audacity.uninstall()
    assert installed(data) == ["mine.ny"]
    assert (data / "Plug-Ins" / "mine.ny").read_bytes() == b"$nyquist plug-in\r\n"


def test_a_file_of_our_name_that_is_not_ours_is_left_alone(data):
    (data / "Plug-Ins").mkdir()
    theirs = data / "Plug-Ins" / "segue_mark_cuts.ny"
    theirs.write_text('$author (_ "Somebody")\n')
    with pytest.raises(SegueError, match="move it away") as fault:
        audacity.install()
    assert fault.value.code == "bad_host_file" and installed(data) == ["segue_mark_cuts.ny"]
    audacity.uninstall()
    assert theirs.read_text() == '$author (_ "Somebody")\n'


def test_a_plug_in_that_the_user_changed_is_the_users(data):
    """But for the list of transitions, which ours writes itself."""
    audacity.install()
    preview, mark = (data / "Plug-Ins" / f"segue_{name}.ny" for name in ("preview_transition", "mark_cuts"))
    text = preview.read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("$control WHICH"))
    preview.write_text(text.replace(line, '$control WHICH (_ "T") choice (("1" (_ "♪"))) 0'), "utf-8")
    audacity.install()
    assert preview.read_text("utf-8") == text
    mine = mark.read_text("utf-8").replace('real "" 0 0 1', 'real "" 0.5 0 1')
    mark.write_text(mine, "utf-8")
    with pytest.raises(SegueError, match="or was changed: move it away"):
        audacity.install()
    audacity.uninstall()
    assert installed(data) == ["segue_mark_cuts.ny"] and mark.read_text("utf-8") == mine


def test_a_linked_plug_in_stays_a_link_and_a_private_one_private(data, tmp_path):
    audacity.install()
    plug_in = data / "Plug-Ins" / NAMES[0]
    plug_in.write_bytes(old_version(plug_in.read_bytes()))
    plug_in.rename(tmp_path / "dotfile")
    (tmp_path / "dotfile").chmod(0o600)
    plug_in.symlink_to(tmp_path / "dotfile")
    assert "another version" in audacity.status()
    audacity.install()
    assert audacity.status() == "plug-ins are in place"
    assert plug_in.is_symlink() and (tmp_path / "dotfile").stat().st_mode & 0o777 == 0o600


def old_version(plug_in: bytes) -> bytes:
    """As a Segue wrote it that did not seal yet."""
    return re.sub(rb"\n;; Segue's seal.*\n", b"", plug_in)


def test_the_list_that_mark_cuts_writes_is_no_other_version(data):
    audacity.install()
    plug_in = data / "Plug-Ins" / "segue_preview_transition.ny"
    lines = plug_in.read_text("utf-8").splitlines(keepends=True)
    written = ['$control WHICH (_ "T") choice (("1" (_ "x"))) 0\n' if "WHICH" in line else line for line in lines]
    assert written != lines
    plug_in.write_text("".join(written), "utf-8")
    assert audacity.status() == "plug-ins are in place"
    plug_in.write_text("".join(written) + ";", "utf-8")
    assert audacity.status() == "plug-ins are of another version, run `segue install audacity`"


def test_uninstall_takes_the_recording_too(data, tmp_path):
    audacity.install()
    (tmp_path / "data" / "segue" / "spool" / "audacity" / "selection.au").write_bytes(b"music")
    assert audacity.uninstall() == [f"{data / 'Plug-Ins'}: Segue's plug-ins are removed."]
    assert not (tmp_path / "data" / "segue" / "spool" / "audacity").exists()
    assert audacity.status() == "plug-ins are missing, run `segue install audacity`"
    assert audacity.uninstall() == [f"{data / 'Plug-Ins'}: Segue's plug-ins are not here."]


def test_the_older_folder_is_used_where_it_is(data, tmp_path):
    (tmp_path / ".audacity-data").mkdir()
    audacity.install()
    assert installed(tmp_path / ".audacity-data") == NAMES and not (data / "Plug-Ins").exists()


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("darwin", "Library/Application Support/audacity"),
        ("win32", "Roaming/audacity"),
    ],
)
def test_the_folders_of_other_systems(tmp_path, monkeypatch, platform, place):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path / "Roaming"))
    (tmp_path / place).mkdir(parents=True)
    monkeypatch.setattr(sys, "platform", platform)
    assert audacity._folder(None) == tmp_path / place / "Plug-Ins"


def test_no_audacity(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for call in (audacity.install, audacity.uninstall, audacity.status):
        with pytest.raises(SegueError, match="install Audacity, start it once") as fault:
            call()
        assert fault.value.code == "no_host"


def test_audacity_is_found_as_a_host():
    assert hosts.find("audacity") is audacity
