"""DER, P-256 and X.509 by hand: a second encoder, which can also make what no library will sign.

Shares no code with the product nor with the simulator. Keys come from names and signatures are
deterministic (RFC 6979), so that the vectors come out byte for byte the same each time.
"""
import base64
import hashlib
import hmac

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def _add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def _multiply(k, point):
    total = None
    while k:
        if k & 1:
            total = _add(total, point)
        point = _add(point, point)
        k >>= 1
    return total


class Key:
    def __init__(self, name):
        self.secret = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % (N - 1) + 1
        x, y = _multiply(self.secret, G)
        self.point = x.to_bytes(32, "big") + y.to_bytes(32, "big")

    def sign(self, message):
        """r || s over SHA-256; the nonce of RFC 6979, section 3.2."""
        digest = hashlib.sha256(message).digest()
        seed = self.secret.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
        k, v = bytes(32), b"\1" * 32
        for mark in (b"\0", b"\1"):
            k = hmac.digest(k, v + mark + seed, "sha256")
            v = hmac.digest(k, v, "sha256")
        while True:
            v = hmac.digest(k, v, "sha256")
            nonce = int.from_bytes(v, "big")
            if 0 < nonce < N:
                break
            k = hmac.digest(k, v + b"\0", "sha256")
            v = hmac.digest(k, v, "sha256")
        r = _multiply(nonce, G)[0] % N
        s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * self.secret) % N
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def tlv(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def seq(*parts):
    return tlv(0x30, *parts)


def integer(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(content):
    return tlv(4, content)


def bits(content, unused=0):
    return tlv(3, bytes([unused]) + content)


def boolean(value):
    return tlv(1, b"\xff" if value else b"\0")


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = bytes([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        group = [arc & 127]
        while arc > 127:
            arc >>= 7
            group.insert(0, arc & 127 | 128)
        out += bytes(group)
    return tlv(6, out)


def utc(text):
    return tlv(0x17, text.encode())


def generalized(text):
    return tlv(0x18, text.encode())


ECDSA_SHA256 = seq(oid("1.2.840.10045.4.3.2"))
ECDSA_SHA384 = seq(oid("1.2.840.10045.4.3.3"))
P256 = seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
SGX = "1.2.840.113741.1.13.1"


def attribute(arc, value, tag=0x0c):
    return tlv(0x31, seq(oid("2.5.4." + arc), tlv(tag, value.encode())))


def name(common_name):
    return seq(attribute("3", common_name), attribute("10", "Intel Corporation"),
               attribute("7", "Santa Clara"), attribute("8", "CA"), attribute("6", "US", 0x13))


def spki(point):
    return seq(P256, bits(b"\4" + point))


def extension(arcs, value, critical=False):
    return seq(oid(arcs), *([boolean(True)] if critical else []), octets(value))


def constraints(*parts):
    return extension("2.5.29.19", seq(*parts), True)


def usage(content, unused):
    return extension("2.5.29.15", bits(content, unused), True)


def envelope(tbs, key, outer=ECDSA_SHA256):
    signature = key.sign(tbs)
    r, s = (int.from_bytes(signature[i:i + 32], "big") for i in (0, 32))
    return seq(tbs, outer, bits(seq(integer(r), integer(s))))


def pem(der, label="CERTIFICATE", end="\n"):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return end.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
