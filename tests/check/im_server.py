"""A server written from the IM handout, with one fault at a time: im_server.py PORT USERS [FAULT]."""

import os
import socket
import sys
import threading
import time

PORT, USERS = int(sys.argv[1]), sys.argv[2]
FAULT = sys.argv[3] if len(sys.argv) > 3 else ""
RECEIPT_SECONDS = 5

accounts = dict(line.split() for line in open(USERS) if line.strip())
online = {}
lock = threading.Lock()
one_lock = threading.Lock()
shared = {}
used = set()
listed_early = set()
connections = 0
latest = None


def fault(*names):
    return FAULT in names


class Session:
    def __init__(self, la, address):
        self.la = la
        self.address = address
        self.name = None
        self.lb = None
        self.lb_rest = b""
        self.frozen = None
        self.is_over = False
        self.has_left = False
        self.sent = 0
        self.sending = threading.Lock()

    # Lines

    def reply(self, text):
        end = "" if fault("no-newline") else "\r\n" if fault("crlf") else "\n"
        target = latest.la if fault("401-to-latest") and text.startswith("401") and not self.name else self.la
        if fault("reply-to-latest") and text.startswith("201"):
            target = latest.la
        target.sendall((text + end).encode())
        if fault("replies-on-lb-too") and self.lb and text.startswith("30"):
            self.lb.sendall((text + "\n").encode())

    def run(self):
        rest = b""
        heard = False
        try:
            while not self.is_over:
                data = self.la.recv(65536)
                if not data:
                    if fault("dies-of-silent-client") and not heard:
                        os._exit(1)
                    if fault("half-line-counts") and rest:
                        self.handle(rest.decode())
                    if fault("dies-of-half-line") and rest and self.name:
                        os._exit(1)
                    break
                heard = True
                if fault("one-recv-one-command"):
                    self.line(data.split(b"\n")[0])
                    continue
                if fault("pieces-are-commands") and b"\n" not in data:
                    self.line(data)
                    continue
                rest += data
                if fault("dies-of-long-line") and len(rest) > 50000:
                    os._exit(1)
                *lines, rest = rest.split(b"\n")
                for line in reversed(lines) if fault("reverses") else lines:
                    self.line(line)
                    if self.is_over:
                        break
        except OSError:
            if fault("dies-of-half-line") and rest and self.name:
                os._exit(1)
            if fault("dies-before-login") and rest and not self.name:
                os._exit(1)
        finally:
            if fault("dies-before-login") and rest and not self.name:
                os._exit(1)
            self.leave()

    def line(self, data):
        if not fault("cr-stays"):
            data = data.rstrip(b"\r")
        if fault("long-line-cut"):
            data = data[:1024]
        try:
            line = data.decode("ascii", "replace") if fault("ascii") else data.decode()
        except UnicodeDecodeError:
            if fault("dies-of-bytes"):
                os._exit(1)
            return self.reply("401 Unrecognized message")
        self.handle(line)

    # The end

    def leave(self):
        with lock:
            stays = fault("exit-stays-listed") if self.has_left else fault("vanished-stays")
            if online.get(self.name) is self and not stays:
                del online[self.name]
        if self.lb and not (fault("exit-keeps-lb") if self.has_left else fault("loss-keeps-lb")):
            close(self.lb)
        close(self.la)

    def goodbye(self):
        self.has_left = True
        if not fault("exit-stays-listed"):
            with lock:
                online.pop(self.name, None)
        if fault("exit-ends-all"):
            for each in list(online.values()):
                close(each.la)
        if not fault("exit-is-silent"):
            self.reply("310 Bye bye")
        if self.lb and not fault("exit-keeps-lb"):
            close(self.lb)
        if fault("exit-keeps-la"):
            time.sleep(600)
        self.is_over = True

    # Commands

    def handle(self, line):
        if fault("strips"):
            line = line.strip()
        if fault("capitals") and line.startswith("/"):
            word, *more = line.split(" ", 1)
            line = " ".join([word.lower()] + more)
        if fault("empty-passed-over") and line == "":
            return None
        words = line.split(" ")
        if fault("prefix-commands") and line.startswith("/list"):
            line, words = "/list", ["/list"]
        if self.name is None:
            return self.before_login(line, words)
        if fault("second-login") and words[0] == "/login" and len(words) == 3:
            self.name = words[1]
            return self.reply("101 Authentication successful")
        if self.lb is None:
            return self.before_link(line, words)
        if line == "/list" or fault("list-takes-words") and words[0] == "/list":
            return self.list()
        if line == "/exit" or fault("exit-takes-words") and words[0] == "/exit":
            return self.goodbye()
        if fault("second-port") and words[0] == "/port":
            return self.reply("201 Build connection successful")
        if fault("glued-name") and line.startswith("/to") and not line.startswith("/toall") and line[3:4] not in ("", " "):
            return self.private(words[0][3:], " ".join(words[1:]))
        if words[0] == "/to" and (len(words) > 2 and line.split(" ", 2)[2] or fault("empty-text") and len(words) > 1):
            return self.private(words[1], (line.split(" ", 2) + [""])[2])
        if words[0] == "/toall" and (line[7:] or fault("empty-broadcast")):
            return self.broadcast(line[7:])
        if fault("any-line-is-text") and not line.startswith("/") and line:
            return self.broadcast(line)
        return self.unknown()

    def unknown(self):
        if fault("no-401"):
            return None
        self.reply("401 Unrecognized message")
        if fault("401-ends-session") and self.lb:
            self.is_over = True

    def before_login(self, line, words):
        if words[0] == "/login":
            if len(words) == 3 and all(words):
                return self.login(words[1], words[2])
            if fault("login-words-102"):
                return self.reply("102 Authentication failed")
            if fault("login-words-end"):
                self.is_over = True
                return None
        if fault("list-before-login") and line == "/list":
            return self.reply("301 " + " ".join(online))
        if fault("port-after-failure") and words[0] == "/port":
            return self.reply("202 Build connection failed")
        return self.unknown()

    def login(self, name, password):
        known = accounts.get(name) == password
        if fault("wrong-code") and known:
            return self.reply("100 Welcome")
        if fault("any-password"):
            known = name in accounts
        if fault("password-prefix"):
            known = name in accounts and password.startswith(accounts[name])
        if fault("any-of-the-passwords"):
            known = name in accounts and password in accounts.values()
        if fault("unknown-name-ends") and name not in accounts:
            self.is_over = True
            return None
        if fault("one-user") and online:
            known = False
        if fault("never-again") and name in used:
            known = False
        if fault("listed-before-check") and not known:
            listed_early.add(name)
        with lock:
            is_free = name not in online or fault("twice-online")
            if known and is_free:
                online[name] = self
                self.name = name
                used.add(name)
                self.frozen = list(online)
            elif fault("refused-removes-name"):
                online.pop(name, None)
        if self.name:
            return self.reply("101 Authentication successful")
        self.reply("102 Authentication failed")
        if fault("102-closes"):
            self.is_over = True

    def before_link(self, line, words):
        if fault("stops-after-refused-lb") and shared.get("refused"):
            os._exit(1)
        if line == "/list" and fault("list-before-port"):
            return self.list()
        if words[0] != "/port":
            return self.unknown()
        if len(words) == 2 and words[1].isdigit() and 0 < int(words[1]) < 65536:
            return self.link(int(words[1]))
        if len(words) == 2 and not words[1].isdigit() and fault("port-word-202"):
            return self.reply("202 Build connection failed")
        if len(words) == 2 and words[1].isdigit() and fault("port-range-202"):
            return self.reply("202 Build connection failed")
        if len(words) == 1 and fault("port-missing-ends"):
            self.is_over = True
            return None
        return self.unknown()

    def link(self, port):
        if fault("no-lb"):
            self.lb = socket.socket()
            return self.reply("201 Build connection successful")
        try:
            self.lb = socket.create_connection((self.address[0], port), 2)
        except OSError:
            if fault("refused-lb-ends"):
                self.is_over = True
                return None
            if fault("refused-lb-stops-all"):
                os._exit(1)
            shared["refused"] = True
            return self.reply("202 Build connection failed")
        return self.reply("201 Build connection successful")

    def list(self):
        with lock:
            names = list(online) if not fault("list-frozen") else list(self.frozen)
            if fault("list-without-unlinked"):
                names = [name for name in names if online[name].lb]
        others = [name for name in names if name != self.name]
        if fault("listed-before-check"):
            others += [name for name in listed_early if name not in names]
        if fault("list-without-asker"):
            return self.reply(" ".join(["301"] + others))
        if fault("list-reversed"):
            return self.reply(" ".join(["301", self.name] + others[::-1]))
        first = [self.name] if self.name in online else []
        return self.reply(" ".join(["301"] + first + others))

    # Messages

    def read_receipt(self):
        """One line from Lb; empty at its end."""
        while b"\n" not in self.lb_rest:
            data = self.lb.recv(4096)
            if not data:
                return b""
            if fault("receipt-in-one-recv"):
                return data.rstrip(b"\r\n")
            self.lb_rest += data
        line, self.lb_rest = self.lb_rest.split(b"\n", 1)
        return line.rstrip(b"\r")

    def drop_receipts(self):
        """What came while nothing was under way confirms nothing."""
        self.lb.settimeout(0)
        try:
            while self.lb.recv(4096):
                pass
        except OSError:
            pass
        self.lb_rest = b""

    def deliver(self, line, is_broadcast=False):
        """Whether the receiver has acknowledged the line."""
        if self.lb is None:
            return False
        if fault("one-lock-for-all"):
            one_lock.acquire()
        if not fault("several-in-flight"):
            self.sending.acquire()
        try:
            if not fault("old-receipts-count"):
                self.drop_receipts()
            self.lb.settimeout(None if fault("no-receipt-timeout") else RECEIPT_SECONDS)
            target = self.la if fault("to-la") and not is_broadcast else self.lb
            target.sendall((line + "\n").encode())
            if fault("303-at-once") and not is_broadcast:
                return True
            receipt = self.read_receipt()
            if fault("end-is-receipt") and receipt == b"":
                return True
            return receipt == b"302 Message receipt successful"
        except socket.timeout:
            return fault("timeout-is-receipt") and is_broadcast
        except OSError:
            return fault("end-is-receipt")
        finally:
            if not fault("several-in-flight"):
                self.sending.release()
            if fault("one-lock-for-all"):
                one_lock.release()

    def told(self, done):
        self.reply("303 Message delivery successful" if done else "304 Message delivery failed")

    def private(self, name, text):
        if fault("text-is-command") and text.startswith("/exit"):
            return self.goodbye()
        if fault("one-way") and self.sent:
            return None
        self.sent += 1
        with lock:
            receiver = online.get(name)
        if fault("unknown-receiver-ends") and name not in accounts:
            self.is_over = True
            return None
        if receiver is None:
            return self.told(fault("offline-303") and name in accounts and name not in used or
                             fault("left-303") and name in used)
        if fault("not-to-self") and receiver is self:
            return self.told(False)
        if fault("collapses-spaces"):
            text = " ".join(text.split())
        if fault("strips-text"):
            text = text.strip()
        sender = self.name
        if fault("shared-text"):
            shared["text"] = text
            time.sleep(0.3)
            text = shared["text"]
        if fault("to-everybody"):
            for each in online.values():
                if each is not receiver and each is not self:
                    each.lb.sendall(f"/from {sender} {text}\n".encode())
        if fault("receipt-wakes-all") and receiver.sending.locked():
            with receiver.sending:
                pass
            self.told(True)
            receiver.deliver(f"/from {sender} {text}")
            return None
        done = receiver.deliver(f"/from {sender} {text}")
        if fault("acknowledged-is-silent") and done:
            return None
        return self.told(done)

    def broadcast(self, text):
        if fault("collapses-broadcast"):
            text = " ".join(text.split())
        with lock:
            others = [each for each in online.values() if each is not self]
        if fault("broadcast-to-one"):
            others = others[:1]
        line = f"/broadcastfrom {self.name} {text}"
        if fault("broadcast-to-self"):
            self.lb.sendall((line + "\n").encode())
        if fault("alone-304") and not others:
            return self.told(False)
        results = []
        if fault("broadcast-in-turn"):
            results = [each.deliver(line, True) for each in others]
        else:
            threads = [threading.Thread(target=lambda each=each: results.append(each.deliver(line, True))) for each in others]
            for thread in threads:
                thread.start()
            if fault("first-receipt-counts"):
                while others and not results:
                    time.sleep(0.01)
                return self.told(True)
            for thread in threads:
                thread.join()
        if fault("broadcast-is-silent"):
            return None
        return self.told(all(results))


def close(sock):
    """Closes the connection, also while another thread reads from it."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


listener = socket.create_server(("", 0 if fault("wrong-port") else PORT), backlog=64)
while True:
    la, address = listener.accept()
    connections += 1
    if fault("fifteen-connections") and connections > 15:
        os._exit(1)
    session = latest = Session(la, address)
    if fault("one-at-a-time"):
        session.run()
    else:
        threading.Thread(target=session.run, daemon=True).start()
