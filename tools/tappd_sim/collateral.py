"""What a verifier needs beside a quote, signed by the test PKI: CRLs, TCB info, QE identity."""
import datetime
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from . import tcb
from .pki import sign_raw
from .quote import QE_MRSIGNER


def _iso(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _crl(authority, issued, until, revoked):
    """`revoked`: serial numbers."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.cert.subject)
        .last_update(issued)
        .next_update(until)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
            authority.key.public_key()), critical=False))
    for serial in sorted(revoked):
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(issued)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            .build())
    return builder.sign(authority.key, hashes.SHA256())


def crl_der(crl):
    return crl.public_bytes(serialization.Encoding.DER)


def crl_pem(crl):
    return crl.public_bytes(serialization.Encoding.PEM)


class Collateral:
    """Issued an hour before `now` (a naive UTC datetime) plus `offset_s`, valid for 30 days; the
    root CRL for a year. `revoked`: certificate serials; each CRL lists all of them, as a serial
    means something only beside its issuer."""

    def __init__(self, pki, now, offset_s=0, revoked=()):
        issued = (now.replace(microsecond=0) - datetime.timedelta(hours=1)
                  + datetime.timedelta(seconds=offset_s))
        until = issued + datetime.timedelta(days=30)
        dates = (_iso(issued), _iso(until))
        self._signer = pki.tcb_signing
        self.signing_chain = pki.tcb_signing.pem + pki.root.pem
        self.root_crl = _crl(pki.root, issued, issued + datetime.timedelta(days=365), revoked)
        self.pck_crl = {ca: _crl(pki.pck_ca(ca), issued, until, revoked)
                        for ca in ("platform", "processor")}
        self.pck_crl_chain = {ca: pki.pck_ca(ca).pem + pki.root.pem
                              for ca in ("platform", "processor")}
        self.tcb_info = tcb.tcb_info(*dates)
        self.qe_identity = tcb.qe_identity(*dates, QE_MRSIGNER)
        self.evaluation_numbers = tcb.evaluation_numbers(*dates)

    def signature(self, document):
        return sign_raw(self._signer.key, document).hex()

    def answer(self, member, document):
        """The body in which the provisioning service wraps a signed document."""
        return (b'{"' + member.encode() + b'":' + document + b',"signature":"'
                + self.signature(document).encode() + b'"}')

    def bundle(self, ca):
        """The JSON object that dcap-qvl and `replicatoorctl verify` read."""
        return json.dumps({
            "pck_crl_issuer_chain": self.pck_crl_chain[ca],
            "root_ca_crl": crl_der(self.root_crl).hex(),
            "pck_crl": crl_der(self.pck_crl[ca]).hex(),
            "tcb_info_issuer_chain": self.signing_chain,
            "tcb_info": self.tcb_info.decode(),
            "tcb_info_signature": self.signature(self.tcb_info),
            "qe_identity_issuer_chain": self.signing_chain,
            "qe_identity": self.qe_identity.decode(),
            "qe_identity_signature": self.signature(self.qe_identity),
        }, indent=1)
