"""Reads and checks quotes in Python, for tests: shares no code with the simulator or the server."""
import hashlib
import json
import struct

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

REPORT_FIELDS = {"tee_tcb_svn": (0, 16), "mrsigner_seam": (64, 48), "td_attributes": (120, 8),
                 "xfam": (128, 8), "mrtd": (136, 48), "mr_config_id": (184, 48),
                 "rtmr0": (328, 48), "rtmr1": (376, 48), "rtmr2": (424, 48), "rtmr3": (472, 48),
                 "report_data": (520, 64)}


def verify_raw(public_key, signature, message):
    """True when the 64 bytes r || s are a signature of `message`."""
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"),
                               int.from_bytes(signature[32:], "big"))
    try:
        public_key.verify(der, message, ec.ECDSA(hashes.SHA256()))
        return True
    except InvalidSignature:
        return False


def issued_by(child, parent):
    """True when `parent` signed the certificate or CRL `child` and names agree."""
    der = (child.tbs_certificate_bytes if isinstance(child, x509.Certificate)
           else child.tbs_certlist_bytes)
    try:
        parent.public_key().verify(child.signature, der, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return child.issuer == parent.subject


def pem_certificates(pem):
    end = b"-----END CERTIFICATE-----\n"
    return [x509.load_pem_x509_certificate(part + end) for part in pem.split(end)[:-1]]


class Quote:
    """The parts of a quote by the offsets of Intel's format."""

    def __init__(self, raw):
        self.raw = raw
        self.version, self.key_type, self.tee_type = struct.unpack_from("<HHI", raw)
        self.header = raw[:48]
        start, self.body_type, length = 48, None, 584
        if self.version == 5:
            self.body_type, length = struct.unpack_from("<HI", raw, 48)
            start = 54
        self.body = raw[start:start + length]
        self.signed = raw[:start + length]
        (size,) = struct.unpack_from("<I", raw, len(self.signed))
        data = raw[len(self.signed) + 4:len(self.signed) + 4 + size]
        self.canonical_len = len(self.signed) + 4 + size
        self.padding = raw[self.canonical_len:]
        self.signature, self.attestation_key = data[:64], data[64:128]
        self.outer_type, self.outer_len = struct.unpack_from("<HI", data, 128)
        self.qe_report, self.qe_signature = data[134:518], data[518:582]
        (auth_len,) = struct.unpack_from("<H", data, 582)
        self.auth_data = data[584:584 + auth_len]
        self.inner_type, inner_len = struct.unpack_from("<HI", data, 584 + auth_len)
        self.inner_end = 590 + auth_len + inner_len
        self.pem = data[590 + auth_len:self.inner_end].rstrip(b"\0")
        self.data_len = size

    def field(self, name):
        at, length = REPORT_FIELDS[name]
        return self.body[at:at + length]

    def chain(self):
        return pem_certificates(self.pem)

    def failures(self, root):
        """Names of the cryptographic checks that do not hold under `root`."""
        leaf, intermediate, top = self.chain()
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(),
                                                           b"\x04" + self.attestation_key)
        bound = hashlib.sha256(self.attestation_key + self.auth_data).digest() + bytes(32)
        checks = {
            "root": top == root and issued_by(root, root),
            "chain": issued_by(leaf, intermediate) and issued_by(intermediate, top),
            "qe signature": verify_raw(leaf.public_key(), self.qe_signature, self.qe_report),
            "qe binding": self.qe_report[320:] == bound,
            "quote signature": verify_raw(key, self.signature, self.signed),
        }
        return [name for name, holds in checks.items() if not holds]


def replay(event_log_text, imr):
    """The RTMR value of an agent's log. Digests of Dstack events are always made anew."""
    value = bytes(48)
    for event in json.loads(event_log_text):
        if event["imr"] != imr:
            continue
        digest = bytes.fromhex(event["digest"])
        if event["event_type"] == 0x08000001:
            payload = event["event_payload"]
            made_of = (b"\x01\x00\x00\x08:" + event["event"].encode() + b":"
                       + bytes.fromhex(payload))
            if event.get("version") == 2:
                made_of = (f'{{"name":"{event["event"]}","payload":"{payload}",'
                           f'"type":134217729}}').encode()
            assert digest in (b"", hashlib.sha384(made_of).digest())
            digest = hashlib.sha384(made_of).digest()
        assert len(digest) == 48
        value = hashlib.sha384(value + digest).digest()
    return value
