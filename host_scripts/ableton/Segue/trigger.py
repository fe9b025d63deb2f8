"""Triggers an action in Live from outside: `python trigger.py mark`, for a key of a launcher or a Stream Deck."""

import os
import socket
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from Segue import daemon, meeting, osc

    if len(sys.argv) != 2:
        sys.exit(
            "usage: python trigger.py mark|next|previous|preview|keep|reject|clear|cancel|grid|later|double|half|three"
        )
    actions = meeting.actions(daemon.configuration()["daemons"])
    if actions is None:
        sys.exit("Live with Segue has not been started yet: start Live, then try again")
    packet = osc.pack("/segue/action/" + sys.argv[1], "s", actions.token)
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(packet, (daemon.HOST, actions.port))
