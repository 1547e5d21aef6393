"""The product's verifier on the simulator's quotes: encoder and decoder share no code."""
import json
import os
import subprocess

import pytest

from node import CTL
from simulator import Simulator

REPORT_DATA = bytes(range(64))


@pytest.fixture(name="pki")
def shared_pki(session_pki):
    if not os.path.exists(CTL):
        pytest.skip(f"{CTL} is not built")
    return session_pki


def run_ctl(sim, quote, *arguments, root="root.pem"):
    path = os.path.join(sim.directory, "quote.bin")
    with open(path, "wb") as f:
        f.write(quote)
    if root:
        arguments += ("--root", os.path.join(sim.directory, root))
    result = subprocess.run(
        [CTL, "verify", path, "--collateral", os.path.join(sim.directory, "bundle.json"),
         *arguments], capture_output=True, text=True, check=False)
    return result.returncode, json.loads(result.stdout)


@pytest.mark.parametrize("options", [
    {}, {"body": 2}, {"body": 3}, {"ca": "processor"}, {"era": "0.5.5"}])
def test_replicatoorctl_admits_the_quotes(tmp_path, pki, options):
    with Simulator(tmp_path, pki=pki, write_bundle=tmp_path / "bundle.json", **options) as sim:
        raw, log = sim.quote(REPORT_DATA)
        log_path = tmp_path / "log.json"
        log_path.write_text(log)
        status, found = run_ctl(sim, raw, "--event-log", str(log_path))
        assert (status, found["admitted"], found["status"]) == (0, True, "UpToDate"), found
        assert found["quote"]["report_data"] == REPORT_DATA.hex()


@pytest.mark.parametrize("options,code", [
    ({"tamper": "signature"}, "QUOTE_SIGNATURE"), ({"tamper": "qe"}, "QE_REPORT_SIGNATURE"),
    ({"tcb": "OutOfDate"}, "TCB_STATUS"), ({"tcb": "Revoked"}, "TCB_REVOKED"),
    ({"tcb": "NotSupported"}, "TCB_NOT_SUPPORTED"), ({"revoke": ["pck"]}, "PCK_REVOKED"),
    ({"tcb": "TDRelaunchAdvised"}, "TCB_STATUS"),
    ({"revoke": ["platform"]}, "INTER_REVOKED"), ({"issue_offset": -40 * 86400}, "CRL_EXPIRED"),
    ({"td": ["td_attributes=0100001000000000"]}, "TD_DEBUG")])
def test_replicatoorctl_refuses_what_is_wrong_by_its_code(tmp_path, pki, options, code):
    with Simulator(tmp_path, pki=pki, write_bundle=tmp_path / "bundle.json", **options) as sim:
        status, found = run_ctl(sim, sim.quote(REPORT_DATA)[0])
        assert status == 1 and not found["admitted"]
        assert code in found["failed"], found["failed"]


def test_replicatoorctl_refuses_the_test_root_when_it_is_not_named(tmp_path, pki):
    with Simulator(tmp_path, pki=pki, write_bundle=tmp_path / "bundle.json") as sim:
        status, found = run_ctl(sim, sim.quote(REPORT_DATA)[0], root=None)
        assert status == 1
        assert "ROOT_UNTRUSTED" in found["failed"]
