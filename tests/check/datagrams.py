"""Reliable messages over UDP as in docs/protocols/datagrams.md, for the mailbox's programs here; each has one fault at a time."""

import struct
import time

MARK = 0x50
HELLO, COOKIE, OPEN, OPENED, DATA, ACK, PING, PONG, CLOSE = range(1, 10)
PIECE = 1181
FIRST, LAST = 1, 2
RESEND, RESEND_MOST, PING_AFTER, SILENCE = 0.3, 4, 8, 32


def packet(kind, ident, rest=b""):
    return bytes([MARK, kind]) + ident + rest


class Link:
    """One end of a link: takes datagrams and messages, sends datagrams, and keeps the messages that are whole."""

    def __init__(self, ident, send, fault):
        self.ident, self.send_datagram, self.fault = ident, send, fault
        self.next = 0 if fault("pieces-from-0") else 1
        self.unacked = {}
        self.expected, self.early, self.parts = 1, {}, []
        self.messages = []
        self.ended = False
        self.sent_at = self.heard_at = time.monotonic()

    def send(self, kind, rest=b""):
        self.sent_at = time.monotonic()
        self.send_datagram(packet(kind, self.ident, rest))

    def say(self, message):
        if self.fault("cut-at-datagram"):
            message = message[:PIECE]
        pieces = [message[i : i + PIECE] for i in range(0, len(message), PIECE)] or [b""]
        for i, piece in enumerate(pieces):
            flags = (FIRST if i == 0 else 0) | (LAST if i == len(pieces) - 1 else 0)
            self.unacked[self.next] = [flags, piece, 0, 0]
            self.next += 1
        self.pump()

    def pump(self):
        """Sends what is new, and again what was not acknowledged in time."""
        now = time.monotonic()
        for seq in sorted(self.unacked)[:64]:
            entry = self.unacked[seq]
            flags, piece, due, times = entry
            if now < due:
                continue
            if times > 0 and self.fault("sends-once"):
                continue
            entry[2], entry[3] = now + min(RESEND_MOST, RESEND * 2**times), times + 1
            self.send(DATA, struct.pack(">IIB", seq, self.ack(), flags) + piece)

    def ack(self):
        return self.expected - 1 if self.fault("acks-piece") else self.expected

    def acked(self, ack, bits=b""):
        if self.fault("repeats-forever"):
            return
        for seq in list(self.unacked):
            bit = seq - ack - 1
            if seq < ack or 0 <= bit < 8 * len(bits) and bits[bit // 8] >> bit % 8 & 1:
                del self.unacked[seq]

    def tick(self):
        now = time.monotonic()
        self.pump()
        if now - self.sent_at >= PING_AFTER and not self.fault("no-ping"):
            self.send(PING, bytes(8))
        if now - self.heard_at >= SILENCE:
            self.ended = True

    def due(self):
        return min([entry[2] for entry in self.unacked.values()] + [self.sent_at + PING_AFTER])

    def receive(self, kind, rest):
        self.heard_at = time.monotonic()
        if kind == DATA:
            if len(rest) < 9:
                if self.fault("dies-of-cut"):
                    raise ValueError("cut")
                return
            seq, ack, flags = struct.unpack(">IIB", rest[:9])
            if not self.fault("data-ack-unread"):
                self.acked(ack)
            self.take(seq, flags, rest[9:])
        elif kind == ACK and len(rest) >= 4:
            self.acked(struct.unpack(">I", rest[:4])[0], rest[4:])
        elif kind == PING and len(rest) == 8:
            self.send(PONG, bytes(8) if self.fault("pong-of-zeros") else rest)
        elif kind == CLOSE and not self.fault("close-unread"):
            self.ended = True

    def take(self, seq, flags, piece):
        if self.fault("joined-as-they-come"):
            if seq not in self.early:
                self.early[seq] = None
                self.parts.append((flags, piece))
            while self.expected in self.early:
                self.expected += 1
            if len(self.parts) >= 2 or flags == 3:
                self.messages.append(b"".join(piece for _, piece in self.parts))
                self.parts = []
            return self.acknowledge()
        if seq < self.expected and self.fault("duplicate-unacked"):
            return
        if seq < self.expected and self.fault("takes-twice") and flags == 3:
            self.messages.append(piece)
        if self.fault("early-dropped") and seq > self.expected:
            self.early[seq] = None
            return
        if seq >= self.expected:
            self.early.setdefault(seq, (flags, piece))
        while self.early.get(self.expected):
            flags, piece = self.early.pop(self.expected)
            self.expected += 1
            self.parts.append(piece)
            if flags & LAST or self.fault("pieces-are-messages"):
                self.messages.append(b"".join(self.parts))
                self.parts = []
        self.acknowledge()

    def acknowledge(self):
        bits = bytearray(32)
        begin = self.expected if self.fault("bits-from-missing") else self.expected + 1
        for seq in self.early:
            if begin <= seq < begin + 256:
                bits[(seq - begin) // 8] |= 1 << (seq - begin) % 8
        self.send(ACK, struct.pack(">I", self.ack()) + bytes(bits).rstrip(b"\0"))

    def close(self, why=""):
        if not self.ended:
            self.ended = True
            self.send(CLOSE, why.encode()[:200])
