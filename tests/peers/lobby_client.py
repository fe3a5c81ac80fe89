"""A client as the lobby handout describes it: lobby_client.py IP PORT. One recv is one message."""
import select
import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as server:
    while True:
        ready, _, _ = select.select([sys.stdin, server], [], [])
        if server in ready:
            chunk = server.recv(2048)
            if not chunk:
                break
            print("[" + chunk.decode() + "]", flush=True)
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if not line:
                break
            server.send(line.encode())
            print("<You>" + line, end="", flush=True)
