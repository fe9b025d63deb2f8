"""Spools that another user made, owns, may write in, or can swap; and links in every place of one."""

import os
import shutil
from pathlib import Path

from second_user import UID, as_other_user, can_switch
from segue_bridge import spool

TITLE = "spools: another user's, links in every place"


def bad_folders(home: Path, documents: Path) -> dict[str, Path]:
    """Folders that must be refused, by what is wrong with them."""
    made = {}

    def folder(name: str, mode: int = 0o700) -> Path:
        path = home / name
        path.mkdir()
        path.chmod(mode)
        return path

    made["everybody may write in it"] = folder("open", 0o777)
    made["sticky"] = folder("sticky", 0o1777)
    made["its group may write in it"] = folder("group", 0o770)
    (folder("swap", 0o777) / "spool").mkdir(mode=0o700)
    made["everybody may rename it"] = home / "swap" / "spool"
    (home / "link").symlink_to(documents)
    made["a link"] = home / "link"
    for name in spool.SUBFOLDERS:
        (folder(f"link in {name}") / name).symlink_to(documents)
        made[f"{name} is a link"] = home / f"link in {name}"
    if can_switch():
        nest = home / "nest"
        nest.mkdir()
        os.chown(nest, UID, UID)
        as_other_user(lambda: ((nest / "spool").mkdir(), (nest / "spool").chmod(0o777), None)[-1])
        made["another user owns it"] = nest / "spool"
        (nest / "ours").mkdir(mode=0o700)
        made["another user owns its parent"] = nest / "ours"
        folder("safe")
        as_other_user(lambda: os.symlink(home / "safe", nest / "way"))
        (home / "safe" / "spool").mkdir(mode=0o700)
        made["another user's link leads to it"] = nest / "way" / "spool"
    return made


def attack(victim) -> tuple[int, str]:
    """Each is named in a hello; then links take the place of what the daemon writes."""
    bad = bad_folders(victim.home, victim.documents)
    taken = [what for what, path in bad.items() if victim.asks(path) != "bad_spool"]
    good = victim.home / "good"
    good.mkdir(mode=0o700)
    alive = [good / "daemon.alive", good / f"daemon.alive.{victim.process.pid}.tmp"]
    for path in alive:
        path.symlink_to(victim.documents / ".bashrc")
    victim.asks(good)
    shutil.rmtree(good / "to_host")
    (good / "to_host").symlink_to(victim.documents)
    victim.asks(good)
    shutil.rmtree(good)
    good.symlink_to(victim.documents)
    victim.asks(good)
    return len(bad) + 4, f"taken: {', '.join(taken) or 'none'}"
