"""POST /policy: the host brings header and proofs of a real chain to a node whose providers give none."""
import json
import os
import time

import pytest

import anvil
from anvil import Anvil, Operator, kind
from node import hand_over
from provider import Authority, Provider, Reply
from tappd_sim.keccak import keccak256

pytestmark = pytest.mark.skipif(not os.path.exists(anvil.ANVIL), reason="anvil is not installed")

HEADER = """parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit
gasUsed timestamp extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas
parentBeaconBlockRoot requestsHash""".split()
NUMBERS = "difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas".split()
ANY = b"\xff" * 32


def rlp(items):
    def head(length, short, long):
        if length < 56:
            return bytes([short + length])
        size = length.to_bytes((length.bit_length() + 7) // 8, "big")
        return bytes([long + len(size)]) + size
    body = b"".join(b if len(b) == 1 and b[0] < 0x80 else head(len(b), 0x80, 0xb7) + b for b in items)
    return head(len(body), 0xc0, 0xf7) + body


def header_of(block):
    fields = []
    for name in HEADER:
        if name in block:
            digits = block[name][2:]
            if name in NUMBERS:
                digits = "" if digits == "0" else digits.zfill(len(digits) + len(digits) % 2)
            fields.append(bytes.fromhex(digits))
    encoded = rlp(fields)
    assert "0x" + keccak256(encoded).hex() == block["hash"]
    return encoded.hex()


def slots_of(release, config, device):
    def entry(name, value):
        return keccak256(value + keccak256(kind(name) + (2).to_bytes(32, "big")))
    words = [entry("replicatoor-release", release), entry("source", release), entry("config", config),
             entry("device", device), entry("device", ANY), *(n.to_bytes(32, "big") for n in (4, 6, 7, 8))]
    return ["0x" + word.hex() for word in words]


def pushed(chain, contract, peer):
    """The body of POST /policy about `peer`, by its /status."""
    status = peer.status()
    whom = {"release": status["measurements"]["release"], "config": status["config_digest"],
            "device": status["measurements"]["device"]}
    slots = slots_of(*(bytes.fromhex(value) for value in whom.values()))
    for tag in ("finalized", "latest"):
        block = chain("eth_getBlockByNumber", tag, False)
        whom[f"{tag}_header"] = header_of(block)
        whom[f"{tag}_proof"] = json.dumps(chain("eth_getProof", contract, slots, block["number"]))
    return whom


def push(node, body):
    with open(node.path("push.json"), "w", encoding="ascii") as f:
        json.dump(body, f)
    return node.post("/policy", "-H", "Content-Type: application/json",
                     "--data-binary", f"@{node.path('push.json')}")


def gives_no_proofs(_provider, request, answer):
    if request["method"] in ("eth_getProof", "eth_getStorageAt"):
        return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "no"}}
    return answer


def is_silent(_provider, _request, _answer):
    raise Reply(503)


def knows_another_block(_provider, request, answer):
    if request["method"] == "eth_getBlockByNumber":
        return {**answer, "result": None}
    return answer


def fresh(chain):
    """The finalized block says what the latest does, and both are of now."""
    chain.travel_to(int(time.time()) - 3, 3)


def a_holder(cluster, chain, operator, providers, secret):
    holder = cluster.make()
    holder.environment["REPLICATOOR_TEST_CHAIN_MS"] = "1500"
    cluster.plant(secret)
    holder.write_secret(secret)
    holder.start()
    holder.post("/configure", "-H", "Content-Type: text/plain", "--data-binary",
                "ETH_RPC_URL=" + ",".join(p.url for p in providers) + "\n")
    operator.propose("replicatoor-release", bytes.fromhex(holder.status()["measurements"]["release"]))
    chain.travel_to(int(time.time()) - 20, 3)
    assert holder.post("/bootstrap").json()["phase"] == "awaiting_pin"
    operator.set_identity(bytes.fromhex(holder.status()["identity"]))
    fresh(chain)
    holder.wait_for(lambda: holder.status()["phase"] == "holding")
    return holder


def test_proofs_of_the_host_count_where_a_quorum_knows_the_blocks(cluster, tmp_path, secret):
    ca = Authority(tmp_path / "ca")
    with Anvil(int(time.time()) - anvil.DELAY - 3600) as chain, \
            Provider(chain, ca, "127.0.0.31") as first, Provider(chain, ca, "127.0.0.32") as second, \
            Provider(chain, ca, "127.0.0.33") as third:
        providers = [first, second, third]
        operator = Operator(chain, genesis=[("device", ANY)])
        cluster.settings.update(
            CONTRACT=operator.address, CHAIN_ID=str(chain.chain_id), CONTRACT_CODE=operator.code_hash,
            ETH_RPC_PREFIX=",".join(p.prefix for p in providers), REPLICATOOR_DEVICES="any",
            REPLICATOOR_CA_FILE=ca.ca_file)
        holder, joiner = a_holder(cluster, chain, operator, providers, secret), cluster.start()
        request = joiner.request()
        for provider in providers:
            provider.lie = gives_no_proofs
        assert holder.onboard(request).status == 503
        fresh(chain)
        body = pushed(chain, operator.address, joiner)

        answer = push(holder, body)
        assert answer.status == 200, answer
        assert answer.json()["confirmed"] == 3
        assert holder.onboard(request).status == 200

        # the host cuts the providers off: what they confirmed a moment ago is no answer
        for provider in providers:
            provider.lie = is_silent
        refused = holder.onboard(request)
        assert refused.status == 503 and "policy.chain" in refused.failed_checks(), refused
        for provider in providers:
            provider.lie = gives_no_proofs
        assert holder.onboard(request).status == 200

        # another value beside the same blocks
        edited = body["latest_proof"][:-1] + ("1" if body["latest_proof"][-1] == "0" else "0")
        forged = dict(body, latest_proof=edited)
        assert push(holder, forged).status in (400, 403)
        # one who knows another chain is outvoted; two are not
        first.lie = knows_another_block
        assert push(holder, body).status == 200
        second.lie = is_silent
        answer = push(holder, body)
        assert answer.status == 503, answer
        assert "no configured rule trusts these blocks" in answer.json()["message"]
        assert first.lied and second.lied

        # three blocks later the host's are out of date, in whichever of them something was revoked
        for provider in providers:
            provider.lie = gives_no_proofs
        assert holder.onboard(request).status == 200
        chain.travel_to(chain.block()["time"] + 1, 3)
        assert holder.onboard(request).status == 503
        answer = push(holder, body)
        assert (answer.status, answer.json()["code"]) == (403, "stale"), answer


def test_a_node_with_a_contract_hands_over_by_what_the_chain_says(cluster, tmp_path, secret):
    ca = Authority(tmp_path / "ca")
    with Anvil(int(time.time()) - anvil.DELAY - 3600) as chain, Provider(chain, ca, "127.0.0.31") as provider:
        operator = Operator(chain, genesis=[("device", ANY)])
        cluster.settings.update(
            CONTRACT=operator.address, CHAIN_ID=str(chain.chain_id), CONTRACT_CODE=operator.code_hash,
            ETH_RPC_PREFIX=provider.prefix, REPLICATOOR_DEVICES="any", REPLICATOOR_CA_FILE=ca.ca_file)
        holder, joiner = a_holder(cluster, chain, operator, [provider], secret), cluster.start()
        joiner.post("/configure", "-H", "Content-Type: text/plain", "--data-binary",
                    f"ETH_RPC_URL={provider.url}\n")
        hand_over(holder, joiner)
        assert joiner.status()["phase"] == "holding"
        shown = holder.status()["chain"]
        assert shown["known"] and shown["release"]["counts"], shown
        assert provider.url not in json.dumps(holder.status()) + holder.log()
        operator.revoke("replicatoor-release", bytes.fromhex(holder.status()["measurements"]["release"]))
        refused = holder.onboard(cluster.start().request())
        assert (refused.status, refused.json()["check"]) == (403, "policy.release"), refused
