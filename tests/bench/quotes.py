#!/usr/bin/python3
"""quotes.py DIR COUNT - quotes for bench-verify, under a private test PKI: one machine, its collateral
(a case as in tests/vectors, with the root beside it), and twice COUNT distinct quotes of it.

hot.bin   other TD reports, signed by one attestation key, with one QE report
warm.bin  other TD reports, each with an attestation key and a QE report of its own
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.vectors.generate.world import World, der_of, pki  # noqa: E402

SIGNED, SIGNATURE, REPORT_DATA = 632, 636, 48 + 520  # offsets in a quote of version 4


def signed_anew(quote, key, number):
    """`quote` with report data that nobody else has."""
    signed = quote[:REPORT_DATA] + number.to_bytes(64, "little") + quote[REPORT_DATA + 64:SIGNED]
    return signed + quote[SIGNED:SIGNATURE] + pki.sign_raw(key, signed) + quote[SIGNATURE + 64:]


def main():
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    authorities = pki._make()
    world = World(authorities)
    world.pck = pki.issue_pck(world.pki, world.platform)
    world.write(folder, "ACCEPT", "to be verified often")
    (folder / "root_ca.der").write_bytes(der_of(authorities["root"].cert))
    quote = world.quote()
    with open(folder / "hot.bin", "wb") as out:
        for number in range(count):
            out.write(signed_anew(quote, world.ak, number))
    with open(folder / "warm.bin", "wb") as out:
        for number in range(count):
            world.ak = pki.new_key()
            out.write(signed_anew(world.quote(), world.ak, number))


if __name__ == "__main__":
    main()
