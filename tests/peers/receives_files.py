"""Takes every file that it is offered, by docs/protocols/files.md alone: receives_files.py HOST PORT NAME PASSWORD"""
import base64, hashlib, json, os, re, socket, struct, sys, urllib.parse

host, port, name, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
la = socket.create_connection((host, port))
lb_listener = socket.create_server(("", 0))
lines = la.makefile("rw", encoding="utf-8", newline="\n")


def say(line):
    lines.write(line + "\n")
    lines.flush()


def secret():
    return base64.b64encode(os.urandom(16)).decode().rstrip("=")


def exactly(stream, count):
    data = stream.read(count)
    assert len(data) == count, "it ended too soon"
    return data


def receive(conn, digest):
    """The bytes of one file, checked: list, want, done."""
    stream = conn.makefile("rwb")

    def ask(kind, body=b""):
        stream.write(struct.pack(">BI", kind, len(body)) + body)
        stream.flush()

    def frame():
        kind, length = struct.unpack(">BI", exactly(stream, 5))
        return kind, exactly(stream, length)

    ask(1)
    manifest = b""
    while True:
        _, body = frame()
        manifest += body[4:]
        if len(manifest) == struct.unpack(">I", body[:4])[0]:
            break
    assert base64.b64encode(hashlib.sha256(manifest).digest()).decode().rstrip("=") == digest
    first, entry, digests = manifest.split(b"\n", 2)
    count = len(digests) // 32
    ask(7, struct.pack(">I", 0))
    ask(3, struct.pack(">II", 0, count))
    chunks = []
    for i in range(count):
        _, body = frame()
        assert hashlib.sha256(body[4:]).digest() == digests[32 * i : 32 * i + 32]
        chunks.append(body[4:])
    ask(5)
    return b"".join(chunks)


say(f"/login {name} {password}")
assert lines.readline().startswith("101")
say(f"/port {lb_listener.getsockname()[1]}")
lb = lb_listener.accept()[0]
assert lines.readline().startswith("201")
say("/partyline 2")
assert lines.readline() == "110 partyline 2\n"
say(json.dumps({"type": "resume", "client": secret(), "answered": 0}))
print("in", flush=True)
for line in lines:
    said = json.loads(line)
    if said["type"] != "message":
        continue
    say(json.dumps({"type": "ack", "seq": said["seq"]}))
    offer = re.search(r"<partyline-file:([^:]+):([^:]+):(\d+):-:([^>]+)>$", said["text"])
    if not offer:
        continue
    listener = socket.create_server(("", 0))
    at = [f"127.0.0.1:{listener.getsockname()[1]}"]
    want = {"file": "want", "offer": offer[1], "transfer": secret(), "token": secret(), "at": at}
    say(json.dumps({"type": "signal", "to": said["from"], "at": True, "text": json.dumps(want)}))
    conn = listener.accept()[0]
    opening = b""
    while not opening.endswith(b"\n"):
        opening += conn.recv(1)
    assert opening.decode().split()[3:5] == [want["transfer"], want["token"]]
    conn.sendall(f"OK {secret()}\n".encode())
    data = receive(conn, offer[2])
    with open(os.path.basename(urllib.parse.unquote(offer[4])), "xb") as file:
        file.write(data)
    print("received", len(data), flush=True)
