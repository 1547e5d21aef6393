"""The simulator's quotes, certificates and collateral, checked by means that are not its own; its
faults; the process."""
import hashlib
import json
import os
import stat
import subprocess
import sys
import time
import urllib.error
from urllib.parse import unquote

import pytest
from cryptography import x509

from simulator import REPOSITORY, Simulator
from tdx import Quote, issued_by, pem_certificates, verify_raw

REPORT_DATA = bytes(range(64))


@pytest.fixture(scope="module", name="sim")
def module_simulator(tmp_path_factory, session_pki):
    with Simulator(tmp_path_factory.mktemp("sim"), pki=session_pki) as sim:
        yield sim


@pytest.fixture(name="pki")
def shared_pki(session_pki):
    return session_pki


def root_of(sim):
    with open(sim.ready["root"], "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


# Quotes

def test_a_quote_verifies_in_every_part(sim):
    raw, _ = sim.quote(REPORT_DATA)
    quote = Quote(raw)
    assert quote.failures(root_of(sim)) == []
    assert (quote.version, quote.key_type, quote.tee_type) == (4, 2, 0x81)
    assert quote.header[8:12] == bytes(4)
    assert quote.header[12:28].hex() == "939a7233f79c4ca9940a0db3957f0607"
    assert (quote.outer_type, quote.inner_type) == (6, 5)
    assert quote.outer_len == quote.data_len - 134
    assert quote.inner_end == quote.data_len
    assert quote.field("report_data") == REPORT_DATA


def test_a_quote_is_padded_with_zeros_as_real_ones_are(sim):
    quote = Quote(sim.quote(REPORT_DATA)[0])
    assert len(quote.raw) == 5006
    assert quote.canonical_len < 5006
    assert not any(quote.padding)


@pytest.mark.parametrize("body,length", [(2, 584), (3, 648)])
def test_version_5_quotes_verify(tmp_path, pki, body, length):
    with Simulator(tmp_path, pki=pki, body=body) as sim:
        quote = Quote(sim.quote(REPORT_DATA)[0])
        assert (quote.version, quote.body_type, len(quote.body)) == (5, body, length)
        assert quote.failures(root_of(sim)) == []
        assert quote.field("report_data") == REPORT_DATA


def test_report_data_is_padded_right_and_65_bytes_are_refused(sim):
    status, answer = sim.post("dstack", "/GetQuote", {"report_data": "0xAb"})
    assert status == 200
    assert answer["report_data"] == "ab" + "00" * 63
    assert Quote(bytes.fromhex(answer["quote"])).field("report_data") == b"\xab" + bytes(63)
    status, answer = sim.post("dstack", "/GetQuote", {"report_data": "00" * 65})
    assert (status, answer) == (400, {"error": "Report data is too long"})


def test_mr_config_id_names_the_compose_hash_unless_told_otherwise(sim, tmp_path, pki):
    quote = Quote(sim.quote(REPORT_DATA)[0])
    assert quote.field("mr_config_id").hex() == "01" + sim.ready["compose_hash"] + "00" * 15
    with Simulator(tmp_path, pki=pki, no_mrconfig=True) as other:
        assert Quote(other.quote(REPORT_DATA)[0]).field("mr_config_id") == bytes(48)


def test_a_td_field_can_be_set(tmp_path, pki):
    with Simulator(tmp_path, pki=pki, td=["td_attributes=0100001000000000"]) as sim:
        quote = Quote(sim.quote(REPORT_DATA)[0])
        assert quote.field("td_attributes").hex() == "0100001000000000"
        assert quote.failures(root_of(sim)) == []


def test_image_and_shape_change_what_they_should(tmp_path, pki):
    def measured(name, **options):
        with Simulator(tmp_path / name, pki=pki, **options) as sim:
            return sim.ready
    base, image, shape = (measured("base"), measured("image", image="other"),
                          measured("shape", shape="64 CPU"))
    registers = ("mrtd", "rtmr0", "rtmr1", "rtmr2")
    assert [base[r] == image[r] for r in registers] == [False, True, False, False]
    assert [base[r] == shape[r] for r in registers] == [True, False, True, True]
    assert len({r["release"] for r in (base, image, shape)}) == 3
    joined = b"".join(bytes.fromhex(base[r]) for r in registers)
    assert base["image_hash"] == hashlib.sha256(joined).hexdigest()


# PCK certificate and collateral

def test_the_certificates_have_intels_names_and_roles(sim):
    leaf, intermediate, root = Quote(sim.quote(REPORT_DATA)[0]).chain()
    names = [c.subject.rfc4514_string().split(",")[-1] for c in (leaf, intermediate, root)]
    assert names == ["CN=Intel SGX PCK Certificate", "CN=Intel SGX PCK Platform CA",
                     "CN=Intel SGX Root CA"]
    for cert, path_length in ((leaf, None), (intermediate, 0), (root, 1)):
        basic = cert.extensions.get_extension_for_class(x509.BasicConstraints)
        assert basic.critical and basic.value.path_length == path_length
        assert basic.value.ca == (path_length is not None)
        usage = cert.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical and usage.value.key_cert_sign == (path_length is not None)
        assert usage.value.digital_signature == (path_length is None)


def test_openssl_reads_the_sgx_extension_as_real_ones_are_built(sim):
    leaf = Quote(sim.quote(REPORT_DATA)[0]).chain()[0]
    extension = leaf.extensions.get_extension_for_oid(
        x509.ObjectIdentifier("1.2.840.113741.1.13.1"))
    assert not extension.critical
    parsed = subprocess.run(["openssl", "asn1parse", "-inform", "der"], check=True,
                            input=extension.value.value, capture_output=True).stdout.decode()
    depth_two = [line.split(":")[-1] for line in parsed.splitlines()
                 if "d=2" in line and "OBJECT" in line]
    assert depth_two == [f"1.2.840.113741.1.13.1.{n}" for n in range(1, 8)]
    assert "[HEX DUMP]:" + sim.ready["ppid"].upper() in parsed
    assert "[HEX DUMP]:" + sim.ready["fmspc"].upper() in parsed
    assert parsed.count("INTEGER") == 17
    assert "ENUMERATED" in parsed and parsed.count("BOOLEAN") == 3


def chain_of(headers, name):
    return pem_certificates(unquote(headers[name]).encode())


@pytest.mark.parametrize("target,member,header", [
    ("/tdx/certification/v4/tcb?fmspc=53494d000000", "tcbInfo", "TCB-Info-Issuer-Chain"),
    ("/tdx/certification/v4/qe/identity", "enclaveIdentity", "SGX-Enclave-Identity-Issuer-Chain"),
])
def test_signed_documents_verify_over_their_raw_bytes(sim, target, member, header):
    headers, body = sim.pcs(target)
    signer, root = chain_of(headers, header)
    assert root == root_of(sim) and issued_by(signer, root)
    opening, closing = b'{"' + member.encode() + b'":', b',"signature":"'
    at = body.index(closing)
    document, signature = body[len(opening):at], json.loads(body)["signature"]
    assert body.startswith(opening)
    assert verify_raw(signer.public_key(), bytes.fromhex(signature), document)
    dates = json.loads(document)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    assert dates["issueDate"] < now < dates["nextUpdate"]


def test_the_pck_crl_comes_as_pem_and_der_and_is_signed_by_its_ca(sim):
    headers, pem = sim.pcs("/sgx/certification/v4/pckcrl?ca=platform")
    _, der = sim.pcs("/sgx/certification/v4/pckcrl?ca=platform&encoding=der")
    ca, root = chain_of(headers, "SGX-PCK-CRL-Issuer-Chain")
    crl = x509.load_pem_x509_crl(pem)
    assert crl == x509.load_der_x509_crl(der)
    assert issued_by(crl, ca) and issued_by(ca, root)
    assert {e.oid.dotted_string for e in crl.extensions} == {"2.5.29.20", "2.5.29.35"}
    processor, _ = sim.pcs("/sgx/certification/v4/pckcrl?ca=processor")
    other = chain_of(processor, "SGX-PCK-CRL-Issuer-Chain")[0]
    assert "CN=Intel SGX PCK Processor CA" in other.subject.rfc4514_string()


def test_the_root_crl_comes_as_der_and_hex(sim):
    _, der = sim.pcs("/IntelSGXRootCA.der")
    _, text = sim.pcs("/sgx/certification/v4/rootcacrl")
    assert bytes.fromhex(text.decode()) == der
    assert issued_by(x509.load_der_x509_crl(der), root_of(sim))


def test_requests_are_counted_and_unknown_platforms_are_404(tmp_path, pki):
    with Simulator(tmp_path, pki=pki) as sim:
        sim.pcs("/tdx/certification/v4/qe/identity")
        with pytest.raises(urllib.error.HTTPError) as refused:
            sim.pcs("/tdx/certification/v4/tcb?fmspc=000000000000")
        assert refused.value.code == 404
        assert sim.counts() == {"qe": 1, "tcb": 1}


def test_serials_are_revoked_on_request(tmp_path, pki):
    with Simulator(tmp_path, pki=pki, revoke=["pck", "platform"]) as sim:
        leaf, intermediate, _ = Quote(sim.quote(REPORT_DATA)[0]).chain()
        _, der = sim.pcs("/sgx/certification/v4/pckcrl?ca=platform&encoding=der")
        _, root_der = sim.pcs("/IntelSGXRootCA.der")
        pck_crl, root_crl = x509.load_der_x509_crl(der), x509.load_der_x509_crl(root_der)
        assert pck_crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
        assert root_crl.get_revoked_certificate_by_serial_number(intermediate.serial_number)
        assert not pck_crl.get_revoked_certificate_by_serial_number(1)


def test_dates_can_be_shifted(tmp_path, pki):
    with Simulator(tmp_path, pki=pki, issue_offset=-40 * 86400) as sim:
        document = json.loads(sim.pcs("/tdx/certification/v4/qe/identity")[1])
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        assert document["enclaveIdentity"]["nextUpdate"] < now


def platform_level(quote, tcb_info):
    """The status of the first level that the platform reaches: the rule of the PCS documentation,
    applied to the certificate's own numbers as openssl prints them."""
    leaf = quote.chain()[0]
    raw = leaf.extensions.get_extension_for_oid(
        x509.ObjectIdentifier("1.2.840.113741.1.13.1")).value.value
    parsed = subprocess.run(["openssl", "asn1parse", "-inform", "der"], check=True, input=raw,
                            capture_output=True).stdout.decode()
    numbers = [int(line.split(":")[-1], 16) for line in parsed.splitlines() if "INTEGER" in line]
    tdx = quote.field("tee_tcb_svn")
    for level in tcb_info["tcbLevels"]:
        tcb = level["tcb"]
        if (all(have >= want["svn"] for have, want in zip(numbers, tcb["sgxtcbcomponents"]))
                and numbers[16] >= tcb["pcesvn"]
                and all(have >= want["svn"]
                        for have, want in list(zip(tdx, tcb["tdxtcbcomponents"]))[2:])):
            return level["tcbStatus"]
    return None


@pytest.mark.parametrize("status", ["UpToDate", "SWHardeningNeeded", "ConfigurationNeeded",
                                    "OutOfDate", "Revoked", None])
def test_a_platform_has_the_asked_status_under_the_shared_tcb_info(sim, tmp_path, pki, status):
    _, body = sim.pcs("/tdx/certification/v4/tcb?fmspc=53494d000000")
    with Simulator(tmp_path, pki=pki, tcb=status or "NotSupported") as other:
        quote = Quote(other.quote(REPORT_DATA)[0])
        assert platform_level(quote, json.loads(body)["tcbInfo"]) == status


# Compose files

def test_a_docker_compose_file_is_wrapped_the_same_way_every_time(tmp_path, pki):
    compose = tmp_path / "docker-compose.yml"
    compose.write_text("services:\n  a:\n    image: \"ä&<>\"\n")
    hashes = set()
    for name in "ab":
        with Simulator(tmp_path / name, pki=pki, compose=compose) as sim:
            raw = (tmp_path / name / "app-compose.json").read_bytes()
            assert json.loads(raw)["docker_compose_file"] == compose.read_text()
            assert hashlib.sha256(raw).hexdigest() == sim.ready["compose_hash"]
            hashes.add(sim.ready["compose_hash"])
    assert len(hashes) == 1


def test_an_app_compose_file_is_taken_byte_for_byte(tmp_path, pki):
    compose = tmp_path / "app.json"
    compose.write_bytes(b'{"name" : "x",\n "docker_compose_file":"services: {}"}\n')
    with Simulator(tmp_path / "a", pki=pki, compose=compose) as sim:
        assert sim.ready["compose_hash"] == hashlib.sha256(compose.read_bytes()).hexdigest()


# Faults

@pytest.mark.parametrize("part,failures", [
    ("signature", ["quote signature"]), ("body", ["quote signature"]), ("qe", ["qe signature"])])
def test_a_tampered_quote_fails_where_it_was_tampered_with(tmp_path, pki, part, failures):
    with Simulator(tmp_path, pki=pki, tamper=part) as sim:
        assert Quote(sim.quote(REPORT_DATA)[0]).failures(root_of(sim)) == failures


def test_wrong_report_data_is_signed_all_the_same(tmp_path, pki):
    with Simulator(tmp_path, pki=pki, wrong_report_data=True) as sim:
        quote = Quote(sim.quote(REPORT_DATA)[0])
        assert quote.failures(root_of(sim)) == []
        assert quote.field("report_data") != REPORT_DATA


def test_faults_can_be_changed_while_it_runs(tmp_path, pki):
    with Simulator(tmp_path, pki=pki) as sim:
        assert sim.set(fail_quotes=1, pcs="qe=404")["fail_quotes"] == 1
        assert sim.post("dstack", "/GetQuote")[0] == 400
        with pytest.raises(urllib.error.HTTPError) as refused:
            sim.pcs("/tdx/certification/v4/qe/identity")
        assert refused.value.code == 404
        sim.set(pcs="")
        sim.pcs("/tdx/certification/v4/qe/identity")


# The process

def test_two_simulators_share_a_root_and_differ_in_the_rest(sim, tmp_path, pki):
    with Simulator(tmp_path, pki=pki) as other:
        assert root_of(sim) == root_of(other)
        assert sim.ready["release"] == other.ready["release"]
        for name in ("instance_id", "rtmr3", "ppid", "pck_serial"):
            assert sim.ready[name] != other.ready[name], name


def test_a_pki_that_many_make_at_once_is_one(tmp_path):
    sims = [Simulator(tmp_path / str(n), pki=tmp_path / "pki") for n in range(3)]
    processes = [subprocess.Popen(sim.command, stdout=subprocess.PIPE) for sim in sims]
    roots = {json.loads(p.stdout.readline())["root"] for p in processes}
    assert len({open(root, "rb").read() for root in roots}) == 1
    for process in processes:
        process.terminate()
        assert process.wait(timeout=10) == 0
        process.stdout.close()


def test_sigterm_ends_it_cleanly_and_removes_the_sockets(tmp_path, pki):
    sim = Simulator(tmp_path, pki=pki).start()
    assert stat.S_IMODE(os.stat(sim.ready["dstack_sock"]).st_mode) == 0o777
    assert sim.stop() == 0
    assert not os.path.exists(sim.ready["dstack_sock"])
    assert not os.path.exists(sim.ready["tappd_sock"])


def test_keccak_gives_the_known_answers():
    sys.path.insert(0, os.path.join(REPOSITORY, "tools"))
    from tappd_sim.keccak import keccak256
    assert keccak256(b"").hex() == ("c5d2460186f7233c927e7db2dcc703c0"
                                    "e500b653ca82273b7bfad8045d85a470")
    assert keccak256(b"abc").hex() == ("4e03657aea45a94fc7d47ba826c8d667"
                                       "c0d1e6e33a64a036ec44f58fa12d6c45")
    assert len({keccak256(bytes(n)) for n in (135, 136, 137)}) == 3
