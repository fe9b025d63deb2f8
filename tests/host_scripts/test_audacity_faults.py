"""What the plug-ins do in the real Audacity when something is wrong: one sentence each, and Audacity goes on."""

import threading

import pytest

from ardour_session import wait_for
from lossy import wired
from scripted_daemon import LIMIT, analysis, song
from segue_bridge import spool
from segue_bridge.errors import SegueError
from segue_bridge.result import Cut, Transition

GONE = "Segue is not running: start it with `segue serve` in a terminal, then run this again."
CUTS = [Cut(0, "exit", 3.0, 0.9, 2, 1.0, "A"), Cut(1, "entry", 6.0, 0.8, 4, 1.0, "B")]


@pytest.fixture
def daemon(studio_audacity):
    studio_audacity[1].answer = lambda region, cancelled: analysis(CUTS, [Transition(0, 1, 0.7)])
    studio_audacity[1].asked.clear()
    return studio_audacity[1]


@pytest.fixture
def audacity(studio_audacity, daemon, tmp_path):
    """A project with a song that is selected."""
    program = studio_audacity[0]
    program.forget()
    program.told()
    program.import_(song(tmp_path / "song.wav", 44100))
    program.select(0, 15)
    yield program
    assert not program.told(), "the user was told something that the test does not expect"


def test_a_preview_before_anything_was_marked(audacity):
    (audacity.spool / "last.lsp").unlink(missing_ok=True)  # by which the tests before are remembered
    audacity.do("SeguePreviewTransition:")
    assert audacity.told() == ['Run "Segue Mark Cuts" on a selection first: no transition is known.']
    assert len(audacity.tracks()) == 1


def test_nothing_found(audacity, daemon):
    daemon.answer = lambda region, cancelled: analysis([])
    audacity.do("SegueMarkCuts:")
    assert audacity.told() == ["No good place to cut was found here."] and audacity.labels() == []


def test_a_cut_but_no_transition(audacity, daemon):
    daemon.answer = lambda region, cancelled: analysis(CUTS[:1])
    audacity.do("SegueMarkCuts:")
    assert len(audacity.labels()) == 1
    audacity.do("SeguePreviewTransition:")
    assert audacity.told() == ['Run "Segue Mark Cuts" on a selection first: no transition is known.']


def test_the_daemons_sentence_is_shown(audacity, daemon):
    def fail(region, cancelled):
        raise SegueError("silence", "the selection is silent: 試聴 “something” else")

    daemon.answer = fail
    audacity.do("SegueMarkCuts:")
    assert audacity.told() == ["the selection is silent: 試聴 “something” else"] and audacity.labels() == []


@pytest.mark.long
def test_two_tracks(audacity, daemon, tmp_path):
    audacity.import_(song(tmp_path / "other.wav", 44100))
    audacity.select(0, 15, count=2)
    audacity.do("SegueMarkCuts:")
    assert audacity.told() == ["Select one track, then run this again."]
    assert audacity.labels() == [] and not daemon.asked


def test_no_daemon(audacity, daemon):
    """Said at once where it has left, after some seconds where it was killed; the next one has no work for nobody."""
    daemon.stop()
    try:
        with audacity.more_lisp("(setf segue-patience 1000)"):
            audacity.do("SegueMarkCuts:")
            assert audacity.told() == [GONE]
        (audacity.spool / "daemon.alive").write_text("1 1 1700000000\n")
        audacity.do("SegueMarkCuts:")
        assert audacity.told() == [GONE] and audacity.labels() == []
    finally:
        daemon.restart()
    wait_for(lambda: not any((audacity.spool / "to_daemon").iterdir()), "the daemon to fetch what is left")
    assert not daemon.asked
    audacity.do("SegueMarkCuts:")
    assert len(audacity.labels()) == 2


@pytest.mark.long
def test_a_request_that_is_taken_while_it_is_still_empty_is_written_again(audacity, daemon, monkeypatch):
    take, early = spool.Spool.take, []

    def too_early(watched):
        contents = take(watched)
        early.extend(contents[: 1 - len(early)])
        return [b"" if content is early[0] else content for content in contents]

    monkeypatch.setattr(spool.Spool, "take", too_early)
    audacity.do("SegueMarkCuts:")
    assert early and len(audacity.labels()) == 2 and len(daemon.asked) == 1


@pytest.mark.long
def test_long_work_goes_on_while_audacity_does_too(audacity, daemon):
    """The result is kept by the daemon, and the next run has it at once; see result_cache.py."""
    go_on, stopped = threading.Event(), []

    def work(region, cancelled):
        assert go_on.wait(LIMIT)
        stopped.append(cancelled())
        return analysis(CUTS)

    daemon.answer = work
    with audacity.more_lisp("(setf segue-limit 4)"):
        audacity.do("SegueMarkCuts:")
        assert audacity.told() == ["Segue is at work (50 % done) and goes on: run this again in a minute."]
    go_on.set()
    wait_for(lambda: stopped, "the work to end")
    assert stopped == [False] and audacity.labels() == []


@pytest.mark.long
def test_a_preview_after_the_daemon_was_started_anew(audacity, daemon):
    with wired() as wire:
        audacity.do("SegueMarkCuts: LEAST=0.25 MOST=7")
        daemon.stop()
        daemon.restart()
        audacity.do("SeguePreviewTransition:")
    assert wire.count("/segue/preview") >= 2
    first, again, *_ = (message.values for message in wire.heard if message.address == "/segue/analyze")
    assert first == again and first[-1] == '{"min_score": 0.25, "top": 7}'
    assert [track["name"] for track in audacity.tracks()] == ["song", "Segue preview"]


@pytest.mark.long
def test_a_preview_below_a_folder_whose_name_is_not_ascii(audacity, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "vörgehört ♪"))
    audacity.do("SegueMarkCuts:")
    audacity.do("SeguePreviewTransition:")
    (wav,) = tmp_path.glob("vör*/previews/*.wav")
    assert audacity.told() == [f"A plug-in cannot open a path with such letters; import this file by hand: {wav}"]
    assert [track["name"] for track in audacity.tracks()] == ["song"]


def test_the_user_sees_a_window_with_the_sentence(audacity, daemon):
    daemon.answer = lambda region, cancelled: analysis([])
    with audacity.showing_messages():
        audacity.begin("SegueMarkCuts:")
        wait_for(lambda: audacity.windows("^Segue Mark Cuts$"), "the window")

        def is_answered() -> bool:
            audacity.xdotool("key", "Return")  # it does nothing to the window that shows how far the work is
            return audacity.heard()

        wait_for(is_answered, "Audacity to go on when the user has read the sentence")
        assert "finished: OK" in audacity.end()
    assert audacity.windows("^Segue Mark Cuts$") == []
