#!/usr/bin/python3
"""chain.py - the governance of an app, told on a real chain: the contract is deployed, a release is proposed,
asks too early, waits its 48 hours, gets the secret, is revoked, and is refused. Real nodes, real curl, real
transactions by cast; simulated machines. `./run demo --chain` calls it. Exit 0 only if all of it held.

The chain begins 48 hours ago, so that time travel ends at now: nodes refuse a chain that is not of today."""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

from anvil import CONTRACTS, DELAY, Operator  # noqa: E402  the path has to be set first
from governed import EARLIER, Governed  # noqa: E402
from lies import MAKE_UNKNOWN  # noqa: E402
from node import CTL  # noqa: E402

CAST = os.path.join(CONTRACTS, "node_modules/.bin/cast")
STILL_TO_GO = 45  # seconds of the delay that are left when the chain has come to now


def say(text):
    bold, plain = ("\033[1m", "\033[m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}")


def show(text):
    for line in str(text).rstrip().splitlines():
        print(f"  {line[:150]}")


def expect(what, holds):
    if not holds:
        sys.exit(f"\nNOT AS EXPECTED: {what}")


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    expect(f"{command[0]}: {done.stderr}", done.returncode == 0)
    return done.stdout


class Story(Governed):
    def deploy(self):
        say("1. A chain that began 48 hours ago: the owner deploys the UpgradeOperator")
        self.chain("evm_setNextBlockTimestamp", self.born - DELAY - EARLIER + 10)
        lines = run(os.path.join(CONTRACTS, "deploy.sh"), "--rpc", self.chain.url, "--owner", self.chain.owner,
                    "--genesis", f"replicatoor-release={self.release('v1').hex()}", "--genesis", "device=any",
                    "--", "--unlocked", "--from", self.chain.owner)
        show(lines)
        told = dict(line.split("=", 1) for line in lines.split())
        for name in ("CONTRACT_CODE", "CHAIN_ID"):
            expect(f"{name} is what the compose file says", told[name].removeprefix("0x") == self.settings_say(name))
        return Operator(self.chain, address=told["CONTRACT"].lower())

    def settings_say(self, name):
        return self.cluster.settings[name]

    def transact(self, *arguments):
        """What the tool prepares, signed and sent by cast: no key passes through our programs."""
        call = json.loads(run(CTL, "upgrade", *arguments, "--contract", self.operator.address, "--json"))
        show(f"replicatoorctl upgrade {arguments[0]} -> to {call['to'][:12]}.. data {call['data'][:26]}..; sent by cast")
        run(CAST, "send", "--rpc-url", self.chain.url, "--unlocked", "--from", self.chain.owner, call["to"], call["data"])

    def pending(self):
        show(run(CTL, "upgrade", "list", "--contract", self.operator.address, "--rpc", self.chain.url))


def refused(node, request, status, check):
    before = node.fingerprint()
    answer = node.onboard(request)
    expect(f"HTTP {status}, got {answer}", answer.status == status)
    failed = answer.failed_checks()
    expect(f"check {check}, got {failed}", check in failed)
    finding = next(c for c in answer.json()["verdict"]["checks"] if c["id"] == check)
    show(f"refused: {status} {answer.json()['code']}, {check} {finding['code']}")
    show(f"got:  {finding['got']}")
    show(f"fix:  {finding['fix']}")
    expect("the refusal changed nothing on A", node.fingerprint() == before)
    show("state, files and phase of A: unchanged")


def tell(story, secret):
    chain = story.chain
    release = "0x" + story.release("v2").hex()

    say("2. The owner proposes version 2, in public")
    chain("evm_setNextBlockTimestamp", story.born - DELAY + STILL_TO_GO)
    story.transact("propose", "--kind", "replicatoor-release", "--value", release)
    story.pending()

    say("3. Time travel: 47 hours and 59 minutes. Node A, version 1, comes up with the secret")
    story.present()
    a = story.make("v1")
    a.write_secret(secret)
    story.cluster.plant(secret)
    a.start()
    show(f"POST /configure with the provider's key: {story.configure(a).json()}")
    made = a.post("/bootstrap")
    expect(f"bootstrap: {made}", made.status == 200)
    show(f"phase of A: {a.status()['phase']}: the contract does not name its identity yet")
    story.transact("propose", "--kind", "identity", "--value", "0x" + made.json()["identity"])
    story.present()
    a.wait_for(lambda: a.status()["phase"] == "holding")
    show(f"phase of A: holding, identity {made.json()['identity_digest'][:24]}.. as in the contract")

    say("4. Version 2 asks too early")
    b = story.start("v2")
    request = b.request()
    refused(a, request, 403, "policy.delay")

    say(f"5. {STILL_TO_GO} seconds later; but the provider shows a chain of ten minutes ago")
    chain.travel_to(max(story.born + STILL_TO_GO, chain.block()["time"] + 1))
    chain.finalize()
    story.providers[0].lie = MAKE_UNKNOWN["blocks moved ten minutes back"][0]
    refused(a, request, 503, "policy.chain")
    story.providers[0].lie = None

    say("6. The provider tells the truth: 48 hours have passed, A gives, B installs")
    sealed = a.onboard(request)
    expect(f"sealed: {sealed}", sealed.status == 200)
    received = b.receive(sealed.body)
    expect(f"received: {received}", received.status == 200)
    show(f"POST /receiveKey on B: {received.json()['result']}, {received.json()['files_written']} file")
    expect("the same key on both", a.key("wallet/0") == b.key("wallet/0"))
    show("key wallet/0 of the container: the same on A and B")

    say("7. Version 2 is revoked: refused in the same block")
    c = story.start("v2")
    request = c.request()
    story.transact("revoke", "--kind", "replicatoor-release", "--value", release, "--reason", "CVE")
    refused(a, request, 403, "policy.release")
    story.pending()
    return c


def main():
    start = time.monotonic()
    secret = b"WALLET_KEY=" + os.urandom(24).hex().encode() + b"\n"
    with tempfile.TemporaryDirectory() as work, Story(Path(work) / "story", Path(work) / "pki", None) as story:
        last = tell(story, secret)
        expect("the refused node has nothing", last.files() == {})
    say(f"All of it as expected, in {time.monotonic() - start:.0f} s.")
    show("Approved 48 hours in public, checked by the nodes; revoked at once. No word of a host or of one provider was enough.")


if __name__ == "__main__":
    main()
