#!/usr/bin/python3
"""Writes tests/vectors/pki/*.json: one accepting and one refusing case for each rule on SGX
extensions, certificates, chains and CRLs. Each case says which codes a verifier finds.

    tests/vectors/generate/pki.py          # the same bytes each time
"""
import json
import os

from pki_kit import *  # noqa: F403

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pki")
NOW = 1780272000  # 2026-06-01
KEYS = {n: Key(n) for n in ("root", "platform", "processor", "pck", "signer", "other")}

ROOT, PLATFORM, PROCESSOR = "Intel SGX Root CA", "Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"
PCK, SIGNER = "Intel SGX PCK Certificate", "Intel SGX TCB Signing"
CA_USAGE, LEAF_USAGE = usage(b"\x06", 1), usage(b"\xc0", 6)
AKI = extension("2.5.29.35", seq(tlv(0x80, b"\x95" * 20)))


# --- SGX extension ------------------------------------------------------------------------------

def member(arcs, *value):
    return seq(oid(f"{SGX}.{arcs}"), *value)


def tcb_members(**change):
    """component 1 to 16, pcesvn, cpusvn; a change replaces one, None leaves it out"""
    parts = {f"c{i}": member(f"2.{i}", integer(i)) for i in range(1, 17)}
    parts["pcesvn"] = member("2.17", integer(300))
    parts["cpusvn"] = member("2.18", octets(bytes(range(0xa0, 0xb0))))
    parts.update(change)
    return [p for p in parts.values() if p is not None]


def sgx_extension(tcb_parts=None, behind=b"", **change):
    parts = {
        "ppid": member("1", octets(bytes(range(16)))),
        "tcb": member("2", seq(*(tcb_parts or tcb_members()))),
        "pceid": member("3", octets(b"\0\1")),
        "fmspc": member("4", octets(b"\xb0\xc0\x6f\0\0\0")),
        "type": member("5", integer(1, 0x0a)),
        "instance": member("6", octets(b"\x07" * 16)),
        "configuration": member("7", seq(member("7.1", boolean(True)), member("7.2", boolean(False)),
                                         member("7.3", boolean(True)))),
    }
    parts.update(change)
    return seq(*[p for p in parts.values() if p is not None]) + behind


def extensions():
    ok, bad = "ok", "PCK_EXTENSION"

    def with_tcb(**change):
        return sgx_extension(tcb_parts=tcb_members(**change))

    yield "platform_leaf", sgx_extension(), ok
    yield "processor_leaf", sgx_extension(instance=None, configuration=None), ok
    yield "unknown_members", sgx_extension(
        more=member("9", seq(integer(5))), foreign=seq(oid("1.2.3"), octets(b"x"))), ok
    yield "component_255", with_tcb(c16=member("2.16", integer(255))), ok
    yield "pcesvn_65535", with_tcb(pcesvn=member("2.17", integer(65535))), ok
    yield "smt_disabled", sgx_extension(configuration=member(
        "7", seq(member("7.3", boolean(False))))), ok
    for part in ("ppid", "tcb", "pceid", "fmspc", "type"):
        yield f"no_{part}", sgx_extension(**{part: None}), bad
    for part in ("c1", "c16", "pcesvn", "cpusvn"):
        yield f"no_{part}", with_tcb(**{part: None}), bad
    yield "ppid_twice", sgx_extension(again=member("1", octets(bytes(16)))), bad
    yield "tcb_twice", sgx_extension(again=member("2", seq(*tcb_members()))), bad
    yield "instance_twice", sgx_extension(again=member("6", octets(bytes(16)))), bad
    yield "component_twice", with_tcb(again=member("2.3", integer(3))), bad
    yield "unknown_member_twice", sgx_extension(
        more=member("9", integer(5)), again=member("9", integer(5))), bad
    yield "smt_twice", sgx_extension(configuration=member(
        "7", seq(member("7.3", boolean(True)), member("7.3", boolean(False))))), bad
    yield "component_256", with_tcb(c2=member("2.2", integer(256))), bad
    yield "component_negative", with_tcb(c2=member("2.2", integer(-1))), bad
    yield "component_padded", with_tcb(c2=member("2.2", tlv(2, b"\0\5"))), bad
    yield "component_empty", with_tcb(c2=member("2.2", tlv(2))), bad
    yield "component_not_integer", with_tcb(c2=member("2.2", octets(b"\2"))), bad
    yield "component_with_more", with_tcb(c2=member("2.2", integer(2), integer(2))), bad
    yield "component_without_value", with_tcb(c2=member("2.2")), bad
    yield "pcesvn_65536", with_tcb(pcesvn=member("2.17", integer(65536))), bad
    yield "cpusvn_short", with_tcb(cpusvn=member("2.18", octets(bytes(15)))), bad
    yield "ppid_long", sgx_extension(ppid=member("1", octets(bytes(17)))), bad
    yield "fmspc_not_octets", sgx_extension(fmspc=member("4", tlv(0x0c, b"\xb0\xc0\x6f\0\0\0"))), bad
    yield "pceid_long", sgx_extension(pceid=member("3", octets(b"\0\0\0"))), bad
    yield "type_3", sgx_extension(type=member("5", integer(3, 0x0a))), bad
    yield "type_integer", sgx_extension(type=member("5", integer(1))), bad
    yield "smt_not_der", sgx_extension(configuration=member(
        "7", seq(member("7.3", tlv(1, b"\1"))))), bad
    yield "behind", sgx_extension(behind=b"\0"), bad
    yield "empty", b"", bad
    yield "no_members", seq(), bad
    yield "length_not_shortest", b"\x30\x83\0" + sgx_extension()[2:], bad


# --- certificates -------------------------------------------------------------------------------

ROLES = {  # common name, key, issuer, constraints, usage
    "pck": (PCK, "pck", "platform", constraints(), LEAF_USAGE),
    "platform": (PLATFORM, "platform", "root", constraints(boolean(True), integer(0)), CA_USAGE),
    "processor": (PROCESSOR, "processor", "root", constraints(boolean(True), integer(0)), CA_USAGE),
    "root": (ROOT, "root", "root", constraints(boolean(True), integer(1)), CA_USAGE),
    "signer": (SIGNER, "signer", "root", constraints(), LEAF_USAGE),
}
SERIALS = {"pck": 0x3c16ed54, "platform": 0x956f5dcd << 128, "processor": 0x45, "root": 0x22650cd6,
           "signer": 0x7e3882d5}


def certificate(role="pck", *, signer=None, outer=ECDSA_SHA256, behind=b"", extra=(), leave_out=(),
                **change):
    """Parts in the order of RFC 5280 4.1; a change replaces one, None leaves it out."""
    common_name, key, issuer, basic, key_usage = ROLES[role]
    sgx = [extension(SGX, sgx_extension())] if role == "pck" else []
    parts = {
        "version": tlv(0xa0, integer(2)),
        "serial": integer(SERIALS[role]),
        "algorithm": ECDSA_SHA256,
        "issuer": name(ROLES[issuer][0]),
        "validity": seq(utc("180521104510Z"), utc("491231235959Z")),
        "subject": name(common_name),
        "key": spki(KEYS[key].point),
        "unique_id": None,
        "extensions": {"aki": AKI, "usage": key_usage, "constraints": basic,
                       **{f"sgx{i}": e for i, e in enumerate(sgx)},
                       **{f"extra{i}": e for i, e in enumerate(extra)}},
    }
    inner = change.pop("inner", {})
    parts.update(change)
    if isinstance(parts["extensions"], dict):
        parts["extensions"].update(inner)
        kept = [e for n, e in parts["extensions"].items() if e is not None and n not in leave_out]
        parts["extensions"] = tlv(0xa3, seq(*kept))
    tbs = seq(*[p for p in parts.values() if p is not None])
    return envelope(tbs, KEYS[signer or issuer], outer) + behind


def named(*attributes):
    return seq(*attributes)


def certificates():
    """name, role, DER, codes: [] = all is well, ["unreadable"] = no certificate at all"""
    for role in ROLES:
        yield role, role, certificate(role), []
    yield "serial_20_bytes_high", "pck", certificate(serial=integer(0xff << 152)), []
    yield "generalized_time", "pck", certificate(
        validity=seq(generalized("20180521104510Z"), generalized("20491231235959Z"))), []
    yield "last_second", "pck", certificate(validity=seq(utc("180521104510Z"), utc("260601000000Z"))), []
    yield "first_second", "pck", certificate(validity=seq(utc("260601000000Z"), utc("491231235959Z"))), []
    yield "printable_name", "pck", certificate(subject=named(attribute("3", PCK, 0x13))), []
    yield "root_any_depth", "root", certificate("root", inner={"constraints": constraints(boolean(True))}), []
    yield "root_deeper", "root", certificate(
        "root", inner={"constraints": constraints(boolean(True), integer(2))}), []
    yield "unknown_not_critical", "pck", certificate(extra=[extension("1.2.3.4", b"\5\0")]), []
    yield "usage_nine_bits", "pck", certificate(inner={"usage": usage(b"\x80\x80", 7)}), []

    other_point = _explicit_parameters()
    for case, key in {
        "key_p384": seq(seq(oid("1.2.840.10045.2.1"), oid("1.3.132.0.34")), bits(b"\4" + bytes(96))),
        "key_rsa": seq(seq(oid("1.2.840.113549.1.1.1"), tlv(5)), bits(seq(integer(2**2047 + 1), integer(65537)))),
        "key_explicit_parameters": other_point,
        "key_compressed": seq(P256, bits(b"\2" + KEYS["pck"].point[:32])),
        "key_hybrid": seq(P256, bits(b"\6" + KEYS["pck"].point)),
        "key_unused_bits": seq(P256, bits(b"\4" + KEYS["pck"].point, 1)),
    }.items():
        yield case, "pck", certificate(key=key), ["CERT_KEY"]
    yield "inner_sha384", "pck", certificate(algorithm=ECDSA_SHA384), ["CERT_SIGALG"]
    yield "outer_sha384", "pck", certificate(outer=ECDSA_SHA384), ["CERT_SIGALG"]
    yield "algorithm_with_null", "pck", certificate(
        algorithm=seq(oid("1.2.840.10045.4.3.2"), tlv(5))), ["CERT_SIGALG"]
    yield "unknown_critical", "pck", certificate(
        extra=[extension("1.2.3.4", b"\5\0", True)]), ["CERT_CRITICAL_EXT"]
    yield "sgx_critical", "pck", certificate(
        inner={"sgx0": extension(SGX, sgx_extension(), True)}), ["CERT_CRITICAL_EXT"]
    yield "authority_twice", "pck", certificate(extra=[AKI]), ["CERT_CRITICAL_EXT"]
    yield "sgx_twice", "pck", certificate(
        extra=[extension(SGX, sgx_extension())]), ["CERT_CRITICAL_EXT"]
    yield "constraints_twice", "pck", certificate(
        extra=[constraints()]), ["CERT_CRITICAL_EXT", "BASIC_CONSTRAINTS"]
    yield "usage_twice", "pck", certificate(
        extra=[usage(b"\xc0", 6)]), ["CERT_CRITICAL_EXT", "KEY_USAGE"]
    yield "no_extensions", "pck", certificate(extensions=None), ["BASIC_CONSTRAINTS", "KEY_USAGE"]

    basic = ["BASIC_CONSTRAINTS"]
    for case, role, value in (
            ("leaf_is_ca", "pck", constraints(boolean(True))),
            ("signer_is_ca", "signer", constraints(boolean(True), integer(0))),
            ("ca_is_none", "platform", constraints()),
            ("root_is_none", "root", constraints()),
            ("root_too_shallow", "root", constraints(boolean(True), integer(0))),
            ("false_spelled_out", "pck", constraints(boolean(False))),
            ("depth_without_ca", "pck", constraints(integer(0))),
            ("depth_negative", "platform", constraints(boolean(True), integer(-1))),
            ("constraints_with_more", "pck", extension("2.5.29.19", seq() + b"\0", True)),
            ("no_constraints", "pck", None),
            ("no_constraints_of_ca", "platform", None)):
        yield case, role, certificate(role, inner={"constraints": value}), basic
    for case, role, value in (
            ("no_usage", "pck", None),
            ("no_usage_of_ca", "platform", None),
            ("ca_signs_no_certificates", "platform", usage(b"\x02", 1)),
            ("ca_signs_no_lists", "platform", usage(b"\x04", 2)),
            ("root_signs_no_certificates", "root", usage(b"\x02", 1)),
            ("leaf_signs_nothing", "pck", usage(b"\x40", 6)),
            ("signer_signs_nothing", "signer", usage(b"\x40", 6)),
            ("usage_not_shortest", "pck", usage(b"\xc0", 5)),
            ("usage_unused_bit_set", "pck", usage(b"\xc1", 6)),
            ("usage_empty", "pck", usage(b"", 0)),
            ("usage_padded", "pck", usage(b"\xc0\0", 7))):
        yield case, role, certificate(role, inner={"usage": value}), ["KEY_USAGE"]

    for case, role, subject, code in (
            ("other_name", "pck", name(SIGNER), "PCK_NAME"),
            ("longer_name", "pck", name(PCK + " 2"), "PCK_NAME"),
            ("name_in_organization", "pck", named(attribute("10", PCK)), "PCK_NAME"),
            ("two_names", "pck", named(attribute("3", PCK), attribute("3", PCK)), "PCK_NAME"),
            ("name_ends_in_nul", "pck", name(PCK + "\0"), "PCK_NAME"),
            ("name_teletex", "pck", named(attribute("3", PCK, 0x14)), "PCK_NAME"),
            ("name_lower_case", "pck", name(PCK.lower()), "PCK_NAME"),
            ("ca_has_leaf_name", "platform", name(PCK), "INTER_NAME"),
            ("ca_has_root_name", "platform", name(ROOT), "INTER_NAME"),
            ("signer_has_leaf_name", "signer", name(PCK), "TCB_SIGNING_NAME"),
            ("root_has_other_name", "root", name("Intel SGX Root CB"), "ROOT_UNTRUSTED")):
        yield case, role, certificate(role, subject=subject), [code]
    yield "second_late", "pck", certificate(
        validity=seq(utc("180521104510Z"), utc("260531235959Z"))), ["CERT_EXPIRED"]
    yield "second_early", "pck", certificate(
        validity=seq(utc("260601000001Z"), utc("491231235959Z"))), ["CERT_NOT_YET_VALID"]
    yield "everything_at_once", "pck", certificate(
        "platform", key=other_point, outer=ECDSA_SHA384, subject=name("Nobody"),
        validity=seq(utc("180521104510Z"), utc("190521104510Z"))), [
            "CERT_KEY", "CERT_SIGALG", "BASIC_CONSTRAINTS", "KEY_USAGE", "PCK_NAME", "CERT_EXPIRED"]
    for case, der in _unreadable():
        yield case, "pck", der, ["unreadable"]


def _explicit_parameters():
    """P-256 spelled out, with a generator of the attacker's (CVE-2020-0601)."""
    field = seq(oid("1.2.840.10045.1.1"), integer(P))
    curve = seq(octets((P - 3).to_bytes(32, "big")), octets(bytes.fromhex(
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")))
    parameters = seq(integer(1), field, curve, octets(b"\4" + KEYS["other"].point), integer(N), integer(1))
    return seq(seq(oid("1.2.840.10045.2.1"), parameters), bits(b"\4" + KEYS["other"].point))


def _unreadable():
    good = certificate()

    def validity(until):
        return certificate(validity=seq(utc("180521104510Z"), until))

    yield "version_1", certificate(version=None)
    yield "version_2", certificate(version=tlv(0xa0, integer(1)))
    yield "version_4", certificate(version=tlv(0xa0, integer(3)))
    yield "serial_negative", certificate(serial=integer(-5))
    yield "serial_zero", certificate(serial=integer(0))
    yield "serial_21_bytes", certificate(serial=integer(1 << 160))
    yield "serial_padded", certificate(serial=tlv(2, b"\0\5"))
    yield "byte_behind", certificate(behind=b"\0")
    yield "length_not_shortest", b"\x30\x83\0" + good[2:]
    yield "length_indefinite", b"\x30\x80" + good[4:] + b"\0\0"
    yield "time_without_seconds", validity(utc("4912312359Z"))
    yield "time_with_offset", validity(utc("491231235959+0000"))
    yield "time_with_fraction", validity(generalized("20491231235959.5Z"))
    yield "time_month_13", validity(utc("491331235959Z"))
    yield "time_february_30", validity(utc("490230235959Z"))
    yield "time_not_leap", validity(generalized("21000229235959Z"))
    yield "time_hour_24", validity(utc("491231240000Z"))
    yield "time_second_60", validity(utc("491231235960Z"))
    yield "unique_id", certificate(unique_id=tlv(0x81, b"\0\1"))
    yield "empty_extensions", certificate(extensions=tlv(0xa3, seq()))
    yield "critical_false_spelled_out", certificate(
        inner={"aki": seq(oid("2.5.29.35"), boolean(False), octets(b""))})
    yield "critical_not_der", certificate(
        inner={"aki": seq(oid("2.5.29.35"), tlv(1, b"\1"), octets(b""))})
    yield "extension_with_more", certificate(
        inner={"aki": seq(oid("2.5.29.35"), octets(b""), integer(1))})
    yield "name_with_empty_set", certificate(subject=seq(tlv(0x31)))
    yield "name_not_a_sequence", certificate(subject=octets(b""))
    yield "many_extensions", certificate(extra=[extension(f"1.2.3.{i}", b"") for i in range(20)])


# --- chains -------------------------------------------------------------------------------------

def chains():
    """name, kind, PEM, codes. `pck` chains may end in one zero byte."""
    pck, platform, root = (certificate(r) for r in ("pck", "platform", "root"))
    processor, signer = certificate("processor"), certificate("signer")
    chain = pem(pck) + pem(platform) + pem(root)

    def forged(role, by, **change):
        return certificate(role, signer=by, **change)

    def broken(der):
        return der[:-1] + bytes([der[-1] ^ 1])

    yield "platform", "pck", chain, []
    yield "zero_byte", "pck", chain + "\0", []
    yield "crlf", "pck", "".join(pem(c, end="\r\n") for c in (pck, platform, root)), []
    yield "no_last_eol", "pck", chain[:-1], []
    yield "lines_of_76_and_1", "pck", _odd_lines(pck) + pem(platform) + pem(root), []
    yield "processor", "pck", pem(certificate(signer="processor", issuer=name(PROCESSOR))) + \
        pem(processor) + pem(root), []
    yield "root_issued_again", "pck", pem(pck) + pem(platform) + \
        pem(certificate("root", serial=integer(77))), []
    yield "signer", "tcb", pem(signer) + pem(root), []
    for case, text in {
            "two_zero_bytes": chain + "\0\0", "empty_line_between": pem(pck) + "\n" + pem(platform) + pem(root),
            "text_before": "Subject: x\n" + chain, "text_between": pem(pck) + "x\n" + pem(platform) + pem(root),
            "text_behind": chain + "x", "space_behind": chain + " ", "headers": chain.replace(
                "CERTIFICATE-----\n", "CERTIFICATE-----\nA: b\n\n", 1),
            "other_label": chain.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            "other_end": chain.replace("-----END CERTIFICATE", "-----END CERTIFICATES", 1),
            "spaces_in_base64": chain.replace("MII", "MII ", 1),
            "base64_bad_character": chain.replace("MII", "MI*", 1),
            "base64_unused_bits": _unused_bits(pck) + pem(platform) + pem(root),
            "base64_short": chain.replace("MII", "MI", 1),
            "line_too_long": _long_line(pck) + pem(platform) + pem(root),
            "lone_cr": chain.replace("\n", "\r"),
            "certificate_over_4096_bytes": pem(certificate(
                extra=[extension("1.2.3", bytes(4096))])) + pem(platform) + pem(root),
            "garbage_in_the_third": pem(pck) + pem(platform) + pem(b"\0\0\0"),
            "byte_behind_the_first": pem(pck + b"\0") + pem(platform) + pem(root)}.items():
        yield case, "pck", text, ["PEM_FORMAT"]
    for case, text in {"one": pem(pck), "two": pem(pck) + pem(platform), "none": "",
                       "four": chain + pem(root), "two_and_zero_byte": pem(pck) + pem(platform) + "\0"}.items():
        yield case, "pck", text, ["CHAIN_LEN"]
    yield "signer_zero_byte", "tcb", pem(signer) + pem(root) + "\0", ["PEM_FORMAT"]
    yield "signer_alone", "tcb", pem(signer), ["CHAIN_LEN"]
    yield "signer_and_three", "tcb", pem(signer) + pem(root) + pem(root), ["CHAIN_LEN"]

    leaf_signature, signer_signature = ["PCK_ISSUER", "INTER_SIG"], ["ROOT_UNTRUSTED", "INTER_SIG"]
    yield "leaf_names_other_issuer", "pck", pem(certificate(issuer=name(PROCESSOR))) + \
        pem(platform) + pem(root), ["PCK_ISSUER"]
    yield "leaf_names_issuer_in_printable", "pck", pem(certificate(issuer=seq(
        attribute("3", PLATFORM, 0x13), attribute("10", "Intel Corporation"),
        attribute("7", "Santa Clara"), attribute("8", "CA"), attribute("6", "US", 0x13)))) + \
        pem(platform) + pem(root), ["PCK_ISSUER"]
    yield "leaf_signed_by_other", "pck", pem(forged("pck", "other")) + pem(platform) + pem(root), leaf_signature
    yield "leaf_signed_by_root", "pck", pem(forged("pck", "root")) + pem(platform) + pem(root), leaf_signature
    yield "leaf_signature_broken", "pck", pem(broken(pck)) + pem(platform) + pem(root), leaf_signature
    yield "ca_signed_by_other", "pck", pem(pck) + pem(forged("platform", "other")) + pem(root), ["INTER_SIG"]
    yield "ca_names_other_issuer", "pck", pem(pck) + pem(certificate("platform", issuer=name(SIGNER))) + \
        pem(root), ["INTER_SIG", "INTER_NAME"]
    yield "root_with_same_names", "pck", pem(pck) + pem(forged("platform", "other")) + pem(
        certificate("root", key=spki(KEYS["other"].point), signer="other")), ["ROOT_UNTRUSTED"]
    yield "root_did_not_sign_itself", "pck", pem(pck) + pem(platform) + pem(
        certificate("root", serial=integer(78), signer="other")), ["ROOT_UNTRUSTED"]
    yield "root_names_other_issuer", "pck", pem(pck) + pem(platform) + pem(
        certificate("root", serial=integer(79), issuer=name(SIGNER))), ["ROOT_UNTRUSTED"]
    yield "leaf_key_off_curve", "pck", pem(certificate(key=spki(b"\1" * 64))) + pem(platform) + pem(root), ["CERT_KEY"]
    yield "leaf_key_infinity", "pck", pem(certificate(key=spki(bytes(64)))) + pem(platform) + pem(root), ["CERT_KEY"]
    yield "ca_key_off_curve", "pck", pem(pck) + pem(certificate("platform", key=spki(b"\1" * 64))) + \
        pem(root), ["CERT_KEY"]
    yield "no_extensions", "pck", pem(certificate(extensions=None)) + pem(platform) + pem(root), \
        ["BASIC_CONSTRAINTS", "KEY_USAGE", "PCK_EXTENSION"]
    yield "sgx_twice", "pck", pem(certificate(extra=[extension(SGX, sgx_extension())])) + pem(platform) + \
        pem(root), ["CERT_CRITICAL_EXT", "PCK_EXTENSION"]
    yield "no_extension", "pck", pem(certificate(leave_out=("sgx0",))) + pem(platform) + pem(root), ["PCK_EXTENSION"]
    yield "each_expired", "pck", "".join(pem(certificate(
        r, validity=seq(utc("180521104510Z"), utc("190521104510Z")))) for r in ("pck", "platform", "root")), \
        ["CERT_EXPIRED", "CERT_EXPIRED", "CERT_EXPIRED"]
    yield "order_root_first", "tcb", pem(root) + pem(signer), None
    yield "order_reversed", "pck", pem(root) + pem(platform) + pem(pck), None
    yield "signer_from_ca", "tcb", pem(forged("signer", "platform", issuer=name(PLATFORM))) + pem(root), \
        signer_signature + ["ROOT_UNTRUSTED", "TCB_SIGNING_NAME"]
    yield "signer_signed_by_other", "tcb", pem(forged("signer", "other")) + pem(root), signer_signature
    yield "signer_expired", "tcb", pem(certificate(
        "signer", validity=seq(utc("180521104510Z"), utc("250521104510Z")))) + pem(root), ["CERT_EXPIRED"]
    yield "signer_is_pck", "tcb", pem(pck) + pem(root), \
        ["TCB_SIGNING_NAME", "ROOT_UNTRUSTED", "TCB_SIGNING_NAME"] + signer_signature


def _odd_lines(der):
    lines = pem(der).splitlines()
    text = "".join(lines[1:-1])
    rest = [text[i:i + 76] for i in range(2, len(text), 76)]
    return "\n".join([lines[0], text[0], text[1], *rest, lines[-1], ""])


def _long_line(der):
    lines = pem(der).splitlines()
    return "\n".join([lines[0], lines[1] + lines[2][:13], lines[2][13:], *lines[3:], ""])


def _unused_bits(der):
    """The last character before the padding with its lowest bit set: the same bytes to OpenSSL."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    while len(der) % 3 == 0:
        der = certificate(serial=integer(len(der) << 8))
    text = pem(der)
    at = text.index("=") - 1
    return text[:at] + alphabet[alphabet.index(text[at]) + 1] + text[at + 1:]


# --- CRLs ---------------------------------------------------------------------------------------

NUMBER = extension("2.5.29.20", integer(1))


def entry(serial, *extensions):
    return seq(serial if isinstance(serial, bytes) else integer(serial), utc("260101000000Z"),
               *([seq(*extensions)] if extensions else []))


def reason(code, critical=False):
    return extension("2.5.29.21", integer(code, 0x0a), critical)


def crl(entries=(), *, key="platform", outer=ECDSA_SHA256, extensions=(NUMBER, AKI), behind=b"", **change):
    parts = {
        "version": integer(1),
        "algorithm": ECDSA_SHA256,
        "issuer": name(PLATFORM),
        "this": utc("260501000000Z"),
        "next": utc("260601000000Z"),
        "entries": entries if isinstance(entries, bytes) else seq(*entries) if entries else None,
        "extensions": tlv(0xa0, seq(*extensions)) if extensions else None,
    }
    parts.update(change)
    return envelope(seq(*[p for p in parts.values() if p is not None]), KEYS[key], outer) + behind


def crls():
    """name, bytes, codes, is the PCK listed; all against the Platform CA"""
    listed = entry(SERIALS["pck"], reason(1))
    plain = crl()
    yield "nothing_listed", plain, [], False
    yield "empty_sequence", crl(entries=seq()), [], False
    yield "others_listed", crl([entry(SERIALS["pck"] + 1), entry(SERIALS["pck"] << 8, reason(1)),
                                entry(SERIALS["pck"] >> 8)]), [], False
    yield "listed", crl([entry(5), listed]), [], True
    yield "listed_without_reason", crl([entry(SERIALS["pck"]), entry(5)]), [], True
    yield "as_hex", plain.hex().encode(), [], False
    yield "as_upper_hex", crl([listed]).hex().upper().encode(), [], True
    yield "as_pem", pem(crl([listed]), "X509 CRL").encode(), [], True
    yield "as_pem_crlf", pem(plain, "X509 CRL", "\r\n").encode(), [], False
    yield "last_second", crl(next=utc("260601000000Z")), [], False
    yield "first_second", crl(this=generalized("20260601000000Z"), next=generalized("20270601000000Z")), [], False
    yield "second_late", crl(next=utc("260531235959Z")), ["CRL_EXPIRED"], False
    yield "second_early", crl(this=utc("260601000001Z"), next=utc("260701000000Z")), ["CRL_NOT_YET_VALID"], False
    yield "other_ca", crl(issuer=name(PROCESSOR), key="processor"), ["CRL_UNKNOWN_ISSUER"], False
    yield "other_ca_same_key", crl(issuer=name(PROCESSOR)), ["CRL_UNKNOWN_ISSUER"], False
    yield "other_key", crl(key="other"), ["CRL_BAD_SIGNATURE"], False
    yield "altered", plain.replace(b"2605010", b"2605020"), ["CRL_BAD_SIGNATURE"], False
    for case, der in {
            "no_number": crl(extensions=(AKI,)), "no_authority": crl(extensions=(NUMBER,)),
            "no_extensions": crl(extensions=()), "number_twice": crl(extensions=(NUMBER, NUMBER)),
            "number_critical": crl(extensions=(extension("2.5.29.20", integer(1), True), AKI)),
            "delta": crl(extensions=(NUMBER, AKI, extension("2.5.29.27", integer(1), True))),
            "distribution_point": crl(extensions=(NUMBER, AKI, extension("2.5.29.28", seq(tlv(0x81, b"\xff")), True))),
            "unknown_extension": crl(extensions=(NUMBER, AKI, extension("1.2.3", b""))),
            "removal": crl([entry(SERIALS["pck"], reason(8))]),
            "invalidity_date": crl([entry(7, extension("2.5.29.24", generalized("20260101000000Z")))]),
            "certificate_issuer": crl([entry(7, extension("2.5.29.29", seq(), True))]),
            "reason_critical": crl([entry(7, reason(1, True))]),
            "reason_11": crl([entry(7, reason(11))]),
            "reason_and_more": crl([entry(7, reason(1), extension("1.2.3", b""))])}.items():
        yield case, der, ["CRL_EXTENSION"], False
    for case, der in {
            "nothing": b"", "version_1": crl(version=None), "version_3": crl(version=integer(2)),
            "no_next_update": crl(next=None), "inner_sha384": crl(algorithm=ECDSA_SHA384),
            "outer_sha384": crl(outer=ECDSA_SHA384), "byte_behind": crl(behind=b"\0"),
            "serial_negative": crl([entry(-1)]), "serial_zero": crl([entry(0)]),
            "serial_padded": crl([entry(tlv(2, b"\0\5"))]), "entry_with_more": crl([seq(integer(5), utc("260101000000Z"), seq(reason(1)), integer(1))]),
            "entry_without_date": crl([seq(integer(5))]), "empty_entry_extensions": crl(entries=seq(seq(
                integer(5), utc("260101000000Z"), seq()))),
            "hex_odd": plain.hex().encode()[:-1], "hex_behind": plain.hex().encode() + b"\n",
            "hex_short": plain.hex().encode()[:-2], "pem_of_a_certificate": pem(certificate()).encode(),
            "pem_twice": pem(plain, "X509 CRL").encode() * 2, "pem_behind": pem(plain, "X509 CRL").encode() + b" ",
            "pem_other_label": pem(plain, "CRL").encode(),
            "a_certificate": certificate("platform"), "garbage": b"\0" * 300}.items():
        yield case, der, ["CRL_FORMAT"], False
    yield "everything_at_once", crl([entry(7, reason(8))], extensions=(AKI,), next=utc("260531235959Z")), \
        ["CRL_EXTENSION", "CRL_EXTENSION", "CRL_EXPIRED"], False


def write(file, value):
    with open(os.path.join(HERE, file), "w", encoding="ascii") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def main():
    os.makedirs(HERE, exist_ok=True)
    write("extensions.json", [{"name": n, "der": d.hex(), "expect": e} for n, d, e in extensions()])
    write("certificates.json", [{"name": n, "role": r, "der": d.hex(), "now": NOW, "expect": e}
                                for n, r, d, e in certificates()])
    write("chains.json", {"root": pem(certificate("root")), "now": NOW, "cases": [
        {"name": n, "kind": k, "pem": t.encode().hex(), "expect": e} for n, k, t, e in chains()]})
    write("crls.json", {"ca": certificate("platform").hex(), "pck": certificate().hex(), "now": NOW, "cases": [
        {"name": n, "input": i.hex(), "expect": e, "listed": on} for n, i, e, on in crls()]})


if __name__ == "__main__":
    main()
