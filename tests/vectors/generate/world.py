"""A private test PKI with one platform, one quote and its collateral, all of which a case may bend
before it is written. The encoders are those of tools/tappd_sim."""
import base64
import copy
import datetime
import hashlib
import json
import struct
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tools.tappd_sim import der, pki, tcb  # noqa: E402
from tools.tappd_sim.quote import (  # noqa: E402
    QE_MRENCLAVE, QE_MRSIGNER, QE_SVN, QE_VENDOR, TD_REPORT_10, TD_REPORT_15, td_report)

NOW = datetime.datetime(2026, 6, 1)
NOW_S = 1780272000
ISSUED = NOW - datetime.timedelta(days=5)
UNTIL = NOW + datetime.timedelta(days=25)


def iso(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def der_of(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def pem_of(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def make_crl(authority, issued=ISSUED, until=UNTIL, revoked=(), key=None, extra=(), name=None,
             entry_extension=None):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name or authority.cert.subject).last_update(issued).next_update(until)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
            authority.key.public_key()), critical=False))
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    for serial in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(issued)
            .add_extension(entry_extension or x509.CRLReason(x509.ReasonFlags.key_compromise),
                           critical=False).build())
    return builder.sign(key or authority.key, hashes.SHA256()).public_bytes(
        serialization.Encoding.DER)


QE_REPORT = (("cpu_svn", 16), ("misc_select", 4), ("reserved1", 28), ("attributes", 16),
             ("mrenclave", 32), ("reserved2", 32), ("mrsigner", 32), ("reserved3", 96),
             ("isv_prod_id", 2), ("isv_svn", 2), ("reserved4", 60), ("report_data", 64))


def resign(certificate, key, change):
    """The certificate with its to-be-signed part changed to one of the same length, signed again."""
    tbs = change(certificate.tbs_certificate_bytes)
    assert len(tbs) == len(certificate.tbs_certificate_bytes) and tbs != certificate.tbs_certificate_bytes
    signature = der._tlv(0x03, b"\0" + key.sign(tbs, ec.ECDSA(hashes.SHA256())))
    return pem_of_der(der.sequence(tbs, bytes.fromhex("300a06082a8648ce3d040302"), signature))


def pem_of_der(raw):
    text = base64.b64encode(raw).decode()
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


class Platform:
    """What pki.issue_pck asks of a machine."""

    def __init__(self, ca="platform", **changes):
        self.ppid = hashlib.sha256(b"generated platform").digest()[:16]
        self.sgx_svns = tcb.platform_svns("UpToDate")
        self.pce_svn, self.fmspc, self.pce_id, self.ca = tcb.PCE_SVN, tcb.FMSPC, tcb.PCE_ID, ca
        self.__dict__.update(changes)


def _said(length, content):
    return len(content) if length is None else length


class World:
    """Everything of one case, in the clear; `write` signs and encodes what nobody has set by hand."""

    def __init__(self, authorities):
        self.pki = pki.Pki(authorities)
        self.platform = Platform()
        self.pck = None                 # Authority; issued when None
        self.chain_pem = None           # text of the quote's chain
        self.chain_end = b"\0"
        self.ak = pki.new_key()
        self.version, self.key_type, self.tee_type, self.reserved = 4, 2, 0x81, 0
        self.vendor = QE_VENDOR
        self.body_type = None           # None: version 4
        self.body_size = None
        self.fields = {"mr_seam": bytes(range(48)), "mrtd": bytes(range(1, 49)),
                       "td_attributes": bytes.fromhex("0000001000000000"),
                       "xfam": bytes.fromhex("e702060000000000"),
                       "tee_tcb_svn": tcb.TEE_TCB_SVN, "tee_tcb_svn2": tcb.TEE_TCB_SVN}
        self.user_data = bytes(20)
        self.qe_fields = {"cpu_svn": bytes.fromhex("0303191b04ff00060000000000000000"),
                          "attributes": bytes.fromhex("1500000000000000e700000000000000"),
                          "mrenclave": QE_MRENCLAVE, "mrsigner": QE_MRSIGNER,
                          "isv_prod_id": (2).to_bytes(2, "little"),
                          "isv_svn": QE_SVN.to_bytes(2, "little")}
        self.qe_edit = lambda report: report
        self.qe_tail = bytes(32)        # upper half of the QE's report data
        self.qe_key = self.quote_key = None
        self.auth_data = bytes(range(32))
        self.outer_type, self.inner_type = 6, 5
        self.inner_extra = self.outer_extra = b""
        self.auth_len = self.inner_len = self.outer_len = self.data_len = None  # else what is said
        self.data_edit = lambda data: data
        self.tail = bytes(70)
        self.tcb_info = json.loads(tcb.tcb_info(iso(ISSUED), iso(UNTIL)))
        self.qe_identity = json.loads(tcb.qe_identity(iso(ISSUED), iso(UNTIL), QE_MRSIGNER))
        self.text_edit = lambda name, text: text       # before signing
        self.signed_edit = lambda name, text: text     # after signing
        self.signer = self.pki.tcb_signing
        self.signer_chain = self.qe_signer_chain = None
        self.root_crl = self.pck_crl = None
        self.bundle_edit = lambda bundle: bundle
        self.quote_edit = lambda quote: quote
        self.now = NOW_S

    @property
    def ca(self):
        return self.pki.pck_ca(self.platform.ca)

    def document(self, name):
        value = getattr(self, name)
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        return self.text_edit(name, text)

    def quote(self):
        pck = self.pck or pki.issue_pck(self.pki, self.platform)
        chain = self.chain_pem
        if chain is None:
            chain = pem_of(pck.cert) + self.ca.pem + self.pki.root.pem
        bound = hashlib.sha256(pki.public_xy(self.ak) + self.auth_data).digest() + self.qe_tail
        report = self.qe_edit(td_report({"report_data": bound, **self.qe_fields}, QE_REPORT))
        inner = chain.encode() + self.chain_end
        outer = (report + pki.sign_raw(self.qe_key or pck.key, report)
                 + struct.pack("<H", _said(self.auth_len, self.auth_data)) + self.auth_data
                 + struct.pack("<HI", self.inner_type, _said(self.inner_len, inner)) + inner
                 + self.inner_extra)
        body = td_report(self.fields, TD_REPORT_15 if self.body_type == 3 else TD_REPORT_10)
        if self.body_type is not None:
            body = struct.pack("<HI", self.body_type, _said(self.body_size, body)) + body
        version = self.version if self.body_type is None else 5
        signed = (struct.pack("<HHII", version, self.key_type, self.tee_type, self.reserved)
                  + self.vendor + self.user_data + body)
        data = (pki.sign_raw(self.quote_key or self.ak, signed) + pki.public_xy(self.ak)
                + struct.pack("<HI", self.outer_type, _said(self.outer_len, outer)) + outer
                + self.outer_extra)
        data = self.data_edit(data)
        return self.quote_edit(signed + struct.pack("<I", _said(self.data_len, data)) + data
                               + self.tail)

    def bundle(self):
        chain = self.signer_chain or pem_of(self.signer.cert) + self.pki.root.pem
        out = {
            "pck_crl_issuer_chain": self.ca.pem + self.pki.root.pem,
            "root_ca_crl": (self.root_crl or make_crl(self.pki.root)).hex(),
            "pck_crl": (self.pck_crl or make_crl(self.ca)).hex(),
        }
        for name, own in (("tcb_info", None), ("qe_identity", self.qe_signer_chain)):
            text = self.document(name)
            out[f"{name}_issuer_chain"] = own or chain
            out[name] = self.signed_edit(name, text)
            out[f"{name}_signature"] = pki.sign_raw(self.signer.key, text.encode()).hex()
        return self.bundle_edit(out)

    def write(self, folder, expected, why, advisories=None, policy=None):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "quote.bin").write_bytes(self.quote())
        (folder / "collateral.json").write_text(json.dumps(self.bundle(), indent=1) + "\n")
        meta = {"verification_time_unix": self.now, "expected": expected, "why": why}
        if expected.startswith("ACCEPT"):
            meta["advisories"] = list(advisories or [])
        else:
            meta["codes"] = expected.split()
            meta["expected"] = "|".join(meta["codes"])
        if policy:
            meta["policy"] = policy
        (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")


def certificate(key, name, issuer, *, is_ca, path_length=None, since=None, until=None, serial=None,
                usage=None, extra=(), signer=None, public_key=None, algorithm=None, issuer_name=None):
    """Like the simulator's, but everything can be wrong. `extra`: (extension, critical)."""
    signing_key = signer or (issuer.key if issuer else key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(pki._name(name))
        .issuer_name(issuer_name or (issuer.cert.subject if issuer else pki._name(name)))
        .public_key(public_key or key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since or datetime.datetime(2018, 5, 21, 10, 45, 10))
        .not_valid_after(until or datetime.datetime(2045, 12, 31, 23, 59, 59)))
    if usage is not False:
        builder = builder.add_extension(usage or pki._key_usage(is_ca), critical=True)
    if is_ca is not None:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=is_ca, path_length=path_length if is_ca else None), critical=True)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    return pki.Authority(key, builder.sign(signing_key, algorithm or hashes.SHA256()))


def sgx(value):
    return (x509.UnrecognizedExtension(x509.ObjectIdentifier(pki.SGX_EXTENSION), value), False)


def sgx_value(platform, *, drop=(), replace=None, extra=(), tcb_replace=None, tcb_extra=()):
    """The SGX extension with members dropped, replaced or added; keys are "1" .. and "2.1" .."""
    def member(number, value):
        return der.sequence(der.oid(f"{pki.SGX_EXTENSION}.{number}"), value)

    inner = {f"2.{i + 1}": der.integer(svn) for i, svn in enumerate(platform.sgx_svns)}
    inner["2.17"] = der.integer(platform.pce_svn)
    inner["2.18"] = der.octet_string(bytes(platform.sgx_svns))
    inner.update(tcb_replace or {})
    levels = [member(n, v) for n, v in inner.items() if n not in drop]
    levels += [member(n, v) for n, v in tcb_extra]
    outer = {"1": der.octet_string(platform.ppid), "2": der.sequence(*levels),
             "3": der.octet_string(platform.pce_id), "4": der.octet_string(platform.fmspc),
             "5": der.enumerated(1)}
    outer.update(replace or {})
    members = [member(n, v) for n, v in outer.items() if n not in drop]
    members += [member(n, v) for n, v in extra]
    return der.sequence(*members)


def pck_with(world, value=None, **changes):
    """A PCK certificate for the world's platform; `value` replaces its SGX extension."""
    args = {"is_ca": False, "since": datetime.datetime(2025, 2, 6)}
    args.update(changes)
    name = args.pop("name", "Intel SGX PCK Certificate")
    issuer = args.pop("issuer", world.ca)
    extra = list(args.pop("extra", ()))
    if value is not False:
        extra.insert(0, sgx(value if value is not None else sgx_value(world.platform)))
    return certificate(args.pop("key", None) or pki.new_key(), name, issuer, extra=extra, **args)


def fresh(authorities):
    return World(copy.copy(authorities))
