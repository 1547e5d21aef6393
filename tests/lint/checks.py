#!/usr/bin/python3
"""checks.py - every check and every code of a refusal stands in the tables of docs/verification.md, and
nothing stands there that the source does not know."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs/verification.md"
SOURCES = ("attestation", "server/core", "server/rpc", "clients/ctl")
# Capitals in the source that are no codes; of single words only those that the tables name are codes.
OTHERS = set("""
    BASH_ENV CHAIN_ID CHECKPOINT_RESTORE CONTRACT_CODE DAC_READ_SEARCH ETH_RPC_PREFIX ETH_RPC_URL SECURE_FILE
    SYS_ADMIN SYS_MODULE SYS_PTRACE SYS_RAWIO TDX_01 TD_QE
""".split())
CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")


def rows(text):
    """Cells of all table rows but those of settings."""
    return [line for line in text.splitlines() if line.startswith("| ")]


def quoted(text):
    return set(re.findall(r"`([^`]+)`", text))


def sources():
    for folder in SOURCES:
        yield from sorted((ROOT / folder).rglob("*.c"))


def literals_of_source():
    found = set()
    for path in sources():
        found |= set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"', path.read_text("utf-8")))
    return found - OTHERS


def checks_of_source():
    """Ids of the checks that something passes or fails."""
    header = (ROOT / "attestation/tdx/verdict.h").read_text("utf-8")
    text = "".join(path.read_text("utf-8") for path in sources())
    return {i for name, i in re.findall(r'X\((\w+), "([a-z_.0-9]+)"', header)
            if f"RPL_CHECK_{name}" in text}


def main():
    table = quoted("\n".join(rows(DOCS.read_text("utf-8"))))
    checks, literals = checks_of_source(), literals_of_source()
    codes = {word for word in literals
             if ("_" in word and not word.startswith("REPLICATOOR")) or word in table}
    documented = {word for word in table
                  if CODE.fullmatch(word) and "_" in word and not word.startswith("REPLICATOOR")}
    wrong = [f"not in {DOCS.name}: check {c}" for c in sorted(checks - table)]
    wrong += [f"not in {DOCS.name}: code {c}; or, if it is none, add it to OTHERS in {__file__}"
              for c in sorted(codes - table)]
    wrong += [f"in {DOCS.name}, but not in the source: {c}"
              for c in sorted(documented - literals - OTHERS)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return bool(wrong) or not checks or not codes


if __name__ == "__main__":
    sys.exit(main())
