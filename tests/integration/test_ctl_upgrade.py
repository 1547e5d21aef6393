"""`replicatoorctl upgrade` and contracts/deploy.sh against a real chain on loopback."""
import hashlib
import json
import os
import re
import subprocess
import time

import pytest

from anvil import ANVIL, CONTRACTS, DELAY, Anvil, Operator, kind
from node import CTL
from tappd_sim.keccak import keccak256

pytestmark = pytest.mark.skipif(not os.path.exists(CTL) or not os.path.exists(ANVIL),
                                reason="not built, or no anvil: ./run build, ./run contracts")

CAST = os.path.join(CONTRACTS, "node_modules/.bin/cast")
ANY = b"\xff" * 32
V = b"\xcd" * 32
# the public key of the secret key 1, behind any Ed25519 key
IDENTITY = b"\x11" * 32 + bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
X_PUB_OF_1 = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def digest_of(identity):
    return hashlib.sha256(b"replicatoor/v1/identity" + identity).digest()


def upgrade(*arguments, **options):
    """(exit status, stdout, stderr)"""
    done = subprocess.run([CTL, "upgrade", *map(str, arguments)], capture_output=True, check=False, timeout=60,
                          text=True, **options)
    return done.returncode, done.stdout, done.stderr


def call(*arguments):
    status, out, err = upgrade(*arguments, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.fixture(scope="module", name="chain")
def a_chain():
    with Anvil(int(time.time()) - DELAY - 3600) as chain:
        yield chain


@pytest.fixture(name="operator")
def an_operator(chain):
    return Operator(chain, genesis=[("guardian", bytes(12) + bytes.fromhex(chain.accounts[1][2:]))])


def send(operator, prepared, sender=None):
    """What a wallet does with what was printed."""
    assert prepared["to"] == operator.address and prepared["value"] == "0"
    return operator.chain.send(prepared["to"], bytes.fromhex(prepared["data"][2:]), sender)


def listed(operator, *more):
    return call("list", "--contract", operator.address, "--rpc", operator.chain.url, *more)


def entry(operator, name):
    found = [e for e in listed(operator)["entries"] if e["kind"] == name]
    assert len(found) == 1
    return found[0]


def app_compose(tmp_path, text=None):
    yaml = "services:\n  replicatoor:\n    image: replicatoor@sha256:" + "01" * 32 + "\n"
    path = tmp_path / "app-compose.json"
    path.write_text(text or json.dumps({"manifest_version": 2, "name": "x", "runner": "docker-compose",
                                        "docker_compose_file": yaml}))
    return path


# ---- the calls ----

def test_a_proposal_goes_its_way_to_the_chain(operator):
    chain, at = operator.chain, ("--contract", operator.address, "--kind", "device", "--value", V.hex())
    sent = call("propose", *at, "--rpc", chain.url, "--info", "machine 7")
    assert (sent["now"], sent["would_pass"], sent["chain_id"]) == ("never proposed", True, 31337)
    send(operator, sent)
    proposed = chain.block()["time"]
    e = entry(operator, "device")
    assert e["state"] == "pending" and e["value"] == "0x" + V.hex()
    assert e["not_before"] == e["nodes_from"] == proposed + DELAY and e["left_s"] == DELAY
    # the same again would be refused, and says so before anybody pays for it
    status, out, err = upgrade("propose", *at, "--rpc", chain.url)
    assert status == 1 and "would refuse" in err and "Now: pending." in out

    send(operator, call("revoke", *at, "--reason", "wrong machine"), sender=chain.accounts[1])
    assert entry(operator, "device")["state"] == "cancelled"
    send(operator, call("propose", *at))
    chain.travel_to(chain.block()["time"] + DELAY)
    assert entry(operator, "device")["state"] == "active"
    chain.travel_to(chain.block()["time"] + 10)  # an entry that ends in its first second was never active
    end = chain.block()["time"] + 1000
    send(operator, call("sunset", *at, "--not-after", end))
    assert entry(operator, "device")["not_after"] == end
    send(operator, call("revoke", *at))
    assert entry(operator, "device")["state"] == "ended"


def test_what_is_no_entry_has_calls_too(operator):
    chain, at = operator.chain, ("--contract", operator.address)
    assert "identity" not in listed(operator)
    send(operator, call("propose", *at, "--kind", "identity", "--value", IDENTITY.hex()))
    seen = listed(operator)
    assert seen["identity"] == "0x" + digest_of(IDENTITY).hex() and seen["xpub"] == X_PUB_OF_1
    other = b"\x22" * 32 + IDENTITY[32:]
    send(operator, call("propose", *at, "--kind", "identity", "--value", other.hex()))
    seen = listed(operator)
    assert seen["next_identity"] == "0x" + digest_of(other).hex()
    assert seen["next_identity_from"] == chain.block()["time"] + DELAY
    send(operator, call("revoke", *at, "--kind", "identity", "--value", other.hex()))
    assert "next_identity" not in listed(operator)
    send(operator, call("propose", *at, "--kind", "min-epoch", "--value", 3))
    assert listed(operator)["min_epoch"] == 3
    assert upgrade("revoke", *at, "--kind", "min-epoch", "--value", 3)[0] == 2
    assert upgrade("propose", *at, "--kind", "identity", "--value", "11")[0] == 2


@pytest.mark.parametrize("name, value, want", [
    ("device", "any", ANY), ("tcb-status", "any", ANY), ("tcb-status", "UpToDate", keccak256(b"UpToDate")),
    ("tolerated-advisory", "INTEL-SA-00615", keccak256(b"INTEL-SA-00615")), ("config", V.hex(), V),
    ("guardian", "0x" + "ab" * 20, bytes(12) + b"\xab" * 20), ("source", "0x" + V.hex(), V)])
def test_values_by_kind(name, value, want):
    data = call("propose", "--contract", "11" * 20, "--kind", name, "--value", value)["data"]
    assert data[2:10] == "84640b3f" and data[10:138] == kind(name).hex() + want.hex()


def test_a_compose_file_and_a_shape_make_a_release(operator, tmp_path):
    path, image = app_compose(tmp_path), b"\x77" * 32
    compose_hash = hashlib.sha256(path.read_bytes()).digest()
    at = ("--contract", operator.address, "--compose", path, "--image-hash", image.hex())
    receipt = send(operator, call("propose", *at))
    e = entry(operator, "replicatoor-release")
    assert e["value"] == "0x" + keccak256(compose_hash + image).hex()
    # everybody can recompute it from what was published
    log = bytes.fromhex(receipt["logs"][0]["data"][2:])
    published = log[128:128 + int.from_bytes(log[96:128], "big")]
    assert published == image + path.read_bytes()
    assert keccak256(hashlib.sha256(published[32:]).digest() + published[:32]).hex() == e["value"][2:]
    by_hash = call("propose", "--contract", operator.address, "--compose-hash", compose_hash.hex(),
                   "--image-hash", image.hex(), "--kind", "source")
    assert by_hash["subject"] == e["value"] and compose_hash.hex() + image.hex() in by_hash["data"]


def test_a_captured_quote_is_published_with_its_measurements(operator, tmp_path, session_pki):
    from simulator import Simulator
    path = app_compose(tmp_path)
    with Simulator(tmp_path / "sim", pki=session_pki, compose=path) as sim:
        quote, log = sim.quote(b"\1" * 64)
    (tmp_path / "quote").write_bytes(quote)
    (tmp_path / "log").write_text(log)
    measured = b"".join(quote[48 + o:48 + o + 48] for o in (136, 328, 376, 424))
    image = hashlib.sha256(measured).hexdigest()
    at = ("--contract", operator.address, "--compose", path, "--quote", tmp_path / "quote", "--event-log",
          tmp_path / "log")
    status, _, err = upgrade("propose", *at)
    assert status == 2 and "--image-hash" in err  # a host chose what ran there
    assert upgrade("propose", *at, "--image-hash", "77" * 32)[0] == 1
    receipt = send(operator, call("propose", *at, "--image-hash", image))
    value = keccak256(hashlib.sha256(path.read_bytes()).digest() + bytes.fromhex(image))
    assert entry(operator, "replicatoor-release")["value"] == "0x" + value.hex()
    assert (measured + path.read_bytes()).hex() in receipt["logs"][0]["data"]
    assert call("propose", *at, "--trust-quote")["subject"] == "0x" + value.hex()
    other = app_compose(tmp_path, path.read_text().replace('"x"', '"y"'))
    assert upgrade("propose", "--compose", other, *at[:2], *at[4:], "--image-hash", image)[0] == 1


def test_what_is_not_fit_to_be_approved_is_not_proposed(tmp_path):
    at = ("propose", "--contract", "11" * 20, "--image-hash", "77" * 32, "--compose")
    loose = app_compose(tmp_path, app_compose(tmp_path).read_text().replace("@sha256:" + "01" * 32, ":latest"))
    status, out, err = upgrade(*at, loose)
    assert (status, out) == (1, "") and "not fit" in err
    yaml = tmp_path / "c.yml"
    yaml.write_text("services:\n  replicatoor:\n    image: replicatoor@sha256:" + "01" * 32 + "\n")
    status, out, err = upgrade(*at, yaml)
    assert (status, out) == (2, "") and "app-compose.json" in err


def test_a_person_can_read_it_and_a_safe_can_load_it():
    at = ("propose", "--contract", "0x" + "ab" * 20, "--kind", "device", "--value", "any")
    status, out, _ = upgrade(*at)
    assert status == 0 and re.search(r"^to     0x(ab){20}$", out, re.M)
    assert "value  0\n" in out and "\npropose device\n" in out and "48 h" in out
    status, out, _ = upgrade(*at, "--safe", "--chain-id", 1)
    batch = json.loads(out)
    assert status == 0 and (batch["version"], batch["chainId"]) == ("1.0", "1")
    assert [(t["to"], t["value"]) for t in batch["transactions"]] == [("0x" + "ab" * 20, "0")]
    assert batch["transactions"][0]["data"].startswith("0x84640b3f")


@pytest.mark.parametrize("arguments", [
    [], ["nothing"], ["propose"], ["propose", "--contract", "11"], ["propose", "--contract", "11" * 20],
    ["propose", "--contract", "11" * 20, "--kind", "devices", "--value", "any"],
    ["propose", "--contract", "11" * 20, "--kind", "config", "--value", "any"],
    ["propose", "--contract", "11" * 20, "--kind", "device", "--value", "any", "--not-before", "-1"],
    ["propose", "--contract", "11" * 20, "--kind", "device", "--value", "any", "--safe"],
    ["propose", "--contract", "11" * 20, "--kind", "device", "--value", "any", "--rpc", "http://example.org"],
    ["propose", "--contract", "11" * 20, "--kind", "device", "--value", "any", "--rpc", "http://localhost.org/"],
    ["propose", "--contract", "11" * 20, "--kind", "device", "--compose-hash", "11" * 32],
    ["propose", "--contract", "11" * 20, "--compose-hash", "11" * 32],
    ["sunset", "--contract", "11" * 20, "--kind", "device", "--value", "any"],
    ["list", "--contract", "11" * 20], ["watch", "--contract", "11" * 20],
    ["watch", "--contract", "11" * 20, "--rpc", "https://a", "--expect", "nothing=11"]])
def test_usage_is_exit_2(arguments):
    status, out, err = upgrade(*arguments)
    assert (status, out) == (2, "") and err


# ---- what the chain says ----

def test_list_says_what_is_pending_active_and_changed(operator):
    chain = operator.chain
    since = chain.block()["number"] + 1
    operator.propose("device", V)
    chain.travel_to(chain.block()["time"] + DELAY)
    operator.propose("config", V)
    status, out, _ = upgrade("list", "--contract", operator.address, "--rpc", chain.url, "--since", since)
    assert status == 0
    assert re.search(r"\npending\n  config 0x(cd){32}  nodes take it in 48 h 0 min\n", out)
    assert re.search(r"\nactive\n  guardian 0x0{24}\w{40}\n  device 0x(cd){32}\n", out)
    assert f"owner     {chain.owner.lower()}" in out and "identity  not set" in out
    changes = listed(operator, "--since", since)["changes"]
    assert [(c["event"], c["kind"]) for c in changes] == [("proposed", "device"), ("proposed", "config")]


def test_genesis_is_active_there_but_nodes_wait(operator):
    e = entry(operator, "guardian")
    assert e["state"] == "active" and e["nodes_from"] == e["proposed_at"] + DELAY and 0 < e["left_s"] <= DELAY


def test_many_entries_come_in_pages(operator):
    data = keccak256(b"propose(bytes32,bytes32,uint64,uint64,bytes)")[:4]
    nonce = int(operator.chain("eth_getTransactionCount", operator.chain.owner, "pending"), 16)
    operator.chain("evm_setAutomine", False)
    for i in range(300):
        body = data + kind("config") + i.to_bytes(32, "big") + bytes(64) + (160).to_bytes(32, "big") + bytes(32)
        operator.chain("eth_sendTransaction", {"from": operator.chain.owner, "to": operator.address,
                                               "data": "0x" + body.hex(), "gas": hex(150000), "nonce": hex(nonce + i)})
    while operator.view("count()") != (301).to_bytes(32, "big"):
        operator.chain("evm_mine")
    operator.chain("evm_setAutomine", True)
    entries = listed(operator)["entries"]
    assert [int(e["value"], 16) for e in entries[1:]] == list(range(300))


@pytest.mark.parametrize("at", ["11" * 20, None])
def test_what_is_no_such_contract_is_said(chain, at):
    other = at or chain.send(None, bytes.fromhex("6001600081600b8239f300"))["contractAddress"]  # code: 00
    status, out, err = upgrade("list", "--contract", other, "--rpc", chain.url)
    assert (status, out) == (2, "")
    assert ("no contract" if at else "UpgradeOperator") in err


# ---- deploy.sh ----

def deploy(chain, *arguments, signer=None):
    done = subprocess.run([os.path.join(CONTRACTS, "deploy.sh"), "--rpc", chain.url, *arguments, "--",
                           *(signer or ["--unlocked", "--from", chain.owner])],
                          capture_output=True, check=False, text=True, timeout=60)
    return done.returncode, dict(line.split("=", 1) for line in done.stdout.splitlines()), done.stderr


def test_deploy_prints_the_lines_for_the_compose_file(chain):
    status, env, err = deploy(chain, "--owner", chain.accounts[2], "--guardian", chain.accounts[1],
                              "--genesis", "tcb-status=any", "--genesis", "device=" + V.hex())
    assert status == 0, err
    assert set(env) == {"CONTRACT", "CHAIN_ID", "CONTRACT_CODE"} and env["CHAIN_ID"] == "31337"
    with open(os.path.join(CONTRACTS, "UpgradeOperator.json"), encoding="utf-8") as f:
        assert env["CONTRACT_CODE"] == json.load(f)["runtime_code_hash"]
    seen = call("list", "--contract", env["CONTRACT"], "--rpc", chain.url)
    assert (seen["code"], seen["owner"]) == (env["CONTRACT_CODE"], chain.accounts[2].lower())
    assert [(e["kind"], e["value"]) for e in seen["entries"]] == [
        ("guardian", "0x" + "00" * 12 + chain.accounts[1][2:].lower()), ("tcb-status", "0x" + ANY.hex()),
        ("device", "0x" + V.hex())]


def test_deploy_with_a_longer_delay_is_other_code(chain):
    status, env, err = deploy(chain, "--owner", chain.owner, "--delay", "604800")
    assert status == 0, err
    seen = call("list", "--contract", env["CONTRACT"], "--rpc", chain.url)
    assert seen["min_delay_s"] == 604800 and seen["code"] == env["CONTRACT_CODE"]


@pytest.mark.parametrize("arguments, signer", [
    (["--owner", "0x11"], None), (["--owner", "11" * 20, "--delay", "172799"], None),
    (["--owner", "11" * 20, "--genesis", "devices=any"], None), (["--owner", "11" * 20, "--genesis", "device=11"], None),
    ([], None), (["--owner", "11" * 20], ["--private-key", "0x11"]), (["--owner", "11" * 20], ["--mnemonic=a b"])])
def test_deploy_refuses_what_is_malformed_and_keys(chain, arguments, signer):
    before = chain.block()["number"]
    status, env, err = deploy(chain, *arguments, signer=signer)
    assert (status, env) == (2, {}) and err and chain.block()["number"] == before
