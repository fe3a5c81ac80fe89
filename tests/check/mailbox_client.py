"""A mailbox client on Partyline's wire, with one fault at a time: mailbox_client.py HOST PORT DATA [FAULT]."""

import base64
import hashlib
import hmac
import json
import os
import queue
import socket
import sys
import threading
import time

import ed25519
from datagrams import CLOSE, COOKIE, HELLO, MARK, OPEN, OPENED, Link, packet

HOST, PORT, DATA_FOLDER = sys.argv[1], int(sys.argv[2]), sys.argv[3]
FAULT = sys.argv[4] if len(sys.argv) > 4 else ""
KEYS = os.path.join(DATA_FOLDER, "keys.json")


def fault(*names):
    return FAULT in names


def encoded(data):
    return base64.b64encode(data).decode().rstrip("=")


def decoded(text):
    return base64.b64decode(text + "=" * (-len(text) % 4))


def show(text, end="\n"):
    print(text, end=end, flush=True)


sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
lines = queue.Queue()
me, run = "", os.urandom(6).hex()
link = None
state = {"stage": "hello", "store": None, "shown": 0, "number": 0, "answered": 0, "here": None, "nonce": "", "expected": None}
unanswered = {}
refs = iter(range(1, 1 << 30))
own = {}
stars = []


def send(datagram):
    sock.sendto(datagram, (HOST, PORT))


def say(**message):
    if fault("json-by-hand") and "text" in message:
        raw = "{" + ",".join('"%s":%s' % (k, '"%s"' % v if isinstance(v, str) else v) for k, v in message.items()) + "}"
    else:
        raw = json.dumps(message)
    link.say(raw.encode())


def secret_of(name):
    keys = json.load(open(KEYS)) if os.path.exists(KEYS) and not fault("new-key") else {}
    if name not in keys:
        keys[name] = encoded(ed25519.new_secret())
        json.dump(keys, open(KEYS, "w"))
    return decoded(keys[name])


def receive(seconds):
    """The next datagram of the transport; None when there is none in time."""
    sock.settimeout(None if fault("waits") else max(0.001, seconds))
    try:
        data = sock.recv(65536)
    except (socket.timeout, BlockingIOError, ConnectionError):
        return None
    if not data and fault("dies-of-empty"):
        raise ValueError("empty")
    if len(data) < 10 or data[0] != MARK:
        if fault("dies-of-other") and data:
            raise ValueError("other")
        return None
    if data[1] > CLOSE and fault("dies-of-kind"):
        raise ValueError("kind")
    return data[1], data[2:10], data[10:]


def dial():
    """Opens a link, or gives up after 15 s."""
    number = os.urandom(8)
    cookie = cookie_at = None
    began = time.monotonic()
    ask_at = 0
    while time.monotonic() - began < 15 or fault("never-gives-up"):
        now = time.monotonic()
        if cookie and now - cookie_at > 1 and not fault("open-forever"):
            cookie = None
        if now >= ask_at:
            if not fault("no-stars"):
                show("*", end="")
            if cookie:
                send(packet(OPEN, os.urandom(8) if fault("new-number") else number, cookie.ljust(38, b"\0")))
            else:
                send(packet(HELLO, number, bytes(30 if fault("short-hello") else 38)))
            ask_at = now + (60 if fault("hello-once") and not cookie or fault("open-once") and cookie else 0.2)
        got = receive(ask_at - now)
        if got is None:
            continue
        kind, ident, rest = got
        if kind == COOKIE and not cookie and (ident == number or fault("any-cookie")):
            cookie, cookie_at, ask_at = rest[:16], time.monotonic(), 0
        elif kind == OPENED and ident == number:
            return rest[:8]
    show("\n--> [couldn't connect to server]")
    os._exit(1)


def greet():
    state["stage"] = "hello"
    state["nonce"] = "nonce" if fault("one-nonce") else encoded(os.urandom(12))
    key = ed25519.public_key(secret_of(me))
    name = me.upper() if fault("capital-name") else me
    say(type="hello", version=2, name=name, nonce=state["nonce"], key=encoded(key))


def challenged(message):
    if message["how"] == "password":
        show("Enter password: ", end="")
        password = lines.get()
    parts = ["partyline 1", state["nonce"], message["nonce"], message.get("salt", ""), me]
    if fault("other-transcript"):
        parts = parts[::-1]
    transcript = ",".join(parts).encode()
    if message["how"] == "key":
        return say(type="proof", proof=encoded(ed25519.sign(secret_of(me), transcript)))
    if fault("password-sent"):
        return say(type="proof", proof=encoded(password.encode()))
    n, salt = 2 ** message["ln"], decoded(message["salt"])
    key = hashlib.scrypt(password.encode(), salt=salt, n=n, r=message["r"], p=message["p"], dklen=message["bytes"])
    mac = lambda key, text: hmac.new(key, text, "sha256").digest()
    client = mac(key, b"Client Key")
    signature = mac(hashlib.sha256(client).digest(), transcript)
    state["expected"] = encoded(mac(mac(key, b"Server Key"), transcript))
    say(type="proof", proof=encoded(bytes(a ^ b for a, b in zip(client, signature))))


def welcomed(message):
    if state["expected"] and message.get("proof") != state["expected"] and not fault("server-unproven"):
        show("--> [the server cannot prove that it knows the password]")
        return
    if fault("waits-for-messages"):
        return
    where = {}
    if state["store"] and not fault("no-after"):
        where = {"store": state["store"], "after": state["shown"]}
    name = os.urandom(6).hex() if fault("new-client") else run
    say(type="resume", client=name, answered=state["answered"], **where)


def begun(message):
    if not fault("unconnected"):
        show("[connected to server]")
    show("#####[you: %s]#####" % me)
    state["store"], state["stage"] = message["store"], "chat"
    answered(0 if fault("accepted-unread") else message["accepted"])
    for number in sorted(unanswered):
        say(**unanswered[number])
    refresh()


def answered(upto):
    state["answered"] = max(state["answered"], upto)
    for number in [number for number in unanswered if number <= upto]:
        del unanswered[number]


def refresh():
    if not fault("rooms-unasked"):
        say(type="rooms", ref=next(refs))
    say(type="users", ref=next(refs))


def clock(ms):
    return time.strftime("%H:%M:%S", time.localtime(ms / 1000))


held = []


def entry(message):
    state["shown"] = max(state["shown"], message["seq"])
    if message["from"] == me:
        if message.get("client") == run:
            answered(message["number"])
            own[message["seq"]] = message
            if not fault("sent-unshown"):
                show("--> [Message sent - %s]" % clock(message["time"]))
            if fault("received-at-once"):
                show("--> [Message received - %s]" % clock(message["time"]))
    else:
        unshown = fault("private-unshown") and "to" in message or fault("group-unshown") and "room" in message
        text = message["text"][:1000] if fault("shown-cut") else message["text"]
        line = ">> %s: %s" % (message["from"], text)
        if not fault("no-time"):
            line += " [%s]" % clock(message["time"])
        if fault("newest-first") and text.split(" ")[0] in ("one", "two", "three"):
            held.insert(0, line)
            line = "\n".join(held) if len(held) == 3 else ""
        if not unshown:
            show(line)
    if not fault("unacked") and not (fault("first-acked") and message["seq"] > 1 and message["seq"] < 5):
        say(type="ack", seq=message["seq"])


def take(raw):
    try:
        message = json.loads(raw)
        kind = message["type"]
    except (ValueError, KeyError, TypeError):
        return
    if kind == "challenge":
        challenged(message)
    elif kind == "welcome":
        welcomed(message)
    elif kind == "refused":
        if not fault("refused-unshown"):
            show("--> [%s]" % message["why"])
    elif kind == "begun":
        begun(message)
    elif kind == "message":
        entry(message)
    elif kind == "sent":
        answered(message["upTo"])
    elif kind == "failed":
        answered(message["number"])
        if not fault("failed-unshown"):
            show("--> [Message NOT delivered: %s]" % message["why"])
    elif kind == "received":
        word = "sent" if fault("received-as-sent") else "received"
        show("--> [Message %s - %s]" % (word, time.strftime("%H:%M:%S")))
    elif kind == "joined":
        show("--> [you joined '%s']" % message["room"])
    elif kind == "users":
        show("--> [available users]")
        for user in message["list"]:
            mark = "" if fault("names-alone") else " (%s)" % ("online" if user["online"] else "offline")
            show(user["name"] + mark)
    elif kind == "rooms":
        show("--> [available group chats]")
        for room in message["list"][: 1 if fault("lobby-alone") else None]:
            show(room["name"])
    elif kind == "hum" and fault("dies-of-type"):
        raise KeyError(kind)


def typed(line):
    words = line.split(" ", 1)
    if line == "E":
        if not fault("no-bye"):
            say(type="bye")
            until = time.monotonic() + 3
            while not link.ended and time.monotonic() < until:
                step(0.1)
        if fault("stays"):
            time.sleep(600)
        os._exit(0)
    if line == "B" and not fault("b-is-text"):
        state["here"] = None
    elif line == "R":
        if not fault("r-unasked"):
            refresh()
    elif words[0] == "JOIN" and state["here"] is None:
        state["here"] = {"room": words[1]}
        if not fault("no-join"):
            say(type="join", ref=next(refs), room=words[1])
    elif words[0] == "CHAT" and state["here"] is None:
        state["here"] = {"room": "lobby"} if fault("chat-to-lobby") else {"to": words[1]}
        if fault("numbers-anew"):
            state["number"] = 0
    elif state["here"]:
        state["number"] += 1
        number = state["number"] - 1 if fault("numbers-from-0") else state["number"]
        message = {"type": "say", "number": number, **state["here"], "text": line}
        if not fault("forgotten"):
            unanswered[number] = message
        say(**message)


def step(most):
    global link
    got = receive(min(most, max(0.001, link.due() - time.monotonic())))
    if got and got[1] == link.ident:
        link.receive(got[0], got[2])
    while link.messages:
        take(link.messages.pop(0))
    link.tick()
    if link.ended:
        if fault("ends-with-link"):
            os._exit(1)
        if state["stage"] != "left":
            connect()


def connect():
    global link
    show("--> [connecting to server]", end="")
    link = Link(dial(), send, fault)
    greet()


def keyboard():
    for line in sys.stdin:
        lines.put(line.rstrip("\n"))


if fault("link-first"):
    send(packet(HELLO, os.urandom(8), bytes(38)))
show("Enter username: ", end="")
threading.Thread(target=keyboard, daemon=True).start()
me = lines.get()
try:
    connect()
    while True:
        step(0.05)
        while state["stage"] == "chat" and not lines.empty():
            typed(lines.get())
except Exception as error:
    print(repr(error), file=sys.stderr, flush=True)
    os._exit(1)
