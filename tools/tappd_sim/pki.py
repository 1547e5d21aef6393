"""The test PKI: a root of our own with the shape of Intel's, shared by any number of simulators.

Names, extensions and roles are those of Intel's certificates, since a strict verifier looks at all
of them; only the root key differs. Certificates are valid from 2018 (the root) or 2025 to 2045.
"""
import datetime
import fcntl
import hashlib
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from . import der

SGX_EXTENSION = "1.2.840.113741.1.13.1"
ROOT_CRL_URL = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
PCK_CRL_URL = ("https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl"
               "?ca={}&encoding=der")


class Authority:
    """A key with its certificate."""

    def __init__(self, key, cert):
        self.key = key
        self.cert = cert

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM).decode()


class Pki:
    """root, platform and processor (the two PCK CAs), tcb_signing: one Authority each."""

    def __init__(self, authorities):
        self.root = authorities["root"]
        self.platform = authorities["platform"]
        self.processor = authorities["processor"]
        self.tcb_signing = authorities["tcb_signing"]

    def pck_ca(self, name):
        return {"platform": self.platform, "processor": self.processor}[name]


def sign_raw(key, message):
    """ECDSA P-256 with SHA-256 as r || s, 64 bytes."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def public_xy(key):
    """The public point as x || y, 64 bytes."""
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name):
    return x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Intel Corporation"),
        x509.NameAttribute(NameOID.LOCALITY_NAME, "Santa Clara"),
        x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "CA"),
        x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
    ])


def _key_usage(is_ca):
    return x509.KeyUsage(digital_signature=not is_ca, content_commitment=not is_ca,
                         key_encipherment=False, data_encipherment=False, key_agreement=False,
                         key_cert_sign=is_ca, crl_sign=is_ca, encipher_only=False,
                         decipher_only=False)


def _certificate(key, common_name, issuer, *, since, path_length, crl_url=ROOT_CRL_URL,
                 serial=None, extra=()):
    """path_length None means: not a CA. issuer None means: self-signed."""
    is_ca = path_length is not None
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer.cert.subject if issuer else _name(common_name))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(datetime.datetime(2045, 12, 31, 23, 59, 59))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                       critical=False)
        .add_extension(x509.CRLDistributionPoints([x509.DistributionPoint(
            full_name=[x509.UniformResourceIdentifier(crl_url)], relative_name=None,
            reasons=None, crl_issuer=None)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
                       critical=False)
        .add_extension(_key_usage(is_ca), critical=True)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True))
    for extension in extra:
        builder = builder.add_extension(extension, critical=False)
    return Authority(key, builder.sign(signer, hashes.SHA256()))


def _make():
    start = datetime.datetime(2018, 5, 21, 10, 45, 10)
    root = _certificate(new_key(), "Intel SGX Root CA", None, since=start, path_length=1)
    return {
        "root": root,
        "platform": _certificate(new_key(), "Intel SGX PCK Platform CA", root, since=start,
                                 path_length=0),
        "processor": _certificate(new_key(), "Intel SGX PCK Processor CA", root, since=start,
                                  path_length=0),
        "tcb_signing": _certificate(new_key(), "Intel SGX TCB Signing", root, path_length=None,
                                    since=datetime.datetime(2025, 5, 6, 9, 25, 0)),
    }


def _save(directory, authorities):
    """The root certificate comes last: its presence says that the PKI is complete."""
    for name in ("platform", "processor", "tcb_signing", "root"):
        authority = authorities[name]
        pem = authority.key.private_bytes(serialization.Encoding.PEM,
                                          serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption())
        with open(os.open(f"{directory}/{name}.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "wb") as f:
            f.write(pem)
        with open(f"{directory}/{name}.pem.new", "w", encoding="ascii") as f:
            f.write(authority.pem)
        os.rename(f"{directory}/{name}.pem.new", f"{directory}/{name}.pem")


def _load(directory):
    authorities = {}
    for name in ("root", "platform", "processor", "tcb_signing"):
        with open(f"{directory}/{name}.key", "rb") as f:
            key = serialization.load_pem_private_key(f.read(), None)
        with open(f"{directory}/{name}.pem", "rb") as f:
            authorities[name] = Authority(key, x509.load_pem_x509_certificate(f.read()))
    return authorities


def open_pki(directory):
    """Loads the PKI of `directory`; the first caller makes it, the others wait for that."""
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(f"{directory}/root.pem"):
            _save(directory, _make())
        return Pki(_load(directory))


def sgx_extension(platform):
    """The value of the SGX extension: PPID, TCB, PCEID, FMSPC, type, and for Platform CA leaves
    the platform instance and its configuration."""
    def member(number, value):
        return der.sequence(der.oid(f"{SGX_EXTENSION}.{number}"), value)

    tcb = [member(f"2.{i + 1}", der.integer(svn)) for i, svn in enumerate(platform.sgx_svns)]
    tcb.append(member("2.17", der.integer(platform.pce_svn)))
    tcb.append(member("2.18", der.octet_string(bytes(platform.sgx_svns))))
    members = [
        member("1", der.octet_string(platform.ppid)),
        member("2", der.sequence(*tcb)),
        member("3", der.octet_string(platform.pce_id)),
        member("4", der.octet_string(platform.fmspc)),
        member("5", der.enumerated(1 if platform.ca == "platform" else 0)),
    ]
    if platform.ca == "platform":
        members.append(member("6", der.octet_string(
            hashlib.sha256(b"platform instance" + platform.ppid).digest()[:16])))
        members.append(member("7", der.sequence(*(member(f"7.{i}", der.boolean(True))
                                                  for i in (1, 2, 3)))))
    return der.sequence(*members)


def pck_serial(platform):
    """Follows from the PPID, so that any simulator of the same PKI can revoke any other's."""
    return int.from_bytes(hashlib.sha256(b"pck serial" + platform.ppid).digest()[:19], "big") | 1


def issue_pck(pki, platform):
    """A PCK key and certificate for `platform` (machine.Platform)."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(SGX_EXTENSION),
                                           sgx_extension(platform))
    return _certificate(new_key(), "Intel SGX PCK Certificate", pki.pck_ca(platform.ca),
                        since=datetime.datetime(2025, 2, 6, 23, 25, 51), path_length=None,
                        crl_url=PCK_CRL_URL.format(platform.ca), serial=pck_serial(platform),
                        extra=[extension])
