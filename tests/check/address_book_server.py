"""A table server written from the address-book handout, with one fault at a time: address_book_server.py HOST PORT [FAULT]."""

import os
import socket
import sys
import threading
import time

HOST, PORT = sys.argv[1], int(sys.argv[2])
FAULT = sys.argv[3] if len(sys.argv) > 3 else ""
LIMIT_SECONDS = 1.5
QUIET_SECONDS = 0.2
KEPT_SECONDS = 60 if FAULT == "drops-early" else 90

table = {}
times = {}
gone = set()
lock = threading.Lock()
state = {"visits": 0}


def fault(*names):
    return FAULT in names


def ends_all(*names):
    if fault(*names):
        os._exit(1)


def show(text):
    print(text, flush=True)


# The request


def whole(data):
    fields = data.split(b":", 3)
    return len(fields) == 4 and fields[3] != b""


def read(conn):
    """The request; it is whole when it has four fields and nothing more comes, or its line or the connection ends."""
    data = b""
    end = time.time() + LIMIT_SECONDS
    while (b"\n" not in data or fault("waits-for-end")) and (len(data) <= 1024 or fault("no-end")):
        conn.settimeout(QUIET_SECONDS if whole(data) else max(0.01, end - time.time()))
        waits = fault("waits-after-first") and data and not whole(data) or fault("no-end") and len(data) > 1024
        if waits or fault("waits-for-ever") and not data:
            conn.settimeout(None)
        if fault("waits-for-newline", "waits-for-end") and whole(data):
            conn.settimeout(None)
        try:
            more = conn.recv(65536)
        except socket.timeout:
            break
        if not more:
            if data and not whole(data):
                ends_all("dies-of-half-request")
            if fault("end-is-no-request"):
                data = b""
            break
        data += more
        if fault("one-recv"):
            break
    return data


def handle(conn, address):
    try:
        visit(conn, address)
    except OSError:
        pass
    if fault("stays-open"):
        time.sleep(600)
    close(conn)


def close(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    conn.close()


def visit(conn, address):
    data = read(conn)
    if data == b"":
        return ends_all("dies-of-silence")
    try:
        text = data.decode("ascii" if fault("ascii") else "utf-8")
    except UnicodeDecodeError:
        return ends_all("dies-of-bytes")
    if fault("newline-is-name") and text.endswith("\n"):
        return None
    fields = text.rstrip("\r\n").split(":", 3)
    if len(fields) < 4:
        if len(fields) == 1 and len(text) > 1:
            ends_all("dies-of-text")
        if len(fields) == 3 and fields[2].isdigit():
            ends_all("dies-of-fewer-fields")
        return None
    return request(conn, address[0], *fields)


def request(conn, seen, type, claimed, port, name):
    if fault("small-letters"):
        type = type.upper()
    if fault("address-of-request"):
        seen = claimed
    if fault("address-must-be-one") and not claimed.replace(".", "").isdigit():
        return
    if not port.isdigit():
        if not fault("any-port"):
            return
        port = port.strip("p")
    if len(port) > 4 and fault("four-digits") or port == "0" and not fault("port-0"):
        return
    if int(port) > 65535 and not fault("high-port"):
        return
    key = (seen, port)
    if fault("key-is-address"):
        key = (seen,)
    if fault("key-is-name"):
        key = (seen, name)
    if fault("key-with-name"):
        key = (seen, port, name)
    if fault("a-list"):
        key = (seen, port, state["visits"])
    if type == "R" or type == "X" and fault("any-type"):
        here(conn, key, seen, port, name)
    elif type == "K":
        offline(conn, (seen, port) if fault("k-name") else key, claimed, port, name)


# R


def here(conn, key, seen, port, name):
    show("a request" if fault("shows-no-request") else f"got request from: {seen}:{port} {name}")
    with lock:
        if not fault("not-kept") and not (fault("never-again") and key in gone):
            table[key] = (seen, port, name)
            if not (fault("first-time-counts") and key in times):
                times[key] = time.time()
        drop_old(key)
        if fault("thirty-at-most") and len(table) > 20:
            del table[next(iter(table))]
        others = [entry for each, entry in table.items() if each != key or fault("lists-asker")]
        known = list(table.values())
    if fault("a-list"):
        others = [entry for entry in known if entry[:2] != (seen, port)]
    if not fault("shows-no-table"):
        show("the table: " + ", ".join(":".join(entry[:2]) for entry in known))
    if fault("dies-of-unread"):
        return send_parts(conn, others)
    conn.sendall(answer(others).encode())


def send_parts(conn, others):
    try:
        for entry in others:
            conn.sendall(answer([entry]).encode())
            time.sleep(0.05)
    except OSError:
        os._exit(1)


def drop_old(asker):
    if fault("never-drops"):
        return
    for key in [key for key in table if time.time() - times[key] >= KEPT_SECONDS]:
        if not (fault("drops-asker-only") and key != asker):
            del table[key]


def answer(others):
    if fault("first-entry"):
        others = others[:1]
    if fault("says-empty") and not others:
        return "nobody is here"
    entries = [f"-R:{address}:{port}" for address, port, _ in others]
    text = ("\n" if fault("newlines-between") else "").join(entries)
    if fault("newline-at-end") and others:
        text += "\n"
    if fault("short-answer"):
        text = text[:1000]
    if FAULT in ("count", "names"):
        if FAULT == "names":
            text = "".join(f"-R:{address}:{port}:{name}" for address, port, name in others)
        return f"{len(others)}{text}" if others else "Null-"
    return text


# K


def offline(conn, key, claimed, port, name):
    show("a request" if fault("shows-no-offline") else f"receive offline from: {key[0]}:{port} {name}")
    if fault("k-address-of-request"):
        key = (claimed, port)
    if fault("k-ignored"):
        return
    with lock:
        if fault("k-name"):
            key = next((each for each, entry in table.items() if entry[2] == name), key)
        if fault("k-name-too") and table.get(key, ("", "", name))[2] != name:
            return
        if fault("k-removes-all"):
            table.clear()
        elif key not in table:
            ends_all("dies-of-stranger")
        table.pop(key, None)
        if fault("a-list"):
            for each in [each for each in table if each[:2] == key[:2]]:
                del table[each]
        gone.add(key)
        others = list(table.values())
    if fault("k-is-answered"):
        conn.sendall(answer(others).encode())


listener = socket.create_server((HOST, 0 if fault("other-port") else PORT), backlog=200)
if not fault("shows-no-waiting"):
    show("Waiting for clients connection")
busy = threading.Semaphore(10)


def handle_few(conn, address):
    with busy:
        if fault("ten-threads"):
            handle(conn, address)


while True:
    conn, address = listener.accept()
    state["visits"] += 1
    if fault("sixty-visits") and state["visits"] > 90:
        os._exit(1)
    if fault("one-at-a-time"):
        handle(conn, address)
    else:
        target = handle_few if fault("ten-threads") else handle
        threading.Thread(target=target, args=(conn, address), daemon=True).start()
