#!/usr/bin/python3
"""Checks the signature chain of a derived key as somebody outside would.

    check_chain.py KEY.json IDENTITY COMMITMENT PATH

Identity -> epoch key -> service key -> derived key, each link Ed25519 over
"replicatoor/v1/link" || 00 || lp fields (docs/protocol.md, derived keys).
"""
import hashlib
import json
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def lp(field):
    return struct.pack("<I", len(field)) + field


def check(public_key, signature, *fields):
    message = b"replicatoor/v1/link\0" + b"".join(lp(f) for f in fields)
    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)


def main(file, identity, commitment, path):
    with open(file, encoding="utf-8") as f:
        answer = json.load(f)
    links = [(bytes.fromhex(l["public_key"]), bytes.fromhex(l["signature"]))
             for l in answer["signature_chain"]]
    (epoch, by_identity), (service, by_epoch), (key, by_service) = links
    assert answer["identity"] == identity, "another identity"
    assert answer["commitment"] == commitment, "another epoch"
    check(bytes.fromhex(identity)[:32], by_identity, struct.pack("<Q", answer["epoch"]),
          bytes.fromhex(commitment), epoch)
    check(epoch, by_epoch, answer["service"].encode(), service)
    check(service, by_service, answer["algorithm"].encode(), b"", path.encode(), key)
    assert key == hashlib.sha256(bytes.fromhex(answer["key"])).digest(), "another key"
    print(f"a path never asked on A: {answer['key'][:16]}.., its chain is signed by A's identity")


main(*sys.argv[1:])
