"""Ten thousand folders that are all named as spools."""

from osc_host import Host

TITLE = "spools: 10,000 names in 10,000 hellos"
NAMES = 10_000


def attack(victim) -> tuple[int, str]:
    """All are the user's own and sound."""
    host, refused = Host(victim.port), 0
    for number in range(NAMES):
        folder = victim.home / "many" / str(number)
        folder.mkdir(parents=True, mode=0o700)
        host.say("/segue/hello", 1, "host", "1", str(folder))
        if number >= 100:
            while host.next(10).address != "/segue/error":
                pass
            refused += 1
    host.socket.close()
    watched = sum((folder / "daemon.alive").exists() for folder in (victim.home / "many").iterdir())
    return NAMES, f"{watched} are watched"
