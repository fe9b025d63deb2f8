"""Changes of JSON that stay JSON: a value somewhere becomes another, is left out, or comes twice."""

import copy
import json
import random
from typing import Any

ODD = [
    None,
    True,
    -1,
    0,
    2**63,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\0\n",
    "x" * 300,
    [],
    {},
    [[]],
    {"": 0},
    "exit",
]


def changed(data: bytes, seed: int) -> bytes | None:
    """The lines of JSON in `data`, or all of it, with one value changed; None where it is no JSON."""
    chance = random.Random(seed)
    lines = data.splitlines(keepends=True) or [b""]
    for first, last in ((0, len(lines)), *[(at := chance.randrange(len(lines)), at + 1)]):
        try:
            tree = json.loads(b"".join(lines[first:last]))
        except (ValueError, RecursionError):
            continue
        for _ in range(chance.choice([1, 1, 1, 2, 5])):
            tree = _with_a_change(tree, chance)
        new = json.dumps(tree).encode() + b"\n"
        return b"".join([*lines[:first], new, *lines[last:]])
    return None


def _with_a_change(tree: Any, chance: random.Random) -> Any:
    """Goes down at random and changes what is there."""
    if not isinstance(tree, dict | list) or not tree or chance.random() < 0.1:
        return copy.deepcopy(chance.choice(ODD))
    key = chance.choice(list(tree)) if isinstance(tree, dict) else chance.randrange(len(tree))
    match chance.random():
        case kind if kind < 0.1:
            del tree[key]
        case kind if kind < 0.2 and isinstance(tree, list):
            tree.append(tree[key])
        case kind if kind < 0.2:
            tree[chance.choice(["schema", "x", "time", key.upper()])] = tree[key]
        case _:
            tree[key] = _with_a_change(tree[key], chance)
    return tree
