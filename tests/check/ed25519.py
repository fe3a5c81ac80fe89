"""Ed25519 (RFC 8032) without a library: keys, signatures, and their verification."""

import hashlib
import os

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
ZERO = (0, 1, 1, 0)


def add(a, b):
    """The sum of two points in extended coordinates (x, y, z, x·y/z)."""
    m = (a[1] - a[0]) * (b[1] - b[0]) % P
    n = (a[1] + a[0]) * (b[1] + b[0]) % P
    s = 2 * D * a[3] * b[3] % P
    t = 2 * a[2] * b[2] % P
    e, f, g, h = n - m, t - s, t + s, n + m
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    total = ZERO
    while number:
        if number & 1:
            total = add(total, point)
        point = add(point, point)
        number >>= 1
    return total


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def encode(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data):
    """The point of 32 bytes; None for bytes that are none."""
    number = int.from_bytes(data, "little")
    y, odd = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or x == 0 and odd:
        return None
    if x & 1 != odd:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def digest(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def new_secret():
    return os.urandom(32)


def expanded(secret):
    hashed = hashlib.sha512(secret).digest()
    number = int.from_bytes(hashed[:32], "little") & (1 << 254) - 8 | 1 << 254
    return number, hashed[32:]


def public_key(secret):
    return encode(times(expanded(secret)[0], BASE))


def sign(secret, message):
    number, prefix = expanded(secret)
    key = encode(times(number, BASE))
    r = digest(prefix, message) % ORDER
    point = encode(times(r, BASE))
    s = (r + digest(point, key, message) * number) % ORDER
    return point + s.to_bytes(32, "little")


def verify(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    point, owner = decode(signature[:32]), decode(key)
    s = int.from_bytes(signature[32:], "little")
    if point is None or owner is None or s >= ORDER:
        return False
    return same(times(s, BASE), add(point, times(digest(signature[:32], key, message), owner)))
