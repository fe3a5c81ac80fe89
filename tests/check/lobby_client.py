"""A client written from the lobby handout, with one fault at a time: lobby_client.py HOST PORT [FAULT]."""

import os
import select
import socket
import sys
import threading
import time

HOST, PORT = sys.argv[1], int(sys.argv[2])
FAULT = sys.argv[3] if len(sys.argv) > 3 else ""

typed = threading.Event()
answered = threading.Event()
state = {"shown": 0, "sent": 0, "rest": b"", "bytes": 0}


def fault(*names):
    return FAULT in names


def end(status=0):
    sys.stdout.flush()
    os._exit(status)


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


# What the server sends


def show(data):
    state["shown"] += 1
    if fault("first-chunk-hidden") and state["shown"] == 1:
        return
    if fault("alternates") and state["shown"] > 1:
        typed.wait()
    if fault("lines-alone"):
        state["rest"] += data
        *lines, state["rest"] = state["rest"].split(b"\n")
        data = b"".join(line + b"\n" for line in lines)
    if fault("one-line-a-chunk"):
        data = data.split(b"\n")[0] + b"\n"
    if fault("lines-with-address") and not data.startswith((b"<", b"Welcome", b"the ")):
        return
    if fault("deaf-after-typing") and typed.is_set():
        return
    if fault("ascii-screen"):
        data = data.decode("ascii", "replace").encode("ascii", "replace")
    if fault("decodes-pieces", "dies-of-bytes"):
        try:
            data.decode()
        except UnicodeDecodeError as error:
            if fault("decodes-pieces") or error.reason != "unexpected end of data" and error.start == 0 and data[0] == 0xFF:
                end(1)
    if fault("short-chunks"):
        data = data[:1024]
    if fault("twenty-lines"):
        data = b"\n".join(data.split(b"\n")[:20]) + b"\n" if state["shown"] <= 20 else b""
    if fault("shows-again"):
        state["rest"] += data
        data = state["rest"]
    write(data)
    if fault("sends-back") and state["shown"] > 1:
        sock.sendall(data)


def receive():
    while True:
        try:
            data = sock.recv(65536)
        except OSError:
            end(1)
        answered.set()
        if data and fault("end-first"):
            time.sleep(0.2)
            sock.setblocking(False)
            try:
                if sock.recv(1, socket.MSG_PEEK) == b"":
                    data = b""
            except BlockingIOError:
                pass
            sock.setblocking(True)
        if not data:
            if fault("server-end-ignored"):
                return
            if fault("server-end-is-error"):
                end(1)
            if fault("half-line-holds") and state.get("half"):
                return
            end()
        while fault("readline-blocks") and state.get("half"):
            time.sleep(0.01)
        state["bytes"] += len(data)
        show(data)


# What the user types


def send(line):
    state["sent"] += 1
    if fault("prints-only") or fault("first-line-alone") and state["sent"] > 1:
        return
    if fault("strips"):
        line = line.strip()
    if fault("collapses-spaces"):
        line = b" ".join(line.split())
    if fault("ascii"):
        line = line.decode("utf-8", "ignore").encode("ascii", "replace")
    if fault("cuts-long-lines"):
        line = line[:1024]
    if fault("commands") and line.startswith(b"/"):
        return
    if fault("drops-when-busy") and state["bytes"] > 600:
        return
    if fault("waits-for-answer") and state["sent"] > 1:
        answered.wait()
    answered.clear()
    if fault("hundred-lines") and state["sent"] > 100:
        return
    line_end = b"" if fault("no-newline") else b"\r\n" if fault("crlf") else b"\n"
    # Before the line is sent, which may be answered at once.
    typed.set()
    sock.sendall(line + line_end)
    if not fault("no-you"):
        write((b"" if fault("you-without-line") else b"<You>" + line) + b"\n")
    if fault("sends-twice"):
        sock.sendall(line + line_end)


def handle(line):
    if line == b"/exit" and not fault("exit-is-text"):
        if fault("exit-is-sent"):
            sock.sendall(b"/exit\n")
        finish()
    elif line:
        send(line)


def finish():
    if fault("end-of-input-ignored"):
        time.sleep(600)
    if fault("waits-for-server"):
        sock.shutdown(socket.SHUT_WR)
        time.sleep(600)
    if fault("end-of-input-is-error"):
        raise EOFError
    end()


def read_keys():
    rest = b""
    while True:
        data = os.read(0, 65536)
        if data and fault("end-first-typed"):
            time.sleep(0.2)
            if select.select([0], [], [], 0)[0] and os.read(0, 1) == b"":
                data = rest = b""
        if not data:
            if rest and not fault("half-line-dropped"):
                handle(rest)
            return finish()
        if fault("pasted-waits") and data.count(b"\n") > 1:
            data = data.split(b"\n")[0] + b"\n"
        *lines, rest = (rest + data).split(b"\n")
        state["half"] = rest != b""
        for line in lines:
            handle(line)


sock = socket.socket()
if fault("no-connection"):
    time.sleep(600)
sock.connect((HOST, PORT))
if fault("speaks-first"):
    sock.sendall(b"hello\n")
if fault("keyboard-first"):
    threading.Thread(target=lambda: (typed.wait(), receive()), daemon=True).start()
else:
    threading.Thread(target=receive, daemon=True).start()
try:
    read_keys()
except EOFError:
    end(1)
