"""What a provider may answer instead of the truth, each by a name; see provider.Provider."""
import json
import time

from anvil import keccak256
from provider import Reply

HEADER = ("parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit "
          "gasUsed timestamp extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas "
          "parentBeaconBlockRoot requestsHash").split()
QUANTITIES = set("difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas".split())


def _rlp(item):
    if isinstance(item, list):
        body = b"".join(map(_rlp, item))
        return _prefix(0xc0, len(body)) + body
    return item if len(item) == 1 and item[0] < 0x80 else _prefix(0x80, len(item)) + item


def _prefix(base, length):
    if length < 56:
        return bytes([base + length])
    size = (length.bit_length() + 7) // 8
    return bytes([base + 55 + size]) + length.to_bytes(size, "big")


def _field(name, text):
    if name in QUANTITIES:
        number = int(text, 16)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes.fromhex(text[2:])


def rehash(block):
    """Gives `block` the hash that its fields have."""
    block["hash"] = "0x" + keccak256(_rlp([_field(name, block[name]) for name in HEADER if name in block])).hex()


def on(method, change):
    """A lie about the results of one method: `change` edits the decoded result or returns another one."""
    def lie(provider, request, answer):
        if request["method"] != method or answer.get("result") is None:
            return answer
        changed = change(provider, request, answer["result"])
        return answer if changed is None else {**answer, "result": changed}
    return lie


def everywhere(change):
    return lambda provider, request, answer: change(answer)


class Tape:
    """A lie that first takes down what is true, and later goes on telling it."""

    def __init__(self):
        self.told, self.replaying = {}, False

    def __call__(self, provider, request, answer):
        key = json.dumps([request["method"], request["params"]])
        if not self.replaying:
            self.told[key] = answer
            return answer
        return {**self.told[key], "id": request["id"]}


def _reply(status, body=b"", headers=()):
    def lie(provider, request, answer):
        raise Reply(status, body, headers)
    return lie


def _twice(answer):
    text = json.dumps(answer)
    return (text[:-1] + ', "result": true}').encode()


def _move_time(seconds, honest_hash=False):
    def change(_, request, block):
        block["timestamp"] = hex(int(block["timestamp"], 16) + seconds)
        if not honest_hash:
            rehash(block)
    return on("eth_getBlockByNumber", change)


def _move_latest(seconds):
    def change(provider, request, block):
        if int(block["number"], 16) == provider.chain.block()["number"]:
            block["timestamp"] = hex(int(block["timestamp"], 16) + seconds)
            rehash(block)
    return on("eth_getBlockByNumber", change)


def _older(blocks):
    def change(provider, request, block):
        number = max(int(block["number"], 16) - blocks, 0)
        return provider.chain("eth_getBlockByNumber", hex(number), False)
    return on("eth_getBlockByNumber", change)


def _flip_proof(which):
    def change(_, request, proof):
        nodes = proof["accountProof"] if which == "account" else proof["storageProof"][0]["proof"]
        nodes[-1] = nodes[-1][:-1] + format(int(nodes[-1][-1], 16) ^ 1, "x")
    return on("eth_getProof", change)


def _other_contract(provider, request, _):
    other = "0x" + "42" * 20
    return provider.chain("eth_getProof", other, *request["params"][1:])


def _cut_proof(_, request, proof):
    for slot in proof["storageProof"]:
        slot["proof"] = slot["proof"][:-1]


def _late(provider, request, answer):
    provider.lied += 1
    time.sleep(10)
    return answer


def _without(key):
    def change(answer):
        return {name: value for name, value in answer.items() if name != key}
    return everywhere(change)


def _no_proofs(then=None):
    """A provider without eth_getProof: it is read by storage words at a block's hash, which `then` may edit."""
    def lie(provider, request, answer):
        if request["method"] == "eth_getProof":
            return {"jsonrpc": "2.0", "id": request["id"],
                    "error": {"code": -32601, "message": "the method eth_getProof does not exist"}}
        return then(provider, request, answer) if then else answer
    return lie


def _error(code):
    return everywhere(lambda answer: {"jsonrpc": "2.0", "id": answer["id"],
                                      "error": {"code": code, "message": "execution reverted", "data": "0x"}})


# How the verdict names it: policy.chain, "provider 1 ..".
TIME, ERROR = "did not answer in time", "answered with an error"
FORM, PROOF = "gave an answer of the wrong form", "gave a header or a proof that does not verify"

# Each makes an approval that is true on the chain unknown: 503, and nothing is given.
MAKE_UNKNOWN = {
    "another request's id": (everywhere(lambda answer: {**answer, "id": answer["id"] + 1}), FORM),
    "no id": (_without("id"), FORM),
    "no version": (_without("jsonrpc"), FORM),
    "result twice": (everywhere(_twice), FORM),
    "result and error": (everywhere(lambda answer: {**answer, "error": {"code": 3, "message": "reverted"}}), FORM),
    "an error": (_error(-32000), ERROR),
    "a revert": (_error(3), ERROR),
    "null": (everywhere(lambda answer: {**answer, "result": None}), FORM),
    "not JSON": (everywhere(lambda answer: b"approved"), FORM),
    "empty": (everywhere(lambda answer: b""), FORM),
    "bytes behind": (everywhere(lambda answer: json.dumps(answer).encode() + b"{}"), FORM),
    "oversized": (everywhere(lambda answer: json.dumps(answer).encode() + b" " * 600_000), ""),
    "HTTP 401": (_reply(401, b'{"message":"bad key"}'), ""),
    "HTTP 429": (_reply(429, b"slow down"), ""),
    "HTTP 500": (_reply(500), ""),
    "cut": (_reply(200, b'{"jsonrpc":"2.0"', [("Content-Length", "400")]), TIME),
    "late": (_late, TIME),
    "another chain": (on("eth_chainId", lambda *_: "0x1"), "is on another chain"),
    "a chain id with a leading zero": (on("eth_chainId", lambda _, request, value: "0x0" + value[2:]), FORM),
    "a header that was edited": (_move_time(1, honest_hash=True), PROOF),
    "blocks moved ten minutes back": (_move_time(-600), "below one that was confirmed before"),
    "a latest block of an hour from now": (_move_latest(3600), "from the future"),
    "a latest block older than the final one": (_move_latest(-600), "above its latest"),
    "an old block in the place of each": (_older(6), FORM),
    "an edited account proof": (_flip_proof("account"), PROOF),
    "an edited storage proof": (_flip_proof("storage"), PROOF),
    "a proof cut short": (on("eth_getProof", _cut_proof), ""),
    "a proof of another contract": (on("eth_getProof", _other_contract), ""),
    "no proofs, and short words": (_no_proofs(on("eth_getStorageAt", lambda _, request, word: word[:-2])), FORM),
    "no proofs, and no code": (_no_proofs(on("eth_getCode", lambda *_: "0x")), "other code"),
    "no proofs, and other code": (_no_proofs(on("eth_getCode", lambda _, request, code: code + "00")), "other code"),
}


def _claim(value):
    def change(_, request, proof):
        for slot in proof["storageProof"]:
            slot["value"] = value
        proof["codeHash"] = "0x" + "00" * 32
        proof["storageHash"] = "0x" + "00" * 32
    return on("eth_getProof", change)


# What stands beside a proof is not looked at, and a provider may have none: these change nothing.
CHANGE_NOTHING = {
    "no proofs, but true words": _no_proofs(),
    "values beside the proof say never": _claim("0x0"),
    "values beside the proof say always": _claim("0x" + "01" * 32),
}
