"""Chats with one Partyline client, straight over UDP: python3 thirty_lines.py NAME PORT THEIR_HOST THEIR_PORT"""
import json, os, select, socket, struct, sys, time
me, there = b"\0" + sys.argv[1].encode(), (socket.gethostbyname(sys.argv[3]), int(sys.argv[4]))
udp, typed, end = socket.socket(type=socket.SOCK_DGRAM), open(0, "rb", 0), 1e99
udp.bind(("", int(sys.argv[2])))
mine, link, out, seq, want, said, shown, due, inputs = os.urandom(8), b"", [], 1, 1, 0, 0, 0, [udp, typed]
send = lambda kind, whose, rest: udp.sendto(bytes([0x50, kind]) + whose + rest, there)
while (now := time.time()) < end and (typed in inputs or out or shown < said):
    if now >= due:
        due = now + (0.3 if out or not link else 8)
        if link and out: send(5, link, struct.pack(">IIB", seq, want, 3) + json.dumps(out[0]).encode())
        else: send(7, link, bytes(8)) if link else send(10, mine, me.ljust(86, b"\0"))
    ready = select.select(inputs, [], [], 0.1)[0]
    if typed in ready and (line := typed.readline(500)):
        said, text, due = said + 1, line.decode(errors="replace").rstrip("\n"), now
        out.append({"type": "say", "n": said, "text": text})
    elif typed in ready: inputs, end = [udp], now + 5
    packet = udp.recv(2048) if udp in ready else bytes(10)
    kind, whose, rest = packet[1], packet[2:10], packet[10:]
    if kind == 10: due = send(11, whose, mine + me) and now
    if kind == 11 and whose == mine and not link:
        link, friend, due = bytes(a ^ b for a, b in zip(mine, rest)), rest[9:].decode(), now
        print("online", friend, flush=True)
    if whose != link: continue
    if kind == 9: sys.exit(friend + " is gone")
    if kind in (5, 6) and int.from_bytes(rest[4:8] if kind == 5 else rest[:4], "big") > seq:
        out, seq, due = out[1:], seq + 1, now
    if kind == 5 and rest[:4] == struct.pack(">I", want):
        want, whole = want + 1, rest[9:] if rest[8] & 1 else whole + rest[9:]
        for letter in map(json.loads, whole.splitlines() if rest[8] & 2 else []):
            if letter["type"] == "say":
                due, _ = now, print(f"from {friend}: {letter['text']}", flush=True)
                out.append({"type": "got", "n": letter["n"]})
            while letter["type"] == "got" and shown < letter["n"]: print("delivered", shown := shown + 1, flush=True)
    if kind in (5, 7): send(kind + 1, link, struct.pack(">I", want) if kind == 5 else rest)
if link: send(9, link, b"bye")
