"""Triggers an action in Live from outside: `python trigger.py mark`, for a key of a launcher or a Stream Deck."""

import os
import socket
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from Segue import daemon, osc

    if len(sys.argv) != 2:
        sys.exit("usage: python trigger.py mark|next|previous|preview|keep|reject|clear|cancel")
    port = daemon.configuration()["own_port"]
    packet = osc.pack("/segue/action/" + sys.argv[1], "")
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(packet, (daemon.HOST, port))
