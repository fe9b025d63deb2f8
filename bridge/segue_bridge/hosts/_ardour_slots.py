"""The Lua source in which Ardour keeps its 32 actions, taken apart into slots and put together again.

It consists of assignments alone: `scripts = {}`, then for each slot `scripts[3] = {}`, `scripts[3]["n"] = "name"`,
"s" the script, "f" and "c" what makes the action and draws its button, as code that `load` takes (Ardour writes byte
code, we write source), "a" arguments. A hook, which Ardour runs by itself, is kept apart: `s = {}`, `s["n"]` and so on.
"""

import re
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

SLOTS = range(1, 33)

_STRING = rb'"(?:[^"\\]|\\[\s\S])*"'
_STATEMENT = re.compile(
    rb"scripts(?:\[(?P<slot>\d+)\](?P<field>(?:\[(?:[-\w.]+|" + _STRING + rb")\])*))?"
    rb"\s*=\s*(?P<value>\{\}|" + _STRING + rb"|[-+.\w]+)\s*"
)
_HOOK_SCRIPT = re.compile(rb's\["s"\]\s*=\s*(' + _STRING + rb")")  # inside a string the quotes would be escaped
_ESCAPE = re.compile(rb"\\(\d{1,3}|\r\n|[\s\S])")


class _Statement(NamedTuple):
    """One assignment; slot 0 is the one that makes the table."""

    slot: int
    field: bytes
    value: bytes
    source: bytes


def scripts(source: bytes) -> dict[int, bytes]:
    """The script in each slot. Raises ValueError where the source is none of Ardour's."""
    return {s.slot: _unquote(s.value) for s in _statements(source) if s.field == b'["s"]' and s.value[:1] == b'"'}


def title(script: bytes) -> str:
    """The name in a script's head."""
    match = re.search(rb'name = "([^"]+)"', script)
    return match[1].decode() if match else "?"


def without(source: bytes, slots: Container[int]) -> bytes:
    """The source without these slots; all else byte for byte."""
    return b"".join(s.source for s in _statements(source) if s.slot not in slots)


def added(source: bytes, new: Iterable[bytes], wanted: Mapping[str, int]) -> bytes:
    """The source and new scripts behind it, each in the slot wanted for its title, or else in the first free one.

    Raises IndexError where no slot is free.
    """
    source = source or b"scripts = {}"
    source += b"" if source[-1:].isspace() else b" "
    taken = {s.slot for s in _statements(source)} | set(wanted.values())
    for script in new:
        slot = wanted.get(title(script)) or next((free for free in SLOTS if free not in taken), 0)
        if not slot:
            raise IndexError("no slot is free")
        taken.add(slot)
        source += entry(slot, script)
    return source


def entry(slot: int, script: bytes) -> bytes:
    """The statements that fill one slot."""
    return _filled(b"scripts[%d]" % slot, script)


def hook(script: bytes) -> bytes:
    """The statements that make a hook."""
    return _filled(b"s", script)


def hook_script(source: bytes) -> bytes:
    """The script of a hook, b"" where there is none."""
    match = _HOOK_SCRIPT.search(source)
    return _unquote(match[1]) if match else b""


def _filled(at: bytes, script: bytes) -> bytes:
    fields = {b"n": title(script).encode(), b"s": script, b"f": _maker(script, b"factory")}
    if b"function icon" in script:
        fields[b"c"] = _maker(script, b"icon")
    filled = b"".join(b'%s["%s"] = %s ' % (at, key, quote(value)) for key, value in fields.items())
    return b'%s = {} %s%s["a"] = {} ' % (at, filled, at)


def _maker(script: bytes, name: bytes) -> bytes:
    """Code that Ardour calls with the script's arguments; what it returns is the action, or draws its button."""
    return b"local ardour = function () end local %s\n%s\nreturn %s (...)" % (name, script, name)


def _statements(source: bytes) -> list[_Statement]:
    """The assignments that `source` consists of; raises ValueError where it holds anything else."""
    found, at = [], len(source) - len(source.lstrip())
    while at < len(source):
        match = _STATEMENT.match(source, at)
        if not match:
            raise ValueError(f"no assignment at byte {at}")
        found.append(_Statement(int(match["slot"] or 0), match["field"] or b"", match["value"], match[0]))
        at = match.end()
    return found


def quote(text: bytes) -> bytes:
    """A Lua string as Ardour writes it ("%q")."""
    for raw, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\\n"), (b"\r", b"\\r"), (b"\0", b"\\0")):
        text = text.replace(raw, escaped)
    return b'"' + text + b'"'


def _unquote(literal: bytes) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        what = match[1]
        if what.isdigit():
            return bytes([int(what)])
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\r\n": b"\n"}.get(what, what)

    return _ESCAPE.sub(plain, literal[1:-1])
