"""The Ardour scripts in the real Ardour: what stands in the saved session against what the daemon said."""

from dataclasses import replace

import pytest
import soundfile

from ardour_session import EMBED, FIND, GLUE, wait_for
from marking import CLEAR, RATE, answer, cuts, expected, mark, name, ours
from scripted_daemon import SECONDS, analysis, song

pytestmark = pytest.mark.usefixtures("clean")

# Times that are no whole samples at any rate, one at each end of what they mark, two of them close together.
TIMES = (0.0, 1.0000104, 2.3456789, 2.3457, 7.123456789, 12.5, 15.33333333, 19.9999)


def test_imported_stereo(ardour, daemon, folder):
    ardour.bring_in(song(folder / "imported.wav", RATE))
    answer(daemon, cuts(*TIMES))
    mark(ardour, "imported")
    assert ours(ardour.saved_markers()) == expected(cuts(*TIMES))
    (asked,) = daemon.asked
    assert [path.name for path in asked.paths] == ["imported%L.wav", "imported%R.wav"]
    assert (asked.start, asked.length) == (0.0, SECONDS)


def test_embedded_stereo(ardour, daemon, folder):
    path = song(folder / "linké.flac", RATE)
    ardour.bring_in(path, embed=True)
    answer(daemon, cuts(*TIMES))
    mark(ardour, "linké")
    assert ours(ardour.saved_markers()) == expected(cuts(*TIMES))
    (asked,) = daemon.asked
    assert asked.paths == (path,)
    assert (asked.start, asked.length) == (0.0, SECONDS)


def test_trimmed_and_moved(ardour, daemon, folder):
    start, length, position = 100003, 300007, 1000001
    ardour.bring_in(song(folder / "trimmed.wav", RATE), embed=True)
    ardour.lua(
        f'{FIND} local r = region ("trimmed") r:trim_front (Temporal.timepos_t ({start})) '
        f"r:set_length (Temporal.timecnt_t.from_samples ({length})) r:set_position (Temporal.timepos_t ({position}))"
    )
    inside = cuts(start / RATE, 3.3333333, 5.5, (start + length) / RATE)
    outside = [replace(cut, id=10 + cut.id, bar=10 + cut.bar) for cut in cuts(2.08, 8.334)]
    answer(daemon, inside + outside)
    mark(ardour, "trimmed")
    assert ours(ardour.saved_markers()) == expected(inside, position, start)
    (asked,) = daemon.asked
    assert (asked.start, asked.length) == (start / RATE, length / RATE)


def test_a_file_of_another_rate_is_embedded(ardour, daemon, folder):
    """Ardour warns, then plays the file sample by sample, so faster: the markers stand on the file's samples."""
    told = ardour.ask(EMBED.replace("PATH", str(song(folder / "slow.wav", 44100))))
    window = wait_for(lambda: ardour.xdotool("search", "--onlyvisible", "--name", "Sample Rate"), "the warning")
    ardour.xdotool("key", "--window", window, "Tab", "key", "--window", window, "Return")  # Embed it anyway
    wait_for(told.exists, "the file to be embedded")
    answer(daemon, cuts(*TIMES))
    mark(ardour, "slow")
    assert ours(ardour.saved_markers()) == expected(cuts(*TIMES), rate=44100)
    (asked,) = daemon.asked
    assert (asked.start, asked.length) == (0.0, SECONDS)


def test_a_file_of_another_rate_is_imported(ardour, daemon, folder):
    """Ardour converts it: the daemon reads Ardour's file, of the session's rate."""
    ardour.bring_in(song(folder / "resampled.wav", 44100))
    answer(daemon, cuts(*TIMES))
    mark(ardour, "resampled")
    assert ours(ardour.saved_markers()) == expected(cuts(*TIMES))
    (asked,) = daemon.asked
    assert asked.length == soundfile.info(asked.paths[0]).duration


def test_two_regions_at_once(ardour, daemon, folder):
    ardour.bring_in(song(folder / "one.wav", RATE), embed=True)
    ardour.bring_in(song(folder / "two.wav", RATE), embed=True)
    ardour.lua(f'{FIND} region ("two"):set_position (Temporal.timepos_t (2000000))')
    first, second = cuts(1.0, 2.0), [replace(cut, bar=20 + cut.bar) for cut in cuts(1.0, 2.0)]
    daemon.answer = lambda region, cancelled: analysis(first if region.paths[0].name == "one.wav" else second)
    mark(ardour, "one", "two")
    assert ours(ardour.saved_markers()) == {**expected(first), **expected(second, position=2000000)}


def test_a_second_run_replaces_and_undo_brings_back(ardour, daemon, folder):
    ardour.bring_in(song(folder / "again.wav", RATE), embed=True)
    foreign = {"chorus": 5000, "◀ exit 0.50 · A · bar 1, mine": 7000, "▶ entry": 9000}
    for text, position in foreign.items():
        ardour.lua(
            f"ArdourUI.config ():set_name_new_markers (false) "
            f"Editor:mouse_add_new_marker (Temporal.timepos_t ({position}), ARDOUR.LocationFlags.IsMark, 0) "
            f'local last for l in Session:locations ():list ():iter () do last = l end last:set_name ("{text}") '
            f"ArdourUI.config ():set_name_new_markers (true)"
        )
    answer(daemon, cuts(1.0, 2.0, 3.0))
    mark(ardour, "again")
    assert ardour.saved_markers() == {**foreign, **expected(cuts(1.0, 2.0, 3.0))}
    answer(daemon, cuts(4.0, 5.0))
    mark(ardour, "again")
    assert ardour.saved_markers() == {**foreign, **expected(cuts(4.0, 5.0))}
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == {**foreign, **expected(cuts(1.0, 2.0, 3.0))}
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == foreign
    mark(ardour, "again")
    ardour.action(CLEAR)
    assert ardour.saved_markers() == foreign
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == {**foreign, **expected(cuts(4.0, 5.0))}


# A mark of the user's on that very sample, whatever the session counts in, and however near to others.
THEIRS = """
ArdourUI.config ():set_name_new_markers (false)
Editor:mouse_add_new_marker (Temporal.timepos_t (90000000), ARDOUR.LocationFlags.IsMark, 0)
for l in Session:locations ():list ():iter () do
  if l:start ():samples () > 80000000 then
    l:move_to (Temporal.timepos_t (0))
    l:move_to (Temporal.timepos_t (POSITION))
    l:set_name ("NAME")
  end
end
ArdourUI.config ():set_name_new_markers (true)
"""


def test_marks_of_the_users_stay_however_near_ours_come(ardour, daemon, folder):
    """Ardour 8.7 and later add no mark within a sample of another, and say nothing."""
    ardour.bring_in(song(folder / "near.wav", RATE), embed=True)
    near = cuts(0.0, 1.0, 2.0, 3.0)
    theirs = {"start": 0, "on it": RATE, "before": 2 * RATE - 1, "behind": 3 * RATE + 1, "late": 60 * RATE}
    for text, position in theirs.items():
        ardour.lua(THEIRS.replace("NAME", text).replace("POSITION", str(position)))
    for found in (near, cuts(1.0, 2.0), near):
        answer(daemon, found)
        mark(ardour, "near")
        assert ardour.saved_markers() == {**theirs, **expected(found)}
    ardour.action(CLEAR)
    assert ardour.saved_markers() == theirs
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == {**theirs, **expected(near)}
    ardour.lua("Editor:undo (3)")
    assert ardour.markers() == theirs
    ardour.action(CLEAR)
    assert ardour.saved_markers() == theirs, "there was nothing to clear"


def test_what_was_kept_is_known_where_ardour_has_moved_it(ardour, daemon, folder):
    """To its next tick, when it opened a session that counts in beats."""
    ardour.bring_in(song(folder / "kept.wav", RATE), embed=True)
    found = cuts(1.0, 2.0)
    kept = {f"{name(found[0])} ✓": RATE + 6}
    for text, position in kept.items():
        ardour.lua(THEIRS.replace("NAME", text).replace("POSITION", str(position)))
    answer(daemon, found)
    mark(ardour, "kept")
    assert ardour.saved_markers() == {**kept, **expected(found[1:])}


def test_a_hundred_markers_are_one_undo_step_and_preferences_stay(ardour, daemon, folder):
    ardour.bring_in(song(folder / "many.wav", RATE), embed=True)
    preferences = (
        "local s, u = Session:cfg (), ArdourUI.config () local glued = s.get_glue_new_markers_to_bars_and_beats "
        "return tostring (u:get_name_new_markers ()) .. tostring (not glued or glued (s))"
    )
    ardour.lua(f"{GLUE} glue (true)")
    before = ardour.lua(preferences)
    many = cuts(*(0.1234567 * (1 + i) for i in range(100)))
    answer(daemon, many)
    mark(ardour, "many")
    assert ours(ardour.saved_markers()) == expected(many)
    assert ardour.lua(preferences) == before == "truetrue"
    ardour.lua("Editor:undo (1)")
    assert ardour.markers() == {}
    ardour.lua(f"{GLUE} glue (false)")
