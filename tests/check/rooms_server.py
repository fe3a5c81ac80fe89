"""A server written from the rooms-and-files handout, with one fault at a time: rooms_server.py HOST PORT [FAULT]."""

import os
import queue
import socket
import sys
import threading
import time
import unicodedata

HOST, PORT = sys.argv[1], int(sys.argv[2])
FAULT = sys.argv[3] if len(sys.argv) > 3 else ""

lock = threading.RLock()
entering = threading.Lock()
sending = threading.Lock()
rooms = {}
seen = set()
taken = set()
shared = {"visits": 0}


def fault(*names):
    return FAULT in names


PAUSE = 0.5 if fault("interleaves", "no-pause-after-file") else 0.12


def show(text):
    print(text, flush=True)


def die_on(*names):
    if fault(*names):
        os._exit(1)


def is_header(data):
    return data.startswith((b"FILE", b"client_")) or data.isdigit()


class Guest:
    def __init__(self, conn, address):
        self.conn = conn
        self.address = address
        self.name = self.room = None
        self.said = self.received = 0
        self.waiting = queue.Queue()
        self.wrote_at = 0.0
        threading.Thread(target=self.write_all, daemon=True).start()

    # What is sent to it: pieces with silence between them

    def write_all(self):
        while True:
            item = self.waiting.get()
            try:
                if callable(item):
                    item()
                else:
                    self.write_piece(item)
            except OSError:
                return

    def pause(self):
        time.sleep(max(0.0, self.wrote_at + PAUSE - time.monotonic()))

    def write_piece(self, data, is_apart=True):
        if is_apart:
            self.pause()
        self.conn.sendall(data)
        self.wrote_at = time.monotonic()

    def write_file(self, file):
        names = (b"FILE", b"client_" + file.name.encode(), str(file.size).encode(), file.sender.encode())
        if fault("name-without-client"):
            names = (names[0], file.name.encode(), *names[2:])
        if fault("size-in-hex"):
            names = (*names[:2], hex(file.size).encode(), names[3])
        if fault("without-sender"):
            names = names[:3]
        glued = {"glues-name": 1, "glues-size": 2, "glues-sender": 3}.get(FAULT)
        for i, piece in enumerate(names):
            self.write_piece(piece, i != glued)
        if not fault("glues-bytes"):
            self.pause()
        data = file.data
        if fault("decodes-bytes"):
            data = data.decode("utf-8", "replace").encode()
        self.conn.sendall(data + (b"\n" if fault("line-end-after-file") else b""))
        self.wrote_at = 0.0 if fault("no-pause-after-file") else time.monotonic()
        self.received += 1
        file.sent()

    def send(self, text):
        if fault("interleaves", "texts-at-once"):
            try:
                return self.conn.sendall(text.encode("utf-8", "surrogateescape"))
            except OSError:
                return
        self.waiting.put(text.encode("utf-8", "surrogateescape"))

    # What it says

    def others(self):
        with lock:
            if fault("to-all-rooms"):
                others = [guest for room in rooms.values() for guest in room]
            else:
                others = list(rooms[self.room])
        others = [guest for guest in others if guest is not self]
        if fault("stops-at-sender"):
            everyone = list(rooms[self.room])
            others = everyone[: everyone.index(self)]
            if not others:
                others = everyone[everyone.index(self) + 1 :]
        if fault("first-alone-is-heard") and list(rooms[self.room]).index(self) > 0 and len(rooms[self.room]) < 3:
            return []
        return others

    def read(self):
        data = self.conn.recv(256 if fault("short-recv") else 1024)
        if not data:
            raise EOFError
        if fault("waits-for-newline") and self.room and b"\n" not in data and not is_header(data):
            while not data.endswith(b"\n"):
                more = self.conn.recv(1024)
                if not more:
                    raise EOFError
                data += more
        if self.room and fault("end-first"):
            time.sleep(0.3)
            self.conn.setblocking(False)
            try:
                if self.conn.recv(1, socket.MSG_PEEK) == b"":
                    raise EOFError
            except BlockingIOError:
                pass
            finally:
                self.conn.setblocking(True)
        if fault("dies-of-bytes"):
            try:
                data.decode()
            except UnicodeDecodeError:
                os._exit(1)
        return data

    def run(self):
        try:
            if not self.enter():
                return
            while True:
                self.take(self.read())
        except EOFError:
            die_on("end-ends-all")
            if self.room is None:
                die_on("dies-without-room")
            if fault("gone-stay"):
                return
            if self.room and fault("end-is-not-answered"):
                with lock:
                    rooms[self.room].remove(self)
                taken.discard(self.name)
                time.sleep(600)
        except OSError:
            pass
        self.leave()

    def enter(self):
        name = self.read().decode("utf-8", "replace").strip()
        if fault("greets-after-name"):
            self.send("Welcome to chat room")
        if fault("one-recv"):
            name, _, room = name.partition("\n")
            if room == "":
                raise EOFError
        elif fault("room-under-lock"):
            with entering:
                room = self.read().decode()
        else:
            room = self.read().decode("utf-8", "replace").strip()
        if fault("names-are-kept") and name in taken:
            return False
        self.name = name
        taken.add(name)
        with lock:
            is_new = not any(rooms.values()) if fault("one-list") else not rooms.get(room)
            rooms.setdefault(room, []).append(self)
            self.room = room
        if fault("always-new"):
            is_new = True
        if fault("never-new"):
            is_new = False
        if fault("greets-otherwise"):
            self.send("You opened a room" if is_new else "Welcome to chat room")
        elif fault("no-greeting"):
            return True
        elif not fault("greets-after-name"):
            self.send("New Group created" if is_new else "Welcome to chat room")
        return True

    def take(self, piece):
        if fault("deaf-receiver") and self.received:
            return
        is_file = piece.startswith(b"FILE") if fault("file-by-beginning") else piece == b"FILE"
        if is_file and not fault("file-is-text"):
            return self.take_file()
        self.said += 1
        if fault("one-text") and self.said > 1 or fault("prints-only"):
            return
        text = piece.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if fault("ascii"):
            text = piece.decode("ascii", "ignore").rstrip()
        if fault("collapses-spaces"):
            text = " ".join(text.split())
        if fault("commands") and text.startswith("/"):
            return
        if fault("quit-is-command") and text == "quit":
            raise EOFError
        if text == "":
            return
        line = f"<{self.name}> {text}"
        if fault("no-name"):
            line = text
        if fault("colon-form"):
            line = f"{self.name}: {text}"
        if fault("lists-rooms") and text == "!rooms":
            self.send(" ".join(rooms))
        others = self.others()
        if fault("echo"):
            others.insert(0, self)
        if fault("a-thread-a-text"):
            delay = 1.5 if self.said == 1 else 0
            return threading.Timer(delay, self.tell, (line, others)).start()
        self.tell(line, others)

    def tell(self, line, others):
        for guest in others:
            if fault("gone-stay"):
                try:
                    guest.conn.sendall(line.encode("utf-8", "surrogateescape"))
                except OSError:
                    return
                time.sleep(0.1)
            else:
                guest.send(line)

    # Files

    def take_file(self):
        given = self.read().decode("utf-8", "replace")
        name = cleaned(given.removeprefix("client_"))
        size = self.read()
        if not size.isdigit():
            die_on("dies-of-size")
            raise EOFError
        size = int(size)
        show(f"{name} {size} bytes" if not fault("prints-no-size") else name)
        data = self.read_bytes(size)
        if fault("one-file") and self.said < 0 or fault("files-dropped"):
            return
        if fault("one-file"):
            self.said = -9
        receivers = self.others()
        if fault("file-to-one"):
            receivers = receivers[:1]
        if fault("file-to-all-rooms"):
            receivers = [guest for room in rooms.values() for guest in room if guest is not self]
        if fault("echoes-file"):
            receivers.insert(0, self)
        file = SharedFile(name, data, size, self.name, len(receivers))
        if fault("files-cross"):
            return self.cross(file, receivers)
        if fault("one-after-the-other"):
            return threading.Thread(target=self.write_in_turn, args=(file, receivers), daemon=True).start()
        for guest in receivers:
            guest.waiting.put(lambda guest=guest: guest.write_file(file))
        if fault("one-recv-more"):
            self.conn.recv(1024)

    def write_in_turn(self, file, receivers):
        """The error of one receiver ends the loop."""
        try:
            for guest in receivers:
                guest.write_file(file)
                time.sleep(0.2)
                guest.conn.sendall(b"")
                guest.conn.getpeername()
        except OSError:
            pass

    def cross(self, file, receivers):
        for guest in receivers:
            threading.Thread(target=self.write_crossing, args=(guest, file), daemon=True).start()

    def write_crossing(self, guest, file):
        try:
            guest.write_file(file)
        except OSError:
            pass

    def read_bytes(self, size):
        data = b""
        if fault("empty-waits") and size == 0:
            self.read()
        while len(data) < size:
            if fault("silence-ends-file") and data:
                self.conn.settimeout(0.2)
            try:
                part = self.conn.recv(size - len(data) if not fault("one-byte-more") else 65536)
            except TimeoutError:
                break
            finally:
                self.conn.settimeout(None)
            if not part:
                die_on("dies-of-half-file")
                raise EOFError
            if fault("looks-into-files") and part.startswith(b"FILE"):
                self.read()
                break
            data += part
            if fault("one-chunk"):
                self.conn.settimeout(0.2)
                try:
                    while self.conn.recv(65536):
                        pass
                except TimeoutError:
                    pass
                finally:
                    self.conn.settimeout(None)
                break
        return data

    def leave(self):
        with lock:
            if self.room and self in rooms[self.room]:
                rooms[self.room].remove(self)
            others = any(rooms.values())
        die_on("ends-with-the-last") if self.room and not others else None
        if not fault("names-are-kept"):
            taken.discard(self.name)
        try:
            self.conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.conn.close()


class SharedFile:
    def __init__(self, name, data, size, sender, receivers):
        self.name, self.data, self.size, self.sender = name, data, size, sender
        self.left = receivers

    def sent(self):
        with lock:
            self.left -= 1
            if self.left == 0 and not fault("prints-no-sent"):
                show("Sent")


def cleaned(name):
    if not fault("paths-are-kept"):
        name = name.replace("\\", "/").split("/")[-1]
    if not fault("controls-are-kept"):
        name = "".join(c if unicodedata.category(c)[0] != "C" else "_" for c in name)
    if name.startswith(".") and not fault("hidden-stay-hidden", "paths-are-kept"):
        name = "_" + name[1:]
    if fault("ascii-names"):
        name = name.encode("ascii", "ignore").decode()
    if fault("names-end-at-spaces"):
        name = name.split(" ")[0]
    return name


def enter(conn, address):
    shared["visits"] += 1
    if fault("twenty-visits") and shared["visits"] > 15:
        return conn.close()
    if not fault("prints-no-connection"):
        show(f"{address[0] if not fault('prints-no-address') else 'somewhere'}:{address[1]} Connected")
    guest = Guest(conn, address)
    if fault("one-at-a-time"):
        guest.run()
    elif fault("reads-name-in-the-loop"):
        conn.recv(1, socket.MSG_PEEK)
        threading.Thread(target=guest.run, daemon=True).start()
    else:
        threading.Thread(target=guest.run, daemon=True).start()


listener = socket.create_server((HOST, 0 if fault("other-port") else PORT), backlog=100)
if not fault("prints-no-port"):
    show(f"Server is listening to port: {PORT}")
while True:
    enter(*listener.accept())
