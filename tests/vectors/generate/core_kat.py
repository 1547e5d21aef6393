#!/usr/bin/python3
"""core_kat.py [--check] - known answers for server/core, computed without any of its code.

Ed25519, X25519 and P-256 are python3-cryptography's, hashes hashlib's; HKDF, Keccak-256 and
secp256k1 are written out here. Writes tests/vectors/core/*.json; --check only compares.
Everything is fixed: running it again gives the same bytes.
"""
import hashlib
import hmac
import json
import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

OUT = Path(__file__).resolve().parents[1] / "core"
RAW = (Encoding.Raw, PublicFormat.Raw)


def hkdf(ikm, salt, info, length=32):
    """RFC 5869 with SHA-256; one block is all that is asked for here."""
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:length]


def lp(field):
    field = field.encode() if isinstance(field, str) else field
    return struct.pack("<I", len(field)) + field


def sha256(data):
    return hashlib.sha256(data).digest()


# --- Keccak-256: the Keccak reference, padding 0x01 ---

ROTATIONS = [[0, 36, 3, 41, 18], [1, 44, 10, 45, 2], [62, 6, 43, 15, 61], [28, 55, 25, 21, 56], [27, 20, 39, 8, 14]]
MASK = (1 << 64) - 1


def rotate(value, by):
    return (value << by | value >> (64 - by)) & MASK if by else value


def round_constants():
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


def keccak_f(a):
    for constant in round_constants():
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
        a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        b = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                b[y][(2 * x + 3 * y) % 5] = rotate(a[x][y], ROTATIONS[x][y])
        a = [[b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y] & MASK) for y in range(5)] for x in range(5)]
        a[0][0] ^= constant
    return a


def keccak256(data):
    rate, a = 136, [[0] * 5 for _ in range(5)]
    padded = bytearray(data + b"\x01" + b"\x00" * (-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    for at in range(0, len(padded), rate):
        for i in range(rate // 8):
            a[i % 5][i // 5] ^= int.from_bytes(padded[at + 8 * i:at + 8 * i + 8], "little")
        a = keccak_f(a)
    return b"".join(a[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


# --- secp256k1: SEC 2, 2.4.1 ---

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def add(p, q):
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    slope = (3 * p[0] * p[0] * pow(2 * p[1], -1, P) if p == q else (q[1] - p[1]) * pow(q[0] - p[0], -1, P)) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def secp256k1_point(scalar):
    result, step = None, G
    for bit in range(256):
        if scalar >> bit & 1:
            result = add(result, step)
        step = add(step, step)
    return result


def compressed(point):
    return bytes([2 + (point[1] & 1)]) + point[0].to_bytes(32, "big")


def address(point):
    return keccak256(point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))[12:]


# --- docs/protocol.md, keys and state ---

def in_range(order):
    return lambda key: 0 < int.from_bytes(key, "big") < order


def with_counter(ikm, salt, info, accept):
    for counter in range(256):
        key = hkdf(ikm, salt, info + bytes([counter]))
        if accept(key):
            return key
    raise AssertionError("no key in range")


def ed25519_pub(seed):
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(*RAW)


def sign(seed, message):
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def tagged(tag, *fields):
    return tag.encode() + b"\x00" + b"".join(lp(f) for f in fields)


class Identity:
    def __init__(self, seed):
        salt = b"replicatoor/v1/identity"
        self.seed = seed
        self.ed25519 = hkdf(seed, salt, b"ed25519")
        scalar = with_counter(seed, salt, b"secp256k1", in_range(N))
        point = secp256k1_point(int.from_bytes(scalar, "big"))
        self.pub = ed25519_pub(self.ed25519) + compressed(point)
        self.digest = sha256(b"replicatoor/v1/identity" + self.pub)
        self.address = address(point)


class Epoch:
    def __init__(self, identity, number, root, parent=b""):
        self.number, self.root, self.parent = number, root, parent
        self.commitment = sha256(b"replicatoor/v1/epoch" + root)
        message = tagged("replicatoor/v1/epoch", struct.pack("<Q", number), self.commitment, parent)
        self.signature = sign(identity.ed25519, message)


def varint(value):
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    return varint(number << 3 | 2) + varint(len(value)) + value if value else b""


def state_bytes(identity, epochs, files):
    out = field(1, identity.seed)
    for e in epochs:
        out += field(2, field(1, e.number) + field(2, e.root) + field(3, e.commitment) + field(4, e.parent)
                     + field(5, e.signature))
    for name, content, versions in files:
        vector = b"".join(field(3, field(1, replica) + field(2, counter)) for replica, counter in versions)
        out += field(3, field(1, name.encode()) + field(2, content) + vector)
    return out


def public_key(algorithm, key):
    if algorithm == "ed25519":
        return ed25519_pub(key)
    if algorithm == "x25519":
        return x25519.X25519PrivateKey.from_private_bytes(key).public_key().public_bytes(*RAW)
    if algorithm == "secp256k1":
        return compressed(secp256k1_point(int.from_bytes(key, "big")))
    if algorithm == "p256":
        private = ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256R1())
        return private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return b""


def derived(identity, epoch, service, algorithm, purpose, path):
    order = {"secp256k1": N, "p256": P256_N}.get(algorithm)
    accept = in_range(order) if order else lambda key: True
    key = with_counter(epoch.root, b"replicatoor/v1/getkey", lp(service) + lp(algorithm) + lp(purpose) + lp(path),
                       accept)
    public = public_key(algorithm, key)
    epoch_key = hkdf(epoch.root, b"replicatoor/v1/chain", b"epoch")
    service_key = hkdf(epoch.root, b"replicatoor/v1/chain", lp("service") + lp(service))
    link = "replicatoor/v1/link"
    return {
        "epoch": epoch.number, "service": service, "algorithm": algorithm, "purpose": purpose, "path": path,
        "key": key, "public_key": public, "attested_key": public or sha256(key), "commitment": epoch.commitment,
        "epoch_pub": ed25519_pub(epoch_key), "service_pub": ed25519_pub(service_key),
        "epoch_signature": sign(identity.ed25519, tagged(link, struct.pack("<Q", epoch.number), epoch.commitment,
                                                         ed25519_pub(epoch_key))),
        "service_signature": sign(epoch_key, tagged(link, service, ed25519_pub(service_key))),
        "key_signature": sign(service_key, tagged(link, algorithm, purpose, path, public or sha256(key))),
    }


# --- docs/protocol.md, report data ---

def report_data(prefix, name, *fields):
    tag = (prefix + name).encode().ljust(16, b"\x00")
    return tag + hashlib.sha384(tag + b"".join(fields)).digest()


def transcripts(prefix, identity):
    pubk, challenge, config = sha256(b"pubk"), sha256(b"challenge"), sha256(b"config")
    holder_config, state_digest, nonce = sha256(b"holder config"), sha256(b"state"), sha256(b"nonce")
    request = sha256(pubk + challenge + config)
    epoch = struct.pack("<Q", 0x0102030405060708)
    return {
        "tag": prefix, "pubk": pubk, "challenge": challenge, "config_digest": config,
        "request_digest": request, "request": report_data(prefix, "request", pubk, challenge, config),
        "no_challenge_request": report_data(prefix, "request", pubk, bytes(32), config),
        "no_challenge_request_digest": sha256(pubk + bytes(32) + config),
        "state_digest": state_digest, "identity": identity.pub, "highest_epoch": 0x0102030405060708,
        "holder_config_digest": holder_config,
        "onboard": report_data(prefix, "onboard", request, state_digest, identity.pub, epoch, holder_config),
        "onboard_message": tagged(prefix + "onboard", request, state_digest, identity.pub, epoch, holder_config),
        "nonce": nonce, "phase": 4,
        "status": report_data(prefix, "status", nonce, identity.pub, struct.pack("<I", 4), epoch, config),
        "empty_status": report_data(prefix, "status", bytes(32), bytes(65), bytes(4), bytes(8), config),
    }


def receipt(identity, kind, fields, at, parents):
    message = tagged("replicatoor/v1/receipt", bytes([kind]), *fields, struct.pack("<q", at), *sorted(parents))
    names = ["handover_id", "state_digest", "joiner_quote", "holder_quote", "release", "config_digest"]
    return {"kind": kind, **dict(zip(names, fields)), "at": at, "parents": sorted(parents),
            "digest": sha256(message), "signature": sign(identity.ed25519, message)}


def custody(identity):
    names = ["handover", "state", "joiner", "holder", "release", "config"]
    genesis = receipt(identity, 1, [bytes(32)] * 4 + [sha256(b"release"), sha256(b"config")], 1700000000, [])
    first = receipt(identity, 2, [sha256(n.encode() + b"1") for n in names], 1700000001, [genesis["digest"]])
    second = receipt(identity, 2, [sha256(n.encode() + b"2") for n in names], -5, [first["digest"]])
    return [genesis, first, second]


def key_cases(identity, epoch):
    labels = [("", "", ""), ("app", "", ""), ("app", "wallet", "evm"), ("db", "wallet", "evm"), ("app", "evm", "wallet"),
              ("s" * 255, "p" * 255, "u" * 255), ("", "app", ""), ("é", "a/b/../c", "\u0001")]
    return [derived(identity, epoch, service, algorithm, purpose, path)
            for service, path, purpose in labels
            for algorithm in ("raw", "ed25519", "x25519", "secp256k1", "p256")]


def identities():
    seeds = [bytes(32), bytes(range(32)), b"\xff" * 32, sha256(b"seed")]
    for made in map(Identity, seeds):
        yield {"seed": made.seed, "pub": made.pub, "digest": made.digest, "address": made.address,
               "signature": sign(made.ed25519, b"tag\x00message")}


def documents():
    identity = Identity(bytes(range(32)))
    first = Epoch(identity, 1, sha256(b"root 1"))
    second = Epoch(identity, 2, sha256(b"root 2"), first.commitment)
    replica = b"\x21" * 16
    files = [("", b"one secret", [(replica, 1)]), ("key.pem", b"", [(replica, 1)]), ("z", b"\x00\xff", [(replica, 1)])]
    encoded = state_bytes(identity, [first, second], files)
    config = b"replicatoor/v1/config\nCHAIN_ID=\nREPLICATOOR_POLICY=self\nSECURE_FILE=/app/secret=1\n"
    yield "identity", list(identities())
    yield "state", {
        "seed": identity.seed, "replica": replica, "encoded": encoded, "digest": sha256(encoded),
        "genesis_root": first.root, "genesis": state_bytes(identity, [first], []),
        "epochs": [{"number": e.number, "root": e.root, "commitment": e.commitment, "parent": e.parent,
                    "signature": e.signature} for e in (first, second)],
        "files": [{"name": n, "content": c} for n, c, _ in files]}
    yield "derived_key", {"state": encoded, "keys": key_cases(identity, first) + key_cases(identity, second)}
    yield "transcript", [transcripts(p, identity) for p in ("rpl/v1/", "rplT/v1/")]
    yield "custody", {"seed": identity.seed, "receipts": custody(identity)}
    yield "config", {"preimage": config, "digest": sha256(config)}


def hexed(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {k: hexed(v) for k, v in value.items()}
    return [hexed(v) for v in value] if isinstance(value, list) else value


def main():
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert secp256k1_point(N - 1) == (G[0], P - G[1])
    stale = []
    OUT.mkdir(exist_ok=True)
    for name, content in documents():
        text, path = json.dumps(hexed(content), indent=1, ensure_ascii=False) + "\n", OUT / f"{name}.json"
        if sys.argv[1:] == ["--check"]:
            stale += [] if path.read_text() == text else [str(path)]
        else:
            path.write_text(text)
    sys.exit(f"not as computed: {stale}" if stale else 0)


if __name__ == "__main__":
    main()
