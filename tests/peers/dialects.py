"""A client for the address book's handout as three teams wrote theirs: dialects.py A|B|C TABLE_PORT UDP_PORT NAME

Standard input: `refresh` asks the table again, `names` asks everybody for their names, `say PORT TEXT` writes.
Standard output: what a window would show. A datagram that does not parse ends the receiving thread."""
import socket, sys, threading

dialect, table_port, port, me = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
ip = "127.0.0.1"
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((ip, port))
table, names = [], {}


def show(*words):
    print(*words, flush=True)


def request(kind):
    with socket.create_connection((ip, table_port)) as tcp:
        tcp.send(f"{kind}:{ip}:{port}:{me}".encode())
        reply = b""
        while data := tcp.recv(1024):
            reply += data
    return reply.decode()


def refresh():
    """As the course's half of a client: the count first, and the end where there is none."""
    parts = request("R").split("-")
    if parts[0] == "Null":
        return show("table")
    count = int(parts[0])
    for part in parts[1 : count + 1]:
        fields = part.split(":")
        entry = (fields[1], int(fields[2]))
        if dialect == "C":
            names[entry] = fields[3]
        if entry not in table:
            table.append(entry)
    show("table", *(str(p) for _, p in table))


def send(text, to):
    """A and B use a new socket for each message, C the one that it receives on."""
    if dialect == "C":
        return udp.sendto(text.encode(), to)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as fresh:
        fresh.sendto(text.encode(), to)


def ask_names():
    for number, (host, at) in enumerate(table):
        if dialect == "A":
            send(f"IDReq\\: {number}\\: {ip}\\: {port}", (host, at))
        if dialect == "B":
            send(f"{port}!X_GET_NAME|{port}", (host, at))


def receive_a(text):
    fields = text.split("\\: ")
    if fields[0] == "IDReq":
        send(f"ID\\: {me}\\: {fields[1]}", (fields[2], int(fields[3])))
    elif fields[0] == "ID":
        names[table[int(fields[2])]] = fields[1]
        show("name", fields[1])
    else:
        said, host, at, name = fields[0], fields[1], int(fields[2]), fields[3]
        show("from", f"{name}@{host}:{at}:", said.rstrip("\n"))


def receive_b(text, host):
    who, said = text.split("!", 1) if "!" in text else ("?", text)
    if said.startswith("X_GET_NAME"):
        at = int(said.split("|")[1])
        send(f"{port}!X_NAME|{me}|{port}", (host, at))
    elif said.startswith("X_NAME"):
        _, name, at = said.split("|")
        names[(host, int(at))] = name
        show("name", name)
    else:
        show("from", f"{names.get((host, int(who)) if who.isdigit() else None, who)}:", said.rstrip("\n"))


def receive_c(text):
    said, name = text.split("+")
    show("from", f"{name}:", said.rstrip("\n"))


def receive():
    try:
        while True:
            data, (host, _) = udp.recvfrom(1024)
            if dialect == "A":
                receive_a(data.decode())
            elif dialect == "B":
                receive_b(data.decode("utf-8", "replace"), host)
            else:
                receive_c(data.decode())
    except Exception as error:
        show("thread died", repr(error))


threading.Thread(target=receive, daemon=True).start()
refresh()
for line in sys.stdin:
    verb, _, rest = line.rstrip("\n").partition(" ")
    if verb == "refresh":
        refresh()
    if verb == "names":
        ask_names()
    if verb == "say":
        at, _, text = rest.partition(" ")
        to = (ip, int(at))
        if dialect == "A":
            send(f"{text}\n\\: {ip}\\: {port}\\: {me}", to)
        if dialect == "B":
            send(f"{port}!{text}\n", to)
        if dialect == "C":
            send(f"{text}\n+{me}", to)
request("K")
