"""A server written from the lobby handout, with one fault at a time: lobby_server.py HOST PORT [FAULT]."""

import os
import socket
import sys
import threading
import time

HOST, PORT = sys.argv[1], int(sys.argv[2])
FAULT = sys.argv[3] if len(sys.argv) > 3 else ""

lock = threading.RLock()
reading = threading.Lock()
guests = []
shared = {"rest": b"", "visits": 0, "texts": 0}
left = set()


def fault(*names):
    return FAULT in names


class Guest:
    def __init__(self, conn, address):
        self.conn = conn
        self.address = address[0]
        self.rest = b""
        self.count = 0
        self.others_then = []

    # What is said

    def send(self, text):
        self.conn.sendall(text.encode("utf-8", "surrogateescape"))

    def say(self, line):
        if not fault("cr-stays"):
            line = line.rstrip(b"\r")
        if fault("cuts-long-lines"):
            line = line[:2048]
        if fault("dies-of-bytes"):
            try:
                line.decode()
            except UnicodeDecodeError:
                os._exit(1)
        text = line.decode("ascii", "ignore") if fault("ascii") else line.decode("utf-8", "surrogateescape")
        if fault("collapses-spaces"):
            text = " ".join(text.split())
        if fault("strips"):
            text = text.strip()
        if fault("commands") and text.startswith("/"):
            return
        if fault("quit-is-command") and text == "quit":
            return self.leave()
        self.count += 1
        if fault("thirty-lines") and self.count > 30 or text == "":
            return
        self.print(text)
        self.broadcast(text)

    def print(self, text):
        shared["texts"] += 1
        if fault("prints-no-text") or fault("prints-first-text") and shared["texts"] > 1:
            return
        if fault("prints-in-the-loop") and len(guests) < 2:
            return
        print(text if fault("prints-no-address") else f"<{self.address}> {text}", flush=True)

    def broadcast(self, text):
        if fault("prints-only"):
            return
        with lock:
            others = [guest for guest in guests if guest is not self or fault("echo")]
        if fault("deaf-after-speaking"):
            others = [guest for guest in others if guest.count == 0]
        if fault("room-of-the-beginning"):
            if self.count == 1:
                self.others_then = others
            others = self.others_then
        if fault("to-one"):
            others = others[:1]
        if fault("to-fifty"):
            others = others[:50]
        if fault("alone-dies") and not others:
            os._exit(1)
        if fault("a-thread-a-text"):
            return threading.Thread(target=self.slow_broadcast, args=(text, others, self.count)).start()
        self.tell(text, others)

    def slow_broadcast(self, text, others, count):
        time.sleep(0.3 if count == 1 else 0)
        self.tell(text, others)

    def tell(self, text, others):
        who = f"{self.address}:{PORT}" if fault("address-with-port") else self.address
        line = f"<{who}> {text}"
        if fault("no-address"):
            line = text
        if fault("colon-form"):
            line = f"{who}: {text}"
        line += "" if fault("no-newline") else "\n"
        for guest in others * 2 if fault("twice") else others:
            try:
                guest.send(line)
            except OSError:
                if fault("gone-stay"):
                    return

    # What is read

    def run(self):
        try:
            self.read()
        except OSError:
            pass
        if fault("end-ends-all") or fault("dies-of-half-line") and self.rest:
            os._exit(1)
        if self.rest and not fault("half-line-dropped"):
            self.say(self.rest)
        if fault("gone-stay"):
            return
        if fault("end-is-not-answered"):
            with lock:
                guests.remove(self)
            time.sleep(600)
        self.leave()

    def read(self):
        while True:
            if fault("reads-in-turn"):
                with reading:
                    data = self.conn.recv(65536)
            else:
                data = self.conn.recv(65536)
            if not data:
                return
            if fault("end-first"):
                time.sleep(0.2)
                self.conn.setblocking(False)
                try:
                    if self.conn.recv(1, socket.MSG_PEEK) == b"":
                        return
                except BlockingIOError:
                    pass
                finally:
                    self.conn.setblocking(True)
            self.take(data)

    def take(self, data):
        if fault("pieces-are-texts") and b"\n" not in data:
            return self.say(data)
        if fault("first-line-alone"):
            data = data.split(b"\n")[0] + b"\n" if b"\n" in data else data
        if fault("twenty-lines-a-chunk"):
            data = b"\n".join(data.split(b"\n")[:20]) + b"\n" if data.count(b"\n") > 20 else data
        if fault("decodes-pieces"):
            data = data.decode("utf-8", "replace").encode()
        if fault("glued-is-one") and data.count(b"\n") > 1:
            return self.say(data[:-1])
        if fault("one-buffer") and len(guests) > 3:
            with lock:
                *lines, shared["rest"] = (shared["rest"] + data).split(b"\n")
        else:
            *lines, self.rest = (self.rest + data).split(b"\n")
        if fault("rest-dropped") and lines:
            self.rest = b""
        for line in lines:
            self.say(line)

    def leave(self):
        with lock:
            if self in guests:
                guests.remove(self)
            left.add(self.address)
            others = list(guests)
        if fault("tells-who-left"):
            for guest in others:
                guest.send(f"{self.address} has left\n")
        if fault("ends-with-the-last") and not others:
            os._exit(1)
        close(self.conn)


def close(conn):
    """Closes the connection, also while another thread reads from it."""
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    conn.close()


def greeting():
    if fault("other-greeting"):
        return "Hello there!\n"
    return "Welcome to this chatroom!" + ("" if fault("greeting-without-newline") else "\n")


def enter(conn, address):
    shared["visits"] += 1
    if fault("hundred-at-most") and len(guests) >= 100 or fault("never-again") and address[0] in left:
        return conn.close()
    if fault("hundred-visits") and shared["visits"] > 121:
        return conn.close()
    if fault("twenty-visits") and 20 < shared["visits"] < 40:
        os._exit(1)
    guest = Guest(conn, address)
    if not fault("prints-no-address-connected", "prints-no-connection"):
        print(f"{address[0]} connected", flush=True)
    elif fault("prints-no-address-connected"):
        print("a client connected", flush=True)
    with lock:
        guests.append(guest)
    try:
        if not fault("no-greeting"):
            guest.send(greeting())
    except OSError:
        pass
    if fault("one-at-a-time"):
        guest.run()
    else:
        threading.Thread(target=guest.run, daemon=True).start()


listener = socket.create_server((HOST, 0 if FAULT == "other-port" else PORT), backlog=200)
while True:
    enter(*listener.accept())
