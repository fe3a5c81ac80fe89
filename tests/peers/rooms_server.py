"""The rooms handout's own server, as docs/protocols/rooms.md has its wire. It loses files: the sender's name and the first
bytes of the file leave without a pause between them.

    rooms_server.py PORT [--bars]     with --bars texts are "NAME | TEXT", as a relative of it sends them
"""
import socket
import sys
import threading
import time

PAUSE = 0.1
rooms = {}


def broadcast(room, sender, data):
    for client in rooms[room]:
        if client is not sender:
            client.send(data)


def serve(client, address):
    print(f"{address[0]}:{address[1]} Connected", flush=True)
    name = client.recv(1024).decode()
    room = client.recv(1024).decode()
    client.send(b"Welcome to chat room" if room in rooms else b"New Group created")
    rooms.setdefault(room, []).append(client)
    while True:
        piece = client.recv(1024)
        if not piece:
            rooms[room].remove(client)
            return client.close()
        if piece != b"FILE":
            between = " | " if "--bars" in sys.argv else "> "
            start = "" if "--bars" in sys.argv else "<"
            broadcast(room, client, f"{start}{name}{between}".encode() + piece)
            continue
        file_name = client.recv(1024)
        size = client.recv(1024)
        for header in (b"FILE", file_name, size):
            broadcast(room, client, header)
            time.sleep(PAUSE)
        broadcast(room, client, name.encode())
        left = int(size)
        while left > 0:
            data = client.recv(1024)
            if not data:
                break
            left -= len(data)
            broadcast(room, client, data)
        print("Sent", flush=True)


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print(f"Server is listening to port: {listener.getsockname()[1]}", flush=True)
while True:
    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()
