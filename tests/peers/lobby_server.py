"""A server as the lobby handout describes it: lobby_server.py IP PORT. It greets without a newline and never closes."""
import socket
import sys
import threading

if len(sys.argv) != 3:
    sys.exit("Correct usage: script, IP address, port number")

guests = []


def serve(guest, address):
    guest.send(b"Welcome to this chatroom!")
    while True:
        try:
            data = guest.recv(2048)
        except OSError:
            break
        if not data:
            # The handout's server reads on from a guest that has finished; this one at least does not spin.
            print("finished " + address, flush=True)
            threading.Event().wait()
        text = "<" + address + "> " + data.decode()
        print(text, flush=True)
        for other in guests:
            if other is not guest:
                other.send(text.encode())


with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listener:
    print("port", listener.getsockname()[1], flush=True)
    while True:
        guest, (address, _) = listener.accept()
        guests.append(guest)
        print(address + " connected", flush=True)
        threading.Thread(target=serve, args=(guest, address), daemon=True).start()
