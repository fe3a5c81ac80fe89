"""Sends UDP datagrams whose senders do not exist: forged_datagrams.py HOST PORT PER_SECOND SECONDS PAYLOAD_HEX

The eight bytes at 2, the number that a client draws, differ in each, unless it is JSON. Needs root.
"""

import socket
import struct
import sys
import time

host, port, per_second, seconds, payload = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
payload = bytes.fromhex(payload)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
begin = time.monotonic()
sent = 0
while time.monotonic() < begin + seconds:
    source = bytes([10, 97, 1 + sent // 250 % 250, 1 + sent % 250])
    is_json = payload.startswith(b"{")
    body = payload if is_json else payload[:2] + struct.pack(">Q", sent) + payload[10:]
    udp = struct.pack(">HHHH", 4000, port, 8 + len(body), 0)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, 17, 0, source, socket.inet_aton(host))
    raw.sendto(ip + udp + body, (host, port))
    sent += 1
    time.sleep(max(0, begin + sent / per_second - time.monotonic()))
