"""Links to a peer, tells it of 100 addresses where no machine is, leaves, and begins again: NAME PORT THEIR_HOST THEIR_PORT"""

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
udp.settimeout(0.05)
PART = 1000
rounds = 0


def send(kind, whose, rest):
    udp.sendto(bytes([0x50, kind]) + whose + rest, there)


def tell():
    """One link; a message is sent in parts, of which flag 1 marks the first and 2 the last."""
    mine, link, acked, want, due = os.urandom(8), b"", 1, 1, 0
    at = [f"10.97.{200 + rounds % 50}.{1 + i}:3001" for i in range(100)]
    text = json.dumps({"type": "peers", "at": at}).encode()
    parts = [text[i : i + PART] for i in range(0, len(text), PART)]
    end = time.time() + 3
    while time.time() < end and acked <= len(parts):
        if time.time() >= due:
            due = time.time() + 0.2
            if not link:
                send(10, mine, me.ljust(86, b"\0"))
            for i in range(acked, len(parts) + 1) if link else []:
                flags = (1 if i == 1 else 0) | (2 if i == len(parts) else 0)
                send(5, link, struct.pack(">IIB", i, want, flags) + parts[i - 1])
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
        if kind in (5, 6):
            acked = max(acked, int.from_bytes(rest[4:8] if kind == 5 else rest[:4], "big"))
        if kind == 5 and rest[:4] == struct.pack(">I", want):
            want += 1
        if kind in (5, 7):
            send(kind + 1, link, struct.pack(">I", want) if kind == 5 else rest)
    if link:
        send(9, link, b"bye")
    return acked > len(parts)


while True:
    if tell():
        rounds += 1
        print("told", rounds * 100, flush=True)
    time.sleep(0.3)
