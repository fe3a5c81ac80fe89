"""A peer written from the address-book handout, with one fault at a time: peer.py HOST PORT NAME UDP [FAULT].
It speaks the dialects A, B and C; `/to NAME TEXT` writes. Groups are its own: `/join`, `/leave`, `/say GROUP TEXT`."""

import hashlib
import os
import random
import re
import socket
import sys
import threading
import time

HOST, PORT, NAME, UDP = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
FAULT = sys.argv[5] if len(sys.argv) > 5 else ""
IP = "127.0.0.1"
BETWEEN = "\\: "
# No program of another play has it.
OTHER_PORT = 9

friends = {}
groups = {}
numbers = []
twins = set()
state = {"heard": 0, "said": 0, "last": None}


def fault(*names):
    return FAULT in names


def show(text):
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


# The table


def request(kind):
    with socket.create_connection((HOST, PORT)) as tcp:
        port = OTHER_PORT if fault("announces-other-port") else UDP
        text = f"{kind}:{IP}:{port}:{NAME}"
        if fault("name-first"):
            text = f"{kind}:{NAME}:{IP}:{port}"
        tcp.sendall(text.encode())
        tcp.settimeout(20)
        reply = b""
        while data := tcp.recv(1024):
            reply += data
    return reply.decode()


def refresh():
    reply = request("R")
    head = reply.split("-")[0]
    if fault("needs-count") and not head.isdigit() and head != "Null" or fault("dies-of-null") and head == "Null":
        os._exit(1)
    entries = re.findall(r"R:([\d.]+):(\d+)(?::([^:-]*))?", reply)
    if fault("needs-names") and any(name == "" for _, _, name in entries):
        os._exit(1)
    for ip, port, name in entries[:1] if fault("first-entry-alone") else entries:
        address = (ip, int(port))
        if int(port) == UDP or address in friends:
            continue
        friends[address] = {"name": None if not name else name, "dialect": "C", "has_answered": False}
        numbers.append(address)
        ask(len(numbers) - 1, address)


def refresh_for_ever():
    while True:
        time.sleep(30)
        try:
            refresh()
        except OSError:
            if fault("dies-of-absent-table"):
                os._exit(1)


def send(text, address):
    udp.sendto(text.encode("ascii", "replace") if fault("ascii") else text.encode("utf-8", "surrogateescape"), address)


def ask(number, address):
    if fault("never-asks"):
        return
    port = 0 if fault("asks-with-other-port") else UDP
    a = f"IDReq{BETWEEN}{number}{BETWEEN}{IP}{BETWEEN}{port}"
    b = f"{UDP}!X_GET_NAME|{UDP}"
    if fault("no-a-request"):
        return send(b, address)
    if fault("no-b-request"):
        return send(a, address)
    send(a + BETWEEN + b + "|+", address)


# What comes


def receive():
    while True:
        data, source = udp.recvfrom(512 if fault("short-buffer") else 65536)
        if fault("dies-of-bytes"):
            data.decode()
        if data == b"" and fault("dies-of-empty"):
            os._exit(1)
        text = data.decode("ascii", "ignore") if fault("ascii") else data.decode("utf-8", "surrogateescape")
        take(text, source)


def take(text, source):
    fields = text.split(BETWEEN)
    if fields[0] == "KEY" and source in friends:
        return keyed(source, fields[1], fields[2])
    if fields[0] in ("SECRET", "PLAIN") and source in friends:
        return whispered(source, *fields)
    if fields[0] in ("JOIN", "HERE", "LEAVE", "SAY") and len(fields) > 2:
        return told(source, *fields)
    if fields[0] == "IDReq":
        return answer_a(fields, source)
    if fields[0] == "ID" and len(fields) == 3:
        return met(numbers[int(fields[2])] if fields[2].isdigit() and int(fields[2]) < len(numbers) else None, fields[1], "A")
    found = re.fullmatch(r"(\d+)!X_GET_NAME\|(\d+)", text)
    if found:
        return answer_b(int(found[1]), source)
    found = re.fullmatch(r"(\d+)!X_NAME\|([^|]+)\|(\d+)", text)
    if found:
        return met((source[0], int(found[3])), found[2], "B")
    if len(fields) == 4 and fields[2].isdigit():
        return heard((fields[1], int(fields[2])), fields[0], "A", fields[3])
    if len(fields) > 4 and fault("dies-of-fields"):
        os._exit(1)
    found = re.fullmatch(r"(\d+)!(.*)\n?", text, re.S)
    if found:
        return heard((source[0], int(found[1])), found[2], "B")
    said, plus, _ = text.rpartition("+")
    if plus:
        heard(source, said, "C")


def answer_a(fields, source):
    if len(fields) == 5 and fields[3].isdigit():
        twins.add((fields[2], int(fields[3])))
    if len(fields) < 4 and not fault("dies-of-few-fields"):
        return
    if not fields[3].isdigit() and not fault("dies-of-port"):
        return
    address = source if fault("a-answers-source") else (fields[2], int(fields[3]))
    if not fault("a-unanswered"):
        send(f"ID{BETWEEN}{NAME}{BETWEEN}{1 if fault('number-of-its-own') else fields[1]}", address)


def answer_b(port, source):
    if not fault("b-unanswered"):
        send(f"{UDP}!X_NAME|{NAME}|{UDP}", source if fault("b-answers-source") else (source[0], port))


def met(address, name, dialect):
    friend = friends.get(address)
    if friend is None or fault("names-not-kept") and dialect == "A" and friend["name"] is None:
        return
    friend.update(name=name, dialect=dialect, has_answered=True)
    show(f"online {name}")


def heard(address, said, dialect, name=None):
    friend = friends.get(address)
    if friend is None:
        if not fault("shows-strangers") or name is None:
            return
        return show(f"from {name}: {said}")
    if address in twins and (fault("twin-unheard") or fault("twin-unheard-after-speaking") and state["said"]):
        return
    state["heard"] += 1
    drops = {"a-unheard": "A", "b-unheard": "B", "c-unheard": "C"}
    if drops.get(FAULT) == dialect or fault("first-text-alone") and state["heard"] > 1:
        return
    if fault("first-peer-alone") and address != numbers[0]:
        return
    if dialect == "C" and fault("answers-needed") and not friend["has_answered"]:
        return
    friend["dialect"] = "A" if fault("a-to-c") and dialect == "C" else dialect
    friend["last"] = said
    said = said.rstrip("\n")
    name = friend["name"] or f"{address[0]}:{address[1]}"
    if fault("a-nameless") and dialect == "A" or fault("b-by-port") and dialect == "B":
        name = str(address[1]) if dialect == "B" else ""
    state["last"] = address
    line = f"from {name}: {said}"
    if fault("a-thread-a-text") and said.startswith("no. 1;"):
        return threading.Timer(1.0, show, [line]).start()
    show(line)
    if fault("shows-again"):
        state["again"] = state.get("again", []) + [line]
        show("\n".join(state["again"]))


# Secrecy: a small Diffie-Hellman, enough for a test

PRIME = 2**127 - 1
private = random.randrange(2, PRIME - 1)
keys = {}
waiting = {}
securing = threading.Lock()


def secure(address):
    keys.setdefault(address, None)
    send(BETWEEN.join(["KEY", "1", str(pow(3, private, PRIME))]), address)


def keyed(address, asks, public):
    with securing:
        keys[address] = 7 if fault("other-key") and asks == "1" else pow(int(public), private, PRIME)
        texts = waiting.pop(address, [])
    if asks == "1":
        send(BETWEEN.join(["KEY", "0", str(pow(3, private, PRIME))]), address)
    for text in texts:
        whisper(text, address)


def cipher(data, key, nonce):
    stream = hashlib.shake_256(f"{key} {nonce}".encode()).digest(len(data))
    return bytes(a ^ b for a, b in zip(data, stream))


def whisper(text, address):
    nonce = random.randrange(10**9)
    is_plain = fault("secure-in-name") or fault("secure-one-way") and state["heard"] > 0
    data = text.encode("utf-8", "surrogateescape")
    said = text if is_plain else cipher(data, keys[address], nonce).hex()
    send(BETWEEN.join(["PLAIN" if is_plain else "SECRET", str(nonce), said]), address)


def whispered(address, kind, nonce, said):
    if kind == "SECRET":
        said = cipher(bytes.fromhex(said), keys.get(address), int(nonce)).decode("utf-8", "replace")
    state["heard"] += 1
    show(f"from {friends[address]['name']}: {said}")


# Groups


def told(source, kind, group, name, said=""):
    if group not in groups:
        if kind == "SAY" and fault("group-to-all", "keeps-left"):
            show(f"{group} {name}: {said}")
        return
    if kind == "SAY":
        show(f"{name}: {said}" if fault("group-unnamed") else f"{group} {name}: {said}")
    elif kind == "LEAVE":
        if not fault("keeps-left"):
            groups[group].discard(source)
        if not fault("leave-untold"):
            show(f"{name} left {group}")
    else:
        groups[group].add(source)
    if kind == "JOIN":
        # Before the user is told, who may write at once: a member that does not know of this one yet would not answer it.
        if not fault("here-unsent"):
            send(BETWEEN.join(["HERE", group, NAME]), source)
        if not fault("join-untold"):
            show(f"{name} joined {group}")


def in_group(kind, group, *said):
    members = set(friends) if kind == "JOIN" else groups.get(group, set())
    if kind == "JOIN":
        groups[group] = set()
    if kind == "SAY":
        if fault("group-unsent"):
            return
        members = set(friends) if fault("group-to-all") else set(sorted(members)[:1]) if fault("one-member") else members
    for address in list(members):
        send(BETWEEN.join([kind, group, NAME, *said]), address)
    if kind == "LEAVE":
        groups.pop(group, None)


# What the user writes


def write(name, text):
    state["said"] += 1
    known = [address for address, friend in friends.items() if friend["name"] == name]
    if not known:
        return show(f"there is no {name}")
    if fault("one-text-each") and state["said"] > 1:
        return
    address = known[0]
    if address in keys:
        with securing:
            if keys[address] is None:
                return waiting.setdefault(address, []).append(text)
        return whisper(text, address)
    if fault("to-last") and state["last"]:
        address = state["last"]
    dialect = friends[address]["dialect"]
    if fault("to-everyone"):
        for each in friends:
            say(text, each, dialect)
    else:
        say(text, address, dialect)


def say(text, address, dialect):
    if fault("a-unsent") and dialect == "A" or fault("b-unsent") and dialect == "B":
        return show(f"you: {text}")
    if dialect == "A" or dialect == "B" and fault("a-to-b"):
        safe = text if fault("separator-in-text") else text.replace(BETWEEN, "\\:")
        line_end = "" if fault("a-without-line-end") else "\n"
        port = OTHER_PORT if fault("a-other-port") else UDP
        send(BETWEEN.join([safe + line_end, IP, str(port), NAME]), address)
    elif dialect == "B":
        send(f"{UDP}!{text}\n", address)
    else:
        send(f"{text if fault('plus-in-text') else text.replace('+', '＋')}\n+{NAME}", address)


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", UDP))


def run():
    try:
        receive()
    except Exception:
        os._exit(1)


threading.Thread(target=run, daemon=True).start()
if fault("no-table"):
    time.sleep(600)
refresh()
threading.Thread(target=refresh_for_ever, daemon=True).start()
for line in sys.stdin:
    found = re.fullmatch(r"/(join|leave|say) (\S+)(?: (.*))?\n?", line)
    if found:
        in_group(found[1].upper(), found[2], *([found[3]] if found[3] else []))
    found = re.fullmatch(r"/secure (\S+)\n?", line)
    for address in [each for each, friend in friends.items() if found and friend["name"] == found[1]]:
        secure(address)
    found = re.fullmatch(r"/to (\S+) (.*)\n?", line)
    if found:
        write(found[1], found[2])
        if fault("dies-of-closed-port") and state["said"] > 2 and not found[2].startswith("no."):
            os._exit(1)
if not fault("no-farewell"):
    request("K")
