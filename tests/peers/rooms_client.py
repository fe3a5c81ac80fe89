"""The rooms handout's client, as docs/protocols/rooms.md has its wire: a piece is one recv, kept apart by pauses.

    rooms_client.py HOST PORT NAME ROOM FOLDER [--window] [--pause SECONDS] [--slow SECONDS]

Each line of the input is a text, or "/file PATH". Files are received into FOLDER. With --window no line break follows a
text, as the window's program sends it. --slow is slept after each recv of a file's bytes.
"""
import argparse
import os
import socket
import sys
import threading
import time

options = argparse.ArgumentParser()
for name in ("host", "port", "name", "room", "folder"):
    options.add_argument(name)
options.add_argument("--window", action="store_true")
options.add_argument("--pause", type=float, default=0.1)
options.add_argument("--slow", type=float, default=0)
args = options.parse_args()


def show(line):
    print(line, flush=True)


def receive(server):
    while True:
        piece = server.recv(1024)
        if not piece:
            show("the server has left")
            os._exit(0)
        text = piece.decode(errors="replace")
        if text != "FILE":
            show(text)
            continue
        name = server.recv(1024).decode()
        size = int(server.recv(1024).decode())
        sender = server.recv(1024).decode()
        path = os.path.join(args.folder, name)
        if os.path.exists(path):
            os.remove(path)
        total = 0
        with open(path, "wb") as file:
            # One byte more, and it never ends.
            while total != size:
                data = server.recv(1024)
                if not data:
                    show("the server has left in the middle of " + name)
                    os._exit(1)
                total += len(data)
                file.write(data)
                if args.slow:
                    time.sleep(args.slow)
        show(sender + ": " + name + " Received")


def send_file(server, path):
    for piece in ("FILE", "client_" + os.path.basename(path), str(os.path.getsize(path))):
        server.send(piece.encode())
        time.sleep(args.pause)
    with open(path, "rb") as file:
        while data := file.read(1024):
            server.sendall(data)
    show("You: " + os.path.basename(path) + " Sent")


server = socket.socket()
server.connect((args.host, int(args.port)))
server.send(args.name.encode())
time.sleep(args.pause)
server.send(args.room.encode())
time.sleep(args.pause)
threading.Thread(target=receive, args=[server], daemon=True).start()
for line in sys.stdin:
    if line.startswith("/file "):
        send_file(server, line[len("/file "):].rstrip("\n"))
    else:
        server.send((line.rstrip("\n") if args.window else line).encode())
    time.sleep(args.pause)
server.shutdown(socket.SHUT_WR)
time.sleep(args.pause)
