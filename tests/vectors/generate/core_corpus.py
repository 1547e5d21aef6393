#!/usr/bin/python3
"""core_corpus.py - seeds for the fuzz targets of server/core, from the encoders of core_kat.py.

Writes tests/fuzz/corpus/{state,handover,evidence_trailer}/*; each seed is well formed or has one
fault. A sealed message cannot be made without libsodium: its seeds are kept as they are.
"""
import hashlib
import struct
from pathlib import Path

from core_kat import Epoch, Identity, custody, field, sha256, state_bytes

CORPUS = Path(__file__).resolve().parents[2] / "fuzz/corpus"
REPLICA = b"\x21" * 16


def states():
    identity = Identity(bytes(range(32)))
    first = Epoch(identity, 1, sha256(b"root 1"))
    second = Epoch(identity, 2, sha256(b"root 2"), first.commitment)
    files = [("", b"one", [(REPLICA, 1)]), ("b", b"two", [(b"\x01" * 16, 3), (REPLICA, 300)])]
    whole = state_bytes(identity, [first, second], files)
    yield "genesis", state_bytes(identity, [first], [])
    yield "files", whole
    yield "tombstone", whole + field(3, field(1, b"c") + field(3, field(1, REPLICA) + field(2, 1)) + field(4, 1))
    yield "cut", whole[:-7]
    yield "unknown", whole + field(9, b"what")
    yield "unsorted", state_bytes(identity, [second, first], files[::-1])
    yield "name", state_bytes(identity, [first], [("../x", b"1", [(REPLICA, 1)])])


def receipt_bytes(r):
    names = ["handover_id", "state_digest", "joiner_quote", "holder_quote", "release", "config_digest"]
    at = r["at"] & (1 << 64) - 1
    return (field(1, r["kind"]) + b"".join(field(2 + i, r[n]) for i, n in enumerate(names)) + field(8, at)
            + b"".join(field(9, p) for p in r["parents"]) + field(10, r["signature"]))


def handovers():
    identity = Identity(bytes(range(32)))
    state = state_bytes(identity, [Epoch(identity, 1, sha256(b"root 1"))], [("", b"one", [(REPLICA, 1)])])
    receipts = sorted(custody(identity), key=lambda r: r["digest"])
    head = field(1, state) + field(2, b"quote") + field(3, bytes(64))
    yield "bare", head
    yield "custody", head + b"".join(field(4, receipt_bytes(r)) for r in receipts)
    yield "unsorted", head + b"".join(field(4, receipt_bytes(r)) for r in receipts[::-1])
    yield "forged", head + field(4, receipt_bytes({**receipts[0], "at": 7}))
    yield "no_state", field(2, b"quote") + field(3, bytes(64))
    yield "wrong_type", head + field(4, 1)


def evidences():
    quote = struct.pack("<HHI", 4, 2, 0x81) + bytes(40 + 584) + struct.pack("<I", 3) + b"sig"
    event = field(1, 0x08000001) + field(2, 1) + field(3, b"app-id") + field(4, hashlib.sha256(b"app").digest()[:20])
    padded = field(1, 1) + field(3, b"old") + field(4, bytes(32))
    whole = field(1, event) + field(1, padded) + field(2, sha256(b"challenge")) + field(3, b"replicatoor/v1/config\n")

    def trailer(evidence, by=0):
        return quote + b"RPLEVID1" + struct.pack("<I", len(evidence) + by) + evidence

    yield "bare", quote
    yield "padded", quote + bytes(100)
    yield "empty", trailer(b"")
    yield "whole", trailer(whole)
    yield "short", trailer(whole, 1)
    yield "long", trailer(whole, -1)
    yield "twice", trailer(whole + field(3, b"again"))
    yield "many", trailer(field(1, field(1, 0x08000001) + field(2, 1)) * 300)


def main():
    for target, seeds in ("state", states()), ("handover", handovers()), ("evidence_trailer", evidences()):
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds:
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
