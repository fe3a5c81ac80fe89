"""A client as the mailbox authors' one: CONNECT every 0.2 s, nothing else is repeated; typed words as in the handout."""

import json
import socket
import sys
import threading
import time

host, port, me = sys.argv[1], int(sys.argv[2]), sys.argv[3]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here = None


def send(**data):
    sock.sendto(json.dumps(data).encode(), (host, port))


def receive():
    data, _ = sock.recvfrom(65536)
    return json.loads(data.decode())


def listen():
    while True:
        data = receive()
        key = data["key"]
        if key == "GET_USERS":
            for user in data["users"]:
                print("%s (%s)" % (user["username"], "online" if user["isOnline"] else "offline"), flush=True)
        elif key == "REQUEST_JOIN_GROUP":
            print("--> [%s]" % ("Access granted" if data["joined"] else "Access denied"), flush=True)
            send(key="GET_GROUP_DATA", username=me)
        elif key == "GET_GROUP_DATA":
            for item in data["group_data"]:
                print(">> %s: %s - %s" % (item["username"], item["msg"], item["time"]), flush=True)
        elif key == "GET_DATA":
            for item in data["data"]:
                print(">> %s: %s - %s" % (item["username"], item["msg"], item["time"]), flush=True)
        elif key == "CONFIRM_MSG":
            print("--> [Message sent - %s]" % data["time"], flush=True)
        elif key == "CONFIRM_MSG_2":
            print("--> [Message received - %s]" % data["time"], flush=True)
        elif key == "SENT_FROM":
            print(">> %s: %s" % (data["sentfrom"], data["msg"]), flush=True)
            data["key"] = "CONFIRM_MSG_2"
            data["sendto"] = data["sentfrom"]
            sock.sendto(json.dumps(data).encode(), (host, port))
        elif key == "SENT_TO_GROUP":
            if data["sentfrom"] != me:
                print(">> %s: %s" % (data["sentfrom"], data["msg"]), flush=True)
        elif key == "LOGOUT":
            print("--> [logged out]", flush=True)
            return


sys.stdout.write("--> [connecting to server]")
sock.settimeout(0.2)
for _ in range(75):
    sys.stdout.write("*")
    send(key="CONNECT", isConnected=False, username=me, isStach=False)
    try:
        if receive()["isConnected"]:
            break
        time.sleep(0.2)
    except socket.timeout:
        pass
else:
    print("\n--> [couldn't connect to server]", flush=True)
    sys.exit(1)
print("[connected to server]", flush=True)
sock.settimeout(None)
listener = threading.Thread(target=listen, daemon=True)
listener.start()
for line in sys.stdin:
    line = line.rstrip("\n")
    words = line.split(" ", 1)
    if line == "R":
        send(key="GET_USERS", username=me)
    elif line == "E":
        break
    elif line == "B":
        here = None
    elif words[0] == "JOIN":
        here = "MyChat"
        send(key="REQUEST_JOIN_GROUP", username=me)
    elif words[0] == "CHAT":
        here = words[1]
        send(key="GET_DATA", find=here, username=me)
    elif here == "MyChat":
        send(key="SENT_TO_GROUP", msg=line, sentfrom=me)
    elif here:
        send(key="SENT_TO", msg=line, sendto=here, sentfrom=me)
send(key="LOGOUT", username=me)
listener.join(2)
