#!/usr/bin/python3
"""evm_record.py FOUNDRY ARTIFACT OUT - records one block with proofs per hard fork from a local anvil.

FOUNDRY   folder with anvil and cast (version 1.7.1)
ARTIFACT  UpgradeOperator.json as forge writes it (out/UpgradeOperator.sol/)
OUT       folder; <fork>.json are written there

The contract gets a genesis release and the device ANY, forty further proposals that make the storage
trie deep, one config that is cancelled, one release that is revoked, an identity and a minEpoch. What
is expected of each word comes from the contract's own views (eth_call), not from its storage.
"""
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

FORKS = ["cancun", "prague", "osaka"]
PORT = 8595
OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"  # anvil's first account
START = 1700000000
DAY = 86400
ANY = "0x" + "ff" * 32
GENESIS, REVOKED, PENDING, CONFIG, CANCELLED = ("0x" + b * 32 for b in ("01", "02", "03", "04", "05"))


class Chain:
    def __init__(self, tools, fork):
        self.cast_path = tools / "cast"
        self.anvil = subprocess.Popen(
            [tools / "anvil", "--host", "127.0.0.1", "--port", str(PORT), "--chain-id", "8453", "--hardfork", fork,
             "--timestamp", str(START), "--slots-in-an-epoch", "1", "--silent"])
        for _ in range(100):
            try:
                self.rpc("eth_chainId")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("anvil does not answer")

    def rpc(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            answer = json.load(answer)
        if "error" in answer:
            raise SystemExit(f"{method}: {answer['error']}")
        return answer["result"]

    def cast(self, *words):
        return subprocess.run([self.cast_path, *words], check=True, capture_output=True, text=True).stdout.strip()

    def send(self, data, to=None):
        """One transaction in a block of its own; its receipt."""
        transaction = {"from": OWNER, "data": data, "gas": hex(10_000_000)} | ({"to": to} if to else {})
        sent = self.rpc("eth_sendTransaction", transaction)
        receipt = self.rpc("eth_getTransactionReceipt", sent)
        while not receipt:
            time.sleep(0.01)
            receipt = self.rpc("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1", data
        return receipt

    def forward(self, seconds):
        self.rpc("evm_increaseTime", seconds)
        self.rpc("anvil_mine", "0x1")


def kind(chain, name):
    return chain.cast("keccak", name)


def deploy(chain, artifact):
    release, device = kind(chain, "replicatoor-release"), kind(chain, "device")
    genesis = f"[({release},{GENESIS},0x),({release},{REVOKED},0x),({device},{ANY},0x)]"
    arguments = chain.cast("abi-encode", "f(address,uint64,(bytes32,bytes32,bytes)[])", OWNER, str(2 * DAY), genesis)
    code = artifact["bytecode"]["object"]
    return chain.send(code + arguments[2:])["contractAddress"]


def govern(chain, to):
    release, config = kind(chain, "replicatoor-release"), kind(chain, "config")
    propose = "propose(bytes32,bytes32,uint64,uint64,bytes)"
    revoke = "revoke(bytes32,bytes32,string)"
    for n in range(40):
        chain.send(chain.cast("calldata", propose, release, "0x" + f"{0x1000 + n:064x}", "0", "0", "0x"), to)
    chain.send(chain.cast("calldata", propose, config, CONFIG, "0", str(START + 90 * DAY), "0x"), to)
    chain.send(chain.cast("calldata", propose, config, CANCELLED, "0", "0", "0x"), to)
    chain.send(chain.cast("calldata", revoke, config, CANCELLED, "taken back"), to)
    # the generator of secp256k1 as the second half: the contract wants a point of the curve
    public = "0x" + "d7" * 32 + "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    chain.send(chain.cast("calldata", "setIdentity(bytes,bytes)", public, "0x"), to)
    chain.send(chain.cast("calldata", "raiseMinEpoch(uint64)", "3"), to)
    chain.forward(3 * DAY)
    chain.send(chain.cast("calldata", revoke, release, REVOKED, "a bug"), to)
    chain.send(chain.cast("calldata", propose, release, PENDING, "0", "0", "0x"), to)
    chain.forward(60)


def slots(chain, question):
    def entry(name, value):
        return chain.cast("index", "bytes32", value, chain.cast("index", "bytes32", kind(chain, name), "2"))
    return [entry("replicatoor-release", question["release"]), entry("source", question["release"]),
            entry("config", question["config"]), entry("device", question["device"]), entry("device", ANY),
            *("0x" + f"{n:064x}" for n in (4, 6, 7, 8))]


def expected(chain, to, question, tag):
    """What the views say of the question."""
    def entry(name, value):
        data = chain.cast("calldata", "entry(bytes32,bytes32)", kind(chain, name), value)
        words = chain.rpc("eth_call", {"to": to, "data": data}, tag)[2:]
        return [hex(int(words[64 * i:64 * i + 64], 16)) for i in range(4)]
    def view(name):
        return chain.rpc("eth_call", {"to": to, "data": chain.cast("calldata", name)}, tag)
    return {"release": entry("replicatoor-release", question["release"]),
            "source": entry("source", question["release"]), "config": entry("config", question["config"]),
            "device": entry("device", question["device"]), "any_device": entry("device", ANY),
            "identity": view("identity()"), "min_epoch": int(view("minEpoch()"), 16),
            "code_hash": chain.cast("keccak", chain.rpc("eth_getCode", to, tag))}


HEADER = """parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit
gasUsed timestamp extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas
parentBeaconBlockRoot requestsHash""".split()
NUMBERS = "difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas".split()


def header_bytes(chain, block):
    """The header as it is hashed, encoded by cast."""
    def item(name):
        digits = block[name][2:]
        if name in NUMBERS:
            digits = "" if digits == "0" else digits.zfill(len(digits) + len(digits) % 2)
        return "0x" + digits
    encoded = chain.cast("to-rlp", json.dumps([item(name) for name in HEADER if name in block]))
    assert chain.cast("keccak", encoded) == block["hash"]
    return encoded


QUESTIONS = {
    "approved": {"release": GENESIS, "config": CONFIG, "device": "0x" + "d1" * 32},
    "revoked": {"release": REVOKED, "config": CANCELLED, "device": "0x" + "d1" * 32},
    "pending": {"release": PENDING, "config": "0x" + "00" * 32, "device": "0x" + "d1" * 32},
    "deep": {"release": "0x" + f"{0x1000 + 7:064x}", "config": CONFIG, "device": ANY},
    "unknown": {"release": "0x" + "77" * 32, "config": CONFIG, "device": "0x" + "d1" * 32},
}


def record(tools, artifact, fork):
    chain = Chain(tools, fork)
    try:
        to = deploy(chain, artifact)
        govern(chain, to)
        block = chain.rpc("eth_getBlockByNumber", "latest", False)
        at = {"blockHash": block["hash"], "requireCanonical": True}
        cases = {name: {**question, "slots": slots(chain, question), "expected": expected(chain, to, question, at),
                        "proof": chain.rpc("eth_getProof", to, slots(chain, question), at)}
                 for name, question in QUESTIONS.items()}
        stranger = "0x" + "5a" * 20
        return {"fork": fork, "anvil": chain.cast("--version").split()[2], "chain_id": 8453, "contract": to,
                "block": block, "header": header_bytes(chain, block), "cases": cases,
                "stranger": {"address": stranger, "proof": chain.rpc("eth_getProof", stranger, [], at)}}
    finally:
        chain.anvil.terminate()
        chain.anvil.wait()


def main():
    tools, artifact, out = map(pathlib.Path, sys.argv[1:4])
    artifact = json.loads(artifact.read_text())
    for fork in FORKS:
        text = json.dumps(record(tools, artifact, fork), indent=1, sort_keys=True)
        (out / f"{fork}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
