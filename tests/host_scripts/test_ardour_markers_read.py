"""What `segue learn` reads of what the real Ardour saved: markers by hand on imported, trimmed and moved recordings."""

import shutil

import pytest

from ardour_session import EMBED, FIND, GLUE, wait_for
from marking import RATE
from scripted_daemon import song
from segue_bridge import markers

pytestmark = pytest.mark.usefixtures("clean")

ADD = f"""{GLUE}
ArdourUI.config ():set_name_new_markers (false)
glue (GLUED)
Editor:mouse_add_new_marker (Temporal.timepos_t (AT), ARDOUR.LocationFlags.IsMark, 0)
local last for l in Session:locations ():list ():iter () do if l:is_mark () then last = l end end
last:set_name ("NAME")
glue (false)
ArdourUI.config ():set_name_new_markers (true)
"""


def add(ardour, name, at, glued=False):
    ardour.lua(ADD.replace("NAME", name).replace("AT", str(at)).replace("GLUED", str(glued).lower()))


def read(ardour):
    """Markers by name, as a copy of the session beside its files says."""
    ardour.save()
    session = ardour.session / f"{ardour.session.name}.ardour"
    copy = session.with_name("copy.ardour")
    shutil.copy(session, copy)
    found = {m.name: m.places for m in markers.read(copy)}
    copy.unlink()
    return found


def test_hand_made_markers_stand_in_the_recording_that_sounds_there(ardour, folder):
    """Where Ardour itself says that they stand: in a session that counts in beats it moves what the user adds."""
    start, length = 100003, 300007
    path = song(folder / "by hand.wav", RATE)
    ardour.bring_in(path, embed=True)
    position = int(
        ardour.lua(
            f'{FIND} local r = region ("by hand") r:trim_front (Temporal.timepos_t ({start})) '
            f"r:set_length (Temporal.timecnt_t.from_samples ({length})) "
            f"r:set_position (Temporal.timepos_t ({200 * RATE})) return r:position ():samples ()"
        )
    )
    add(ardour, "exit", position + 12345)
    add(ardour, "▶ hér", position + length - 100)
    add(ardour, "entry glued", position + 4 * RATE, glued=True)
    add(ardour, "exit outside", position + length + RATE)
    found, stands = read(ardour), ardour.markers()
    for name, offset in (("exit", 12345), ("▶ hér", length - 100), ("entry glued", 4 * RATE)):
        (place,) = found[name]
        assert place.paths == (path,)
        assert abs(stands[name] - position - offset) < 13, "Ardour's ticks are 12.5 samples long here"
        assert place.seconds == pytest.approx((start + stands[name] - position) / RATE, abs=1 / RATE)
    assert found["exit outside"] == ()


def test_an_imported_recording_is_the_sessions_own_files(ardour, folder):
    ardour.bring_in(song(folder / "brought in.wav", RATE))
    add(ardour, "exit", 54321)
    places = [p for p in read(ardour)["exit"] if p.paths[0].name.startswith("brought in")]
    assert [[path.name for path in p.paths] for p in places] == [["brought in%L.wav", "brought in%R.wav"]]
    assert all(path.is_file() for path in places[0].paths)
    assert places[0].seconds == pytest.approx(ardour.markers()["exit"] / RATE, abs=1 / RATE)


def test_a_file_of_another_rate_is_read_by_its_own(ardour, folder):
    path = song(folder / "other rate.wav", 44100)
    told = ardour.ask(EMBED.replace("PATH", str(path)))
    window = wait_for(lambda: ardour.xdotool("search", "--onlyvisible", "--name", "Sample Rate"), "the warning")
    ardour.xdotool("key", "--window", window, "Tab", "key", "--window", window, "Return")  # Embed it anyway
    wait_for(told.exists, "the file to be embedded")
    add(ardour, "exit", 44100)
    (place,) = [p for p in read(ardour)["exit"] if p.paths == (path,)]
    assert place.seconds == pytest.approx(1.0, abs=1e-4)  # Ardour plays it sample by sample
