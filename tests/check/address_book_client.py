"""A client of the table server, written from the address-book handout, with one fault at a time:
address_book_client.py HOST PORT NAME UDP [FAULT]. It asks every second, and sends one datagram to each address of the table."""

import os
import signal
import socket
import sys
import threading
import time

HOST, PORT, NAME, UDP = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
FAULT = sys.argv[5] if len(sys.argv) > 5 else ""
# Longer than a silence of the check may last on a busy machine.
REFRESH_SECONDS = 3
# No program of another play has it.
CLOSED_PORT = 9

udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", int(UDP)))
table = {}
kept = []
asking = threading.Lock()
state = {"visits": 0, "leaves": False, "visit": None}


def fault(*names):
    return FAULT in names


def show(text):
    print(text, flush=True)


# A visit


def request(type, local):
    address = "0.0.0.0" if fault("any-address") else local
    port = "40000" if fault("other-udp") or type == "R" and fault("port-once") and state["visits"] > 1 else UDP
    name = "" if fault("no-name") else NAME
    if type == "K" and fault("k-other-port"):
        port = "40000"
    if type == "K" and fault("k-other-name"):
        name = "me"
    text = f"{type}:{address}:{port}:{name}"
    if fault("newline") or type == "K" and fault("k-newline"):
        text += "\n"
    return text.encode() + (b"\0" * 8 if fault("padded") else b"")


def visit(type):
    """One request; the answer, or an empty one where the server is away."""
    try:
        return visited(type)
    except ConnectionRefusedError:
        if fault("dies-of-refusal"):
            raise
    return ""


def visited(type):
    state["visits"] += 1
    conn = socket.create_connection((HOST, CLOSED_PORT if fault("other-port") else PORT))
    if type == "R":
        state["visit"] = conn
    if not (type == "R" and fault("waits-for-server")):
        conn.sendall(request(type, conn.getsockname()[0]))
    data = b""
    conn.settimeout(0.3 if fault("impatient") else None if type == "R" or fault("k-waits") else 0.5)
    try:
        while True:
            more = conn.recv(1024)
            data += more
            if not more or fault("one-recv") and data or fault("short-buffer") and len(data) >= 1024:
                break
    except socket.timeout:
        data = data if type == "R" else b""
    if fault("stays-connected"):
        kept.append(conn)
    else:
        conn.close()
    return data.decode(errors="replace")


# The answer


def take(answer):
    if fault("dies-of-empty") and answer == "":
        os._exit(1)
    if not fault("newline-in-port"):
        answer = answer.strip()
    if fault("dies-of-garbage") and "R:" not in answer and answer not in ("", "Null-"):
        sys.exit(1)
    if answer.startswith("Null"):
        if fault("dies-of-null"):
            os._exit(1)
        return
    parts = answer.split("-")
    if fault("no-count") and parts[0] != "":
        return
    listed = {}
    for part in parts[1:2] if fault("first-entry") else parts[1:]:
        fields = part.split(":")
        if len(fields) < 3 or fault("no-fourth-field") and len(fields) > 3:
            continue
        address, port, name = fields[1], fields[2], fields[3] if len(fields) > 3 else "?"
        if fault("stops-at-itself") and port == UDP:
            break
        if not port.isdigit() or not 0 < int(port) < 65536 or address.strip("0123456789.") != "":
            if fault("stops-at-bad-entry"):
                break
            continue
        if port != UDP and not (fault("first-table") and state["visits"] > 1):
            listed[(address, int(port))] = name
    if not fault("keeps-gone"):
        for gone in set(table) - set(listed):
            del table[gone]
    for each in listed.items():
        enter(*each)


def enter(address, name):
    if address in table:
        return
    table[address] = (name, time.strftime("%H:%M:%S"))
    if not fault("never-asks"):
        udp.sendto(rf"IDReq\: 1\: {HOST}\: {UDP}".encode(), address)


def refresh():
    while not state["leaves"]:
        with asking:
            if not state["leaves"]:
                take(visit("R"))
        if fault("never-again"):
            return
        if not fault("no-pause"):
            time.sleep(REFRESH_SECONDS)


# The user


def table_shown():
    if not fault("no-self"):
        show(f"you are {HOST}:{UDP}")
    for (address, port), (name, since) in list(table.items()):
        words = [port if fault("no-addresses") else f"{address}:{port}"]
        words += [] if fault("no-names") else [name]
        words += [] if fault("no-since") else [since]
        show(" ".join(str(word) for word in words))


def typed(line):
    if line.strip() == "/table":
        table_shown()
    elif fault("chat-to-table") and state["visit"]:
        state["visit"].sendall(line.encode())


def leave():
    state["leaves"] = True
    if fault("stays"):
        time.sleep(600)
    with asking:
        if not fault("no-k"):
            visit("K")
        if fault("k-twice"):
            visit("K")
    if fault("stays-after-k"):
        time.sleep(600)
    os._exit(1 if fault("status-1") else 0)


def interrupted(*_):
    raise KeyboardInterrupt


signal.signal(signal.SIGINT, signal.SIG_DFL if fault("dies-of-ctrl-c") else interrupted)
try:
    # Within: an interruption may come before start() has returned.
    threading.Thread(target=refresh, daemon=True).start()
    for line in sys.stdin:
        typed(line)
except KeyboardInterrupt:
    pass
leave()
