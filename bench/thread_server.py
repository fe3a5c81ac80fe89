#!/usr/bin/env python3
"""A server as students write it from the IM handout: a thread for each client, one lock for everything.

    thread_server.py PORT USERS_FILE

Correct as long as every client behaves: the lock is held from sending a message on Lb until its 302 arrives, so one
slow receiver delays everybody. Port 0 takes a free port; the first line on standard output names it.
"""

import socket
import sys
import threading

lock = threading.Lock()
passwords = {}
online = {}  # name -> Link, in the order of their logins


class Link:
    """Lb of one user: outgoing messages and incoming receipts."""

    def __init__(self, sock):
        self.sock = sock
        self.lines = sock.makefile("rb")

    def deliver(self, line):
        try:
            self.sock.sendall(line)
            return self.lines.readline().startswith(b"302")
        except OSError:
            return False

    def close(self):
        self.lines.close()
        self.sock.close()


class Session(threading.Thread):
    def __init__(self, sock, address):
        super().__init__(daemon=True)
        self.sock = sock
        self.address = address
        self.user = None
        self.link = None

    def reply(self, line):
        self.sock.sendall(line + b"\n")

    def run(self):
        self.stage = self.authenticate
        try:
            with self.sock.makefile("rb") as lines:
                for line in lines:
                    if not self.stage(line.rstrip(b"\r\n")):
                        break
        except OSError:
            pass
        finally:
            self.leave()

    def authenticate(self, line):
        words = line.split(b" ")
        if words[0] != b"/login" or len(words) != 3:
            self.reply(b"401 Unrecognized message")
            return True
        with lock:
            right = passwords.get(words[1]) == words[2] and words[1] not in online
            if right:
                self.user = words[1]
                online[self.user] = None
        if right:
            self.stage = self.connect
            self.reply(b"101 Authentication successful")
        else:
            self.reply(b"102 Authentication failed")
        return True

    def connect(self, line):
        words = line.split(b" ")
        if words[0] != b"/port" or len(words) != 2 or not words[1].isdigit() or not 0 < int(words[1]) < 65536:
            self.reply(b"401 Unrecognized message")
            return True
        try:
            self.link = Link(socket.create_connection((self.address[0], int(words[1]))))
        except OSError:
            self.reply(b"202 Build connection failed")
            return True
        with lock:
            online[self.user] = self.link
        self.stage = self.chat
        self.reply(b"201 Build connection successful")
        return True

    def chat(self, line):
        word, _, rest = line.partition(b" ")
        if line == b"/list":
            with lock:
                others = [name for name in online if name != self.user]
            self.reply(b" ".join([b"301", self.user, *others]))
        elif line == b"/exit":
            self.reply(b"310 Bye bye")
            return False
        elif word == b"/to" and rest.partition(b" ")[2]:
            name, _, text = rest.partition(b" ")
            with lock:
                link = online.get(name)
                done = link is not None and link.deliver(b"/from " + self.user + b" " + text + b"\n")
            self.delivered(done)
        elif word == b"/toall" and rest:
            done = True
            with lock:
                for name, link in online.items():
                    if name != self.user and link is not None:
                        done = link.deliver(b"/broadcastfrom " + self.user + b" " + rest + b"\n") and done
            self.delivered(done)
        else:
            self.reply(b"401 Unrecognized message")
        return True

    def delivered(self, done):
        self.reply(b"303 Message delivery successful" if done else b"304 Message delivery failed")

    def leave(self):
        with lock:
            if self.user is not None:
                del online[self.user]
        if self.link is not None:
            self.link.close()
        self.sock.close()


def main():
    port, users_file = int(sys.argv[1]), sys.argv[2]
    with open(users_file, "rb") as lines:
        for line in lines:
            name, password = line.split()
            passwords[name] = password
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listener:
        print("im listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
        while True:
            Session(*listener.accept()).start()


main()
