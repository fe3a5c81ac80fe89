"""A server as the mailbox authors' one: every reply is the request's object with fields added. No JSON ends it."""

import json
import socket
import sys
import time

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
print(sock.getsockname()[1], flush=True)
users, online, group, group_data, private = [], {}, [], [], []


def send(data, address):
    sock.sendto(json.dumps(data).encode(), address)


def listed(skip=None):
    return [{"username": name, "isOnline": name in online} for name in users if name != skip]


while True:
    raw, address = sock.recvfrom(65536)
    data = json.loads(raw.decode())
    key = data["key"]
    now = time.strftime("%H:%M:%S")
    if key == "CONNECT":
        name = data["username"]
        new = name not in users
        if new:
            users.append(name)
        online[name] = address
        data["isConnected"] = True
        data["users"] = listed()
        data["newAccount"] = new
        send(data, address)
    elif key == "GET_USERS":
        data["users"] = listed(data["username"])
        send(data, address)
    elif key == "REQUEST_JOIN_GROUP":
        data["partofgroup"] = data["username"] in group
        if not data["partofgroup"]:
            group.append(data["username"])
        data["joined"] = True
        send(data, address)
    elif key == "GET_GROUP_DATA":
        data["group_data"] = group_data
        send(data, address)
    elif key == "GET_DATA":
        pair = {data["find"], data["username"]}
        data["data"] = [item for to, item in private if {to, item["username"]} == pair]
        send(data, address)
    elif key == "SENT_TO":
        data["key"] = "CONFIRM_MSG"
        data["sent"] = True
        data["time"] = now
        send(data, address)
        private.append((data["sendto"], {"username": data["sentfrom"], "msg": data["msg"], "time": now}))
        if data["sendto"] in online:
            data["key"] = "SENT_FROM"
            send(data, online[data["sendto"]])
    elif key == "CONFIRM_MSG_2":
        if data["sendto"] in online:
            send(data, online[data["sendto"]])
    elif key == "SENT_TO_GROUP":
        data["key"] = "CONFIRM_MSG"
        data["sent"] = True
        data["time"] = now
        send(data, address)
        group_data.append({"username": data["sentfrom"], "msg": data["msg"], "time": now})
        data["key"] = "SENT_TO_GROUP"
        for name in group:
            if name in online:
                send(data, online[name])
    elif key == "LOGOUT":
        online.pop(data["username"], None)
        data["Loggedout"] = True
        send(data, address)
