"""replicatoorctl collateral: bundles from a provisioning service, and what is in them."""
import glob
import json
import os
import subprocess

import pytest

from node import CTL
from simulator import Simulator
from test_ctl_verify import VECTORS

pytestmark = pytest.mark.skipif(not os.path.exists(CTL), reason=f"{CTL} is not built")
CASE = os.path.join(VECTORS, "real", "phala-dcap-qvl", "tdx_v4_b0c06f")
FMSPC = "53494d000000"  # the simulator's
MEMBERS = ["root_ca_crl", "pck_crl", "tcb_info_issuer_chain", "tcb_info", "tcb_info_signature",
           "qe_identity_issuer_chain", "qe_identity", "qe_identity_signature",
           "pck_crl_issuer_chain"]


def run(*arguments):
    return subprocess.run([CTL, "collateral", *arguments], capture_output=True, check=False,
                          text=True)


def show(path, *arguments):
    result = run("show", str(path), "--json", *arguments)
    assert result.returncode in (0, 1), result.stderr
    shown = json.loads(result.stdout)
    assert shown["verified"] == (result.returncode == 0)
    return shown


def meta_of(case):
    with open(f"{case}/meta.json", encoding="utf-8") as f:
        return json.load(f)


@pytest.fixture(name="service")
def a_provisioning_service(tmp_path, session_pki):
    with Simulator(tmp_path / "pcs", pki=session_pki, no_agent=True) as simulator:
        yield simulator


def test_real_bundles_verify_on_their_day():
    for meta in glob.glob(f"{VECTORS}/real/*/tdx_*/meta.json"):
        case = os.path.dirname(meta)
        if "tcb_evaluation_data_number" not in meta_of(case) or "confusion" in case:
            continue
        now = meta_of(case)["verification_time_unix"]
        shown = show(f"{case}/collateral.json", "--at", str(now))
        assert shown["verified"], (case, shown)
        numbers = [d["evaluation_number"] for d in shown["documents"][:2]]
        assert numbers == meta_of(case)["tcb_evaluation_data_number"]
        assert shown["documents"][0]["fmspc"] == meta_of(case)["fmspc"]


def test_what_a_real_bundle_says():
    now = meta_of(CASE)["verification_time_unix"]
    shown = show(f"{CASE}/collateral.json", "--at", str(now))
    assert [d["kind"] for d in shown["documents"]] == ["tcb_info", "qe_identity", "pck_crl",
                                                       "root_ca_crl"]
    assert shown["documents"][2]["entries"] == 44 and shown["documents"][2]["ca"] == "platform"
    assert [level["status"] for level in shown["tcb_levels"]] == ["UpToDate", "OutOfDate"]
    text = run("show", f"{CASE}/collateral.json", "--at", str(now)).stdout
    assert text.count("verified") == 4 and "44" in text and "UpToDate" in text, text


def test_on_another_day_it_says_what_is_wrong_and_still_what_is_in_it():
    shown = show(f"{CASE}/collateral.json", "--at", "1800000000")
    assert [d["why"] for d in shown["documents"]] == ["TCB_INFO_EXPIRED", "QE_IDENTITY_EXPIRED",
                                                      "CRL_EXPIRED", "CRL_EXPIRED"]
    assert shown["documents"][0]["evaluation_number"] == 17 and shown["tcb_levels"]


def test_an_edited_bundle_does_not_verify(tmp_path):
    with open(f"{CASE}/collateral.json", encoding="utf-8") as f:
        bundle = json.load(f)
    bundle["tcb_info"] = bundle["tcb_info"].replace("OutOfDate", "UpToDate ", 1)
    (tmp_path / "edited.json").write_text(json.dumps(bundle))
    shown = show(tmp_path / "edited.json", "--at", str(meta_of(CASE)["verification_time_unix"]))
    assert [d["verified"] for d in shown["documents"]] == [False, True, True, True]
    assert shown["documents"][0]["why"] == "TCB_INFO_SIGNATURE"


@pytest.mark.parametrize("suffix", ["", "/", "/sgx/certification/v4", "/tdx/certification/v4/"])
def test_a_bundle_is_fetched_and_verifies(service, tmp_path, session_pki, suffix):
    out = tmp_path / "bundle.json"
    result = run("fetch", "--fmspc", FMSPC, "--ca", "platform", "--source",
                 f"http://{service.ready['pcs']}{suffix}", "-o", str(out))
    assert result.returncode == 0, result.stderr
    bundle = json.loads(out.read_text())
    assert sorted(bundle) == sorted(MEMBERS)
    bytes.fromhex(bundle["pck_crl"])
    assert show(out, "--root", str(session_pki / "root.pem"))["verified"]


def test_the_next_source_is_asked_for_what_the_first_has_not(service, tmp_path):
    result = run("fetch", "--fmspc", FMSPC, "--ca", "platform", "--source",
                 f"http://127.0.0.1:1,http://{service.ready['pcs']}")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("http://127.0.0.1:1") == 4
    assert sorted(json.loads(result.stdout)) == sorted(MEMBERS)
    result = run("fetch", "--fmspc", "000000000000", "--ca", "platform", "--source",
                 f"http://{service.ready['pcs']}")
    assert result.returncode == 4 and "404" in result.stderr, result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", [
    [], ["fetch"], ["show"], ["look"], ["fetch", "--fmspc", "90c06f000000"],
    ["fetch", "--ca", "platform"], ["fetch", "--fmspc", "90c06f", "--ca", "platform"],
    ["fetch", "--fmspc", "90c06f000000", "--ca", "root"],
    ["fetch", "--fmspc", "90c06f000000", "--ca", "platform", "--source", "ftp://x"],
    ["fetch", "--quote", "/nonexistent"], ["fetch", "--quote", f"{CASE}/meta.json"],
    ["show", "/nonexistent"], ["show", f"{CASE}/meta.json"],
    ["show", f"{CASE}/collateral.json", "--at", "yesterday"]])
def test_usage_and_unreadable_files_are_status_2(arguments):
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "") and result.stderr
