"""Joins a peer, then tells it of 100 addresses where no machine is, every second: NAME PORT THEIR_HOST THEIR_PORT"""

import json
import os
import socket
import struct
import sys
import time

me = b"\0" + sys.argv[1].encode()
there = (sys.argv[3], int(sys.argv[4]))
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("", int(sys.argv[2])))
udp.settimeout(0.1)
mine, link, seq, want, due, told = os.urandom(8), b"", 1, 1, 0, 0


def send(kind, whose, rest):
    udp.sendto(bytes([0x50, kind]) + whose + rest, there)


def letter():
    """At most 1,000 bytes of it fit into a datagram, so that each has 40 addresses."""
    at = [f"10.97.{200 + told % 50}.{1 + i}:{3001 + told}" for i in range(40)]
    return json.dumps({"type": "peers", "at": at}).encode()


while True:
    now = time.time()
    if now >= due:
        if link:
            send(5, link, struct.pack(">IIB", seq, want, 3) + letter())
            due = now + 0.3
        else:
            send(10, mine, me.ljust(86, b"\0"))
            due = now + 0.3
    try:
        packet = udp.recv(2048)
    except TimeoutError:
        continue
    kind, whose, rest = packet[1], packet[2:10], packet[10:]
    if kind == 10:
        send(11, whose, mine + me)
    if kind == 11 and whose == mine and not link:
        link, due = bytes(x ^ y for x, y in zip(mine, rest)), 0
    if whose != link:
        continue
    if kind in (5, 6) and int.from_bytes(rest[4:8] if kind == 5 else rest[:4], "big") > seq:
        seq, told = seq + 1, told + 1
        if told % 3 == 0:
            print("told", told * 40, flush=True)
    if kind == 5 and rest[:4] == struct.pack(">I", want):
        want += 1
    if kind in (5, 7):
        send(kind + 1, link, struct.pack(">I", want) if kind == 5 else rest)
