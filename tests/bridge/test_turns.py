"""Hosts take turns, and nothing waits without a limit."""

import threading

import pytest

from segue_bridge.turns import Turns


def all_of(queue):
    queue.close()
    return list(iter(queue.take, None))


def fill(queue, host, count):
    return [queue.put(host, i, f"{host}{i}") for i in range(count)]


def test_one_host_is_served_in_the_order_in_which_it_asked():
    queue = Turns(1000, 1000)
    assert all(fill(queue, "a", 1000))
    assert all_of(queue) == [f"a{i}" for i in range(1000)]


def test_hosts_take_turns():
    queue = Turns(100, 100)
    fill(queue, "a", 3), fill(queue, "b", 2), fill(queue, "c", 1)
    assert all_of(queue) == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_who_comes_while_another_is_served_is_next():
    queue = Turns(1000, 2000)
    fill(queue, "a", 1000)
    assert queue.take() == "a0"
    queue.put("b", 0, "b0")
    queue.put("c", 0, "c0")
    assert [queue.take() for _ in range(3)] == ["b0", "c0", "a1"]
    queue.put("c", 1, "c1")
    queue.put("c", 2, "c2")
    assert [queue.take() for _ in range(4)] == ["c1", "a2", "c2", "a3"]


def test_a_host_that_asks_again_and_again_does_not_overtake():
    queue = Turns(10, 20)
    fill(queue, "a", 3)
    served = []
    for i in range(4):
        queue.put("b", i, f"b{i}")
        served.append(queue.take())
    assert served == ["a0", "b0", "a1", "b1"]


def test_newest_first():
    queue = Turns(10, 20, newest_first=True)
    fill(queue, "a", 3), fill(queue, "b", 2)
    queue.put("a", 1, "a1 again")
    assert all_of(queue) == ["a1 again", "b1", "a2", "b0", "a0"]


def test_a_key_waits_once():
    queue = Turns(10, 10)
    fill(queue, "a", 3)
    queue.put("a", 0, "a0 again")
    queue.put("b", 0, "another host's")
    assert all_of(queue) == ["a1", "another host's", "a2", "a0 again"]


def test_a_host_has_a_limit_and_all_have_one_and_none_is_kept_out():
    queue = Turns(3, 5)
    assert fill(queue, "a", 5) == [True] * 3 + [False] * 2
    assert fill(queue, "b", 3) == [True, True, False]  # 5 wait
    assert fill(queue, "c", 2) == [True, False]
    queue.drop("a", 1)
    queue.drop("a", 1)
    queue.drop("a", 99)
    assert queue.put("a", 7, "a7") is False  # 5 wait again
    queue.take(), queue.take()
    assert queue.put("a", 7, "a7")


def test_a_limit_may_be_one_of_size():
    queue = Turns(100, 1000)
    assert queue.put("a", 0, "huge", 500)  # nothing else of this host waits
    assert not queue.put("a", 1, "small", 1)
    assert queue.take() == "huge"
    assert queue.put("a", 1, "one", 60) and not queue.put("a", 2, "two", 60)
    assert queue.put("a", 1, "one, shorter", 10) and queue.put("a", 2, "two", 60)


def test_there_are_at_most_so_many_hosts():
    queue = Turns(2, 100, hosts=3)
    assert [queue.put(host, 0, host) for host in "abcd"] == [True, True, True, False]
    assert queue.put("a", 1, "a1")
    queue.take(), queue.take(), queue.take(), queue.take()
    assert queue.put("d", 0, "d")


def test_cleared_and_closed():
    queue = Turns(10, 10)
    fill(queue, "a", 5)
    queue.clear()
    queue.put("a", 1, "last")
    queue.close()
    assert not queue.put("a", 2, "too late")
    assert [queue.take(), queue.take()] == ["last", None]


def test_the_one_who_takes_waits_for_what_is_put():
    queue, got = Turns(10, 10), []
    thread = threading.Thread(target=lambda: got.extend(iter(queue.take, None)))
    thread.start()
    for i in range(5):
        queue.put("a", i, i)
    queue.close()
    thread.join(30)
    assert got == [0, 1, 2, 3, 4] and not thread.is_alive()


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_long_line_is_worked_off_in_a_time_that_grows_with_its_length_alone(newest_first):
    """Twenty thousand items of twenty hosts: looking through a line for each item would take minutes."""
    queue = Turns(1000, 20_000, newest_first=newest_first)
    for host in range(20):
        assert all(fill(queue, host, 1000))
    assert len(all_of(queue)) == 20_000
