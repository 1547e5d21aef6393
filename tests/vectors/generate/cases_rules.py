"""More cases: what is left of each rule of docs/verification.md once cases.py is through, an accepting
neighbour beside the refusals where there is one."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tools.tappd_sim import der, pki, tcb

from .cases import SECOND, _set, add, case, each
from .world import (ISSUED, NOW, certificate, iso, make_crl, pck_with, pem_of, pem_of_der, resign,
                    sgx_value)

ACCEPT = "ACCEPT UpToDate"


def field(prefix, expected, why, name, values):
    """One case per value of an attribute of the world."""
    for label, value in values.items():
        codes = expected if isinstance(expected, str) else expected.get(label, expected.get("*"))
        add(f"{prefix}_{label}", codes, why,
            lambda w, value=value: setattr(w, name, value(w) if callable(value) else value))


# quote.header, quote.format

field("version", "QUOTE_VERSION", "a version of another format", "version",
      {"0": 0, "1": 1, "2": 2, "3": 3, "6": 6})
field("version", "BODY_TYPE QUOTE_FORMAT", "a body that says it is of version 5", "version", {"4_as_5": 5})
field("key_type", "ATT_KEY_TYPE", "another kind of attestation key", "key_type",
      {"0": 0, "1": 1, "3_p384": 3, "258": 0x102})
field("tee_type", "TEE_TYPE QUOTE_FORMAT", "another TEE", "tee_type",
      {"sgx": 0, "82": 0x82, "8100": 0x8100})
field("reserved", "HEADER_RESERVED", "reserved bytes of the header are in use", "reserved",
      {"first": 1, "last": 1 << 31})
field("vendor", "QE_VENDOR", "another vendor's quoting enclave", "vendor",
      {"zero": bytes(16), "last_byte": bytes.fromhex("939a7233f79c4ca9940a0db3957f0608")})
field("ok", ACCEPT, "user data of the header is signed and nothing of ours", "user_data",
      {"user_data": bytes(range(20))})


@each("BODY_TYPE QUOTE_FORMAT", "a body of another type", {"0": 0, "1": 1, "4": 4, "256": 0x300})
def body_type(w, kind):
    w.body_type = kind


@each("QUOTE_FORMAT", "a body of another length than its type's", {
    "584": 584, "649": 649, "0": 0, "wraps": 0xffffffff})
def body_size(w, size):
    w.body_type, w.body_size = 3, size


@case("QUOTE_FORMAT", "a TD report 1.0 with a byte too many")
def body_size_td10(w):
    w.body_type, w.body_size = 2, 585


@case(ACCEPT, "version 5 with a TD report 1.0")
def ok_v5_td10(w):
    w.body_type = 2


@case("QUOTE_FORMAT", "a quote of version 5 that says it is of version 4")
def version_5_as_4(w):
    w.body_type = 3
    w.quote_edit = lambda q: b"\4" + q[1:]


field("tail", ACCEPT, "padding of zeros, or none", "tail", {
    "ok_none": b"", "ok_one": b"\0", "ok_much": bytes(8000)})
field("tail", "TRAILING", "something behind the signature data", "tail", {
    "one": b"\1", "first": b"\1" + bytes(60), "last": bytes(60) + b"\1"})
field("giant", "QUOTE_FORMAT", "more than anybody can send", "tail",
      {"one_too_many": lambda w: bytes(65536), "megabyte": bytes(1 << 20)})
field("data_len", "QUOTE_FORMAT", "signature data of another length than it says", "data_len",
      {"0": 0, "590": 590, "4096": 4096, "max": 0xffffffff, "wraps": 0xfffffffc})
field("outer_len", "QUOTE_FORMAT", "certification data of another length than it says", "outer_len",
      {"0": 0, "max": 0xffffffff, "int_max": 0x7fffffff})
field("inner_len", {"0": "QUOTE_FORMAT", "max": "QUOTE_FORMAT", "100": "INNER_TRAILING QUOTE_FORMAT"},
      "a chain of another length than it says", "inner_len", {"0": 0, "100": 100, "max": 0xffffffff})
field("auth_len", "QUOTE_FORMAT", "auth data of another length than it says", "auth_len",
      {"max": 65535})
field("outer_type", "CERT_TYPE_OUTER QUOTE_FORMAT", "another kind of certification data",
      "outer_type", {"0": 0, "5": 5, "7": 7})
field("inner_type", "CERT_TYPE_INNER QUOTE_FORMAT", "the PCK certificate in another form",
      "inner_type", {"1": 1, "2": 2, "3": 3, "4": 4, "6": 6, "0": 0})
field("inner_extra", "INNER_TRAILING QUOTE_FORMAT", "bytes behind the chain", "inner_extra",
      {"zero": b"\0", "text": b"x" * 10})
field("outer_extra", "QUOTE_FORMAT", "bytes behind the certification data", "outer_extra",
      {"zero": b"\0"})


@each("QUOTE_FORMAT", "a quote that is cut", {
    "empty": 0, "one": 1, "header": 48, "body": 632, "data": 700, "last": -1})
def cut(w, length):
    w.tail = b""
    w.quote_edit = lambda q: q[:length]


# qe.signature, qe.binding, quote.signature

@each("QUOTE_SIGNATURE", "no signature at all", {
    "zero": bytes(64), "r_zero": bytes(32) + b"\1" * 32, "s_zero": b"\1" * 32 + bytes(32),
    "r_is_n": bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
    + b"\1" * 32})
def quote_signature(w, signature):
    w.data_edit = lambda d: signature + d[64:]


N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


@case(ACCEPT, "the other s of the same signature: Intel's signatures may have either")
def ok_high_s(w):
    def other(d):
        s = N - int.from_bytes(d[32:64], "big")
        return d[:32] + s.to_bytes(32, "big") + d[64:]
    w.data_edit = other


@case("QE_REPORT_SIGNATURE", "a flipped bit of the QE report's signature")
def qe_signature_flipped(w):
    w.data_edit = lambda d: d[:520] + bytes([d[520] ^ 1]) + d[521:]


@case("QE_REPORT_SIGNATURE", "a flipped bit of the QE report, of a field that nobody reads")
def qe_report_flipped(w):
    w.data_edit = lambda d: d[:134] + bytes([d[134] ^ 1]) + d[135:]


@case("QUOTE_SIGNATURE", "a flipped bit of the TD's measurement")
def body_flipped(w):
    w.quote_edit = lambda q: q[:48 + 328] + bytes([q[48 + 328] ^ 1]) + q[48 + 329:]


@case("ATT_KEY QE_REPORT_DATA", "an attestation key that is no point of the curve")
def ak_off_curve(w):
    w.data_edit = lambda d: d[:64] + b"\1" * 64 + d[128:]


@case("QUOTE_SIGNATURE QE_REPORT_DATA", "another attestation key than the QE vouches for")
def ak_swapped(w):
    other = pki.public_xy(pki.new_key())
    w.data_edit = lambda d: d[:64] + other + d[128:]


@case("QE_REPORT_DATA", "the lower half of the QE's report data is another hash")
def qe_data_other(w):
    w.qe_fields["report_data"] = b"\1" * 32 + bytes(32)


@case("QE_REPORT_DATA", "the upper half of the QE's report data is in use")
def qe_data_upper(w):
    w.qe_tail = bytes(31) + b"\1"


@each("QE_REPORT_DATA", "auth data that the QE has not bound", {
    "cut": lambda a: a[:-1], "longer": lambda a: a + b"\0", "flipped": lambda a: b"\xff" + a[1:]})
def auth(w, change):
    def edit(d):
        old = d[584:584 + 32]
        new = change(old)
        rest = new + d[616:]
        shift = len(new) - len(old)
        outer = int.from_bytes(d[130:134], "little") + shift
        return (d[:130] + outer.to_bytes(4, "little") + d[134:582]
                + len(new).to_bytes(2, "little") + rest)
    w.data_edit = edit


# qe.report

@each({"misc": "QE_MISCSELECT", "misc_last": "QE_MISCSELECT", "init_clear": "QE_ATTRIBUTES",
       "mode64_clear": "QE_ATTRIBUTES", "debug": "QE_DEBUG QE_ATTRIBUTES", "mrsigner": "QE_MRSIGNER",
       "prodid": "QE_ISVPRODID", "svn_low": "QE_TCB_NOT_SUPPORTED"},
      "a quoting enclave that is not Intel's, or not this one", {
    "misc": ("misc_select", b"\1\0\0\0"), "misc_last": ("misc_select", b"\0\0\0\1"),
    "init_clear": ("attributes", bytes.fromhex("1400000000000000e700000000000000")),
    "mode64_clear": ("attributes", bytes.fromhex("0100000000000000e700000000000000")),
    "debug": ("attributes", bytes.fromhex("1700000000000000e700000000000000")),
    "mrsigner": ("mrsigner", bytes(32)), "prodid": ("isv_prod_id", b"\1\0"),
    "svn_low": ("isv_svn", b"\3\0")})
def qe_report(w, change):
    w.qe_fields[change[0]] = change[1]


@each(ACCEPT, "what the identity does not speak of", {
    "cpu_svn": ("cpu_svn", bytes(16)), "mrenclave": ("mrenclave", bytes(32)),
    "provision_key_clear": ("attributes", bytes.fromhex("1100000000000000e700000000000000")),
    "xfrm": ("attributes", bytes.fromhex("1500000000000000ff00000000000000")),
    "svn_lowest": ("isv_svn", b"\4\0"), "svn_high": ("isv_svn", b"\0\1")})
def ok_qe_report(w, change):
    w.qe_fields[change[0]] = change[1]


@case("QE_ATTRIBUTES", "INIT is clear, and the identity's mask does not look at it")
def qe_not_init_masked(w):
    w.qe_identity.update(attributes="00" * 16, attributesMask="00" * 16)
    w.qe_fields["attributes"] = bytes(16)


@case("QE_MISCSELECT", "the mask counts in the order of its text, not as a number")
def qe_misc_order(w):
    w.qe_identity.update(miscselect="00000001", miscselectMask="FFFFFFFF")
    w.qe_fields["misc_select"] = b"\1\0\0\0"


@case(ACCEPT, "masked bits of MISCSELECT do not count")
def ok_qe_misc_masked(w):
    w.qe_identity["miscselectMask"] = "00FFFFFF"
    w.qe_fields["misc_select"] = b"\xff\0\0\0"


@case("QE_MISCSELECT", "an expected bit outside of the mask can never be met")
def qe_misc_outside_mask(w):
    w.qe_identity.update(miscselect="01000000", miscselectMask="00FFFFFF")
    w.qe_fields["misc_select"] = b"\1\0\0\0"


def _qe_levels(*levels):
    return [{"tcb": {"isvsvn": svn}, "tcbDate": "2024-03-13T00:00:00Z", "tcbStatus": status,
             **({"advisoryIDs": [f"INTEL-SA-QE-{svn}"]} if status == "OutOfDate" else {})}
            for svn, status in levels]


@case("ACCEPT OutOfDate", "the QE's level is out of date", ["INTEL-SA-QE-4"])
def qe_level_out_of_date(w):
    w.qe_identity["tcbLevels"] = _qe_levels((8, "UpToDate"), (4, "OutOfDate"))


@case("ACCEPT OutOfDate", "the QE's levels from the lowest", ["INTEL-SA-QE-4"])
def qe_levels_unsorted(w):
    w.qe_identity["tcbLevels"] = _qe_levels((2, "Revoked"), (4, "OutOfDate"), (8, "UpToDate"))


@case("TCB_REVOKED", "the QE's level is revoked")
def qe_level_revoked(w):
    w.qe_identity["tcbLevels"] = _qe_levels((8, "UpToDate"), (4, "Revoked"))


# certificates: what only an edited and newly signed one can be

SHA384 = bytes.fromhex("2a8648ce3d040303")
SHA256 = bytes.fromhex("2a8648ce3d040302")


def _flip(raw, at):
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]


def _negative_serial(tbs):
    at = tbs.index(b"\xa0\3\2\1\2") + 7
    return tbs[:at] + bytes([tbs[at] | 0x80]) + tbs[at + 1:]


LEAF_EDITS = {
    "version_2": ("PEM_FORMAT", lambda t: t.replace(b"\xa0\3\2\1\2", b"\xa0\3\2\1\1", 1)),
    "inner_algorithm": ("CERT_SIGALG", lambda t: t.replace(SHA256, SHA384, 1)),
    "point_form": ("CERT_KEY", lambda t: t.replace(b"\x03\x42\0\4", b"\x03\x42\0\5", 1)),
    "curve": ("CERT_KEY", lambda t: t.replace(bytes.fromhex("2a8648ce3d030107"),
                                              bytes.fromhex("2a8648ce3d030106"), 1)),
    "off_curve": ("CERT_KEY", lambda t: _flip(t, t.index(b"\x03\x42\0\4") + 60)),
    "serial_negative": ("PEM_FORMAT", lambda t: _negative_serial(t)),
    "usage_twice": ("CERT_CRITICAL_EXT BASIC_CONSTRAINTS KEY_USAGE",
                    lambda t: t.replace(b"\x55\x1d\x13", b"\x55\x1d\x0f", 1)),
    "constraints_critical_other": ("CERT_CRITICAL_EXT BASIC_CONSTRAINTS",
                                   lambda t: t.replace(b"\x55\x1d\x13", b"\x55\x1d\x7f", 1)),
    "sgx_other": ("PCK_EXTENSION", lambda t: t.replace(
        bytes.fromhex("06092a864886f84d010d01"), bytes.fromhex("06092a864886f84d010d02"), 1)),
}


def _edited_leaf(w, change):
    w.pck = pck_with(w, serial=1 << 150)
    leaf = resign(w.pck.cert, w.ca.key, change)
    w.chain_pem = leaf + w.ca.pem + w.pki.root.pem


for _name, (_expected, _change) in LEAF_EDITS.items():
    add(f"leaf_edit_{_name}", _expected, "one thing of the leaf's DER changed",
        lambda w, change=_change: _edited_leaf(w, change))


@each("PEM_FORMAT", "a certificate that is not exact DER", {
    "trailing": lambda raw: raw + b"\0", "cut": lambda raw: raw[:-1], "garbage": lambda raw: b"\x30\0",
    "long_length": lambda raw: b"\x30\x83\0" + raw[2:], "too_big": lambda raw: raw + bytes(4097)})
def leaf_der(w, change):
    import cryptography.hazmat.primitives.serialization as s
    w.pck = pck_with(w)
    raw = w.pck.cert.public_bytes(s.Encoding.DER)
    w.chain_pem = pem_of_der(change(raw)) + w.ca.pem + w.pki.root.pem


@case("ACCEPT UpToDate", "CRLF ends lines as well")
def ok_pem_crlf(w):
    w.pck = pck_with(w)
    w.chain_pem = (pem_of(w.pck.cert) + w.ca.pem + w.pki.root.pem).replace("\n", "\r\n")


@case("CHAIN_LEN", "a fourth certificate")
def pem_four(w):
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + w.ca.pem + 2 * w.pki.root.pem


@each({"reversed": "PCK_NAME ROOT_UNTRUSTED BASIC_CONSTRAINTS KEY_USAGE PCK_ISSUER INTER_SIG "
                   "PCK_EXTENSION INTER_NAME",
       "swapped": "PCK_NAME INTER_NAME BASIC_CONSTRAINTS KEY_USAGE PCK_ISSUER INTER_SIG "
                  "PCK_EXTENSION"},
      "roles go by position", {"reversed": (2, 1, 0), "swapped": (1, 0, 2)})
def pem_order(w, order):
    w.pck = pck_with(w)
    chain = [pem_of(w.pck.cert), w.ca.pem, w.pki.root.pem]
    w.chain_pem = "".join(chain[i] for i in order)


def _other_inter(w, **changes):
    args = {"is_ca": True, "path_length": 0, **changes}
    inter = certificate(w.ca.key, "Intel SGX PCK Platform CA", w.pki.root, **args)
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + pem_of(inter.cert) + w.pki.root.pem


@each(ACCEPT, "a PCK CA valid to the second", {
    "first": {"since": NOW}, "last": {"until": NOW}})
def ok_inter_second(w, changes):
    _other_inter(w, **changes)


@each(ACCEPT, "a TCB signer valid to the second", {
    "first": {"since": NOW}, "last": {"until": NOW}})
def ok_signer_second(w, changes):
    w.signer = certificate(w.signer.key, "Intel SGX TCB Signing", w.pki.root, is_ca=False, **changes)


@each({"future": "CERT_NOT_YET_VALID", "expired": "CERT_EXPIRED"}, "a leaf out of its period", {
    "future": {"since": NOW + SECOND}, "expired": {"until": NOW - SECOND}})
def pck_period(w, changes):
    w.pck = pck_with(w, **changes)


@each({"future": "CERT_NOT_YET_VALID", "expired": "CERT_EXPIRED"}, "a root out of its period", {
    "future": {"since": NOW + SECOND}, "expired": {"until": NOW - SECOND}})
def root_period(w, changes):
    root = certificate(w.pki.root.key, "Intel SGX Root CA", None, is_ca=True, path_length=1, **changes)
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + w.ca.pem + pem_of(root.cert)


@case("BASIC_CONSTRAINTS", "a root whose path length leaves no room for the PCK CA")
def root_path_length(w):
    root = certificate(w.pki.root.key, "Intel SGX Root CA", None, is_ca=True, path_length=0)
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + w.ca.pem + pem_of(root.cert)


@case("ROOT_UNTRUSTED", "a root of Intel's key that another key signed")
def root_other_signer(w):
    root = certificate(w.pki.root.key, "Intel SGX Root CA", None, is_ca=True, path_length=1,
                       signer=pki.new_key())
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + w.ca.pem + pem_of(root.cert)


@case("PCK_ISSUER", "a leaf that names another issuer")
def leaf_issuer_name(w):
    w.pck = pck_with(w, issuer_name=pki._name("Intel SGX PCK Platform CB"))


@case("INTER_SIG INTER_NAME", "a PCK CA that names another issuer")
def inter_issuer_name(w):
    _other_inter(w, issuer_name=pki._name("Intel SGX Root CB"))


@case("INTER_NAME BASIC_CONSTRAINTS KEY_USAGE INTER_SIG",
      "a PCK key that plays CA for another PCK", name="pck_as_ca")
def _pck_as_ca(w):
    mid = pck_with(w)
    leaf = pck_with(w, issuer=mid)
    w.pck = leaf
    w.chain_pem = pem_of(leaf.cert) + pem_of(mid.cert) + w.pki.root.pem


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


@case(ACCEPT, "an unknown extension that is not critical")
def ok_leaf_extension(w):
    w.pck = pck_with(w, extra=[(UNKNOWN, False)])


@case("CERT_CRITICAL_EXT", "an unknown critical extension of the PCK CA")
def inter_critical(w):
    _other_inter(w, extra=[(UNKNOWN, True)])


@case("ACCEPT UpToDate", "a serial of twenty bytes with the top bit set")
def ok_serial_20(w):
    w.pck = pck_with(w, serial=(1 << 159) - 5)


# tcb.signer

def _signer(w, **changes):
    args = {"is_ca": False, **changes}
    name = args.pop("name", "Intel SGX TCB Signing")
    w.signer = certificate(args.pop("key", w.signer.key), name, args.pop("issuer", w.pki.root), **args)


@each({"usage": "KEY_USAGE", "usage_absent": "KEY_USAGE", "constraints": "BASIC_CONSTRAINTS",
       "critical": "CERT_CRITICAL_EXT", "sha384": "CERT_SIGALG", "other_signer": "ROOT_UNTRUSTED INTER_SIG",
       "issuer_name": "ROOT_UNTRUSTED TCB_SIGNING_NAME"},
      "a signer that is not as Intel's", {
    "usage": {"usage": pki._key_usage(True)}, "usage_absent": {"usage": False},
    "constraints": {"is_ca": None}, "critical": {"extra": [(UNKNOWN, True)]},
    "sha384": {"algorithm": hashes.SHA384()}, "other_signer": {"signer": pki.new_key()},
    "issuer_name": {"issuer_name": pki._name("Intel SGX Root CB")}})
def signer(w, changes):
    _signer(w, **changes)


@case("ROOT_UNTRUSTED INTER_SIG TCB_SIGNING_NAME", "a signer that the PCK CA issued")
def signer_of_platform_ca(w):
    _signer(w, issuer=w.pki.platform)


@case("TCB_SIGNING_NAME ROOT_UNTRUSTED INTER_SIG", "documents signed by the platform's own PCK key",
      name="tcb_signed_by_pck")
def _tcb_signed_by_pck(w):
    w.pck = pck_with(w)
    w.signer = w.pck


@each({"one": "CHAIN_LEN", "three": "CHAIN_LEN", "text": "PEM_FORMAT",
       "root_first": "TCB_SIGNING_NAME ROOT_UNTRUSTED BASIC_CONSTRAINTS KEY_USAGE INTER_SIG"},
      "an issuer chain that is not signer and root", {
    "one": lambda s, r: s, "three": lambda s, r: s + r + r, "text": lambda s, r: s + "x\n" + r,
    "root_first": lambda s, r: r + s})
def signer_chain(w, make):
    w.signer_chain = make(pem_of(w.signer.cert), w.pki.root.pem)


@case("ROOT_UNTRUSTED", "documents under another root of the same name")
def signer_other_root(w):
    root = certificate(pki.new_key(), "Intel SGX Root CA", None, is_ca=True, path_length=1)
    _signer(w, issuer=root)
    w.signer_chain = pem_of(w.signer.cert) + pem_of(root.cert)


# revocation lists

@case("CRL_UNKNOWN_ISSUER", "both lists exchanged")
def crls_swapped(w):
    w.bundle_edit = lambda b: {**b, "pck_crl": b["root_ca_crl"], "root_ca_crl": b["pck_crl"]}


@case("CRL_UNKNOWN_ISSUER", "the other CA's list")
def processor_with_platform_crl(w):
    w.platform.ca = "processor"
    w.pck_crl = make_crl(w.pki.platform)


@case("PCK_REVOKED", "a leaf of the Processor CA on its list")
def processor_revoked(w):
    w.platform.ca = "processor"
    w.pck = pck_with(w)
    w.pck_crl = make_crl(w.ca, revoked=[w.pck.cert.serial_number])


@case("CRL_BAD_SIGNATURE", "a list with an entry altered")
def crl_entry_altered(w):
    raw = make_crl(w.ca, revoked=[0x1122334455667788])
    w.pck_crl = raw.replace(bytes.fromhex("1122334455667788"), bytes.fromhex("1122334455667789"))


@each("CRL_FORMAT", "a list that is not of version 2, or signed by another algorithm", {
    "inner_sha384": lambda raw: raw.replace(SHA256, SHA384, 1),
    "both_sha384": lambda raw: raw.replace(SHA256, SHA384),
    "version_1": lambda raw: raw.replace(b"\2\1\1", b"\2\1\0", 1)})
def crl_shape(w, change):
    w.pck_crl = change(make_crl(w.ca))


@each("CRL_EXTENSION", "an entry that says more than a reason", {
    "date": x509.InvalidityDate(datetime.datetime(2026, 1, 1)),
    "removed": x509.CRLReason(x509.ReasonFlags.remove_from_crl)})
def crl_entry(w, extension):
    w.pck_crl = make_crl(w.ca, revoked=[7], entry_extension=extension)


@case(ACCEPT, "an entry of another serial with another reason")
def ok_crl_reason(w):
    w.pck_crl = make_crl(w.ca, revoked=[7], entry_extension=x509.CRLReason(
        x509.ReasonFlags.superseded))


# signed documents

for _doc, _sign in (("tcb_info", "TCB_INFO"), ("qe_identity", "QE_IDENTITY")):
    _depth = "TCB_INFO_DEPTH" if _doc == "tcb_info" else "QE_IDENTITY_FORMAT"
    _twice = "TCB_INFO_DUP_KEY" if _doc == "tcb_info" else "QE_IDENTITY_FORMAT"
    TEXTS = {
        "bom": (f"{_sign}_FORMAT", lambda t: "\ufeff" + t),
        "trailing": (f"{_sign}_FORMAT", lambda t: t + "x"),
        "two": (f"{_sign}_FORMAT", lambda t: t + t),
        "array": (f"{_sign}_FORMAT", lambda t: f"[{t}]"),
        "float": (f"{_sign}_FORMAT", lambda t: t.replace('"version":', '"version":1.0,"v":', 1)),
        "exponent": (f"{_sign}_FORMAT", lambda t: t.replace(
            '"tcbEvaluationDataNumber":18', '"tcbEvaluationDataNumber":18e0', 1)),
        "huge": (f"{_sign}_FORMAT", lambda t: t.replace(
            '"tcbEvaluationDataNumber":18', '"tcbEvaluationDataNumber":4294967296', 1)),
        "too_long": (f"{_sign}_FORMAT", lambda t: t[:-1] + " " * (256 * 1024) + "}"),
        "deep": (_depth, lambda t: t[:-1] + ',"x":' + "[" * 20 + "]" * 20 + "}"),
        "dup_top": (_twice, lambda t: t[:-1] + ',"version":3}'),
        "dup_inside": (_twice, lambda t: t.replace('"tcbStatus"', '"tcbStatus":"UpToDate","tcbStatus"', 1)),
        "no_dates": (f"{_sign}_FORMAT", lambda t: t.replace('"nextUpdate"', '"nextUpdated"', 1)),
        "day_31": ("DATE_FORMAT", lambda t: t.replace(f'"{iso(ISSUED)}"', '"2026-04-31T00:00:00Z"', 1)),
        "leap_day": ("DATE_FORMAT", lambda t: t.replace(f'"{iso(ISSUED)}"', '"2025-02-29T00:00:00Z"', 1)),
        "offset": ("DATE_FORMAT", lambda t: t.replace(f'"{iso(ISSUED)}"', '"2026-05-27T00:00:00+00:00"', 1)),
        "ok_space": (ACCEPT, lambda t: t.replace(",", ", ")),
        "ok_escape": (ACCEPT, lambda t: t[:-1] + ',"x":"\\u00e9"}'),
        "ok_depth": (ACCEPT, lambda t: t[:-1] + ',"x":' + "[" * 14 + "]" * 14 + "}"),
        "ok_eval_max": (ACCEPT, lambda t: t.replace(
            '"tcbEvaluationDataNumber":18', '"tcbEvaluationDataNumber":4294967295', 1)),
    }
    for _name, (_expected, _change) in TEXTS.items():
        add(f"{_doc}_text_{_name}", _expected, "the signed text itself is another",
            lambda w, doc=_doc, change=_change: setattr(
                w, "text_edit", lambda name, text: change(text) if name == doc else text))

LEVEL = ("tcbLevels", 0)
FIRST = LEVEL + ("tcb",)
SECOND_LEVEL = ("tcbLevels", 1, "tcb")
MEMBERS = {
    "tcb_info": {
        "version_4": ("TCB_INFO_KIND TCB_INFO_FORMAT", ("version",), 4),
        "id_sgx": ("TCB_INFO_KIND", ("id",), "SGX"),
        "type_1": ("TCB_TYPE", ("tcbType",), 1),
        "no_modules_member": ("TCB_INFO_FORMAT", ("tdxModule",), None),
        "mrsigner_short": ("TCB_INFO_FORMAT", ("tdxModule", "mrsigner"), "00" * 47),
        "no_date": ("TCB_INFO_FORMAT", LEVEL + ("tcbDate",), None),
        "no_status": ("TCB_INFO_FORMAT TCB_STATUS_UNKNOWN", LEVEL + ("tcbStatus",), None),
        "status_lower": ("TCB_STATUS_UNKNOWN", LEVEL + ("tcbStatus",), "uptodate"),
        "level_date": ("DATE_FORMAT", LEVEL + ("tcbDate",), "2024-03-13"),
        "levels_none": ("TCB_INFO_FORMAT", ("tcbLevels",), None),
        "levels_empty": ("TCB_INFO_FORMAT", ("tcbLevels",), []),
        "sgxcomp_0": ("TCB_INFO_FORMAT", FIRST + ("sgxtcbcomponents",), []),
        "tdxcomp_8": ("TCB_INFO_FORMAT", FIRST + ("tdxtcbcomponents",), 8 * [{"svn": 0}]),
        "tdxcomp_17": ("TCB_INFO_FORMAT", FIRST + ("tdxtcbcomponents",), 17 * [{"svn": 0}]),
        "svn_float": ("TCB_INFO_FORMAT", FIRST + ("sgxtcbcomponents", 0, "svn"), 1.5),
        "svn_negative": ("TCB_INFO_FORMAT", FIRST + ("sgxtcbcomponents", 0, "svn"), -1),
        "svn_bool": ("TCB_INFO_FORMAT", FIRST + ("sgxtcbcomponents", 0, "svn"), True),
        "pcesvn_65536": ("TCB_INFO_FORMAT", FIRST + ("pcesvn",), 65536),
        "advisories_text": ("TCB_INFO_FORMAT", LEVEL + ("advisoryIDs",), "INTEL-SA-1"),
        "advisory_long": ("TCB_INFO_FORMAT", LEVEL + ("advisoryIDs",), ["x" * 24]),
        "advisory_space": ("TCB_INFO_FORMAT", LEVEL + ("advisoryIDs",), ["a b"]),
        "module_id": ("TCB_INFO_FORMAT", ("tdxModuleIdentities", 0, "id"), "TDX_3"),
        "module_svn_256": ("TCB_INFO_FORMAT", ("tdxModuleIdentities", 1, "tcbLevels", 0, "tcb", "isvsvn"),
                           256),
        "module_status": ("TCB_STATUS_UNKNOWN", ("tdxModuleIdentities", 1, "tcbLevels", 0, "tcbStatus"),
                          "SWHardeningNeeded"),
        "ok_fmspc_lower": (ACCEPT, ("fmspc",), "53494d000000"),
        "ok_component_names": (ACCEPT, FIRST + ("sgxtcbcomponents", 0),
                               {"svn": 20, "category": "BIOS", "type": "x" * 300}),
        "ok_pcesvn_equal": (ACCEPT, FIRST + ("pcesvn",), tcb.PCE_SVN),
        "ok_module_level_low": (ACCEPT, ("tdxModuleIdentities", 1, "tcbLevels", 0, "tcb", "isvsvn"), 5),
    },
    "qe_identity": {
        "id_qe": ("QE_IDENTITY_KIND", ("id",), "QE"),
        "status_swh": ("TCB_STATUS_UNKNOWN", LEVEL + ("tcbStatus",), "SWHardeningNeeded"),
        "misc_short": ("QE_IDENTITY_FORMAT", ("miscselect",), "000000"),
        "mask_long": ("QE_IDENTITY_FORMAT", ("attributesMask",), "00" * 17),
        "svn_65536": ("QE_IDENTITY_FORMAT", LEVEL + ("tcb", "isvsvn"), 65536),
        "prodid_negative": ("QE_IDENTITY_FORMAT", ("isvprodid",), -2),
        "no_levels": ("QE_IDENTITY_FORMAT", ("tcbLevels",), None),
        "ok_mrsigner_lower": (ACCEPT, ("mrsigner",),
                              "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5"),
        "ok_svn_equal": (ACCEPT, LEVEL + ("tcb", "isvsvn"), 6),
        "ok_number_other": (ACCEPT, ("tcbEvaluationDataNumber",), 3),
    },
}
for _doc, _fields in MEMBERS.items():
    for _name, (_expected, _path, _value) in _fields.items():
        add(f"{_doc}_{_name}", _expected, "one member changed",
            lambda w, d=_doc, p=_path, v=_value: _set(p, v)(getattr(w, d)))


@case("TCB_INFO_DUPLICATE_LEVEL", "two levels of the same versions with two statuses")
def tcb_info_level_twice(w):
    again = dict(w.tcb_info["tcbLevels"][0], tcbStatus="OutOfDate")
    w.tcb_info["tcbLevels"].append(again)


@case(ACCEPT, "levels in the order of the lowest first")
def ok_tcb_info_reversed(w):
    w.tcb_info["tcbLevels"].reverse()


@case("ACCEPT OutOfDate", "reversed levels do not make an old platform good", ["INTEL-SA-01036"])
def tcb_info_reversed_old(w):
    w.tcb_info["tcbLevels"].reverse()
    w.platform.sgx_svns = tcb.platform_svns("OutOfDate")


# tcb.level, tdx.module

@each("TCB_NOT_SUPPORTED", "one component below every level", {f"sgx_{i}": i for i in (1, 4, 5, 7)})
def level(w, i):
    svns = list(w.platform.sgx_svns)
    svns[i] -= 1
    w.platform.sgx_svns = tuple(svns)


@case("TCB_NOT_SUPPORTED", "a PCESVN below every level's")
def level_pcesvn(w):
    w.platform.pce_svn = tcb.PCE_SVN - 1


@case("TCB_NOT_SUPPORTED", "PCESVN 255 is below 256")
def level_pcesvn_255(w):
    w.platform.pce_svn = 255
    for entry in w.tcb_info["tcbLevels"]:
        entry["tcb"]["pcesvn"] = 256


@case(ACCEPT, "PCESVN 256 is above 255")
def ok_level_pcesvn_256(w):
    w.platform.pce_svn = 256
    for entry in w.tcb_info["tcbLevels"]:
        entry["tcb"]["pcesvn"] = 255


@case("TCB_NOT_SUPPORTED", "the microcode that runs the TD is below every level")
def level_tdx_2(w):
    w.fields["tee_tcb_svn"] = bytes([6, 1, 1]) + bytes(13)


@case("TCB_NOT_SUPPORTED", "what the TD runs on now is below every level")
def level_current(w):
    w.body_type = 3
    w.fields["tee_tcb_svn2"] = bytes([6, 1, 1]) + bytes(13)


@case(ACCEPT, "higher in one component does not make up for lower in another: both higher here")
def ok_level_higher(w):
    w.platform.sgx_svns = tuple(s + 1 for s in w.platform.sgx_svns)


@case(ACCEPT, "a module of line 0 is its platform's: components 0 and 1 count")
def ok_module_line_0(w):
    w.fields["tee_tcb_svn"] = bytes([5, 0, 3]) + bytes(13)


@case(ACCEPT, "a module of line 3")
def ok_module_line_3(w):
    w.fields["tee_tcb_svn"] = bytes([6, 3, 3]) + bytes(13)


@case("ACCEPT OutOfDate", "a module of an old level", ["INTEL-SA-01036"])
def module_old(w):
    w.fields["tee_tcb_svn"] = tcb.OLD_MODULE_SVN


@case("TDX_MODULE_MISMATCH", "what the TD runs on now is of an unknown line")
def module_current_unknown(w):
    w.body_type = 3
    w.fields["tee_tcb_svn2"] = bytes([6, 9, 3]) + bytes(13)


@each({"mrsigner_seam": "TDX_MODULE_MRSIGNER", "seam_attributes": "TDX_MODULE_ATTRIBUTES"},
      "a module of another signer, or of other attributes", {
    "mrsigner_seam": bytes(47) + b"\1", "seam_attributes": bytes(7) + b"\1"})
def seam(w, value):
    w.fields["mrsigner_seam" if len(value) == 48 else "seam_attributes"] = value


@case("TDX_MODULE_MRSIGNER", "a module of line 0 under another signer than the TCB info's")
def seam_line_0(w):
    w.fields["tee_tcb_svn"] = bytes([5, 0, 3]) + bytes(13)
    w.tcb_info["tdxModule"]["mrsigner"] = "01" * 48


@case("TDX_MODULE_ATTRIBUTES", "attributes that the identity wants, but that must be zero")
def seam_attributes_wanted(w):
    w.fields["seam_attributes"] = b"\1" + bytes(7)
    w.tcb_info["tdxModuleIdentities"][1]["attributes"] = "01" + "00" * 7


# two evaluations of a TD report 1.5

def _modules(w, launch, current):
    w.body_type = 3
    w.fields["tee_tcb_svn"] = bytes([launch, 1, 3]) + bytes(13)
    w.fields["tee_tcb_svn2"] = bytes([current, 1, 3]) + bytes(13)


@case("ACCEPT TDRelaunchAdvised", "launched on an old module, runs on a good one", ["INTEL-SA-01036"])
def relaunch_advised(w):
    _modules(w, 4, 6)


@case("ACCEPT OutOfDate", "launched on an old module, and still runs on it", ["INTEL-SA-01036"])
def relaunch_not_yet(w):
    _modules(w, 4, 4)


@case(ACCEPT, "launched on a good module, runs on an old one: the status of the launch")
def relaunch_worse(w):
    _modules(w, 6, 4)


@case("TCB_REVOKED", "launched on a revoked module")
def relaunch_revoked(w):
    _modules(w, 2, 6)


PERIOD = datetime.timedelta(days=1)


@case("CRL_EXPIRED TCB_INFO_EXPIRED QE_IDENTITY_EXPIRED", "all of the collateral has run out at once")
def everything_expired(w):
    w.root_crl = make_crl(w.pki.root, until=NOW - PERIOD)
    w.pck_crl = make_crl(w.ca, until=NOW - PERIOD)
    w.tcb_info["nextUpdate"] = w.qe_identity["nextUpdate"] = iso(NOW - PERIOD)


@case("QE_MRSIGNER FMSPC_MISMATCH TD_DEBUG PCK_REVOKED QUOTE_SIGNATURE",
      "five faults, each of which is named")
def five_faults(w):
    w.qe_fields["mrsigner"] = bytes(32)
    w.tcb_info["fmspc"] = "53494D000001"
    w.fields["td_attributes"] = (1 << 28 | 1).to_bytes(8, "little")
    w.pck = pck_with(w)
    w.pck_crl = make_crl(w.ca, revoked=[w.pck.cert.serial_number])
    w.quote_key = pki.new_key()


MORE_EXTENSIONS = {
    "smt": (ACCEPT, [("7", der.sequence(
        *(der.sequence(der.oid(f"{pki.SGX_EXTENSION}.7.{n}"), der.boolean(True)) for n in (1, 2, 3))))]),
    "smt_number": ("PCK_EXTENSION", [("7", der.sequence(
        der.sequence(der.oid(f"{pki.SGX_EXTENSION}.7.3"), der.integer(1))))]),
    "instance": (ACCEPT, [("6", der.octet_string(bytes(16)))]),
    "instance_15": ("PCK_EXTENSION", [("6", der.octet_string(bytes(15)))]),
}
for _name, (_expected, _extra) in MORE_EXTENSIONS.items():
    add(f"sgxext_{_name}", _expected, "a member that only some certificates have",
        lambda w, extra=_extra: setattr(w, "pck", pck_with(w, sgx_value(w.platform, extra=extra))))


@each("PCK_EXTENSION", "a type of SGX that there is not", {"3": 3})
def sgxext_type(w, value):
    w.pck = pck_with(w, sgx_value(w.platform, replace={"5": der.enumerated(value)}))
