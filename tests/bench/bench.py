#!/usr/bin/python3
"""bench.py [--seconds N] [--rounds N] [--only verification|node] [--json FILE] - how fast, beside
yardsticks of the same machine and run.

Verification beside the machine's own P-256 verify and two other verifiers (verification.py); derived
keys beside a handler of the same server that answers a constant (/healthz) over the same protocol and
socket. Needs the bench preset, wrk, h2load, openssl; the other verifiers in build/peers.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/bench")]
os.environ.setdefault("RPL_PRESET", "bench")

import verification  # noqa: E402  the path and the preset have to be set first
from node import BUILD, Cluster  # noqa: E402
from simulator import Simulator  # noqa: E402


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def first_number(pattern, text):
    found = re.search(pattern, text)
    if not found:
        sys.exit(f"no {pattern!r} in:\n{text}")
    return float(found[1])


def wrk(url, seconds):
    text = output("wrk", "-t1", "-c32", f"-d{seconds}s", url)
    if "Non-2xx" in text:
        sys.exit(f"{url} did not answer 200 to all:\n{text}")
    return first_number(r"Requests/sec:\s+([\d.]+)", text)


def h2load_unix(socket, path, seconds, *arguments):
    text = output("h2load", "--h1", "-B", f"unix:{socket}", "-c", 16, "-t", 1, "-D", seconds, *arguments,
                  f"http://localhost{path}")
    done, good = first_number(r"(\d+) done,", text), first_number(r"(\d+) 2xx,", text)
    if not good or good < done:
        sys.exit(f"{path} did not answer 200 to all:\n{text}")
    return first_number(r"([\d.]+) req/s", text)


def start_ms(node):
    """From exec to the first answered /status."""
    node.kill()
    began = time.monotonic()
    node.launch()
    while subprocess.run(["curl", "-fs", "-o", os.devnull, f"{node.url}/status"], check=False).returncode:
        pass
    return (time.monotonic() - began) * 1000


def resident_mib(node):
    status = Path(f"/proc/{node.process.pid}/status").read_text(encoding="ascii")
    return first_number(r"VmRSS:\s+(\d+) kB", status) / 1024


def measure_node(node, seconds):
    body = Path(node.path("getkey.form"))
    body.write_text("path=wallet", encoding="ascii")
    guest = node.path("guests", "app", "replicatoor.sock")
    assert node.post("/bootstrap").status == 200
    form = ["-d", body, "-H", "content-type: application/x-www-form-urlencoded"]
    idle = resident_mib(node)
    return {
        "status_per_s": wrk(f"{node.url}/status", seconds),
        "hello_per_s": h2load_unix(guest, "/healthz", seconds),
        "getkey_per_s": h2load_unix(guest, "/getkey", seconds, *form),
        "resident_idle_mib": idle,
        "start_ms": statistics.median(start_ms(node) for _ in range(10)),
    }


def measure(seconds, rounds, only):
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        if only != "node":
            found |= verification.measure(f"{BUILD}/tests/bench-verify", folder / "quotes", rounds)
        if only != "verification":
            with Simulator(folder / "pcs", pki=folder / "pki", no_agent=True) as pcs, \
                    Cluster(folder, folder / "pki", pcs) as cluster:
                found |= measure_node(cluster.start(settings={"SECURE_FILE": None}), seconds)
    return found


def share(name, of):
    """The yardstick of a row, and how it compares."""
    return lambda r: f"{r[name]:.1%} of {of}"


def times(mode, peer):
    return lambda r: f"{r[f'genuine_{mode}_per_s'] / r[peer]:.0f} times that, the same quote"


def each(mode):
    text = share(f"{mode}_share_of_p256", "P-256 verify")
    return lambda r: f"{r[f'{mode}_signatures_each']:.2f} signatures; {text(r)}"


# name, what it is, digits behind the point and unit, what stands beside it, target as text, whether it is met
ROWS = [
    ("openssl_p256_verify_per_s", "openssl speed ecdsap256, verify", "0/s", None, "", None),
    ("cold_verifications_per_s", "quote verified, nothing known", "0/s", each("cold"), ">= 800",
     lambda v, r: v >= 800),
    ("warm_verifications_per_s", "machine and collateral known", "0/s", each("warm"), ">= 5,000",
     lambda v, r: v >= 5000),
    ("hot_verifications_per_s", "attestation key known, too", "0/s", each("hot"), ">= 85 % of P-256",
     lambda v, r: r["hot_share_of_p256"] >= 0.85),
    ("openssl_two_processes_factor", "openssl speed, two over one", "2x", None, "", None),
    ("two_threads_factor", "hot, two threads over one", "2x",
     lambda r: f"{r['two_threads_share']:.1%} of openssl's", ">= 95 %",
     lambda v, r: r["two_threads_share"] >= 0.95),
    ("two_threads_processor_factor", "the same per second of processor time", "2x",
     lambda r: f"{r['two_threads_waits']} times one waited", "", None),
    ("kept_kib_after_4096", "kept after 4,096 other keys", "0KiB", None, "", None),
    ("kept_kib_after_100000", "kept after 100,000", "0KiB", None, "no more",
     lambda v, r: v <= r["kept_kib_after_4096"] * 1.02),
    ("genuine_cold_per_s", "a genuine quote, nothing known", "0/s", None, "", None),
    ("peer_js_per_s", "npm @phala/dcap-qvl 0.3.9", "0/s", times("cold", "peer_js_per_s"), "", None),
    ("peer_web_per_s", "npm @phala/dcap-qvl-web 0.3.3", "0/s", times("cold", "peer_web_per_s"), "", None),
    ("status_per_s", "/status over TCP", "0/s", None, "", None),
    ("hello_per_s", "/healthz over the guest socket", "0/s", None, "", None),
    ("getkey_per_s", "/getkey over the guest socket", "0/s", None, ">= 60 % of /healthz",
     lambda v, r: v >= 0.6 * r["hello_per_s"]),
    ("start_ms", "start to the first /status, median of 10", "0ms", None, "< 100", lambda v, r: v < 100),
    ("resident_idle_mib", "resident memory, idle", "0MiB", None, "< 20", lambda v, r: v < 20),
]


def print_row(found, row):
    name, what, kind, beside, target, met = row
    said = f"target {target}: {'met' if met(found[name], found) else 'MISSED'}" if met else ""
    text = "; ".join(filter(None, [beside(found) if beside else "", said]))
    print(f"{what:42} {found[name]:>10,.{kind[0]}f} {kind[1:]:4} {text}".rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3, help="per measurement of the node")
    parser.add_argument("--rounds", type=int, default=5, help="of verification, a second a slice")
    parser.add_argument("--only", choices=["verification", "node"])
    parser.add_argument("--json", help="write the numbers there too")
    arguments = parser.parse_args()
    found = measure(arguments.seconds, arguments.rounds, arguments.only)
    for row in ROWS:
        if row[0] in found:
            print_row(found, row)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
