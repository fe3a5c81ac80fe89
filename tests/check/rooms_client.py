"""A client written from the rooms-and-files handout, with one fault at a time:
rooms_client.py HOST PORT NAME ROOM FOLDER [FAULT]. `/send PATH` sends a file; files are received into FOLDER."""

import os
import queue
import socket
import sys
import threading
import time

HOST, PORT, NAME, ROOM, FOLDER = sys.argv[1], int(sys.argv[2]), *sys.argv[3:6]
FAULT = sys.argv[6] if len(sys.argv) > 6 else ""
PAUSE = 0.15
QUIET = 0.05

typed = threading.Event()
waiting = queue.Queue()
state = {"shown": 0, "sent": 0, "files": 0, "received": 0, "all": ""}


def fault(*names):
    return FAULT in names


def end(status=0):
    sys.stdout.flush()
    os._exit(status)


def show(text):
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
    sys.stdout.buffer.flush()


# What the server sends


def read():
    data = sock.recv(256 if fault("short-recv") else 1024)
    if data and fault("end-first") and state["shown"] > 0:
        time.sleep(0.6)
        sock.setblocking(False)
        try:
            if sock.recv(1, socket.MSG_PEEK) == b"":
                raise EOFError
        except BlockingIOError:
            pass
        finally:
            sock.setblocking(True)
    if not data:
        raise EOFError
    return data


def receive():
    try:
        while True:
            take(read())
    except OSError:
        end(1)
    except EOFError:
        if not fault("server-end-ignored") and not (state.get("finished") and fault("waits-forever", "end-of-input-is-error")):
            end()


def take(piece):
    if piece == b"FILE" and not fault("files-are-texts"):
        return receive_file()
    state["shown"] += 1
    if fault("greeting-hidden") and state["shown"] == 1:
        return
    if fault("alternates") and state["shown"] > 1:
        typed.wait()
    if fault("first-texts-alone") and state["shown"] > 2:
        return
    if fault("deaf-after-typing") and typed.is_set():
        return
    if fault("drops-other-forms") and state["shown"] > 1 and not piece.startswith(b"<"):
        return
    if fault("dies-of-bytes"):
        try:
            piece.decode()
        except UnicodeDecodeError:
            end(1)
    text = piece.decode("ascii", "replace") if fault("ascii-screen") else piece.decode("utf-8", "surrogateescape")
    if fault("first-line-alone"):
        text = text.split("\n")[0]
    if fault("short-recv"):
        text = text if text.startswith(("<", "W")) else ""
    state["all"] += text + "\n"
    show(state["all"] if fault("shows-again") else text.rstrip("\n"))
    if fault("sends-back") and state["shown"] > 1:
        waiting.put(piece)


def receive_file():
    name, size, sender = (read().decode() for _ in range(3))
    name = name.removeprefix("client_")
    if not size.isdigit():
        if fault("dies-of-size"):
            end(1)
        return show(f"{name}: there is no size")
    data = receive_bytes(int(size))
    if fault("decodes-received"):
        data = data.decode("utf-8", "replace").encode()
    state["received"] += 1
    if fault("one-received") and state["received"] > 1:
        data = data[:10]
    if not fault("paths-are-kept"):
        name = name.replace("\\", "/").split("/")[-1]
    path = os.path.join(FOLDER, name)
    count = 0
    while os.path.exists(path) and not fault("overwrites"):
        count += 1
        stem, extension = os.path.splitext(name)
        path = os.path.join(FOLDER, f"{stem} ({count}){extension}")
    with open(path, "wb") as file:
        file.write(data)
    if fault("received-unsaid"):
        return
    show(f"{name} Received" if fault("sender-unsaid") else f"{sender}: {name} Received")


def receive_bytes(size):
    data = b""
    if fault("empty-waits") and size == 0:
        read()
    while len(data) < size:
        if fault("silence-ends-file") and data:
            sock.settimeout(0.2)
        try:
            data += sock.recv(size - len(data))
        except TimeoutError:
            break
        finally:
            sock.settimeout(None)
        if fault("one-recv") and len(data) > 1000:
            time.sleep(0.3)
            sock.recv(1024 * 1024)
            break
    if fault("one-recv-more"):
        data += sock.recv(1024)[:0]
    return data


# What the user types


def write():
    while True:
        item = waiting.get()
        if item is None:
            break
        if fault("ends-at-once"):
            time.sleep(0.5)
        if callable(item):
            item()
        else:
            sock.sendall(item)
        if not fault("no-pause"):
            time.sleep(PAUSE)
    if fault("end-of-input-ignored"):
        return
    state["finished"] = True
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    if fault("waits-forever"):
        time.sleep(600)
    if fault("end-of-input-is-error"):
        end(1)
    while True:
        time.sleep(1)


def say(line):
    state["sent"] += 1
    if fault("prints-only") or fault("first-typed-alone") and state["sent"] > 1:
        return
    if fault("collapses-spaces"):
        line = " ".join(line.split())
    data = line.encode("utf-8", "surrogateescape")
    if fault("ascii"):
        data = line.encode("ascii", "replace")
    if fault("cuts-long-lines"):
        data = data[:512]
    if fault("name-before-text"):
        data = NAME.encode() + b": " + data
    # Before the line is sent, which may be answered at once.
    typed.set()
    waiting.put(data + b"\n")


def send_file(path):
    if not os.path.exists(path):
        if fault("announces-missing"):
            waiting.put(b"FILE")
        if fault("dies-of-missing"):
            end(1)
        return show(f"there is no {path}")
    state["files"] += 1
    with open(path, "rb") as file:
        data = file.read()
    name = path if fault("sends-path") else os.path.basename(path)
    if fault("text-mode"):
        data = data.decode("utf-8", "ignore").encode()
    if fault("half-a-file"):
        data = data[:100_000]
    size = os.path.getsize(path)
    if size == 0 and fault("empty-is-missing"):
        return show("the file is empty")
    if fault("one-file") and state["files"] > 1:
        data = b""
    headers = (b"FILE", b"client_" + name.encode(), str(size).encode())
    if fault("without-client"):
        headers = (headers[0], name.encode(), headers[2])
    if fault("size-in-hex"):
        headers = (*headers[:2], hex(size).encode())
    if fault("file-with-newline"):
        headers = (b"FILE\n", *headers[1:])
    glued = {"glues-name": 0, "glues-size": 1, "glues-bytes": 2}.get(FAULT)

    def write_file():
        for i, piece in enumerate(headers):
            sock.sendall(piece)
            if i != glued:
                time.sleep(PAUSE)
        sock.sendall(data)
        if not fault("sent-unsaid"):
            show(f"You: {os.path.basename(path)} Sent")

    if fault("file-in-a-thread"):
        threading.Thread(target=write_file, daemon=True).start()
    else:
        waiting.put(write_file)


def read_keys():
    for line in sys.stdin.buffer:
        line = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if line.startswith("/send ") and not fault("send-is-text"):
            send_file(line[len("/send ") :])
        elif line:
            say(line)
    if fault("ends-at-once"):
        end()
    if fault("file-ends-with-input") and state["files"]:
        end()
    waiting.put(None)


sock = socket.socket()
if fault("no-connection"):
    time.sleep(600)
sock.connect((HOST, PORT))
name, room = NAME.encode(), ROOM.encode()
if fault("room-first"):
    name, room = room, name
if fault("newline-login"):
    name, room = name + b"\n", room + b"\n"
sock.sendall(name)
if not fault("glues-login"):
    time.sleep(PAUSE)
if not fault("no-room"):
    sock.sendall(room)
time.sleep(PAUSE)
if fault("speaks-first"):
    sock.sendall(b"hello")
if fault("keyboard-first"):
    threading.Thread(target=lambda: (typed.wait(), receive()), daemon=True).start()
else:
    threading.Thread(target=receive, daemon=True).start()
threading.Thread(target=read_keys, daemon=True).start()
write()
if fault("end-of-input-ignored"):
    time.sleep(600)
