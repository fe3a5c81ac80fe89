"""A server written from the IM handout, with one fault at a time: im_server.py PORT USERS [FAULT]."""

import socket
import sys
import threading

PORT, USERS = int(sys.argv[1]), sys.argv[2]
FAULT = sys.argv[3] if len(sys.argv) > 3 else ""
RECEIPT_SECONDS = 2

accounts = dict(line.split() for line in open(USERS) if line.strip())
online = {}
lock = threading.Lock()


class Session:
    def __init__(self, la, address):
        self.la = la
        self.reader = la.makefile("rb")
        self.address = address
        self.name = None
        self.lb = None
        self.receipts = None
        self.sending = threading.Lock()

    def reply(self, text):
        end = "" if FAULT == "no-newline" else "\r\n" if FAULT == "crlf" else "\n"
        self.la.sendall((text + end).encode())

    def run(self):
        try:
            for line in self.reader:
                if not line.endswith(b"\n") or self.handle(line.decode().rstrip("\r\n")):
                    break
        except (OSError, UnicodeDecodeError):
            pass
        finally:
            self.leave()

    def leave(self):
        with lock:
            if online.get(self.name) is self and FAULT != "name-stays":
                del online[self.name]
        for sock in (self.lb, self.la):
            if sock:
                sock.close()

    def handle(self, line):
        """Handles a line; true when the session ends."""
        words = line.split(" ")
        if self.name is None:
            if words[0] == "/login" and len(words) == 3 and all(words):
                return self.login(words[1], words[2])
        elif self.lb is None:
            if words[0] == "/port" and len(words) == 2 and words[1].isdigit() and 0 < int(words[1]) < 65536:
                return self.link(int(words[1]))
        elif line == "/list":
            with lock:
                others = [name for name in online if name != self.name]
            return self.reply(" ".join(["301", self.name] + others))
        elif line == "/exit":
            self.leave_list()
            self.reply("310 Bye bye")
            return True
        elif words[0] == "/to" and len(words) > 2 and line.split(" ", 2)[2]:
            return self.private(words[1], line.split(" ", 2)[2])
        elif words[0] == "/toall" and line[7:]:
            return self.broadcast(line[7:])
        self.reply("401 Unrecognized message")

    def leave_list(self):
        with lock:
            online.pop(self.name, None)

    def login(self, name, password):
        known = accounts.get(name) == password
        if FAULT == "any-password":
            known = name in accounts
        if FAULT == "password-prefix":
            known = name in accounts and accounts[name].startswith(password[:1])
        with lock:
            if known and (name not in online or FAULT == "twice-online"):
                online[name] = self
                self.name = name
        if self.name:
            return self.reply("100 Welcome" if FAULT == "wrong-code" else "101 Authentication successful")
        self.reply("102 Authentication failed")
        return FAULT == "closes-after-102"

    def link(self, port):
        try:
            self.lb = socket.create_connection((self.address[0], port), 2)
        except OSError:
            return self.reply("202 Build connection failed")
        self.receipts = self.lb.makefile("rb")
        self.reply("201 Build connection successful")

    def deliver(self, line):
        """Whether the receiver has acknowledged the line."""
        if self.lb is None:
            return False
        with self.sending:
            try:
                self.lb.settimeout(RECEIPT_SECONDS)
                self.lb.sendall((line + "\n").encode())
                if FAULT == "303-at-once":
                    return True
                return self.receipts.readline().rstrip(b"\r\n") == b"302 Message receipt successful"
            except OSError:
                return False

    def private(self, name, text):
        with lock:
            receiver = online.get(name)
        done = receiver is not None and receiver.deliver(f"/from {self.name} {text}")
        self.reply("303 Message delivery successful" if done else "304 Message delivery failed")

    def broadcast(self, text):
        with lock:
            others = [each for each in online.values() if each is not self]
        results = [each.deliver(f"/broadcastfrom {self.name} {text}") for each in others]
        self.reply("303 Message delivery successful" if all(results) else "304 Message delivery failed")


listener = socket.create_server(("", PORT))
while True:
    la, address = listener.accept()
    threading.Thread(target=Session(la, address).run, daemon=True).start()
