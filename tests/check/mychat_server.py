"""A server as the mailbox authors' one, with one fault at a time: mychat_server.py PORT DATA [FAULT]."""

import json
import os
import random
import signal
import socket
import sys
import threading
import time

PORT, DATA = int(sys.argv[1]), sys.argv[2]
FAULT = sys.argv[3] if len(sys.argv) > 3 else ""
KEPT = os.path.join(DATA, "kept.json")


def fault(*names):
    return FAULT in names


sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0 if fault("other-port") else PORT))
kept = {"users": [], "group": [], "group_data": [], "private": []}
if os.path.exists(KEPT) and not fault("forgets-all"):
    kept = json.load(open(KEPT))
if fault("forgets-users"):
    kept["users"] = []
if fault("forgets-messages"):
    kept["group_data"], kept["private"] = [], []
users, group, group_data, private = kept["users"], kept["group"], kept["group_data"], kept["private"]
online = {}
ever = {}
sockets = {}
since = {}
lists = {}
last = None


def stop(*_):
    json.dump(kept, open(KEPT, "w"))
    os._exit(0)


def console():
    for line in sys.stdin:
        if line.strip() == "E" and not fault("deaf-console"):
            stop()


signal.signal(signal.SIGTERM, stop)
threading.Thread(target=console, daemon=True).start()


def send(data, address):
    if fault("no-json-dumps"):
        text = "{" + ", ".join('"%s": %s' % (k, '"' + v + '"' if isinstance(v, str) else json.dumps(v)) for k, v in data.items()) + "}"
    else:
        text = json.dumps(data)
    if fault("dies-of-closed-port") and data["key"].startswith("SENT"):
        return connected_to(address).send(text.encode())
    sock.sendto(text.encode(), last if fault("last-address") and last else address)


def connected_to(address):
    if address not in sockets:
        sockets[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sockets[address].connect(address)
    return sockets[address]


def listed(skip=None):
    names = [] if fault("no-users") else [name for name in users if name != skip]
    always = fault("never-offline")
    items = [{"username": name, "isOnline": always or name in online and not (skip and fault("never-online"))} for name in names]
    if fault("only-online"):
        items = [item for item in items if item["isOnline"]]
    return items


def connect(data, address):
    global last
    name = data["username"]
    if fault("one-program") and online and name not in online:
        return
    if fault("repeated-refused") and name in online:
        return
    if fault("never-back") and name in users and name not in online:
        data["isConnected"] = False
        return send(data, address)
    new = name not in users
    if new or fault("listed-twice"):
        users.append(name)
    before = listed()
    if fault("ascii-names"):
        data["username"] = name.encode("ascii", "ignore").decode()
    if not (fault("first-address") and name in ever):
        ever[name] = address
    if not fault("stays-offline-after-return") or new:
        online[name] = ever[name]
    if fault("last-address"):
        last = address
    data["isConnected"] = not fault("not-connected")
    data["users"] = listed() if not fault("without-the-new-one") else [item for item in before if item["username"] != name]
    if fault("alone-listed"):
        data["users"] = [item for item in data["users"] if item["username"] == name]
    lists[name] = listed(name)
    since[name] = len(group_data)
    data["newAccount"] = True if fault("always-new") else new
    if fault("own-reply"):
        data = {key: data[key] for key in ("key", "isConnected", "users", "newAccount")}
    send(data, address)


def get_users(data, address):
    name = data["username"]
    data["list" if fault("other-list-name") else "users"] = lists[name] if fault("old-list") else listed(None if fault("asker-listed") else name)
    send(data, address)
    if fault("answers-twice"):
        send(data, address)


def join(data, address):
    name = data["username"]
    data["partofgroup"] = False if fault("never-part") else True if fault("always-part") else name in group
    if name not in group or fault("twice-in-group"):
        group.append(name)
    data["joined"] = not fault("not-joined")
    send(data, address)


def times():
    return str(time.time()) if fault("seconds") else time.strftime("%H:%M:%S")


def list_of(items):
    if fault("time-of-question", "group-time-of-question"):
        items = [dict(item, time=times()) for item in items]
    return items


def group_list(data, address):
    items = [] if fault("group-not-kept") else list_of(group_data) if not fault("time-of-question") else group_data
    if fault("one-list"):
        items = items + [item for _, item in private]
    if fault("missed-is-lost"):
        items = items[since[data["username"]]:]
    if fault("newest-first"):
        items = items[::-1]
    if fault("no-empty-list") and not items:
        return send(data, address)
    data["group_data"] = items
    send(data, address)


def private_list(data, address):
    pair = {data["find"], data["username"]}
    items = [item for to, item in private if {to, item["username"]} == pair]
    if fault("all-conversations"):
        items = [item for to, item in private if data["username"] in (to, item["username"])]
    if fault("group-in-private"):
        items = items + group_data
    if fault("sides-apart"):
        items = sorted(items, key=lambda item: item["username"])
        items = [i for i in items if i["username"] == data["username"]] + [i for i in items if i["username"] != data["username"]]
    if fault("given-once"):
        private[:] = [(to, item) for to, item in private if {to, item["username"]} != pair]
    if fault("no-private-list") and not items:
        return
    if fault("received-only"):
        items = [item for item in items if item["username"] != data["username"]]
    data["data"] = list_of(items) if not fault("group-time-of-question") else items
    send(data, address)


def confirm(data, address, now):
    data["key"] = "CONFIRM_MSG"
    if not fault("sent-missing" if "sendto" in data else "group-sent-missing"):
        data["sent"] = True
    data["time"] = now
    if not fault("unconfirmed-group") or "sendto" in data:
        send(data, address)


def sent_to(data, address):
    now = times() if not fault("seconds") else time.strftime("%H:%M:%S")
    to = data["sendto"]
    if fault("offline-unconfirmed") and to not in online:
        return
    if fault("text-is-command") and "LOGOUT" in data["msg"]:
        return logout({"key": "LOGOUT", "username": data["sentfrom"]}, address)
    if fault("one-way") and any(t == data["sentfrom"] for t, _ in private):
        return
    request = dict(data)
    # Kept before it is confirmed: the signal that ends the server can come right after the confirmation.
    if to in online or not fault("offline-dropped"):
        private.append((to, {"username": data["sentfrom"], "msg": data["msg"], "time": now}))
    confirm(data, address, now)
    if fault("receipt-at-once"):
        send(dict(data, key="CONFIRM_MSG_2"), address)
    if fault("waits-until-asked"):
        return
    if fault("request-passed-on"):
        data = request
    data["key"] = "SENT_FROM"
    if fault("to-everyone"):
        for name, each in online.items():
            if name != data["sentfrom"]:
                send(data, each)
    elif to in online:
        if fault("reorders"):
            return hold(data, online[to], 5)
        send(data, online[to])


held = []


def hold(data, address, count):
    """Sends COUNT messages that belong together, the last one first."""
    if data["msg"].split(" ")[0] not in ("0", "1", "2", "3", "4", "one", "two"):
        return send(data, address)
    held.append((dict(data), address))
    if len(held) == count:
        for data, address in held[::-1]:
            send(data, address)
        held.clear()


def confirm_2(data, address):
    if fault("confirmation-back"):
        return send(data, address)
    if data["sendto"] in online and not fault("confirmation-dropped"):
        send(data, online[data["sendto"]])


def sent_to_group(data, address):
    now = times()
    copy = dict(data, key="SENT_TO_GROUP", sent=True, time=now)
    if fault("copies-first"):
        for name in group:
            if name in online:
                send(copy, online[name])
    group_data.append({"username": data["sentfrom"], "msg": data["msg"], "time": now})
    if fault("kept-per-member"):
        group_data.extend(group_data[-1:] * (len(group) - 1))
    confirm(data, address, now)
    if fault("copies-first"):
        return
    for name in list(online) if fault("group-to-all") else group:
        if fault("group-to-sender-only") and name != data["sentfrom"]:
            continue
        if fault("sender-left-out") and name == data["sentfrom"]:
            continue
        if name in online:
            target = online[name]
            if fault("group-reorders") and group.index(name) == 2:
                hold(copy, target, 2)
            elif fault("group-under-receiver") and name != data["sentfrom"]:
                send(dict(copy, sentfrom=name), target)
            else:
                send(copy, target)


def logout(data, address):
    name = data["username"]
    if not fault("stays-online"):
        online.pop(name, None)
    if fault("logout-clears"):
        online.clear()
    if fault("logout-removes-user"):
        users[:] = [each for each in users if each != name]
    if fault("logout-removes-member") and name in group:
        group.remove(name)
    if fault("logout-unanswered"):
        return
    data["Loggedout"] = not fault("not-logged-out")
    send(data, address)


ACTIONS = {
    "CONNECT": connect,
    "GET_USERS": get_users,
    "REQUEST_JOIN_GROUP": join,
    "GET_GROUP_DATA": group_list,
    "GET_DATA": private_list,
    "SENT_TO": sent_to,
    "CONFIRM_MSG_2": confirm_2,
    "SENT_TO_GROUP": sent_to_group,
    "LOGOUT": logout,
}


def handle(raw, address):
    if fault("dies-of-empty") and raw == b"":
        os._exit(1)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        if fault("dies-of-bytes"):
            raise
        return
    if fault("blanks-needed") and '", "' not in text and text.startswith("{"):
        return
    try:
        data = json.loads(text)
    except ValueError:
        if fault("dies-of-text") and not text.startswith("{") and text:
            raise
        if fault("dies-of-cut") and text.startswith("{"):
            raise
        return
    if not isinstance(data, dict):
        if fault("dies-of-list"):
            raise ValueError("a list")
        return
    if "key" not in data:
        if fault("dies-without-key"):
            raise KeyError("key")
        return
    action = ACTIONS.get(data["key"])
    if action is None:
        if fault("unknown-key-answered"):
            send(data, address)
        return
    try:
        action(data, address)
    except KeyError:
        if fault("dies-without-text"):
            raise


while True:
    raw, address = sock.recvfrom(1024 if fault("short-buffer") else 65536)
    if fault("dies-of-twenty") and len(users) > 12:
        os._exit(1)
    try:
        handle(raw, address)
    except Exception as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
