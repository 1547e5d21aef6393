"""A real chain on loopback: foundry's anvil, and the UpgradeOperator on it by plain JSON-RPC.

Blocks are made only on demand: one a transaction, and by travel_to. With one slot an epoch the finalized
block is the last but two."""
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request

from simulator import REPOSITORY, WITH_PARENT

sys.path.insert(0, os.path.join(REPOSITORY, "tools"))
from tappd_sim.keccak import keccak256  # noqa: E402  the path has to be set first

CONTRACTS = os.path.join(REPOSITORY, "contracts")
ANVIL = os.path.join(CONTRACTS, "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
with open(os.path.join(CONTRACTS, "UpgradeOperator.json"), encoding="utf-8") as artifact:
    ARTIFACT = json.load(artifact)
CODE_HASH = ARTIFACT["runtime_code_hash"].removeprefix("0x")
DELAY = 48 * 3600
NEVER = 2**64 - 1
FINALITY = 2  # blocks


# What the first account of a new chain creates first.
FIRST_CONTRACT = "0x5fbdb2315678afecb367f032d93f642f64180aa3"


class RpcError(Exception):
    pass


def abi(*arguments):
    """Arguments as the ABI lays them out: int, bool, bytes32 as bytes of 32, address as "0x..", bytes
    as bytearray, text as ("text",), a list of tuples as a list."""
    heads, tails = [], []
    for argument in arguments:
        if isinstance(argument, (bytearray, str)) and not _is_address(argument):
            raw = argument.encode() if isinstance(argument, str) else bytes(argument)
            tail = len(raw).to_bytes(32, "big") + raw + bytes(-len(raw) % 32)
        elif isinstance(argument, list):
            tail = len(argument).to_bytes(32, "big") + abi(*[Packed(abi(*item)) for item in argument])
        elif isinstance(argument, Packed):
            tail = argument
        else:
            heads.append(_word(argument))
            tails.append(b"")
            continue
        heads.append(None)
        tails.append(tail)
    at, out = 32 * len(heads), b""
    for head, tail in zip(heads, tails):
        out += head if head is not None else at.to_bytes(32, "big")
        at += len(tail)
    return out + b"".join(tails)


class Packed(bytes):
    """A dynamic tuple, encoded."""


def _is_address(text):
    return isinstance(text, str) and text.startswith("0x") and len(text) == 42


def _word(value):
    if _is_address(value):
        return bytes(12) + bytes.fromhex(value[2:])
    if isinstance(value, bytes):
        assert len(value) == 32, value
        return value
    return int(value).to_bytes(32, "big")


def kind(name):
    return keccak256(name.encode())


class Anvil:
    """A context manager. `start_s`: the timestamp of the first block."""

    def __init__(self, start_s, chain_id=31337, hardfork=None):
        self.command = [*WITH_PARENT, ANVIL, "--host", "127.0.0.1", "--port", "0", "--chain-id", str(chain_id),
                        "--timestamp", str(start_s), "--slots-in-an-epoch", "1",
                        *(["--hardfork", hardfork] if hardfork else [])]
        self.chain_id = chain_id
        self.process = self.url = self.owner = None
        self.accounts = []

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("Listening on "):
                self.url = "http://" + line.split()[-1]
                break
        assert self.url, "anvil did not start"
        # it writes a line per request, and would stop when nobody read them
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.accounts = self("eth_accounts")
        self.owner = self.accounts[0]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def __call__(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def block(self, tag="latest"):
        block = self("eth_getBlockByNumber", tag, False)
        return {"number": int(block["number"], 16), "time": int(block["timestamp"], 16), "hash": block["hash"]}

    def travel_to(self, time_s, blocks=1):
        """Mines `blocks` blocks, the first of them at `time_s`, the others a second apart."""
        for i in range(blocks):
            self("evm_setNextBlockTimestamp", time_s + i)
            self("evm_mine")

    def finalize(self):
        """What the latest block says becomes final."""
        self.travel_to(self.block()["time"] + 1, FINALITY)

    def send(self, to, data, sender=None, at=None):
        """A transaction in a block of its own, `at` that time; -> its receipt; raises when it fails."""
        if at is not None:
            self("evm_setNextBlockTimestamp", at)
        call = {"from": sender or self.owner, "data": "0x" + data.hex(), "gas": hex(8_000_000)}
        if to:
            call["to"] = to
        sent = self("eth_sendTransaction", call)
        receipt = None
        deadline = time.monotonic() + 10
        while receipt is None and time.monotonic() < deadline:
            receipt = self("eth_getTransactionReceipt", sent)
        if receipt is None or int(receipt["status"], 16) != 1:
            raise RpcError(f"transaction failed: {receipt}")
        return receipt


class Operator:
    """An UpgradeOperator, deployed at `at` (or by the next block) on `chain`; or the one at `address`."""

    def __init__(self, chain, min_delay=DELAY, genesis=(), at=None, address=None):
        self.chain, self.address = chain, address
        if address:
            return
        code = bytes.fromhex(ARTIFACT["bytecode"].removeprefix("0x"))
        entries = [(kind(name), value, bytearray(b"")) for name, value in genesis]
        receipt = chain.send(None, code + abi(chain.owner, min_delay, entries), at=at)
        self.address = receipt["contractAddress"]

    @property
    def code(self):
        return bytes.fromhex(self.chain("eth_getCode", self.address, "latest")[2:])

    @property
    def code_hash(self):
        return keccak256(self.code).hex()

    def forget_the_delay(self):
        """From now on the code at this address is that of a fork whose delay is 0."""
        code = bytearray(self.code)
        assert ARTIFACT["min_delay_at"], "no immutable in the artifact"
        for start in ARTIFACT["min_delay_at"]:
            assert int.from_bytes(code[start:start + 32], "big") == ARTIFACT["min_delay"]
            code[start:start + 32] = bytes(32)
        self.chain("anvil_setCode", self.address, "0x" + code.hex())

    def call(self, signature, *arguments, sender=None, at=None):
        data = keccak256(signature.encode())[:4] + abi(*arguments)
        return self.chain.send(self.address, data, sender, at)

    def view(self, signature, *arguments, tag="latest"):
        data = keccak256(signature.encode())[:4] + abi(*arguments)
        return bytes.fromhex(self.chain("eth_call", {"to": self.address, "data": "0x" + data.hex()}, tag)[2:])

    def propose(self, name, value, not_before=0, not_after=0, **options):
        return self.call("propose(bytes32,bytes32,uint64,uint64,bytes)", kind(name), value, not_before,
                         not_after, bytearray(b""), **options)

    def revoke(self, name, value, **options):
        return self.call("revoke(bytes32,bytes32,string)", kind(name), value, "", **options)

    def sunset(self, name, value, not_after, **options):
        return self.call("sunset(bytes32,bytes32,uint64)", kind(name), value, not_after, **options)

    def set_identity(self, identity_public, **options):
        return self.call("setIdentity(bytes,bytes)", bytearray(identity_public), bytearray(b""), **options)

    def raise_min_epoch(self, to, **options):
        return self.call("raiseMinEpoch(uint64)", to, **options)

    def is_approved(self, name, value, tag="latest"):
        return bool(int.from_bytes(self.view("isApproved(bytes32,bytes32)", kind(name), value, tag=tag), "big"))
