#!/usr/bin/python3
"""generate.py DIR - writes quotes and collateral under a private test PKI into DIR, which it makes
anew: one folder per case of cases.py, the same over edited worlds (edits.py), the root's certificate, and machines for tests of a whole
handover (machines.py). Keys are made for the run alone, so every run gives other bytes and must give
the same answers.
"""
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tests.vectors.generate.cases import CASES  # noqa: E402
from tests.vectors.generate import cases_policy, cases_rules  # noqa: E402,F401 (add to CASES)
from tests.vectors.generate import edits, machines  # noqa: E402
from tests.vectors.generate.world import World, der_of, pki  # noqa: E402


def _codes_of_docs():
    """The codes of the checks on quote, collateral and TD: the first table with a column of sources."""
    text = (ROOT / "docs/verification.md").read_text(encoding="utf-8")
    table = text[text.index("| check | rule | class |"):].split("\n\n")[0]
    cells = (line.split("|")[4] for line in table.splitlines()[2:])
    return {code for cell in cells for code in re.findall(r"`([A-Z0-9_]+)`", cell)}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    authorities = pki._make()
    (target / "root_ca.der").write_bytes(der_of(authorities["root"].cert))
    names = set()
    for name, expected, why, advisories, policy, bend in CASES:
        if name in names:
            raise SystemExit(f"two cases are called {name}")
        names.add(name)
        world = World(authorities)
        bend(world)
        if name.startswith("platform_") and expected == "ACCEPT":
            status = name.removeprefix("platform_")
            expected = f"ACCEPT {status}"
            advisories = next(a for _, s, a in _ladder() if s == status)
        world.write(target / name, expected, why, advisories, policy)
    refused = {code for _, expected, *_ in CASES for code in expected.split()}
    missing = _codes_of_docs() - refused
    if missing:
        raise SystemExit(f"no case is refused with {', '.join(sorted(missing))}")
    machines.write(target / "machines", authorities)
    edited = edits.write(target / "edited", authorities)
    print(f"{len(names)} cases, {edited} edited ones")


def _ladder():
    from tools.tappd_sim import tcb
    return tcb.LADDER


if __name__ == "__main__":
    main()
