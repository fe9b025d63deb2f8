"""A relay between a host and the daemon that loses datagrams on the way back, as a full socket buffer does."""

import random
import socket
import threading

from segue_bridge import meeting, private


class LossyRelay:
    """Listens on `port`; loses this part (0..1) of the daemon's datagrams, by a seed, and counts them."""

    def __init__(self, daemon_port: int, part: float, seed: int) -> None:
        self._dice, self._part = random.Random(seed), part
        self.passed = self.lost = 0
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self.port: int = self._front.getsockname()[1]
        self._daemon = ("127.0.0.1", daemon_port)
        self._backs: dict[tuple[str, int], socket.socket] = {}
        known = meeting.find(daemon_port)
        assert known, "no daemon was announced on that port"
        with private.opened(meeting.folder()) as folder:
            folder.replace(str(self.port), f"{self.port} {known.token} {known.proof}\n".encode())
        threading.Thread(target=self._forward, daemon=True).start()

    def close(self) -> None:
        """Stop relaying."""
        for back in [self._front, *self._backs.values()]:
            back.shutdown(socket.SHUT_RDWR) if back is not self._front else back.close()

    def _forward(self) -> None:
        while True:
            try:
                packet, host = self._front.recvfrom(65535)
            except OSError:
                return
            if host not in self._backs:
                back = self._backs[host] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                back.connect(self._daemon)
                threading.Thread(target=self._answer, args=(back, host), daemon=True).start()
            self._backs[host].send(packet)

    def _answer(self, back: socket.socket, host: tuple[str, int]) -> None:
        while packet := back.recv(65535):
            if self._dice.random() < self._part:
                self.lost += 1
            else:
                self.passed += 1
                self._front.sendto(packet, host)
