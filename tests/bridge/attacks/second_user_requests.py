"""Another user says everything the protocol knows, from sockets of all kinds."""

import socket
import time

from second_user import as_other_user
from segue_bridge import protocol, protocol_table

TITLE = "second user: every request, every socket"
ROUNDS = 200


def packets(victim) -> list[bytes]:
    """Each message of the table, naming what is the victim's."""
    spool, song = str(victim.documents), str(victim.documents / "letter.txt")
    values = {"spool": spool, "path": song, "options": f'{{"spool": "{spool}"}}', "kind": "exit", "verdict": "kept"}
    numbers = {"i": 1, "d": 1.0, "f": 1.0, "s": "x"}
    return [
        protocol.reply(verb.address, *(values.get(a.name, numbers[a.tag]) for a in verb.args), sender="host")
        for verb in protocol_table.TABLE
        if verb.sender == "host"
    ]


def sockets(port: int) -> list[socket.socket]:
    """Plain, connected, shared, on another address of this machine, and of IPv6."""
    plain, connected, shared, elsewhere = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4))
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for sock, host in ((plain, "127.0.0.1"), (shared, "0.0.0.0"), (elsewhere, "127.0.0.2")):
        sock.bind((host, 0))
    connected.connect(("127.0.0.1", port))
    both = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return [plain, connected, shared, elsewhere, both]


def attack(victim) -> tuple[int, str]:
    """Answers would be seen by the sockets, spools in the documents."""
    asked = packets(victim)

    def act() -> tuple[int, int]:
        ends, sent, heard = sockets(victim.port), 0, 0
        for number in range(ROUNDS):
            for sock in ends:
                host = "::ffff:127.0.0.1" if sock.family == socket.AF_INET6 else "127.0.0.1"
                sock.sendto(asked[number % len(asked)], (host, victim.port))
                sent += 1
            time.sleep(0.002)
        time.sleep(0.5)
        for sock in ends:
            sock.setblocking(False)
            try:
                while sock.recv(65535):
                    heard += 1
            except OSError:
                pass
        return sent, heard

    sent, heard = as_other_user(act)
    return sent, f"{heard} answers, {len(list(victim.documents.iterdir())) - 5} new files"
