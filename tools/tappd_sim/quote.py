"""Writes TDX quotes, version 4 and 5, byte by byte.

Source: Intel TDX DCAP Quoting Library API, appendix A. Integers little-endian, signatures r || s
and keys x || y big-endian.
"""
import hashlib
import struct

from .pki import public_xy, sign_raw

QE_VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
QE_MRSIGNER = bytes.fromhex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5")
QE_MRENCLAVE = bytes.fromhex("e5a3a7b5d830c2953b98534c6c59a3a34fdc34e933f7f5898f0a85cf08846bca")
QE_SVN = 6
BUFFER_LEN = 5006  # what the guest's driver hands out: the quote, then zeros

# Name and length of each field of a TD report, in order; a 1.5 report has two more.
TD_REPORT_10 = (("tee_tcb_svn", 16), ("mr_seam", 48), ("mrsigner_seam", 48),
                ("seam_attributes", 8), ("td_attributes", 8), ("xfam", 8), ("mrtd", 48),
                ("mr_config_id", 48), ("mr_owner", 48), ("mr_owner_config", 48), ("rtmr0", 48),
                ("rtmr1", 48), ("rtmr2", 48), ("rtmr3", 48), ("report_data", 64))
TD_REPORT_15 = TD_REPORT_10 + (("tee_tcb_svn2", 16), ("mr_servicetd", 48))


def td_report(fields, layout):
    """`fields`: bytes by name; absent ones are zero."""
    out = b""
    for name, length in layout:
        value = fields.get(name, bytes(length))
        if len(value) != length:
            raise ValueError(f"{name} has {len(value)} bytes, not {length}")
        out += value
    return out


def _enclave_report(report_data):
    """What the TD quoting enclave reports of itself (384 bytes)."""
    out = bytes.fromhex("0303191b04ff00060000000000000000")  # CPU SVN, the hardware's encoding
    out += bytes(4 + 28)
    out += bytes.fromhex("1500000000000000e700000000000000")  # INIT, 64 bit, provision key
    out += QE_MRENCLAVE + bytes(32) + QE_MRSIGNER + bytes(96)
    out += struct.pack("<HH", 2, QE_SVN) + bytes(60) + report_data
    return out


class QuotingEnclave:
    """Has an attestation key, for which its platform's PCK key vouches."""

    def __init__(self, attestation_key, pck, chain_pem):
        self.attestation_key = attestation_key
        self.auth_data = bytes(range(32))
        self.chain = chain_pem.encode() + b"\0"
        attested = hashlib.sha256(public_xy(attestation_key) + self.auth_data).digest()
        self.report = _enclave_report(attested + bytes(32))
        self.report_signature = sign_raw(pck.key, self.report)

    def _certification(self):
        inner = struct.pack("<HI", 5, len(self.chain)) + self.chain
        outer = (self.report + self.report_signature
                 + struct.pack("<H", len(self.auth_data)) + self.auth_data + inner)
        return struct.pack("<HI", 6, len(outer)) + outer

    def quote(self, fields, body_type):
        """body_type: None is a version 4 quote; 2 or 3 a version 5 quote with a TD report 1.0 or
        1.5. Padded with zeros as the guest's driver does."""
        header = struct.pack("<HHII", 4 if body_type is None else 5, 2, 0x81, 0)
        header += QE_VENDOR + hashlib.sha256(self.report).digest()[:16] + bytes(4)
        body = td_report(fields, TD_REPORT_15 if body_type == 3 else TD_REPORT_10)
        if body_type is not None:
            body = struct.pack("<HI", body_type, len(body)) + body
        signed = header + body
        signature = sign_raw(self.attestation_key, signed)
        data = signature + public_xy(self.attestation_key) + self._certification()
        out = signed + struct.pack("<I", len(data)) + data
        return out.ljust(BUFFER_LEN, b"\0")


def signature_offset(body_type):
    """Where the quote's own signature begins."""
    return {None: 636, 2: 642, 3: 706}[body_type]
