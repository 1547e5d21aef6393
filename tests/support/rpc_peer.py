"""RPC providers over TLS, honest and otherwise: for tests/unit/server/io/chain_source_test.c.

usage: rpc_peer.py DIR RECORDED. Listens on the addresses below at ports of the kernel's choice; writes
DIR/ca.pem; prints the ports and ends when stdin does. All tell of one made up chain in whose every
block the state is that of RECORDED (tests/vectors/evm). The key in the path says how a provider
behaves, up to a dash; each request is appended to DIR/asked as "address key method..".
"""
import datetime
import ipaddress
import json
import os
import socket
import ssl
import sys
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tools", "tappd_sim"))
from keccak import keccak256  # noqa: E402

ADDRESSES = ["127.0.0.21", "127.0.0.22", "127.0.0.23"]
LATEST, FINALIZED, START = 100, 90, 1800000000
HEADER = """parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit
gasUsed timestamp extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas
parentBeaconBlockRoot requestsHash""".split()
NUMBERS = "difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas".split()
CODE = "0x6001600255"
failed_once = set()
blocks = {}
lock = threading.Lock()
meeting = threading.Barrier(2)


class Raw(Exception):
    """An HTTP answer as it is."""

    def __init__(self, status, body=b"", headers=""):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


class Error(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


def rlp(items):
    def head(length, short, long):
        if length < 56:
            return bytes([short + length])
        size = length.to_bytes((length.bit_length() + 7) // 8, "big")
        return bytes([long + len(size)]) + size
    body = b"".join(b if len(b) == 1 and b[0] < 0x80 else head(len(b), 0x80, 0xb7) + b for b in items)
    return head(len(body), 0xc0, 0xf7) + body


def block(recorded, number, fork):
    if (number, fork) not in blocks:
        blocks[number, fork] = make_block(recorded, number, fork)
    return dict(blocks[number, fork])


def make_block(recorded, number, fork):
    made = dict(recorded["block"], number=hex(number), timestamp=hex(START + 12 * number),
                extraData="0xf0" if fork else "0x")
    fields = []
    for name in HEADER:
        digits = made[name][2:]
        if name in NUMBERS:
            digits = "" if digits == "0" else digits.zfill(len(digits) + len(digits) % 2)
        fields.append(bytes.fromhex(digits))
    made["hash"] = "0x" + keccak256(rlp(fields)).hex()
    return made


# the numbers by key where they are not LATEST and FINALIZED
HEIGHTS = {"ahead": (103, 93), "boast": (103, 93), "behind": (98, 88), "far": (10**15, 10**15 - 1), "ancient": (3, 2),
           "upside": (90, 100)}


def flipped(text):
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def get_block(recorded, key, tag):
    latest, finalized = HEIGHTS.get(key, (LATEST, FINALIZED))
    number = {"latest": latest, "finalized": finalized}.get(tag)
    number = int(tag, 16) if number is None else number
    if key == "boast" and tag == hex(latest):
        raise Error(-32000)
    if key == "othernumber" and tag.startswith("0x"):
        number += 1
    if key == "nullblock":
        return None
    made = block(recorded, number, key == "fork")
    if key == "badhash":
        made["hash"] = flipped(made["hash"])
    if key == "badtime":
        made["timestamp"] = hex(int(made["timestamp"], 16) + 1)
    if key == "leadingzero":
        made["number"] = "0x0" + made["number"][2:]
    return made


def get_proof(recorded, key, slots):
    if key in ("noproof", "storage", "shortword", "othercode"):
        raise Error(-32601)
    if key == "pruned":
        raise Error(-32000)
    for case in recorded["cases"].values():
        if case["slots"] != slots:
            continue
        proof = json.loads(json.dumps(case["proof"]))
        if key == "badproof":
            proof["accountProof"][-1] = flipped(proof["accountProof"][-1])
        if key == "badslot":
            proof["storageProof"][0]["proof"][-1] = flipped(proof["storageProof"][0]["proof"][-1])
        if key == "claims":
            for one in proof["storageProof"]:
                one["value"] = "0x1"
        return proof
    raise Error(-32602)


def get_storage(recorded, key, slot):
    for case in recorded["cases"].values():
        for one in case["proof"]["storageProof"]:
            if int(one["key"], 16) == int(slot, 16):
                return one["value"] if key == "shortword" else "0x" + f"{int(one['value'], 16):064x}"
    raise Error(-32602)


def call(key, data):
    """count() and list() of a contract with 300 entries."""
    if data == "0x06661abd":  # count()
        return "0x" + f"{300:064x}"
    if key == "shortlist":
        return "0x" + f"{32:064x}"
    offset = int(data[10:74], 16)
    shown = range(offset, offset + 1 if key == "stingy" else min(offset + 256, 300))
    words = [32, len(shown)]
    for i in shown:
        words += [7, i, 100, 200, 50, i + 2 if key == "shifted" else i + 1, 1]  # kind, value, entry, status
    return "0x" + "".join(f"{word:064x}" for word in words)


def result(recorded, key, method, params):
    if method == "eth_chainId":
        return hex(1) if key == "otherchain" else hex(recorded["chain_id"])
    if method == "eth_getBlockByNumber":
        return get_block(recorded, key, params[0])
    if method == "eth_getProof":
        return get_proof(recorded, key, params[1])
    if method == "eth_call":
        return call(key, params[0]["data"])
    if params[-1].get("requireCanonical") is not True or len(params[-1]["blockHash"]) != 66:
        raise Error(-32602)
    if method == "eth_getStorageAt":
        return get_storage(recorded, key, params[1])
    return flipped(CODE) if key == "othercode" else CODE


def one_answer(recorded, key, call):
    answer = {"jsonrpc": "2.0", "id": call["id"]}
    try:
        answer["result"] = result(recorded, key, call["method"], call["params"])
    except Error as error:
        answer["error"] = {"code": error.code, "message": "no"}
    if key == "otherid":
        answer["id"] += 1
    if key == "textid":
        answer["id"] = str(answer["id"])
    if key == "noversion":
        del answer["jsonrpc"]
    if key == "both":
        answer["error"] = {"code": 1, "message": "no"}
    return answer


def whole(recorded, key, calls):
    if key == "limited":
        raise Raw("429 Slow", b"slow down")
    if key == "unauthorized":
        raise Raw("401 No", b'{"error":"bad key"}')
    if key == "redirect":
        raise Raw("307 There", headers="Location: /v2/honest\r\n")
    if key == "text":
        raise Raw("200 OK", b"<html>")
    if key == "large":
        raise Raw("200 OK", b" " * 300000)
    with lock:
        if key.startswith("once") and key not in failed_once:
            failed_once.add(key)
            raise Raw("503 Later")
    answers = [one_answer(recorded, key, call) for call in calls]
    if key == "single":
        return json.dumps(answers[0])
    if key == "missing":
        return json.dumps(answers[:-1])
    if key == "reversed":
        answers.reverse()
    text = json.dumps(answers)
    if key == "twice":
        return text.replace('"result":', '"result": null, "result":')
    return text + "x" if key == "trailing" else text


def read_request(tls):
    data = b""
    while b"\r\n\r\n" not in data:
        data += tls.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += tls.recv(65536)
    return head.decode(), json.loads(body)


def serve(conn, context, recorded, folder, address):
    try:
        with context.wrap_socket(conn, server_side=True) as tls:
            head, calls = read_request(tls)
            target = head.split(" ")[1]
            key = target.removeprefix("/v2/").split("-")[0]
            with open(f"{folder}/asked", "a", encoding="ascii") as log:
                log.write(f"{address} {key} {' '.join(call['method'] for call in calls)}\n")
            if key == "silent":
                tls.recv(1)
                return
            if key == "meet":  # answers when two are here at once
                meeting.wait(10)
            if key == "slow":
                time.sleep(0.02)
            try:
                status, body, headers = "200 OK", whole(recorded, key, calls).encode(), ""
            except Raw as raw:
                status, body, headers = raw.status, raw.body, raw.headers
            tls.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}Connection: close"
                        "\r\n\r\n".encode() + body)
    except (OSError, ValueError, IndexError, threading.BrokenBarrierError):
        pass


def make_certificates(folder):
    def name(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    def sign(subject, public, extension):
        now = datetime.datetime.utcnow()
        return (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("rpc"))
                .public_key(public).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=1))
                .add_extension(extension, critical=False).sign(root, hashes.SHA256())
                .public_bytes(serialization.Encoding.PEM))
    root = ec.generate_private_key(ec.SECP256R1())
    with open(f"{folder}/ca.pem", "wb") as out:
        out.write(sign("rpc", root.public_key(), x509.BasicConstraints(ca=True, path_length=None)))
    for address in ADDRESSES:
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        with open(f"{folder}/{address}.pem", "wb") as out:
            out.write(sign(address, key.public_key(), names))
            out.write(key.private_bytes(serialization.Encoding.PEM,
                                        serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()))


def listen(listener, *arguments):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, *arguments), daemon=True).start()


def main():
    folder = sys.argv[1]
    with open(sys.argv[2], encoding="utf-8") as f:
        recorded = json.load(f)
    make_certificates(folder)
    ports = []
    for address in ADDRESSES:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/{address}.pem")
        listener = socket.create_server((address, 0))
        ports.append(listener.getsockname()[1])
        threading.Thread(target=listen, args=(listener, context, recorded, folder, address),
                         daemon=True).start()
    print(*ports, flush=True)
    sys.stdin.read()
    for file in os.listdir(folder):
        os.unlink(f"{folder}/{file}")
    os.rmdir(folder)


main()
