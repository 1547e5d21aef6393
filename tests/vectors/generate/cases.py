"""The cases: each takes a fresh World, bends one thing, and says what must come of it."""
import datetime
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tools.tappd_sim import der, pki, tcb

from .world import (ISSUED, NOW, UNTIL, certificate, iso, make_crl, pck_with, pem_of, sgx_value)

CASES = []
SECOND = datetime.timedelta(seconds=1)


def add(name, expected, why, bend, advisories=None, policy=None):
    """`expected`: "ACCEPT <status>", or exactly the codes of the refusal, with spaces between. `policy`:
    rules of the verifier by name (attestation/tdx/verifier_rules.h), where they are not the default's;
    every status is accepted unless `policy` says which."""
    CASES.append((name, expected, why, advisories, policy, bend))


def case(expected, why, advisories=None, name=None, policy=None):
    def register(bend):
        add(name or bend.__name__, expected, why, bend, advisories, policy)
        return bend
    return register


def each(expected, why, values, policy=None):
    """One case per value: name -> argument. `expected` may differ by name; "*" is the rest's."""
    def register(bend):
        for name, value in values.items():
            codes = expected if isinstance(expected, str) else expected.get(name, expected.get("*"))
            add(f"{bend.__name__}_{name}", codes, why, lambda w, value=value: bend(w, value),
                policy=policy)
        return bend
    return register


# Controls

@case("ACCEPT UpToDate", "nothing is bent")
def ok_v4(w):
    pass


@case("ACCEPT UpToDate", "TD report 1.5")
def ok_v5(w):
    w.body_type = 3


@case("ACCEPT UpToDate", "Processor CA with its own CRL")
def ok_processor(w):
    w.platform.ca = "processor"


@case("ACCEPT UpToDate", "lists with other serials revoke nobody here")
def ok_others_revoked(w):
    w.root_crl = make_crl(w.pki.root, revoked=[7, 1 << 158])
    w.pck_crl = make_crl(w.ca, revoked=[7, 1 << 158])


@case("ACCEPT UpToDate", "a PCK serial means something only in the list of its own issuer")
def ok_pck_serial_in_root_crl(w):
    w.pck = pck_with(w)
    w.root_crl = make_crl(w.pki.root, revoked=[w.pck.cert.serial_number])


@case("ACCEPT UpToDate", "no zero byte behind the chain")
def ok_no_zero_after_pem(w):
    w.chain_end = b""


@case("ACCEPT UpToDate", "auth data of another length, bound as it is")
def ok_auth_len_100(w):
    w.auth_data = bytes(100)


@case("ACCEPT UpToDate", "each document with a chain of its own certificate")
def ok_two_signers(w):
    other = certificate(w.signer.key, "Intel SGX TCB Signing", w.pki.root, is_ca=False)
    w.qe_signer_chain = pem_of(other.cert) + w.pki.root.pem


@case("ACCEPT UpToDate", "unknown members of the documents and of the extension are ignored")
def ok_unknown_members(w):
    w.tcb_info["future"] = {"a": [1, 2]}
    w.qe_identity["future"] = "x"
    w.pck = pck_with(w, sgx_value(w.platform, extra=[("9", der.octet_string(b"new"))]))


# Chains of the quote

@case("PCK_REVOKED", "the leaf is on its CA's list")
def pck_revoked(w):
    w.pck = pck_with(w)
    w.pck_crl = make_crl(w.ca, revoked=[5, w.pck.cert.serial_number])


@case("INTER_REVOKED", "the PCK CA is on the root's list")
def inter_revoked(w):
    w.root_crl = make_crl(w.pki.root, revoked=[w.ca.cert.serial_number])


@case("TCB_SIGNING_REVOKED", "the TCB signer is on the root's list")
def tcb_signing_revoked(w):
    w.root_crl = make_crl(w.pki.root, revoked=[w.signer.cert.serial_number])


def _other_signer(w):
    other = certificate(w.signer.key, "Intel SGX TCB Signing", w.pki.root, is_ca=False)
    w.qe_signer_chain = pem_of(other.cert) + w.pki.root.pem
    return other.cert.serial_number


@case("TCB_SIGNING_REVOKED", "the signer of the QE identity alone is on the root's list")
def qe_signer_revoked(w):
    w.root_crl = make_crl(w.pki.root, revoked=[_other_signer(w)])


@case("TCB_SIGNING_REVOKED", "two signers, both on the root's list")
def both_signers_revoked(w):
    w.root_crl = make_crl(w.pki.root, revoked=[_other_signer(w), w.signer.cert.serial_number])


@case("ROOT_REVOKED", "the root is on its own list")
def root_revoked(w):
    w.root_crl = make_crl(w.pki.root, revoked=[w.pki.root.cert.serial_number])


@case("ROOT_UNTRUSTED", "another root of the same name")
def other_root(w):
    root = certificate(pki.new_key(), "Intel SGX Root CA", None, is_ca=True, path_length=1)
    inter = certificate(pki.new_key(), "Intel SGX PCK Platform CA", root, is_ca=True, path_length=0)
    w.pck = pck_with(w, issuer=inter)
    w.chain_pem = pem_of(w.pck.cert) + pem_of(inter.cert) + pem_of(root.cert)


@case("ACCEPT UpToDate", "the root re-issued: another certificate of the same key")
def ok_root_reissued(w):
    old = w.pki.root.cert
    root = certificate(w.pki.root.key, "Intel SGX Root CA", None, is_ca=True, path_length=1,
                       serial=old.serial_number)
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + w.ca.pem + pem_of(root.cert)


@each({"expired": "CERT_EXPIRED", "future": "CERT_NOT_YET_VALID"}, "a PCK CA out of its period", {
    "expired": (None, NOW - SECOND), "future": (NOW + SECOND, None)})
def inter(w, period):
    inter = certificate(w.ca.key, "Intel SGX PCK Platform CA", w.pki.root, is_ca=True,
                        path_length=0, since=period[0], until=period[1])
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + pem_of(inter.cert) + w.pki.root.pem


@each("ACCEPT UpToDate", "valid to the second", {
    "first": (NOW, None), "last": (None, NOW)})
def ok_pck_second(w, period):
    w.pck = pck_with(w, since=period[0] or datetime.datetime(2025, 1, 1), until=period[1])


@each({"expired": "CERT_EXPIRED", "future": "CERT_NOT_YET_VALID"}, "a TCB signer out of its period", {
    "expired": (None, NOW - SECOND), "future": (NOW + SECOND, None)})
def tcb_signer(w, period):
    w.signer = certificate(w.signer.key, "Intel SGX TCB Signing", w.pki.root, is_ca=False,
                           since=period[0], until=period[1])


@each("PCK_NAME", "a leaf of another name", {
    "other": "Intel SGX PCK Certificates", "longer": "Intel SGX PCK Certificate 2",
    "signer": "Intel SGX TCB Signing", "empty": "x"})
def pck_name(w, name):
    w.pck = pck_with(w, name=name)


@each("INTER_NAME", "a PCK CA of another name", {
    "other": "Intel SGX PCK Platform CAs", "signer": "Intel SGX TCB Signing"})
def inter_name(w, name):
    inter = certificate(pki.new_key(), name, w.pki.root, is_ca=True, path_length=0)
    w.pck = pck_with(w, issuer=inter)
    w.chain_pem = pem_of(w.pck.cert) + pem_of(inter.cert) + w.pki.root.pem


@each("TCB_SIGNING_NAME", "a signer of another name", {
    "pck": "Intel SGX PCK Certificate", "longer": "Intel SGX TCB Signing CA"})
def tcb_signing_name(w, name):
    w.signer = certificate(pki.new_key(), name, w.pki.root, is_ca=False)


@each("BASIC_CONSTRAINTS", "basic constraints that the place in the chain does not allow", {
    "not_ca": (False, None), "absent": (None, None)})
def inter_constraints(w, constraints):
    inter = certificate(w.ca.key, "Intel SGX PCK Platform CA", w.pki.root, is_ca=constraints[0],
                        usage=pki._key_usage(True))
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + pem_of(inter.cert) + w.pki.root.pem


@case("KEY_USAGE", "a PCK CA that may not sign certificates")
def inter_usage(w):
    inter = certificate(w.ca.key, "Intel SGX PCK Platform CA", w.pki.root, is_ca=True,
                        path_length=0, usage=pki._key_usage(False))
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + pem_of(inter.cert) + w.pki.root.pem


@each("BASIC_CONSTRAINTS", "a signer or leaf that is a CA, or does not say", {
    "ca": True, "absent": None})
def leaf_constraints(w, is_ca):
    w.pck = pck_with(w, is_ca=is_ca, usage=pki._key_usage(False))


@case("BASIC_CONSTRAINTS", "a TCB signer that is a CA")
def signer_is_ca(w):
    w.signer = certificate(w.signer.key, "Intel SGX TCB Signing", w.pki.root, is_ca=True,
                           path_length=0, usage=pki._key_usage(False))


@each("KEY_USAGE", "a leaf that may not sign, or does not say", {
    "ca": pki._key_usage(True), "absent": False})
def leaf_usage(w, usage):
    w.pck = pck_with(w, usage=usage)


@case("CERT_CRITICAL_EXT", "an unknown critical extension")
def leaf_critical(w):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    w.pck = pck_with(w, extra=[(unknown, True)])


@case("CERT_KEY", "a leaf key of another curve")
def leaf_p384(w):
    key = ec.generate_private_key(ec.SECP384R1())
    w.pck = pck_with(w, public_key=key.public_key())
    w.qe_key = pki.new_key()


@case("CERT_KEY", "an RSA leaf")
def leaf_rsa(w):
    key = rsa.generate_private_key(65537, 2048)
    w.pck = pck_with(w, public_key=key.public_key())
    w.qe_key = pki.new_key()


@case("CERT_SIGALG", "a leaf signed with SHA-384")
def leaf_sha384(w):
    w.pck = pck_with(w, algorithm=hashes.SHA384())


@case("PCK_ISSUER INTER_SIG", "a leaf of another key with the right issuer's name")
def leaf_other_signer(w):
    w.pck = pck_with(w, signer=pki.new_key())


@case("INTER_SIG", "a PCK CA that the root did not sign")
def inter_other_signer(w):
    inter = certificate(w.ca.key, "Intel SGX PCK Platform CA", w.pki.root, is_ca=True,
                        path_length=0, signer=pki.new_key())
    w.pck = pck_with(w)
    w.chain_pem = pem_of(w.pck.cert) + pem_of(inter.cert) + w.pki.root.pem


@each({"two": "CHAIN_LEN", "*": "PEM_FORMAT"}, "text that is not exactly three certificates", {
    "two": lambda c: c[:c.rindex("-----BEGIN")], "text_between": lambda c: c.replace(
        "-----END CERTIFICATE-----\n-", "-----END CERTIFICATE-----\nx\n-", 1),
    "blank_line": lambda c: c.replace("-----\n-----", "-----\n\n-----", 1),
    "space": lambda c: c.replace("\n", " \n", 1), "long_line": lambda c: c.replace("\nMII", "MII", 1),
    "bad_base64": lambda c: c.replace("MII", "M*I", 1), "leading": lambda c: "\n" + c,
    "trailing": lambda c: c + "x", "empty": lambda c: ""})
def pem(w, change):
    w.pck = pck_with(w)
    w.chain_pem = change(pem_of(w.pck.cert) + w.ca.pem + w.pki.root.pem)


@case("PEM_FORMAT", "two zero bytes behind the chain")
def pem_two_zeros(w):
    w.chain_end = b"\0\0"


# The SGX extension

EXTENSIONS = {
    "trailing": lambda p: sgx_value(p) + b"\0",
    "comp_256": lambda p: sgx_value(p, tcb_replace={"2.1": der.integer(256)}),
    "comp_padded": lambda p: sgx_value(p, tcb_replace={"2.1": b"\x02\x02\x00\x03"}),
    "comp_negative": lambda p: sgx_value(p, tcb_replace={"2.1": b"\x02\x01\xff"}),
    "comp_tag": lambda p: sgx_value(p, tcb_replace={"2.1": der.octet_string(b"\3")}),
    "comp_15": lambda p: sgx_value(p, drop={"2.16"}),
    "comp_twice": lambda p: sgx_value(p, tcb_extra=[("2.16", der.integer(0))]),
    "pcesvn_big": lambda p: sgx_value(p, tcb_replace={"2.17": der.integer(65536)}),
    "pcesvn_none": lambda p: sgx_value(p, drop={"2.17"}),
    "cpusvn_17": lambda p: sgx_value(p, tcb_replace={"2.18": der.octet_string(bytes(17))}),
    "no_ppid": lambda p: sgx_value(p, drop={"1"}),
    "no_tcb": lambda p: sgx_value(p, drop={"2"}),
    "no_pceid": lambda p: sgx_value(p, drop={"3"}),
    "no_type": lambda p: sgx_value(p, drop={"5"}),
    "ppid_15": lambda p: sgx_value(p, replace={"1": der.octet_string(bytes(15))}),
    "pceid_3": lambda p: sgx_value(p, replace={"3": der.octet_string(bytes(3))}),
    "fmspc_5": lambda p: sgx_value(p, replace={"4": der.octet_string(bytes(5))}),
    "pceid_twice": lambda p: sgx_value(p, extra=[("3", der.octet_string(p.pce_id))]),
    "empty": lambda p: der.sequence(),
    "none": lambda p: False,
}


@each("PCK_EXTENSION", "an SGX extension that is not exactly what Intel writes", EXTENSIONS)
def sgxext(w, make):
    w.pck = pck_with(w, make(w.platform))


@case("ACCEPT UpToDate", "a PCESVN of two bytes with the top bit set")
def ok_pcesvn_ff00(w):
    w.platform.pce_svn = 0xff00


# Revocation lists

IDP = x509.IssuingDistributionPoint(
    full_name=[x509.UniformResourceIdentifier("http://x")], relative_name=None,
    only_contains_user_certs=True, only_contains_ca_certs=False, only_some_reasons=None,
    indirect_crl=False, only_contains_attribute_certs=False)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
LISTS = {
    "expired": ("CRL_EXPIRED", {"until": NOW - SECOND}),
    "future": ("CRL_NOT_YET_VALID", {"issued": NOW + SECOND}),
    "last_second": ("ACCEPT UpToDate", {"until": NOW}),
    "first_second": ("ACCEPT UpToDate", {"issued": NOW}),
    "delta": ("CRL_EXTENSION", {"extra": [(x509.DeltaCRLIndicator(1), True)]}),
    "idp": ("CRL_EXTENSION", {"extra": [(IDP, True)]}),
    "unknown": ("CRL_EXTENSION", {"extra": [(UNKNOWN, False)]}),
    "other_key": ("CRL_BAD_SIGNATURE", {"key": pki.new_key()}),
    "other_name": ("CRL_UNKNOWN_ISSUER", {"name": pki._name("Intel SGX PCK Platform CB")}),
}
for _which, _ca in (("root_crl", lambda w: w.pki.root), ("pck_crl", lambda w: w.ca)):
    for _name, (_expected, _changes) in LISTS.items():
        add(f"{_which}_{_name}", _expected, "a revocation list that may not be used"
            if not _expected.startswith("ACCEPT") else "at the end of its period",
            lambda w, which=_which, ca=_ca, changes=_changes:
            setattr(w, which, make_crl(ca(w), **changes)))


@each("CRL_FORMAT", "not one whole list", {
    "garbage": lambda h: "30030201", "cut": lambda h: h[:-2], "trailing": lambda h: h + "00",
    "odd": lambda h: h + "0", "not_hex": lambda h: "zz" + h[2:]})
def crl_format(w, change):
    w.bundle_edit = lambda b: {**b, "pck_crl": change(b["pck_crl"])}


@each("ACCEPT UpToDate", "the same list in another form", {
    "upper": lambda h: h.upper()})
def ok_crl(w, change):
    w.bundle_edit = lambda b: {**b, "pck_crl": change(b["pck_crl"])}


# Signed documents

@each("TCB_INFO_SIGNATURE", "bytes or signature that do not belong together", {
    "space": lambda b: {**b, "tcb_info": b["tcb_info"].replace(",", ", ", 1)},
    "edited": lambda b: {**b, "tcb_info": b["tcb_info"].replace("OutOfDate", "UpToDate", 1)},
    "exchanged": lambda b: {**b, "tcb_info": b["qe_identity"]},
    "short": lambda b: {**b, "tcb_info_signature": b["tcb_info_signature"][:-2]},
    "zero": lambda b: {**b, "tcb_info_signature": "0" * 128},
    "not_hex": lambda b: {**b, "tcb_info_signature": "g" + b["tcb_info_signature"][1:]}})
def tcb_signature(w, change):
    w.bundle_edit = change


@each("QE_IDENTITY_SIGNATURE", "bytes or signature that do not belong together", {
    "edited": lambda b: {**b, "qe_identity": b["qe_identity"].replace('"isvsvn":4', '"isvsvn":3')},
    "of_tcb_info": lambda b: {**b, "qe_identity_signature": b["tcb_info_signature"]}})
def qe_signature(w, change):
    w.bundle_edit = change


@case("TCB_INFO_KIND QE_IDENTITY_KIND", "both documents exchanged, with their signatures")
def documents_exchanged(w):
    w.tcb_info, w.qe_identity = w.qe_identity, w.tcb_info


MISSING = {"root_ca_crl": "CRL_FORMAT", "pck_crl": "CRL_FORMAT", "tcb_info_issuer_chain": "CHAIN_LEN",
           "qe_identity_issuer_chain": "CHAIN_LEN", "tcb_info": "TCB_INFO_SIGNATURE",
           "tcb_info_signature": "TCB_INFO_SIGNATURE", "qe_identity": "QE_IDENTITY_SIGNATURE",
           "qe_identity_signature": "QE_IDENTITY_SIGNATURE"}


@each({n: f"COLLATERAL_MISSING {code}" for n, code in MISSING.items()}, "a part that is not there",
      {n: n for n in MISSING})
def missing(w, name):
    w.bundle_edit = lambda b: {**b, name: ""}


PERIODS = {
    "expired": ("{0}_EXPIRED", iso(ISSUED), iso(NOW - SECOND)),
    "future": ("{0}_NOT_YET_VALID", iso(NOW + SECOND), iso(UNTIL)),
    "last_second": ("ACCEPT UpToDate", iso(ISSUED), iso(NOW)),
    "first_second": ("ACCEPT UpToDate", iso(NOW), iso(UNTIL)),
    "inverted": ("{0}_FORMAT {0}_EXPIRED {0}_NOT_YET_VALID", iso(UNTIL), iso(ISSUED)),
    "inverted_expired": ("{0}_FORMAT {0}_EXPIRED {0}_NOT_YET_VALID", iso(UNTIL), iso(ISSUED)),
    "inverted_future": ("{0}_FORMAT {0}_EXPIRED {0}_NOT_YET_VALID", iso(UNTIL), iso(ISSUED)),
    "number": ("DATE_FORMAT {0}_FORMAT", 17, iso(UNTIL)),
    "no_z": ("DATE_FORMAT", iso(ISSUED)[:-1], iso(UNTIL)),
}


def _period(w, document, since, until):
    getattr(w, document).update(issueDate=since, nextUpdate=until)


for _doc in ("tcb_info", "qe_identity"):
    for _name, (_expected, _since, _until) in PERIODS.items():
        add(f"{_doc}_{_name}", _expected.format(_doc.upper()), "the document's period",
            lambda w, d=_doc, s=_since, u=_until: _period(w, d, s, u))


def _set(path, value):
    """Sets a member; `path` from the document's top, None as value drops it."""
    def bend(document):
        for step in path[:-1]:
            document = document[step]
        if value is None:
            del document[path[-1]]
        else:
            document[path[-1]] = value
    return bend


FIRST = ("tcbLevels", 0, "tcb")
TCB_FIELDS = {
    "version_2": ("TCB_INFO_KIND TCB_INFO_FORMAT", ("version",), 2),
    "no_id": ("TCB_INFO_KIND TCB_INFO_FORMAT", ("id",), None),
    "type_text": ("TCB_TYPE TCB_INFO_FORMAT", ("tcbType",), "0"),
    "status_number": ("TCB_STATUS_UNKNOWN TCB_INFO_FORMAT", ("tcbLevels", 0, "tcbStatus"), 7),
    "no_fmspc": ("TCB_INFO_FORMAT", ("fmspc",), None),
    "fmspc_short": ("TCB_INFO_FORMAT", ("fmspc",), "53494D0000"),
    "fmspc_other": ("FMSPC_MISMATCH", ("fmspc",), "53494D000001"),
    "pceid_other": ("PCEID_MISMATCH", ("pceId",), "0001"),
    "eval_negative": ("TCB_INFO_FORMAT", ("tcbEvaluationDataNumber",), -1),
    "levels_object": ("TCB_INFO_FORMAT", ("tcbLevels",), {}),
    "svn_text": ("TCB_INFO_FORMAT", FIRST + ("sgxtcbcomponents", 3, "svn"), "2"),
    "svn_256": ("TCB_INFO_FORMAT", FIRST + ("tdxtcbcomponents", 15, "svn"), 256),
    "no_pcesvn": ("TCB_INFO_FORMAT", FIRST + ("pcesvn",), None),
    "sgxcomp_15": ("TCB_INFO_FORMAT", FIRST + ("sgxtcbcomponents",), 15 * [{"svn": 1}]),
    "sgxcomp_17": ("TCB_INFO_FORMAT", FIRST + ("sgxtcbcomponents",), 17 * [{"svn": 1}]),
    "module_dup": ("TDX_MODULE_DUP_ID", ("tdxModuleIdentities", 0, "id"), "tdx_01"),
    "module_lower": ("ACCEPT UpToDate", ("tdxModuleIdentities", 1, "id"), "tdx_01"),
    "module_unknown": ("TDX_MODULE_MISMATCH", ("tdxModuleIdentities", 1, "id"), "TDX_05"),
    "module_list_none": ("TDX_MODULE_MISMATCH", ("tdxModuleIdentities",), None),
    "module_signer": ("TDX_MODULE_MRSIGNER", ("tdxModuleIdentities", 1, "mrsigner"), "01" * 48),
    "module_attributes": ("TDX_MODULE_ATTRIBUTES", ("tdxModuleIdentities", 1, "attributes"),
                          "01" + "00" * 7),
    "module_no_levels": ("TCB_INFO_FORMAT", ("tdxModuleIdentities", 1, "tcbLevels"), []),
    "relaunch_status": ("TCB_STATUS_UNKNOWN", ("tcbLevels", 0, "tcbStatus"), "TDRelaunchAdvised"),
    "first_revoked": ("TCB_REVOKED", ("tcbLevels", 0, "tcbStatus"), "Revoked"),
    "tdx_comp_above": ("ACCEPT SWHardeningNeeded", FIRST + ("tdxtcbcomponents", 15, "svn"), 1),
}
QE_FIELDS = {
    "version_3": ("QE_IDENTITY_KIND QE_IDENTITY_FORMAT", ("version",), 3),
    "no_id": ("QE_IDENTITY_KIND QE_IDENTITY_FORMAT", ("id",), None),
    "no_mrsigner": ("QE_IDENTITY_FORMAT", ("mrsigner",), None),
    "prodid_text": ("QE_IDENTITY_FORMAT", ("isvprodid",), "2"),
    "levels_empty": ("QE_IDENTITY_FORMAT", ("tcbLevels",), []),
    "mrsigner_other": ("QE_MRSIGNER", ("mrsigner",), "01" * 32),
    "prodid_other": ("QE_ISVPRODID", ("isvprodid",), 1),
    "misc_other": ("QE_MISCSELECT", ("miscselect",), "01000000"),
    "attributes_other": ("QE_ATTRIBUTES", ("attributes",), "13" + "00" * 15),
    "revoked": ("TCB_REVOKED", ("tcbLevels", 0, "tcbStatus"), "Revoked"),
    "svn_high": ("QE_TCB_NOT_SUPPORTED", ("tcbLevels", 0, "tcb", "isvsvn"), 7),
}


@case("TCB_INFO_FORMAT", "a number with a sign")
def tcb_info_minus_zero(w):
    w.text_edit = lambda name, text: text.replace('"svn":0}', '"svn":-0}', 1)


ADVISORIES = {"tcb_info_tdx_comp_above": ["INTEL-SA-00615"]}
for _doc, _fields in (("tcb_info", TCB_FIELDS), ("qe_identity", QE_FIELDS)):
    for _name, (_expected, _path, _value) in _fields.items():
        add(f"{_doc}_{_name}", _expected, "one member changed",
            lambda w, d=_doc, p=_path, v=_value: _set(p, v)(getattr(w, d)),
            ADVISORIES.get(f"{_doc}_{_name}"))


@case("ACCEPT UpToDate", "levels that differ in a TDX component alone, the lower one first")
def ok_levels_by_tdx(w):
    lower = json.loads(json.dumps(w.tcb_info["tcbLevels"][0]))
    lower["tcb"]["tdxtcbcomponents"][2]["svn"] -= 1
    lower["tcbStatus"] = "OutOfDate"
    w.tcb_info["tcbLevels"].insert(0, lower)


DATES = {"platform": lambda w: w.tcb_info["tcbLevels"][0],
         "module": lambda w: w.tcb_info["tdxModuleIdentities"][1]["tcbLevels"][0],
         "qe": lambda w: w.qe_identity["tcbLevels"][0]}


@each("ACCEPT UpToDate", "the earliest of three dates counts: 2024-01-02", DATES)
def ok_date_of(w, level):
    level(w)["tcbDate"] = "2024-01-02T00:00:00Z"


@each("ACCEPT", "platforms of every status", {s: s for s in tcb.STATUSES[:6]})
def platform(w, status):
    w.platform.sgx_svns = tcb.platform_svns(status)


@each({"revoked": "TCB_REVOKED", "below": "TCB_NOT_SUPPORTED"}, "platforms that nobody may trust", {
    "revoked": "Revoked", "below": "NotSupported"})
def platform_bad(w, status):
    w.platform.sgx_svns = tcb.platform_svns(status)


@case("TCB_REVOKED", "a module that is revoked makes everything revoked", name="module_revoked")
def _module_revoked(w):
    w.fields["tee_tcb_svn"] = bytes([2, 1, 3]) + bytes(13)


@case("TDX_MODULE_TCB_NOT_SUPPORTED", "a module below every level")
def module_below(w):
    w.fields["tee_tcb_svn"] = bytes([1, 1, 3]) + bytes(13)


@case("TCB_NOT_SUPPORTED", "components 0 and 1 count for a module of line 0")
def module_line_0(w):
    w.fields["tee_tcb_svn"] = bytes([4, 0, 3]) + bytes(13)


@case("ACCEPT TDRelaunchAdvisedConfigurationNeeded", "relaunch on a platform to be configured",
      ["INTEL-SA-00614", "INTEL-SA-01036"])
def relaunch_configuration(w):
    w.body_type = 3
    w.platform.sgx_svns = tcb.platform_svns("ConfigurationNeeded")
    w.fields["tee_tcb_svn"] = tcb.OLD_MODULE_SVN


# The quote itself

@case("QE_DEBUG", "a quoting enclave that can be debugged, whatever the mask says")
def qe_debug(w):
    w.qe_identity.update(attributes="00" * 16, attributesMask="00" * 16)
    w.qe_edit = lambda r: r[:48] + bytes([0x17]) + r[49:]


@case("QUOTE_SIGNATURE", "another key signed the quote")
def quote_other_key(w):
    w.quote_key = pki.new_key()


@case("QE_REPORT_SIGNATURE", "another key signed the QE report")
def qe_other_key(w):
    w.qe_key = pki.new_key()


@case("ATT_KEY QE_REPORT_DATA", "an attestation key of zeros")
def ak_zero(w):
    w.data_edit = lambda d: d[:64] + bytes(64) + d[128:]


TD_CODES = {"bit0": "TD_DEBUG", "bit29": "TD_MIGRATABLE", "*": "TD_ATTR_RESERVED",
            **{f"bit{b}": "TD_TUD" for b in range(1, 8)}}


@each(TD_CODES, "a TD that no secret may enter", {
    f"bit{b}": b for b in (0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 17, 26, 29, 32, 39, 47, 61)})
def td(w, bit):
    w.fields["td_attributes"] = (1 << 28 | 1 << bit).to_bytes(8, "little")


@case("TD_SEPT_VE", "SEPT_VE_DISABLE is clear")
def td_sept_ve(w):
    w.fields["td_attributes"] = bytes(8)


@each("TD_XFAM", "an impossible set of CPU features", {
    "no_sse": 1, "cet_half": 0x803, "amx_half": 0x20003, "bit19": 0x80003, "bit63": 1 << 63 | 3})
def xfam(w, value):
    w.fields["xfam"] = value.to_bytes(8, "little")


@each("TD_ATTR_OPTIONAL", "a feature that a configuration may tolerate", {
    "icssd": 16, "lass": 27, "pks": 30, "kl": 31, "tpa": 62, "perfmon": 63})
def td_optional(w, bit):
    w.fields["td_attributes"] = (1 << 28 | 1 << bit).to_bytes(8, "little")


@case("TD_SERVICETD", "a service TD of the host's choice")
def servicetd(w):
    w.body_type = 3
    w.fields["mr_servicetd"] = bytes(47) + b"\1"


# Those above, which edits.py bends once more; other files add to CASES.
FIRST_CASES = tuple(CASES)
