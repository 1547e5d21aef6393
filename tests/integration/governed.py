"""Nodes under an UpgradeOperator: a chain that ends now, providers before it, releases that are approved on
it. The chain begins 48 hours and two minutes ago, so that time travel never leaves the present behind."""
import os
import shutil
import time

from anvil import CODE_HASH, DELAY, FIRST_CONTRACT, Anvil, Operator
from node import NETWORK, Cluster, compose_text
from provider import Provider, Authority
from simulator import Simulator

ANY = b"\xff" * 32
EARLIER = 120  # seconds that the chain is older than the delay
PROVIDERS = [f"{NETWORK}.{250 - i}" for i in range(3)]


class Governed:
    """A context manager. `versions` name compose texts that differ in a comment: the releases "v1", "v2", ..;
    v1 is a genesis entry, as is every device. providers: how many; quorum: REPLICATOOR_RPC_QUORUM."""

    def __init__(self, directory, pki, pcs, providers=1, quorum=None, **settings):
        self.directory = str(directory)
        self.born = int(time.time())
        self.chain = Anvil(self.born - DELAY - EARLIER)
        self.ca = Authority(os.path.join(self.directory, "ca"))
        self.providers = [Provider(self.chain, self.ca, address) for address in PROVIDERS[:providers]]
        self.cluster = Cluster(directory, pki, pcs)
        self.settings = {**({"REPLICATOOR_RPC_QUORUM": str(quorum)} if quorum else {}), **settings}
        self.operator = self.identity = None
        self._releases = {}

    def __enter__(self):
        self.chain.__enter__()
        for provider in self.providers:
            provider.__enter__()
        self.cluster.__enter__()
        self.cluster.settings = {
            "CONTRACT": FIRST_CONTRACT, "CHAIN_ID": str(self.chain.chain_id), "CONTRACT_CODE": CODE_HASH,
            "ETH_RPC_PREFIX": ",".join(provider.prefix for provider in self.providers),
            "REPLICATOOR_CA_FILE": "ca.pem", "REPLICATOOR_DEVICES": "any", **self.settings}
        self.operator = self.deploy()
        assert self.operator.address == FIRST_CONTRACT
        return self

    def deploy(self):
        return Operator(self.chain, at=self.born - DELAY - EARLIER + 10, genesis=[
            ("replicatoor-release", self.release("v1")), ("device", ANY)])

    def __exit__(self, *problem):
        self.cluster.__exit__(*problem)
        for provider in self.providers:
            provider.__exit__(*problem)
        self.chain.__exit__(*problem)
        if problem[0] is None:
            self.cluster.check_secrets()

    # Releases and nodes

    def compose(self, version):
        return compose_text(self.cluster.environment) + f"# {version}\n"

    def release(self, version):
        """The value of the entry that approves it, as bytes."""
        if version not in self._releases:
            path = os.path.join(self.directory, f"{version}.yml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(self.compose(version))
            with Simulator(os.path.join(self.directory, f"release-{version}"), pki=self.cluster.pki,
                           compose=path) as machine:
                self._releases[version] = bytes.fromhex(machine.ready["release"])
        return self._releases[version]

    def make(self, version="v1", settings=None, **options):
        node = self.cluster.make(settings, self.compose(version), **options)
        shutil.copy(self.ca.ca_file, node.path("ca.pem"))
        node.environment["REPLICATOOR_TEST_CHAIN_MS"] = "1500"
        return node

    def start(self, version="v1", configure=True, **options):
        """A started node that was told its provider's key."""
        node = self.make(version, **options).start()
        if configure:
            answer = self.configure(node)
            assert answer.status == 200, answer
        return node

    def configure(self, node, urls=None):
        urls = [provider.url for provider in self.providers] if urls is None else urls
        return node.post("/configure", "-H", "Content-Type: text/plain", "--data-binary",
                         f"ETH_RPC_URL={','.join(urls)}")

    def holder(self, secret, **options):
        """A started v1 node with `secret`, whose identity the contract pins; the chain is at now."""
        node = self.make("v1", **options)
        self.cluster.plant(secret)
        node.write_secret(secret)
        node.start()
        answer = self.configure(node)
        assert answer.status == 200, answer
        self.present()
        made = node.post("/bootstrap")
        assert made.status == 200, made
        self.identity = bytes.fromhex(made.json()["identity"])
        self.operator.set_identity(self.identity)
        self.present()
        node.wait_for(lambda: node.status()["phase"] == "holding")
        return node

    # The chain

    def fork(self, approved=()):
        """A chain like this one that somebody made up: the same contract at the same address, on it the
        versions `approved` were proposed in time. A context manager."""
        return Fork(self, approved)

    def propose(self, version, waited_s):
        """Proposes it so that `waited_s` seconds of the delay have passed when the chain is at `born`."""
        self.operator.propose("replicatoor-release", self.release(version), at=self.born - waited_s)

    def fresh(self):
        """As present, unless the newest block is of the last minute."""
        if self.chain.block()["time"] < time.time() - 60:
            self.present()

    def present(self):
        """A block of now, finalized."""
        self.chain.travel_to(max(int(time.time()), self.chain.block()["time"] + 1))
        self.chain.finalize()


class Fork:
    def __init__(self, gov, approved):
        self.gov, self.approved, self.operator = gov, approved, None
        self.chain = Anvil(gov.born - DELAY - EARLIER, gov.chain.chain_id)

    def __enter__(self):
        gov, chain = self.gov, self.chain.__enter__()
        self.operator = Operator(chain, at=gov.born - DELAY - EARLIER + 10, genesis=[
            ("replicatoor-release", gov.release("v1")), ("device", ANY)])
        for version in self.approved:
            self.operator.propose("replicatoor-release", gov.release(version), at=gov.born - DELAY - 30)
        self._catch_up()
        return self

    def pin(self, identity_public):
        self.operator.set_identity(identity_public)
        self.chain.finalize()
        self._catch_up()

    def _catch_up(self):
        """As many blocks as the true chain has: one that is behind would not be looked at."""
        missing = max(self.gov.chain.block()["number"] - self.chain.block()["number"], 3)
        now = max(int(time.time()), self.chain.block()["time"] + 1 + missing)
        self.chain.travel_to(now - missing, missing)

    def __exit__(self, *problem):
        self.chain.__exit__(*problem)
