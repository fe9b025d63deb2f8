"""Attacks a daemon of its own and prints what came of it: `python tests/bridge/attack.py [KIND ...]`, some two minutes.

One file in attacks/ is one kind. It has TITLE and `attack(victim)`, which does its worst, returns how often and what it
saw, and leaves to this file whether the daemon crashed, hung, or lost anything; VICTIM says which daemon it wants. As
root it attacks as a second user.
"""

import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from victim import victim

HERE = Path(__file__).parent
PATIENCE = 10.0  # seconds after an attack in which the daemon answers, or hangs


def main(kinds: list[str]) -> int:
    """Run the attacks; 0 where none did harm."""
    print(f"{'attack':<44}{'tried':>9}{'crashed':>9}{'hung':>6}{'lost':>6}{'seconds':>9}  seen")
    harm = 0
    for name in kinds or sorted(path.stem for path in (HERE / "attacks").glob("*.py")):
        module = import_module(f"attacks.{name}")
        # Not in pytest's folders: a second user must be able to come near.
        how = getattr(module, "VICTIM", {})
        with tempfile.TemporaryDirectory(prefix="attack-") as folder, victim(_home(folder), **how) as one:
            began = time.monotonic()
            tried, seen = module.attack(one)
            hung = len(one.hung) + (not (one.answers(PATIENCE) and one.answers_in_spool(PATIENCE)))
            crashed, lost = one.crashed(), len(one.lost())
            took = time.monotonic() - began
        harm += crashed + hung + lost
        print(f"{module.TITLE:<44}{tried:>9,}{crashed:>9d}{hung:>6d}{lost:>6}{took:>9.1f}  {seen}", flush=True)
    return 1 if harm else 0


def _home(folder: str) -> Path:
    Path(folder).chmod(0o755)
    home = Path(folder) / "home"
    home.mkdir(mode=0o755)
    return home


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
