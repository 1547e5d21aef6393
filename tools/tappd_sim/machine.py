"""The simulated confidential VM: its platform, what was measured, and the quotes it gives."""
import hashlib
import json
import threading
from dataclasses import dataclass

from . import event_log, pki, tcb
from .keccak import keccak256
from .quote import QuotingEnclave, signature_offset

TD_DEFAULTS = {
    "mr_seam": hashlib.sha384(b"simulated TDX module").digest(),
    "td_attributes": bytes.fromhex("0000001000000000"),  # SEPT_VE_DISABLE
    "xfam": bytes.fromhex("e702060000000000"),
}


@dataclass(frozen=True)
class Platform:
    """The hardware, as its PCK certificate describes it."""
    ppid: bytes
    sgx_svns: tuple
    pce_svn: int = tcb.PCE_SVN
    fmspc: bytes = tcb.FMSPC
    pce_id: bytes = tcb.PCE_ID
    ca: str = "platform"


@dataclass(frozen=True)
class App:
    """compose: the raw bytes of app-compose.json."""
    compose: bytes
    instance_id: bytes

    @property
    def compose_hash(self):
        return hashlib.sha256(self.compose).digest()

    @property
    def app_id(self):
        return self.compose_hash[:20]


@dataclass
class Faults:
    """What goes wrong on purpose; may be changed while the simulator runs."""
    fail_quotes: int = 0         # so many calls answer that the device is busy
    slow_ms: int = 0             # before each quote
    tamper: str = ""             # signature, body, qe: one bit of it is flipped
    wrong_report_data: bool = False
    hide_compose: bool = False   # the app-compose text is not told, as by agents that cannot
    early: str = ""              # what the early TCB info says of UpToDate platforms; "": there is none
    pcs: str = ""                # "<what>=<fault>,..", see pcs.py


def key_provider():
    return b'{"name":"none","id":""}'


def _mr_config_id(form, app):
    """Form 1 names the compose hash, form 2 hashes it with the app id and the key provider."""
    if form == 1:
        return (b"\1" + app.compose_hash).ljust(48, b"\0")
    if form == 2:
        digest = keccak256(app.compose_hash + app.app_id + b"\0")
        return (b"\2" + digest).ljust(48, b"\0")
    return bytes(48)


class Machine:
    """era: a row of era.py. td: bytes by field name, replacing what would be there; an RTMR that is
    replaced has no events. body_type: see quote.py."""

    def __init__(self, test_pki, platform, app, era, *, image="sim-1", shape="2 CPU, 2 GiB",
                 status="UpToDate", mr_config_form=1, td=None, body_type=None, faults=None):
        self.platform = platform
        self.app = app
        self.era = era
        self.image = image
        self.body_type = body_type
        self.faults = faults or Faults()
        self.quotes = 0
        self._lock = threading.Lock()
        self._td = dict(td or {})
        self.events = self._measure(shape)
        self.fields = self._fields(status, mr_config_form if era.mr_config_id else 0)
        pck = pki.issue_pck(test_pki, platform)
        self.pck = pck
        self._enclave = QuotingEnclave(
            pki.new_key(), pck, pck.pem + test_pki.pck_ca(platform.ca).pem + test_pki.root.pem)

    def _measure(self, shape):
        untouched = [imr for imr in range(4)
                     if f"rtmr{imr}" not in self._td and imr not in self.era.zero_rtmrs]
        events = event_log.boot_events(self.image, shape)
        make = event_log.dstack_v2 if self.era.event_version == 2 else event_log.dstack_v1
        if self.era.padded_events:
            make = event_log.padded
        events += [make(name.replace("app-id-full", "app-id"), self._payload(name))
                   for name in self.era.events]
        return [event for event in events if event.imr in untouched]

    def _payload(self, name):
        return {
            "app-id": self.app.app_id,
            "app-id-full": self.app.compose_hash,
            "upgraded-app-id": self.app.app_id,
            "compose-hash": self.app.compose_hash,
            "rootfs-hash": event_log.rootfs_hash(self.image),
            "ca-cert-hash": hashlib.sha256(b"").digest(),
            "instance-id": self.app.instance_id,
            "gpu-policy-hash": hashlib.sha256(b"no GPU").digest(),
            "key-provider": key_provider(),
            "storage-fs": b"zfs",
        }.get(name, b"")

    def _fields(self, status, mr_config_form):
        fields = dict(TD_DEFAULTS)
        fields["tee_tcb_svn"], fields["tee_tcb_svn2"] = tcb.module_svns(status)
        fields["mrtd"] = event_log.sha384(f"simulated firmware {self.image}".encode())
        fields["mr_config_id"] = _mr_config_id(mr_config_form, self.app)
        for imr in range(4):
            fields[f"rtmr{imr}"] = event_log.replay(self.events, imr)
        fields.update({f"rtmr{imr}": bytes(48) for imr in self.era.zero_rtmrs})
        fields.update(self._td)
        return fields

    @property
    def image_hash(self):
        return hashlib.sha256(b"".join(self.fields[name] for name in
                                       ("mrtd", "rtmr0", "rtmr1", "rtmr2"))).digest()

    @property
    def release(self):
        return keccak256(self.app.compose_hash + self.image_hash)

    @property
    def os_image_hash(self):
        return hashlib.sha256(f"simulated image {self.image}".encode()).digest()

    @property
    def vm_config(self):
        if not self.era.vm_config:
            return ""
        return json.dumps({"os_image_hash": self.os_image_hash.hex(), "cpu_count": 2,
                           "memory_size": 2147483648, "image": f"dstack-{self.era.version}"},
                          separators=(",", ":"))

    def log_text(self):
        return event_log.to_json(self.events, self.era.log_style)

    def emit(self, name, payload):
        """Extends RTMR3, as any app could on the releases that have EmitEvent."""
        with self._lock:
            self.events.append(event_log.dstack_v1(name, payload))
            self.fields["rtmr3"] = event_log.replay(self.events, 3)

    def quote(self, report_data):
        """The padded quote and the log that belongs to it, or None when the device is busy."""
        with self._lock:
            if self.faults.fail_quotes > 0:
                self.faults.fail_quotes -= 1
                return None
            self.quotes += 1
            if self.faults.wrong_report_data:
                report_data = hashlib.sha512(b"another " + report_data).digest()
            quote = self._enclave.quote({**self.fields, "report_data": report_data},
                                        self.body_type)
            return self._tampered(quote), self.log_text()

    def _tampered(self, quote):
        at = {"": None, "signature": signature_offset(self.body_type) + 63, "body": 200,
              "qe": signature_offset(self.body_type) + 134 + 64}[self.faults.tamper]
        if at is None:
            return quote
        return quote[:at] + bytes([quote[at] ^ 1]) + quote[at + 1:]
