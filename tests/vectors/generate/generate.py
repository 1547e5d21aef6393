#!/usr/bin/python3
"""generate.py DIR - writes quotes and collateral under a private test PKI into DIR, which it makes
anew: one folder per case of cases.py, the same over edited worlds (edits.py), the root's certificate, and machines for tests of a whole
handover (machines.py). Keys are made for the run alone, so every run gives other bytes and must give
the same answers.
"""
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tests.vectors.generate.cases import CASES  # noqa: E402
from tests.vectors.generate import edits, machines  # noqa: E402
from tests.vectors.generate.world import World, der_of, pki  # noqa: E402


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    authorities = pki._make()
    (target / "root_ca.der").write_bytes(der_of(authorities["root"].cert))
    names = set()
    for name, expected, why, advisories, bend in CASES:
        if name in names:
            raise SystemExit(f"two cases are called {name}")
        names.add(name)
        world = World(authorities)
        bend(world)
        if name.startswith("platform_") and expected == "ACCEPT":
            status = name.removeprefix("platform_")
            expected = f"ACCEPT {status}"
            advisories = next(a for _, s, a in _ladder() if s == status)
        world.write(target / name, expected, why, advisories)
    machines.write(target / "machines", authorities)
    edited = edits.write(target / "edited", authorities)
    print(f"{len(names)} cases, {edited} edited ones")


def _ladder():
    from tools.tappd_sim import tcb
    return tcb.LADDER


if __name__ == "__main__":
    main()
