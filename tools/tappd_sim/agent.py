"""The calls of the guest agent, without the HTTP around them.

Each call takes its arguments by name and returns the members of the answer in proto field order, as
(number, name, value): bytes are hex in JSON and raw in protobuf.
"""
import hashlib
import json
import time

from . import protobuf
from .keccak import keccak256


class CallError(Exception):
    """args[0]: what was attempted; args[1] (optional): why it failed."""


class UnknownMethod(Exception):
    pass


# Fields of the requests: number, name, whether it is bytes.
REQUESTS = {
    "TdxQuote": ((1, "report_data", True), (2, "hash_algorithm", False), (3, "prefix", False)),
    "RawQuote": ((1, "report_data", True),),
    "GetQuote": ((1, "report_data", True),),
    "EmitEvent": ((1, "event", False), (2, "payload", True)),
}
HASHES = {
    "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512,
    "sha3-256": hashlib.sha3_256, "sha3-384": hashlib.sha3_384, "sha3-512": hashlib.sha3_512,
}


def _bytes_of(value):
    """prpc: any case, optional (repeated) leading 0x, even length."""
    if not isinstance(value, str):
        raise ValueError("invalid type: expected a hex string")
    while value.startswith("0x"):
        value = value[2:]
    return bytes.fromhex(value)


def arguments_from_json(method, members):
    """`members`: the decoded JSON object. Unknown members are ignored, missing ones are default."""
    out = {}
    for _, name, is_bytes in REQUESTS.get(method, ()):
        value = members.get(name, "")
        out[name] = _bytes_of(value) if is_bytes else str(value)
    return out


def arguments_from_protobuf(method, body):
    fields = protobuf.decode(body)
    out = {}
    for number, name, is_bytes in REQUESTS.get(method, ()):
        value = fields.get(number, b"")
        out[name] = value if is_bytes else value.decode()
    return out


class Agent:
    def __init__(self, machine):
        self.machine = machine
        self.era = machine.era

    def methods(self, service):
        return self.era.tappd_calls if service == "tappd" else self.era.dstack_calls

    def call(self, service, method, arguments):
        if method not in self.methods(service):
            raise UnknownMethod(method)
        handler = getattr(self, f"_{method}", None)
        if handler is None:
            raise CallError(f"{method} is not simulated")
        return handler(**arguments)

    def _quoted(self, report_data):
        time.sleep(self.machine.faults.slow_ms / 1000)
        answer = self.machine.quote(report_data)
        if answer is None:
            raise CallError("Failed to get quote", "Device or resource busy (os error 16)")
        return answer

    def _GetQuote(self, report_data):
        if len(report_data) > 64:
            raise CallError("Report data is too long")
        report_data = report_data.ljust(64, b"\0")
        quote, log = self._quoted(report_data)
        answer = [(1, "quote", quote), (2, "event_log", log), (3, "report_data", report_data)]
        if self.era.vm_config:
            answer.append((4, "vm_config", self.machine.vm_config))
        return answer

    def _RawQuote(self, report_data):
        return self._TdxQuote(report_data, "raw", "")

    def _TdxQuote(self, report_data, hash_algorithm, prefix):
        data, algorithm, prefix = self._content(report_data, hash_algorithm, prefix)
        quote, log = self._quoted(data)
        answer = [(1, "quote", quote), (2, "event_log", log)]
        if self.era.answers_prefix:
            answer += [(3, "hash_algorithm", algorithm), (4, "prefix", prefix)]
        return answer

    def _content(self, report_data, algorithm, prefix):
        """What goes into the quote for a TdxQuote: the caller's bytes, tagged and hashed."""
        if not self.era.knows_raw:
            tag = (self.era.tdx_quote or "").encode()
            return hashlib.sha512(tag + report_data).digest(), "sha512", ""
        if algorithm == "raw":
            if len(report_data) != 64:
                raise CallError("invalid content length")
            return report_data, "raw", ""
        algorithm = algorithm or "sha512"
        tag = prefix.encode() + b":" if prefix and self.era.answers_prefix else b"app-data:"
        return self._hash(algorithm, tag + report_data).ljust(64, b"\0"), algorithm, "app-data"

    @staticmethod
    def _hash(algorithm, data):
        if algorithm == "keccak256":
            return keccak256(data)
        if algorithm not in HASHES:
            raise CallError("invalid hash algorithm")
        return HASHES[algorithm](data).digest()

    def _EmitEvent(self, event, payload):
        self.machine.emit(event, payload)
        return None

    def _Version(self):
        return [(1, "version", self.era.version), (2, "rev", "git:simulator")]

    def _Info(self):
        return self._worker_info() if self.era.info == "worker" else self._app_info()

    def _worker_info(self):
        app = self.machine.app
        return [(1, "app_id", app.app_id.hex()), (2, "instance_id", app.instance_id.hex()),
                (3, "app_cert", ""), (4, "tcb_info", self._tcb_info(worker=True)),
                (5, "app_name", self._app_name()), (6, "public_logs", True),
                (7, "public_sysinfo", True)]

    def _app_info(self):
        app = self.machine.app
        return [(1, "app_id", app.app_id), (2, "instance_id", app.instance_id),
                (3, "app_cert", ""), (4, "tcb_info", self._tcb_info()),
                (5, "app_name", self._app_name()), (8, "device_id", hashlib.sha256(b"").digest()),
                (9, "mr_aggregated", self._mr_aggregated()),
                (10, "os_image_hash", self.machine.os_image_hash),
                (12, "key_provider_info", ""), (13, "compose_hash", app.compose_hash),
                (14, "vm_config", self.machine.vm_config)]

    def _app_name(self):
        return json.loads(self.machine.app.compose).get("name", "")

    def _mr_aggregated(self):
        fields = self.machine.fields
        return hashlib.sha256(b"".join(fields[name] for name in (
            "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"))).digest()

    def _tcb_info(self, worker=False):
        machine = self.machine
        info = {name: machine.fields[name].hex()
                for name in ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3")}
        if not worker:
            info.update(mr_aggregated=self._mr_aggregated().hex(),
                        os_image_hash=machine.os_image_hash.hex(),
                        compose_hash=machine.app.compose_hash.hex(),
                        device_id=hashlib.sha256(b"").hexdigest())
        info["event_log"] = json.loads(machine.log_text() or "[]")
        if not machine.faults.hide_compose:
            info["app_compose"] = machine.app.compose.decode()
        return json.dumps(info, separators=(",", ":"), ensure_ascii=False)
