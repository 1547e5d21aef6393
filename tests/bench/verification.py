"""verification.py - how fast quotes are verified, beside libcrypto's own P-256 and beside other
verifiers. Everything is measured in short slices that take turns, so that a noisy machine disturbs all
of them alike; what is reported is the median, of ratios the median of the ratios of neighbours.
"""
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENUINE = ROOT / "tests/vectors/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f"
MODES = ("cold", "warm", "hot")
QUOTES, KEPT_FOR = 1200, 100000


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def openssl_verifies(*options):
    """P-256 verifications per second in one second of them, the last column of the table."""
    text = output("openssl", "speed", "-seconds", 1, *options, "ecdsap256")
    found = re.search(r"nistp256\).* ([\d.]+)\s*$", text)
    if not found:
        sys.exit(f"openssl speed says:\n{text}")
    return float(found[1])


class Bench:
    """bench-verify over one folder of quotes.py."""

    def __init__(self, program, folder):
        self.program, self.folder = program, Path(folder)
        output(sys.executable, ROOT / "tests/bench/quotes.py", self.folder, QUOTES)

    def run(self, mode, seconds=1, threads=None, folder=None):
        return json.loads(output(self.program, folder or self.folder, mode, seconds, *filter(None, [threads])))


def one_core(bench, rounds):
    """Per second of processor time, and of the yardstick of the same round."""
    rates, shares, signatures, yardstick = {m: [] for m in MODES}, {m: [] for m in MODES}, {}, []
    for _ in range(rounds):
        for mode in MODES:
            p256 = openssl_verifies()
            found = bench.run(mode)
            yardstick.append(p256)
            rates[mode].append(found["per_s"])
            shares[mode].append(found["per_s"] / p256)
            signatures[mode] = found["signatures_each"]
    out = {"openssl_p256_verify_per_s": statistics.median(yardstick)}
    for mode in MODES:
        out[f"{mode}_verifications_per_s"] = statistics.median(rates[mode])
        out[f"{mode}_share_of_p256"] = statistics.median(shares[mode])
        out[f"{mode}_signatures_each"] = signatures[mode]
    return out


def two_cores(bench, rounds):
    """Two threads over one, and two processes of openssl over one: by the clock, which is what counts
    and what openssl's -multi goes by; and per second of processor time, which a busy machine does not
    disturb, with the number of times that a thread waited."""
    clock, theirs, shares, processor, waits = [], [], [], [], 0
    for _ in range(rounds):
        openssl_one, one, openssl_two, two = (
            openssl_verifies("-multi", 1), bench.run("hot", threads=1),
            openssl_verifies("-multi", 2), bench.run("hot", threads=2))
        clock.append(two["clock_per_s"] / one["clock_per_s"])
        theirs.append(openssl_two / openssl_one)
        shares.append(clock[-1] / theirs[-1])
        processor.append(two["per_s"] / one["per_s"])
        waits += two["waits"]
    return {"openssl_two_processes_factor": statistics.median(theirs),
            "two_threads_factor": statistics.median(clock), "two_threads_share": statistics.median(shares),
            "two_threads_processor_factor": statistics.median(processor), "two_threads_waits": waits}


def peers(bench, modules, rounds):
    """Everything cold, the genuine quote, one thread, per second of processor time."""
    rates = {"genuine_cold_per_s": [], "peer_js_per_s": [], "peer_web_per_s": []}
    for _ in range(rounds):
        rates["genuine_cold_per_s"].append(bench.run("real", folder=GENUINE)["per_s"])
        found = json.loads(output("node", ROOT / "tests/bench/peers.mjs", modules, GENUINE, 1))
        rates["peer_js_per_s"].append(found["js"])
        rates["peer_web_per_s"].append(found["web"])
    return {name: statistics.median(values) for name, values in rates.items()}


def measure(program, folder, rounds):
    bench = Bench(program, folder)
    found = one_core(bench, rounds) | two_cores(bench, rounds)
    modules = ROOT / "build/peers"
    if os.access(modules / "node_modules", os.X_OK):
        found |= peers(bench, modules, min(rounds, 3))
    memory = bench.run("memory", KEPT_FOR)
    return found | {"kept_kib_after_4096": memory["kib_after_4096"], "kept_kib_after_100000": memory["kib_after_all"]}
