"""A queue of what hosts ask for, in which hosts take turns: one that asks for a thousand things delays no other."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Many threads put in, one takes; the host that was served longest ago comes next.

    per_host, over_all: how much may wait, in the unit of `put`'s size. A host that has nothing waiting is let in even
    where others fill the queue, so that they cannot keep it out; there are at most `hosts`.
    newest_first: of one host, what it asked for last comes first.
    """

    def __init__(self, per_host: int, over_all: int, hosts: int = 4096, newest_first: bool = False) -> None:
        self._per_host, self._over_all, self._hosts, self._newest_first = per_host, over_all, hosts, newest_first
        self._lines: OrderedDict[Hashable, OrderedDict[Hashable, tuple[Item, int]]] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._size = 0
        self._served: Hashable = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, host: Hashable, key: Hashable, item: Item, size: int = 1) -> bool:
        """Let an item wait, instead of the host's earlier one of that key; False where there is no room for it."""
        with self._changed:
            self._drop(host, key)
            own = self._sizes.get(host, 0)
            full = own + size > self._per_host or self._size + size > self._over_all
            if self._closed or (full and own) or (not own and len(self._lines) >= self._hosts):
                return False
            self._lines.setdefault(host, OrderedDict())[key] = (item, size)
            self._sizes[host] = own + size
            self._size += size
            self._changed.notify()
            return True

    def take(self) -> Item | None:
        """The next item, waiting for one; None once the queue is closed and empty."""
        with self._changed:
            while not self._lines and not self._closed:
                self._changed.wait()
            if self._served in self._lines:  # who came while it was served goes first
                self._lines.move_to_end(self._served)
            for host, line in self._lines.items():
                self._served = host
                key = next(reversed(line) if self._newest_first else iter(line))
                return self._drop(host, key)
            return None

    def drop(self, host: Hashable, key: Hashable) -> None:
        """Forget an item, where it still waits."""
        with self._changed:
            self._drop(host, key)

    def clear(self) -> None:
        """Forget all that waits."""
        with self._changed:
            self._lines.clear()
            self._sizes.clear()
            self._size = 0

    def close(self) -> None:
        """Take nothing more; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _drop(self, host: Hashable, key: Hashable) -> Item | None:
        line = self._lines.get(host)
        if line is None or key not in line:
            return None
        item, size = line.pop(key)
        self._size -= size
        self._sizes[host] -= size
        if not line:
            del self._lines[host], self._sizes[host]
        return item
