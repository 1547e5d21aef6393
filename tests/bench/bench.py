#!/usr/bin/python3
"""bench.py [--seconds N] [--json FILE] - how fast, beside yardsticks of the same machine and run.

Verification beside the machine's own P-256 verify; derived keys beside a handler of the same server
that answers a constant (/healthz) over the same protocol and socket. Needs the bench preset, wrk,
h2load, openssl.
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
sys.path.insert(0, str(ROOT / "tests/integration"))
os.environ.setdefault("RPL_PRESET", "bench")

from node import BUILD, Cluster  # noqa: E402  the path and the preset have to be set first
from simulator import Simulator  # noqa: E402


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def first_number(pattern, text):
    found = re.search(pattern, text)
    if not found:
        sys.exit(f"no {pattern!r} in:\n{text}")
    return float(found[1])


def openssl_verifies(seconds):
    """P-256 verifications per second, the last column of the table."""
    return first_number(r"nistp256\).* ([\d.]+)\s*$", output("openssl", "speed", "-seconds", seconds, "ecdsap256"))


def cold_verifications(seconds):
    return json.loads(output(f"{BUILD}/tests/bench-verify", seconds))["cold_verifications_per_s"]


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


def measure(seconds):
    found = {"openssl_p256_verify_per_s": openssl_verifies(seconds),
             "cold_verifications_per_s": cold_verifications(seconds)}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        with Simulator(folder / "pcs", pki=folder / "pki", no_agent=True) as pcs, \
                Cluster(folder, folder / "pki", pcs) as cluster:
            found |= measure_node(cluster.start(settings={"SECURE_FILE": None}), seconds)
    return found


# name, what it is, unit, target as text, whether it is met
ROWS = [
    ("openssl_p256_verify_per_s", "openssl speed ecdsap256, verify", "/s", "", None),
    ("cold_verifications_per_s", "quote verified, all collateral cold", "/s", ">= 800", lambda v, r: v >= 800),
    ("status_per_s", "/status over TCP", "/s", "", None),
    ("hello_per_s", "/healthz over the guest socket", "/s", "", None),
    ("getkey_per_s", "/getkey over the guest socket", "/s", ">= 60 % of /healthz",
     lambda v, r: v >= 0.6 * r["hello_per_s"]),
    ("start_ms", "start to the first /status, median of 10", "ms", "< 100", lambda v, r: v < 100),
    ("resident_idle_mib", "resident memory, idle", "MiB", "< 20", lambda v, r: v < 20),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3, help="per measurement")
    parser.add_argument("--json", help="write the numbers there too")
    arguments = parser.parse_args()
    found = measure(arguments.seconds)
    for name, what, unit, target, met in ROWS:
        said = f"target {target}: {'met' if met(found[name], found) else 'MISSED'}" if met else ""
        print(f"{what:42} {found[name]:>10.0f} {unit:4} {said}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
