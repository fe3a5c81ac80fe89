"""A mailbox server on Partyline's wire, with one fault at a time: mailbox_server.py PORT DATA USERS [FAULT]."""

import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time

import ed25519
from datagrams import ACK, CLOSE, COOKIE, DATA, HELLO, MARK, OPEN, OPENED, PING, PONG, Link, packet

PORT, DATA_FOLDER, USERS = int(sys.argv[1]), sys.argv[2], sys.argv[3]
FAULT = sys.argv[4] if len(sys.argv) > 4 else ""
KEPT = os.path.join(DATA_FOLDER, "kept.json")
SECRET = os.urandom(16)
SCRYPT = {"ln": 4, "r": 8, "p": 1, "bytes": 32}


def fault(*names):
    return FAULT in names


def encoded(data):
    return base64.b64encode(data).decode().rstrip("=")


def decoded(text):
    return base64.b64decode(text + "=" * (-len(text) % 4))


sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0 if fault("other-port") else PORT))
passwords = dict(line.split() for line in open(USERS) if line.strip()) if os.path.exists(USERS) else {}
kept = {"store": encoded(os.urandom(9)), "users": {}, "rooms": {"lobby": []}, "log": [], "acked": {}, "taken": {}}
if os.path.exists(KEPT):
    kept.update(json.load(open(KEPT)))
if fault("forgets-users"):
    kept["users"] = {}
if fault("forgets-keys"):
    kept["users"] = {name: None for name in kept["users"]}
if fault("forgets-messages"):
    kept["log"] = []
if fault("forgets-groups"):
    kept["rooms"] = {"lobby": kept["rooms"]["lobby"]}
users, rooms, log, acked, taken = kept["users"], kept["rooms"], kept["log"], kept["acked"], kept["taken"]
sessions = {}
by_open = {}
connected = {}
only_link = None
one_nonce = os.urandom(16)
stopping = threading.Event()


def keep():
    if fault("written-at-end") and not stopping.is_set():
        return
    with open(KEPT + ".new", "w") as file:
        json.dump(kept, file)
    os.replace(KEPT + ".new", KEPT)


def send_to(address, datagram):
    if fault("dies-of-closed-port"):
        if address not in connected:
            connected[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            connected[address].connect(address)
        return connected[address].send(datagram)
    sock.sendto(datagram, address)


class Session:
    """A link, its user, and what its client was told."""

    def __init__(self, ident, address):
        self.address, self.candidate, self.token = address, None, b""
        self.link = Link(ident, lambda datagram: send_to(self.address, datagram), fault)
        self.name = self.hello = self.challenge = self.client = None
        self.told = None
        self.since = time.time()

    def tell(self, **message):
        if fault("json-by-hand") and "text" in message:
            fields = ['"%s":%s' % (k, '"%s"' % v if isinstance(v, str) else json.dumps(v)) for k, v in message.items()]
            return self.link.say(("{" + ",".join(fields) + "}").encode())
        self.link.say(json.dumps(message).encode())

    def error(self, why="this could not be read"):
        self.tell(type="error", why=why)


def cookie_of(address, ident):
    text = b"" if fault("cookie-of-number") else ("%s:%d" % address).encode()
    return hmac.new(SECRET, text + (b"" if fault("cookie-of-address") else ident), "sha256").digest()[:16]


def receive(datagram, address):
    global only_link
    if not datagram:
        if fault("dies-of-empty"):
            raise ValueError("empty")
        return
    if len(datagram) < 10 or datagram[0] != MARK:
        if fault("dies-of-other") and datagram[0] != MARK:
            raise ValueError("other")
        return
    kind, ident, rest = datagram[1], datagram[2:10], datagram[10:]
    if kind > CLOSE and fault("dies-of-kind"):
        raise ValueError("kind")
    if kind == HELLO and (len(datagram) == 48 or fault("short-hello")):
        send_to(address, packet(COOKIE, ident[::-1] if fault("little-endian") else ident, cookie_of(address, ident)))
    elif kind == OPEN and len(datagram) == 48:
        if rest[:16] != cookie_of(address, ident) and not fault("cookie-unread") or fault("never-opens"):
            return
        session = by_open.get((ident, address))
        if fault("one-link") and only_link:
            session = only_link
        if session is None or fault("new-link-each-open"):
            only_link = session = by_open[ident, address] = Session(os.urandom(8), address)
            sessions[session.link.ident] = session
        send_to(address, packet(OPENED, ident, session.link.ident))
    elif kind in (DATA, ACK, PING, PONG, CLOSE):
        session = sessions.get(ident)
        if session is None:
            if kind != CLOSE and not fault("unknown-unanswered"):
                send_to(address, packet(CLOSE, ident))
            return
        if address != session.address:
            elsewhere(session, address, kind, rest)
        session.link.receive(kind, rest)
        while session.link.messages and not session.link.ended:
            take(session, session.link.messages.pop(0))


def elsewhere(session, address, kind, rest):
    if fault("takes-over"):
        session.address = address
    elif kind == PONG and session.candidate == address and rest == session.token:
        if not fault("stays-at-address"):
            session.address = address
    elif session.candidate != address:
        session.candidate, session.token = address, os.urandom(8)
        send_to(address, packet(PING, session.link.ident, session.token))


def take(session, raw):
    try:
        message = json.loads(raw)
    except ValueError:
        if fault("dies-of-text"):
            raise
        return session.error()
    if not isinstance(message, dict):
        if fault("dies-of-list"):
            raise ValueError("a list")
        return session.error()
    if fault("dies-without-type"):
        message["type"]
    kind = message.get("type")
    if session.name is None and fault("session-by-hello") and kind == "resume" and session.hello:
        session.name = session.hello["name"]
    early = ("hello", "proof")
    action = ACTIONS.get(kind)
    if kind in ("bye", "ping"):
        return action(session, message)
    if action is None or (kind in early) != (session.name is None):
        if fault("dies-of-type") and action is None and isinstance(kind, str):
            raise KeyError(kind)
        return session.error("this type is not known here")
    if fault("fields-counted") and kind == "resume" and len(message) != 3:
        return session.error("there are too many fields")
    try:
        action(session, message)
    except (KeyError, TypeError, ValueError, AttributeError):
        if fault("dies-of-number"):
            raise
        session.error("a field is missing or of another kind")


def hello(session, message):
    name = message["name"]
    blank = re.search(r"\s", name) and not fault("blanks-allowed")
    long = len(name) > 32 and not fault("long-names")
    if blank or long or name[0] in "/#" and not fault("slash-names"):
        return session.tell(type="refused", why="this is no name")
    if fault("no-second-hello") and session.hello:
        return
    if fault("name-taken") and name in users:
        return session.tell(type="refused", why="this name is taken")
    if fault("refuses-strangers") and name not in passwords:
        return session.tell(type="refused", why="there is no such account")
    if fault("no-challenge"):
        return session.tell(type="welcome", version=2, name=name)
    session.hello = message
    session.challenge = {"type": "challenge", "how": "key", "nonce": encoded(one_nonce if fault("one-nonce") else os.urandom(16))}
    if name in passwords or fault("asks-password"):
        session.challenge.update(SCRYPT, how="password", salt=encoded(name.encode()[:16]))
        if fault("no-salt"):
            del session.challenge["salt"]
    session.tell(**session.challenge)


def proof(session, message):
    given, challenge, name = decoded(message["proof"]), session.challenge, session.hello["name"]
    parts = ["partyline 1", session.hello["nonce"], challenge["nonce"], challenge.get("salt", ""), name]
    transcript = ",".join(parts).encode("latin-1" if fault("latin-1") else "utf-8")
    answer = {}
    if challenge["how"] == "password":
        right, ours = password_proof(passwords.get(name, ""), decoded(challenge.get("salt", "")), transcript)
        if given != right and not fault("any-password"):
            return session.tell(type="refused", why="wrong password")
        answer = {} if fault("no-server-proof") else {"proof": encoded(ours)}
    else:
        key = decoded(session.hello["key"])
        right = ed25519.verify(key, transcript, given)
        if fault("verifies-wrongly") or not right and not fault("proof-unread"):
            return session.tell(type="refused", why="wrong signature")
        owner = users.get(name)
        if owner and owner != encoded(key) and not fault("last-key"):
            return session.tell(type="refused", why="this name has another key")
        users[name] = encoded(key)
    if fault("null-proof") and not answer:
        answer = {"proof": None}
    users.setdefault(name, None)
    if name not in rooms["lobby"]:
        rooms["lobby"].append(name)
    if fault("listed-twice"):
        again[name] = again.get(name, 0) + 1
    keep()
    session.tell(type="welcome", version=2, name=name, **answer)
    if fault("one-client"):
        for other in of(name):
            other.link.close("another client has come")
    session.name = name
    if len(of(name)) == 1:
        presence(name, "online")


again = {}


def password_proof(password, salt, transcript):
    key = hashlib.scrypt(password.encode(), salt=salt, n=2 ** SCRYPT["ln"], r=SCRYPT["r"], p=SCRYPT["p"], dklen=32)
    mac = lambda key, text: hmac.new(key, text, "sha256").digest()
    client = mac(key, b"Client Key")
    signature = mac(hashlib.sha256(client).digest(), transcript)
    return bytes(a ^ b for a, b in zip(client, signature)), mac(mac(key, b"Server Key"), transcript)


def of(name):
    return [each for each in sessions.values() if each.name == name and not each.link.ended]


def presence(name, state):
    if fault("no-presence") or fault("no-offline-presence") and state == "offline":
        return
    for each in sessions.values():
        if each.name and each.told is not None:
            each.tell(type="presence", **{"online": [], "offline": [], state: [name]})


def mine(name):
    return [room for room in rooms if name in rooms[room]]


def resume(session, message):
    session.client = message["client"]
    key = json.dumps([session.name, session.client])
    after = message.get("after") if message.get("store") == kept["store"] and not fault("after-unread") else None
    seen = acked.get(session.name, 0)
    if fault("acks-of-client"):
        seen = acked.get(key, 0)
    session.told = seen if after is None else after
    answered = message["answered"]
    begun = {
        "type": "begun",
        "store": kept["store"],
        "last": len(log),
        "accepted": 0 if fault("accepted-0") else taken.get(key, {"to": 0})["to"],
        "refused": [each for each in taken.get(key, {"refused": []})["refused"] if each["number"] > answered],
        "rooms": [room for room in mine(session.name) if room != "lobby" or not fault("no-lobby")],
        "textBytes": 16384,
        "searches": False,
    }
    if fault("refused-null"):
        begun["refused"] = None
    session.tell(**begun)
    pump(session)
    if fault("missed-twice"):
        for entry in log:
            if entry["from"] != session.name and seen < entry["seq"] and session.name in entry["for"]:
                give(session, entry)
    if not fault("no-live"):
        session.tell(type="live", upTo=len(log))
    session.tell(type="conversations", list=[] if fault("cursors-untold") else conversations(session.name))


def conversations(name):
    found = {}
    for entry in log:
        if "to" in entry and name in entry["for"]:
            found[entry["to"] if entry["from"] == name else entry["from"]] = entry
    return [
        {"with": other, "last": entry["seq"], "time": entry["time"], "read": 0, "unread": 0, "received": received(name, other)}
        for other, entry in found.items()
    ]


def received(name, by):
    upto = acked.get(by, 0)
    return max([e["seq"] for e in log if e["from"] == name and e.get("to") == by and e["seq"] <= upto] + [0])


def give(session, entry):
    entry = {key: value for key, value in entry.items() if key != "for"}
    if entry["from"] != session.name or fault("own-unnumbered"):
        entry = {key: value for key, value in entry.items() if key not in ("client", "number")}
    if fault("time-of-giving"):
        entry["time"] = int(time.time() * 1000)
    session.tell(type="message", **entry)


def pump(session):
    """Tells the entries that the session has not heard yet."""
    if session.told is None:
        return
    for entry in log[session.told :]:
        private = "to" in entry
        own = entry["from"] == session.name
        if fault("group-unconfirmed") and own and not private or fault("private-unconfirmed") and own and private:
            continue
        if session.name in entry["for"] or fault("private-to-all") and private or fault("group-to-all") and not private:
            give(session, entry)
            if fault("sent-is-received"):
                acked[session.name] = max(acked.get(session.name, 0), entry["seq"])
                keep()
    session.told = len(log)


held = []


def told_all():
    for each in list(sessions.values()):
        if each.name and not each.link.ended:
            pump(each)


def say(session, message):
    key = json.dumps([session.name, session.client])
    state = taken.setdefault(key, {"to": 0, "refused": []})
    number, text = message["number"], message["text"]
    if fault("dies-of-number"):
        text.strip()
    if number <= state["to"] and not fault("numbers-unread"):
        return session.tell(type="sent", upTo=state["to"])
    if number > state["to"] + 1 and not fault("gap-taken"):
        return session.link.close("a number is missing")
    target = message.get("to") or message.get("room")
    if not isinstance(text, str) or not isinstance(target, str):
        return session.tell(type="failed", number=number, why="the text is none")
    why = refusal(session, message)
    if why:
        if fault("unknown-dropped") and "to" in message:
            return
        if not fault("refused-uncounted"):
            state["to"] = number
            state["refused"].append({"number": number, "why": why})
        keep()
        return session.tell(type="failed", number=number, why=why)
    state["to"] = number
    entry = {"seq": len(log) + 1, "from": session.name, "text": text, "time": int(time.time() * 1000)}
    entry.update({"client": session.client, "number": number})
    if "to" in message:
        entry.update({"to": target, "for": [session.name, target]})
        if fault("private-dropped") or fault("offline-dropped") and not of(target):
            entry["for"] = [session.name]
    else:
        entry.update({"room": target, "for": list(rooms[target]) + [session.name]})
        if fault("group-to-sender-only") or fault("lobby-alone") and target != "lobby":
            entry["for"] = [session.name]
        if fault("group-not-kept"):
            entry["for"] = [name for name in entry["for"] if of(name)]
    log.append(entry)
    keep()
    if fault("reorders"):
        return reorder(entry)
    told_all()
    if fault("member-twice") and "room" in message:
        for name in rooms[target]:
            for each in of(name) if rooms[target].count(name) > 1 else []:
                give(each, entry)
                break
    if fault("received-at-once") and "to" in message:
        session.tell(type="received", by=target, upTo=entry["seq"])


def reorder(entry):
    """Three messages are held and told with the last one first."""
    held.append(entry)
    if len(held) == 3:
        for each in list(sessions.values()):
            for one in held[::-1] if each.told is not None else []:
                give(each, one)
            each.told = len(log)


def refusal(session, message):
    if "to" in message:
        return None if message["to"] in users or message["to"] in passwords else "there is no such user"
    if session.name in rooms.get(message["room"], []) or fault("unjoined-taken") and message["room"] in rooms:
        return None
    return "you are not in this group"


def ack(session, message):
    name, seq = session.name, message["seq"]
    if fault("ack-unread"):
        return
    key = json.dumps([name, session.client]) if fault("acks-of-client") else name
    before = acked.get(name, 0)
    if not fault("acks-forgotten"):
        acked[key] = max(acked.get(key, 0), seq)
    keep()
    senders = {e["from"] for e in log[before:seq] if e.get("to") == name}
    for sender in senders:
        upto = max(e["seq"] for e in log[before:seq] if e.get("to") == name and e["from"] == sender)
        late = log[upto - 1]["time"] < session.since * 1000
        for each in of(sender):
            if each.told is not None and not (fault("late-receipt-untold") and late):
                each.tell(type="received", by=name, upTo=upto)


def list_users(session, message):
    items = [{"name": name, "online": bool(of(name)) or fault("never-offline")} for name in users]
    if not fault("users-as-they-came"):
        items.sort(key=lambda item: item["name"])
    for name, count in again.items():
        items += [item for item in items if item["name"] == name] * (count - 1)
    answer = {"type": "users", "ref": message["ref"], "list": items, "more": False}
    if fault("users-without-ref"):
        del answer["ref"]
    session.tell(**answer)


def list_rooms(session, message):
    names = mine(session.name) if fault("own-groups-listed") else rooms
    items = [{"name": n, "members": len(rooms[n]), "joined": session.name in rooms[n]} for n in names]
    session.tell(type="rooms", ref=message["ref"], list=items, more=False)


def who(session, message):
    names = users if fault("who-is-everyone") else rooms[message["room"]]
    items = [{"name": name, "online": bool(of(name))} for name in sorted(names)]
    session.tell(type="who", ref=message["ref"], room=message["room"], list=items, more=False)


def join(session, message):
    room = message["room"]
    if fault("no-new-groups") and room not in rooms:
        return session.tell(type="denied", ref=message["ref"], why="there is no such group")
    members = rooms.setdefault(room, [])
    if session.name not in members or fault("member-twice"):
        members.append(session.name)
    keep()
    session.tell(type="joined", ref=message["ref"], room=room, members=len(members))


def leave(session, message):
    if not fault("leave-stays"):
        rooms[message["room"]].remove(session.name)
        keep()
    session.tell(type="left", ref=message["ref"], room=message["room"])


def history(session, message):
    name, other, limit = session.name, message.get("with"), message.get("limit", 100)
    if other:
        found = [e for e in log if "to" in e and {e["from"], e["to"]} == {name, other}]
        if fault("all-conversations"):
            found = [e for e in log if "to" in e and name in (e["from"], e["to"])]
        if fault("sides-apart"):
            found.sort(key=lambda e: e["from"] == name)
    else:
        found = [e for e in log if e.get("room") == message["room"]]
    shown = found[:limit] if fault("first-given") else found[-limit:]
    items = [{key: value for key, value in e.items() if key != "for"} for e in shown]
    session.tell(type="history", ref=message["ref"], messages=items, more=len(found) > limit)


def ping(session, message):
    session.tell(**({"type": "pong"} if fault("pong-without-ref") else {"type": "pong", "ref": message["ref"]}))


def bye(session, _message):
    if fault("bye-unclosed"):
        name, session.name = session.name, None
        presence(name, "offline")
        return
    if fault("bye-leaves-groups"):
        for members in rooms.values():
            if session.name in members:
                members.remove(session.name)
    session.link.close("said bye")


ACTIONS = {
    "hello": hello,
    "proof": proof,
    "resume": resume,
    "say": say,
    "ack": ack,
    "read": lambda session, message: None,
    "users": list_users,
    "rooms": list_rooms,
    "who": who,
    "join": join,
    "leave": leave,
    "history": history,
    "ping": ping,
    "bye": bye,
}


def forget_ended():
    for session in list(sessions.values()):
        if not session.link.ended:
            continue
        if fault("unended") and session.name:
            continue
        del sessions[session.link.ident]
        for key in [key for key, each in by_open.items() if each is session]:
            del by_open[key]
        if session.name and not of(session.name) and not fault("close-untold"):
            presence(session.name, "offline")


def stop():
    """Tells the clients, waits until they know, and ends."""
    keep()
    for session in sessions.values():
        if session.name and not fault("no-closing"):
            session.tell(type="closing")
    until = time.monotonic() + 3
    while any(session.link.unacked for session in sessions.values()) and time.monotonic() < until:
        step(0.05)
    for session in sessions.values():
        session.link.close("the server stops")
    os._exit(0)


def step(most):
    now = time.monotonic()
    due = min([session.link.due() for session in sessions.values()] + [now + most])
    sock.settimeout(max(0.001, due - now))
    try:
        receive(*sock.recvfrom(65536))
    except (socket.timeout, BlockingIOError):
        pass
    for session in list(sessions.values()):
        session.link.tick()
    forget_ended()


def console():
    for line in sys.stdin:
        if line.strip() == "E" and not fault("deaf-console"):
            stopping.set()


signal.signal(signal.SIGTERM, lambda *_: stopping.set())
threading.Thread(target=console, daemon=True).start()
try:
    while not stopping.is_set():
        step(0.1)
        if fault("dies-of-ten") and len(sessions) > 10:
            raise ValueError("too many")
    stop()
except Exception as error:
    print(repr(error), file=sys.stderr, flush=True)
    os._exit(1)
