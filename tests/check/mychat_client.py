"""A client as the mailbox authors' one, with one fault at a time: mychat_client.py HOST PORT [FAULT]."""

import json
import os
import socket
import sys
import threading
import time

HOST, PORT = sys.argv[1], int(sys.argv[2])
FAULT = sys.argv[3] if len(sys.argv) > 3 else ""


def fault(*names):
    return FAULT in names


def show(text, end="\n"):
    print(text, end=end, flush=True)


sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
me = ""
here = None
logged_out = threading.Event()


def send(**data):
    if fault("no-json-dumps") and "msg" in data:
        raw = "{" + ", ".join('"%s": "%s"' % item for item in data.items()) + "}"
    else:
        raw = json.dumps(data)
    sock.sendto(raw.encode(), (HOST, PORT))


def receive():
    data, _ = sock.recvfrom(1024 if fault("short-buffer") else 65536)
    if data == b"" and fault("ends-at-empty"):
        os._exit(1)
    text = data.decode() if fault("dies-of-bytes") else data.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        if fault("dies-of-text") and text.startswith("hello"):
            os._exit(1)
        return {"key": None}


def connect_request():
    if fault("wrong-name"):
        return send(key="CONNECT", isConnected=False, username="user", isStach=False)
    if fault("no-stach"):
        return send(key="CONNECT", isConnected=False, username=me)
    send(key="CONNECT", isConnected=False, username=me, isStach=False)


def connect():
    show("--> [connecting to server]", end="")
    sock.settimeout(None if fault("connect-once") else 0.2)
    tries = 0
    while tries < 75 or fault("never-gives-up"):
        tries += 1
        if not fault("no-stars"):
            show("*", end="")
        connect_request()
        try:
            data = receive()
            if data.get("isConnected"):
                break
            time.sleep(0.2)
        except socket.timeout:
            pass
    else:
        show("\n--> [couldn't connect to server]")
        sys.exit(1)
    sock.settimeout(None)
    show("\n" if fault("connected-unshown") else "[connected to server]")
    if not fault("no-you"):
        show("#####[you: %s]#####" % me)
    menu(data["users"])


def states(users):
    for user in users:
        if fault("names-alone"):
            show(user["username"])
        else:
            show("%s (%s)" % (user["username"], "online" if user["isOnline"] else "offline"))


def menu(users):
    if not fault("no-groups"):
        show("--> [available group chats]\n1. MyChat")
    show("--> [available users]")
    states(users)


def listed(items):
    if fault("newest-first"):
        items = items[::-1]
    if fault("first-left-out"):
        items = items[1:]
    for item in items:
        show(">> %s: %s - %s" % (item["username"], item["msg"], item["time"]))


def take(data):
    key = data.get("key")
    if fault("dies-without-key"):
        key = data["key"] if "key" in data else os._exit(1)
    if key == "GET_USERS":
        states(data["users"])
    elif key == "REQUEST_JOIN_GROUP":
        if not fault("not-granted"):
            show("--> [Access granted]\n--> [you joined 'MyChat' group]")
        if not fault("group-unasked"):
            send(key="GET_GROUP_DATA", username=me)
    elif key == "GET_GROUP_DATA":
        if not fault("group-list-unshown"):
            listed(data["group_data"])
    elif key == "GET_DATA":
        if not fault("list-unshown"):
            listed(data["data"])
    elif key == "CONFIRM_MSG":
        if fault("group-sent-unshown") and "sendto" not in data or fault("private-sent-unshown") and "sendto" in data:
            return
        show("--> [Message sent - %s]" % data["time"])
    elif key == "CONFIRM_MSG_2":
        show("--> [Message %s - %s]" % ("sent" if fault("received-as-sent") else "received", data["time"]))
    elif key == "SENT_FROM":
        sent_from(data)
    elif key == "SENT_TO_GROUP":
        if data["sentfrom"] != me or fault("own-shown"):
            if not fault("group-unshown"):
                show(">> %s: %s" % (data["sentfrom"], data["msg"]))
    elif key == "LOGOUT":
        logged_out.set()
    elif key == "HELLO" and fault("dies-of-unknown"):
        os._exit(1)


held = []


def sent_from(data):
    if fault("deaf-in-menu") and here is None:
        return
    text = ">> %s: %s" % (data["sentfrom"], data["msg"])
    if fault("sender-unshown"):
        text = ">> %s" % data["msg"]
    if fault("newest-shown-first") and data["msg"].split(" ")[0] in ("one", "two", "three"):
        held.insert(0, text)
        if len(held) == 3:
            show("\n".join(held))
    elif not fault("private-unshown"):
        show(text)
    if fault("unconfirmed"):
        return
    to = here if fault("confirms-to-open-chat") and here else me if fault("confirms-to-itself") else data["sentfrom"]
    if fault("new-confirmation"):
        return send(key="CONFIRM_MSG_2", sendto=to)
    send(**dict(data, key="CONFIRM_MSG_2", sendto=to))


def listen():
    while True:
        take(receive())


first = None


def say(line):
    global here
    if fault("old-receiver"):
        here = first
    if here == "MyChat":
        if fault("no-sentfrom"):
            return send(key="SENT_TO_GROUP", msg=line)
        send(key="SENT_TO_GROUP", msg=line, sentfrom=me)
        if fault("repeats-messages"):
            threading.Timer(0.4, lambda: send(key="SENT_TO_GROUP", msg=line, sentfrom=me)).start()
    elif here:
        if fault("chat-to-group"):
            return send(key="SENT_TO_GROUP", msg=line, sentfrom=me)
        send(key="SENT_TO", msg=line, sendto=here, sentfrom=me)


def leave():
    if fault("no-logout"):
        os._exit(0)
    send(key="LOGOUT", username="" if fault("logout-without-name") else me)
    logged_out.wait(None if fault("waits-for-logout") else 1)
    if fault("stays"):
        time.sleep(600)
    os._exit(1 if fault("status-1") else 0)


if fault("asks-before-name"):
    connect_request()
show("#####[Welcome to MyChat]#####\nEnter username: ", end="")
me = sys.stdin.readline().strip()
connect()
if fault("one-thread"):
    threading.Thread(target=lambda: None).start()
else:
    threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    line = line.rstrip("\n")
    first = first or here
    words = line.split(" ", 1)
    small = line if fault("capitals-alone") else line.upper()
    if small == "R":
        if not fault("r-unasked"):
            send(key="GET_USERS", username=me)
    elif small == "E" and not (fault("e-is-text") and here):
        leave()
    elif small == "B" and not fault("no-b"):
        if not fault("b-keeps-chat"):
            here = None
    elif words[0] == "JOIN" and (here is None or fault("b-keeps-chat")):
        if not (fault("b-keeps-chat") and here):
            here = "MyChat"
        send(key="REQUEST_JOIN_GROUP", username="MyChat" if fault("join-by-group") else me)
    elif words[0] == "CHAT" and here is None:
        here = words[1]
        find, name = (me, here) if fault("find-exchanged") else (here, me)
        send(key="GET_DATA", find=find, username=name)
    else:
        say(line)
