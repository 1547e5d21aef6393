"""docs/governance.md: what a third party types to check a node's policy, typed against a real chain."""
import hashlib
import os
import re
import subprocess
import time

import pytest

from anvil import ANVIL, CONTRACTS, DELAY, Anvil, Operator
from simulator import REPOSITORY
from tappd_sim.keccak import keccak256

pytestmark = pytest.mark.skipif(not os.path.exists(ANVIL), reason="no anvil: ./run contracts")

IDENTITY = b"\x11" * 32 + bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
COMPOSE, IMAGE = b'{"runner":"docker-compose"}', b"\x77" * 32
RELEASE = keccak256(hashlib.sha256(COMPOSE).digest() + IMAGE)


@pytest.fixture(scope="module", name="typed")
def what_the_page_says(tmp_path_factory):
    """-> [(command, what it printed)], in the order of the page"""
    with open(os.path.join(REPOSITORY, "docs", "governance.md"), encoding="utf-8") as page:
        commands = "".join(re.findall(r"```bash\n(.*?)```", page.read(), re.S)).splitlines()
    folder = tmp_path_factory.mktemp("auditor")
    (folder / "app-compose.json").write_bytes(COMPOSE)
    with Anvil(int(time.time()) - DELAY - 600) as chain:
        operator = Operator(chain)
        operator.set_identity(IDENTITY)
        proposed_at = int(chain("eth_getBlockByNumber", operator.propose("replicatoor-release", RELEASE)["blockNumber"],
                                False)["timestamp"], 16)
        chain.travel_to(proposed_at + DELAY)
        chain.finalize()
        env = {"PATH": os.path.join(CONTRACTS, "node_modules/.bin") + ":/usr/bin:/bin", "ETH_RPC_URL": chain.url,
               "HOME": str(folder), "CONTRACT": operator.address, "RELEASE": "0x" + RELEASE.hex(),
               "IMAGE_HASH": "0x" + IMAGE.hex()}
        script = "set -e\n" + "".join(f"{command}\nprintf '\\036'\n" for command in commands)
        done = subprocess.run(["sh", "-c", script], cwd=folder, env=env, capture_output=True, check=False, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        printed = [text.strip() for text in done.stdout.split("\036")[:-1]]
        yield {"commands": list(zip(commands, printed)), "code": "0x" + operator.code_hash, "owner": chain.owner,
               "proposed_at": proposed_at}


def printed(typed, *parts):
    found = [out for command, out in typed["commands"] if all(part in command for part in parts)]
    assert found, parts
    return found[0]


def test_chain_code_delay_and_owner(typed):
    assert printed(typed, "cast chain-id") == "31337"
    assert printed(typed, "cast code") == typed["code"]
    assert printed(typed, "minDelay").split()[0] == str(DELAY)
    assert printed(typed, "owner()").lower() == typed["owner"].lower()


def test_identity_and_approval(typed):
    digest = hashlib.sha256(b"replicatoor/v1/identity" + IDENTITY).hexdigest()
    assert printed(typed, "identity()") == "0x" + digest
    assert printed(typed, "isApproved", "finalized") == "true"


def test_the_word_and_its_proof(typed):
    word = printed(typed, "cast storage")
    from_s, proposed_at = typed["proposed_at"] + DELAY, typed["proposed_at"]
    assert word == "0x" + (1).to_bytes(8, "big").hex() + proposed_at.to_bytes(8, "big").hex() + "ff" * 8 + \
        from_s.to_bytes(8, "big").hex()
    assert str(from_s) in printed(typed, "entry(bytes32,bytes32)") and '"storageProof"' in printed(typed, "cast proof")
    assert int(printed(typed, "cast block finalized")) >= from_s


def test_what_was_published_and_what_it_hashes_to(typed):
    assert RELEASE.hex() in printed(typed, "cast logs")
    assert printed(typed, "sha256sum") == "0x" + RELEASE.hex()
