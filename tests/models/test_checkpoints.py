import threading
import time

import pytest

from segue_models.checkpoints import checked, checkpoint, watched


class Stop(Exception):
    pass


def raising():
    raise Stop


def test_a_checkpoint_raises_what_the_check_raises_and_nothing_without_one():
    checkpoint()
    with pytest.raises(Stop), checked(raising):
        checkpoint()
    checkpoint()


def test_a_check_holds_in_its_own_thread_alone():
    heard = []

    def work():
        try:
            checkpoint()
        except Stop as stop:
            heard.append(stop)

    with checked(raising):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert heard == []


def test_a_watched_call_is_stopped_from_outside():
    wanted, stopped = threading.Event(), threading.Event()

    def check():
        if wanted.is_set():
            raise Stop

    with pytest.raises(Stop), checked(check):
        with watched(stopped.set):
            assert not stopped.wait(0.2)
            wanted.set()
            assert stopped.wait(60)
        checkpoint()


def test_what_is_watched_leaves_no_thread_behind():
    before = threading.active_count()
    with checked(lambda: None), watched(lambda: None):
        time.sleep(0.01)
    with watched(lambda: None):
        pass
    assert threading.active_count() == before
