"""A client written from the IM handout, with one fault at a time: im_client.py HOST PORT [FAULT]."""

import os
import queue
import socket
import sys
import threading
import time

FAULT = sys.argv[3] if len(sys.argv) > 3 else ""


def fault(*names):
    return FAULT in names


HOST, PORT = (sys.argv[2], int(sys.argv[1])) if fault("argument-order") else (sys.argv[1], int(sys.argv[2]))

typed = queue.Queue()
replies = queue.Queue()
screen = threading.Lock()
lock = threading.Lock()
linked = threading.Event()
ended = threading.Event()
replied = threading.Event()
replied.set()
stage = "login"
name = ""
lb = None
commands = 0
messages = 0
is_leaving = False
lb_ended = False
held = []


def show(text):
    with screen:
        sys.stdout.buffer.write((text + "\n").encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()


def prompt(text):
    with screen:
        sys.stdout.write(text)
        sys.stdout.flush()


def quit(status, why=""):
    if why and not fault("gone-is-silent"):
        (sys.stdout if fault("gone-on-stdout") else sys.stderr).write(why + "\n")
        sys.stdout.flush()
    os._exit(0 if why and fault("gone-status-0") else status)


def send(text, end="\n"):
    la.sendall((text + end).encode("utf-8", "surrogateescape"))


# The keyboard


def read_keyboard():
    rest = b""
    while True:
        data = os.read(0, 65536)
        if not data:
            typed.put(None)
            if fault("eof-ends"):
                os._exit(0)
            return
        *lines, rest = (rest + data).split(b"\n")
        if fault("one-read-one-line") and stage != "login":
            lines = lines[:1]
        for line in lines:
            text = line.decode("utf-8", "surrogateescape")
            if fault("typed-1024"):
                text = text[:1024]
            if fault("types-early") and stage == "link":
                send(text)
            else:
                typed.put(text)


def ask(text, secret=False):
    prompt(text)
    if not secret or not os.isatty(0) or fault("echoes"):
        return take()
    import termios

    before = termios.tcgetattr(0)
    hidden = termios.tcgetattr(0)
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, hidden)
    try:
        return take()
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)


def take():
    line = typed.get()
    if line is None:
        quit(0)
    return line


# La


def read_la():
    """Shows replies, and passes them on."""
    rest = b""
    skips = False
    while True:
        if fault("exit-own-recv") and is_leaving:
            data = la.recv(65536)
            if data.startswith(b"310"):
                os._exit(0)
            continue
        try:
            data = la.recv(65536)
        except OSError:
            data = b""
        if not data:
            return gone()
        if fault("one-recv-one-reply") or fault("one-recv-in-chat") and stage == "chat":
            reply(data.decode().rstrip("\n"))
            continue
        if fault("first-line-only"):
            rest += data
            if b"\n" in rest:
                reply(rest.split(b"\n")[0].decode())
                rest = b""
            continue
        rest += data
        if fault("acts-on-half") and stage == "login" and rest.startswith(b"101 "):
            replies.put("101")
            skips = True
        *lines, rest = rest.split(b"\n")
        for line in lines:
            if skips:
                skips = False
                show(line.decode())
                continue
            if not fault("cr-stays"):
                line = line.rstrip(b"\r")
            if fault("la-1024"):
                line = line[:1024]
            if fault("strict-la"):
                line.decode()
            reply(line.decode("utf-8", "surrogateescape"))


def gone():
    if fault("la-eof-ignored"):
        return
    if fault("login-eof-waits", "prompt-blind") and stage == "login":
        # A program that reads only when it waits for a reply notices at the next one.
        if fault("prompt-blind"):
            replies.put("")
        return
    if fault("port-eof-waits") and stage == "link":
        return
    if fault("command-eof-waits") and not replied.is_set():
        return
    if fault("lb-first-waits") and lb_ended:
        return
    quit(1, "the server closed the connection")


SILENT = {"101-silent": "101", "102-silent": "102", "201-silent": "201", "202-silent": "202", "303-silent": "303",
          "304-silent": "304", "401-silent": "401", "310-silent": "310"}
CODES = "101 102 201 202 301 303 304 310 401".split()


def reply(line):
    code = line[:3]
    if fault("dies-of-empty-la"):
        line.split()[0]
    shown = line
    if fault("list-in-words") and code == "301":
        shown = "Online: " + ", ".join(line.split()[1:])
    if fault("collapses-reply"):
        shown = " ".join(line.split())
    hides = SILENT.get(FAULT) == code or fault("table-of-codes") and code not in CODES
    if not hides:
        show(shown)
    if code == "310" and stage != "login" and not (fault("310-after-exit-only") and not is_leaving):
        if not (fault("310-first-only") and commands > 1):
            goodbye()
    if fault("401-ends") and code == "401" and stage == "chat":
        os._exit(1)
    replies.put(line)


def goodbye():
    ended.set()
    if fault("keeps-la"):
        close(lb)
        time.sleep(600)
    if fault("keeps-lb"):
        close(la)
        time.sleep(600)
    if fault("lives-on"):
        close(la)
        close(lb)
        time.sleep(600)
    if fault("310-then-eof"):
        la.settimeout(0.3)
        try:
            if la.recv(1) == b"":
                quit(1, "the server closed the connection")
        except OSError:
            pass
    os._exit(1 if fault("310-status-1") else 0)


def close(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


# Lb


def read_lb(listener):
    global lb, lb_ended
    sock = listener.accept()[0]
    lb = sock
    if fault("drops-before-201"):
        linked.wait()
        sock.settimeout(0)
        try:
            sock.recv(65536)
        except OSError:
            pass
        sock.settimeout(None)
    if fault("lb-timeout"):
        sock.settimeout(3)
    rest = b""
    while True:
        try:
            data = sock.recv(65536)
        except OSError:
            return
        if not data:
            if fault("half-message-counts") and rest:
                message(rest)
            lb_ended = True
            while fault("lb-eof-loops"):
                show("")
            return
        if fault("decodes-each-recv"):
            data = data.decode("utf-8", "replace").encode()
        if fault("cr-is-line"):
            data = data.replace(b"\r", b"\n")
        if fault("shows-every-recv"):
            show(data.decode("utf-8", "replace").rstrip("\n"))
        rest += data
        if fault("one-recv-one-message"):
            if rest.endswith(b"\n"):
                message(rest[:-1])
                rest = b""
            continue
        *lines, rest = rest.split(b"\n")
        for i, line in enumerate(lines):
            message(line.rstrip(b"\r"), i == 0)
        if fault("answers-every-recv") and rest:
            message(rest)
            rest = b""


def message(data, is_first=True):
    global messages
    messages += 1
    if fault("strict-lb"):
        data.decode()
    line = data.decode("ascii", "replace") if fault("ascii-shown") else data.decode("utf-8", "surrogateescape")
    first = line.split(" ")[0]
    if fault("dies-of-empty-lb") and not line.split():
        os._exit(1)
    if fault("dies-without-text") and first == "/from":
        if len(line.split(" ", 2)) < 3:
            os._exit(1)
    if fault("310-anywhere") and "310" in line:
        goodbye()
    if fault("waits-for-reply"):
        replied.wait()
    if fault("not-from-self") and line.split(" ")[1:2] == [name]:
        return
    is_known = first in ("/from", "/broadcastfrom")
    shows = not (fault("broadcast-not-shown") and first == "/broadcastfrom" or
                 fault("known-shown") and not is_known or
                 fault("first-of-recv-shown") and not is_first or fault("shows-every-recv"))
    shown = line
    if fault("text-only") and is_known:
        shown = line.split(" ", 1)[1]
    if fault("collapses-message"):
        shown = " ".join(line.split())
    if fault("shows-1024"):
        shown = shown[:1024]
    if fault("reorders") and messages > 4:
        held.append(shown)
        shows = False
        if len(held) == 2:
            show(held.pop())
            show(held.pop())
    if shows:
        show(shown)
    answers = not (fault("only-from") and first != "/from" or fault("known-answered") and not is_known or
                   fault("fifty") and messages > 50)
    if answers:
        answer()
    if fault("answers-twice"):
        answer()
    if fault("answers-per-1024"):
        for _ in range(len(line) // 1024):
            answer()


def answer():
    text = "302 ok" if fault("302-other-words") else "302 Message receipt successful"
    if fault("302-on-la", "302-on-both"):
        send(text)
    if not fault("302-on-la"):
        lb.sendall((text + ("" if fault("302-no-newline") else "\r\n" if fault("302-crlf") else "\n")).encode())


# The session


def log_in():
    global name
    attempts = 0
    password_alone = False
    while True:
        again = attempts > 0
        if fault("both-prompts"):
            prompt("Please input your user name: Please input your password: ")
        if not password_alone:
            name = ask("" if fault("both-prompts") or fault("prompts-once") and again else
                       "Name: " if fault("own-prompt") else
                       "Please input your user name: " + ("\n" if fault("prompt-newline") else ""))
        password = ask("" if fault("both-prompts") or fault("prompts-once") and again else
                       "Password: " if fault("own-password-prompt") else
                       "Please input your password: " + ("\n" if fault("password-newline") else ""), True)
        if fault("lowercase"):
            name = name.lower()
        if fault("two-lines"):
            send(name)
            send(password)
        else:
            send(f"/login {name} {password}" + (" " if fault("space-after-login") else ""),
                 "\r\n" if fault("login-crlf", "crlf") else "" if fault("login-no-newline") else "\n")
        if fault("port-at-once"):
            announce()
        line = replies.get()
        attempts += 1
        if line == "":
            quit(1, "the server closed the connection")
        if line == "101 Authentication successful" if fault("cr-stays") else line[:3] == "101":
            return
        if fault("any-reply-is-101") or fault("only-102-fails") and line[:3] != "102":
            return
        if fault("102-ends"):
            os._exit(1)
        if fault("three-attempts") and attempts == 3:
            os._exit(1)
        if fault("asks-password-only"):
            password_alone = True


def announce():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    address = "127.0.0.1" if fault("loopback-only") else ""
    listener.bind((address, 19011 if fault("fixed-port") else 0))
    port = la.getsockname()[1] if fault("announces-la") else listener.getsockname()[1]
    if not fault("listens-late"):
        listener.listen()
    command = "port" if fault("no-slash") else "/port"
    send(f"{command} {port}" + (" " if fault("space-after-port") else ""),
         "\r\n" if fault("port-crlf", "crlf") else "\n")
    if fault("listens-late"):
        time.sleep(1)
        listener.listen()
    threading.Thread(target=read_lb, args=(listener,), daemon=True).start()


def link():
    global stage
    stage = "link"
    if not fault("port-at-once"):
        announce()
    line = replies.get()
    if line[:3] != "201" and not fault("202-is-success"):
        os._exit(0 if fault("202-status-0") else 1)
    stage = "chat"
    linked.set()


def chat():
    global commands, is_leaving
    while True:
        line = typed.get()
        if line is None:
            while fault("eof-floods", "eof-is-empty-line"):
                send("")
                if fault("eof-is-empty-line"):
                    replies.get()
            if not fault("eof-waits"):
                replied.clear()
                is_leaving = True
                send("/exit")
            ended.wait()
            return
        if line == "":
            continue
        if fault("knows-commands") and not line.startswith("/"):
            show("unknown command")
            continue
        if fault("ten-commands") and commands >= 10 or fault("deaf-keyboard") and messages > 1:
            continue
        if fault("exit-is-silent") and line == "/exit":
            os._exit(0)
        commands += 1
        command(line)
        if fault("310-not-waited") and line == "/exit":
            os._exit(0)
        if fault("does-not-wait"):
            continue
        if fault("reply-timeout"):
            try:
                replies.get(timeout=3)
            except queue.Empty:
                quit(1, "no reply")
        else:
            replies.get()
        replied.set()
        if fault("exit-prefix") and line.startswith("/exit"):
            os._exit(0)


def command(line):
    global is_leaving
    if fault("to-rebuilt") and line.startswith("/to "):
        line = ": ".join(line.split(" ", 2)[1:])
    if fault("toall-is-to") and line.startswith("/toall"):
        line = "/to " + line.split(" ", 1)[1]
    if fault("collapses-typed"):
        line = " ".join(line.split())
    if fault("strips-typed"):
        line = line.strip()
    if fault("ascii-typed"):
        line = line.encode("ascii", "replace").decode()
    if fault("percent"):
        line = line.replace("%s", "").replace("%d", "")
    replied.clear()
    is_leaving = line == "/exit"
    if fault("commands-on-lb"):
        return lb.sendall((line + "\n").encode())
    send(line, "\r\n" if fault("command-crlf", "crlf") else "\n\n" if fault("two-newlines") else "\n")


def start():
    global la
    try:
        la = socket.create_connection(("127.0.0.1" if fault("localhost") else HOST, PORT))
    except OSError as error:
        if fault("no-server-status-0"):
            os._exit(0)
        quit(1, f"cannot connect: {error}")
    if fault("greets"):
        send("hello")
    for target in (read_keyboard, read_la):
        threading.Thread(target=target, daemon=True).start()
    log_in()
    link()
    chat()


start()
