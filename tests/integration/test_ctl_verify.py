"""replicatoorctl verify over the vectors: exit status, JSON on stdout and nothing else."""
import glob
import json
import os
import subprocess

import pytest

from node import CTL

pytestmark = pytest.mark.skipif(not os.path.exists(CTL), reason=f"{CTL} is not built")

VECTORS = os.path.join(os.path.dirname(__file__), "..", "vectors", "dcap")
CONTROL = os.path.join(VECTORS, "derived", "ok_control")
SYNTHETIC = os.path.join(VECTORS, "synthetic")
ACCEPTED = ("UpToDate,SWHardeningNeeded,ConfigurationNeeded,ConfigurationAndSWHardeningNeeded,"
            "TDRelaunchAdvised,TDRelaunchAdvisedConfigurationNeeded,OutOfDate,"
            "OutOfDateConfigurationNeeded")


def run(*arguments, stdin=None):
    return subprocess.run([CTL, "verify", *arguments], input=stdin, capture_output=True,
                          check=False)


def verify(case, *arguments, quote=None, stdin=None):
    with open(f"{case}/meta.json", encoding="utf-8") as f:
        now = json.load(f)["verification_time_unix"]
    result = run(quote or f"{case}/quote.bin", "--collateral", f"{case}/collateral.json", "--at",
                 str(now), *arguments, stdin=stdin)
    assert result.returncode in (0, 1), result.stderr
    found = json.loads(result.stdout)
    assert found["admitted"] == (result.returncode == 0)
    return found


def control(*arguments, **more):
    return verify(CONTROL, *arguments, **more)


def test_every_vector_gets_its_answer():
    cases = sorted(os.path.dirname(p) for p in glob.glob(f"{VECTORS}/**/meta.json", recursive=True))
    assert len(cases) >= 199
    for case in cases:
        with open(f"{case}/meta.json", encoding="utf-8") as f:
            meta = json.load(f)
        root = ("--root", f"{SYNTHETIC}/root_ca.der") if "/synthetic/" in case else ()
        found = verify(case, "--json", "--accept", ACCEPTED, *root)
        expected = meta["expected"].split(" ")
        if expected[0] != "ACCEPT":
            assert not found["admitted"] and found["failed"], case
        elif not meta.get("policy_failures"):
            assert found["admitted"], (case, found["failed"])
            assert expected[1:2] in ([], ["(or"], [found["status"]]), case
            assert found["advisories"] == meta.get("advisories", found["advisories"]), case


def test_a_quote_may_be_hex_or_come_from_stdin():
    with open(f"{CONTROL}/quote.bin", "rb") as f:
        raw = f.read()
    assert control(quote="-", stdin=raw)["admitted"]
    for text in (raw.hex(), raw.hex().upper() + "\n", "0x" + raw.hex() + "\r\n"):
        assert control(quote="-", stdin=text.encode())["admitted"]


def test_hex_may_stand_on_many_lines():
    with open(f"{CONTROL}/quote.bin", "rb") as f:
        text = f.read().hex()
    lines = "\r\n".join(text[i:i + 61] for i in range(0, len(text), 61))
    assert control(quote="-", stdin=f"\n {lines}\n\n".encode())["admitted"]
    assert not control(quote="-", stdin=f"{lines}\n0".encode())["admitted"]


def test_evidence_behind_a_quote_is_left_out(tmp_path):
    with open(f"{CONTROL}/quote.bin", "rb") as f:
        quote = f.read().rstrip(b"\0")
    canonical = 636 + int.from_bytes(quote[632:636], "little")
    quote = quote.ljust(canonical, b"\0")
    evidence = b"RPLEVID1" + (200_000).to_bytes(4, "little") + bytes(range(200)) * 1000
    bare = control(quote="-", stdin=quote)
    for text in (quote + evidence, (quote + evidence).hex().encode()):
        found = control(quote="-", stdin=text)
        assert found["admitted"] and found["quote"] == bare["quote"]
    for tail in (b"RPLEVID2" + evidence[8:99], b"RPLEVID", b"\0" + evidence[:99], b"rplevid1"):
        assert "TRAILING" in control(quote="-", stdin=quote + tail)["failed"]
    assert not control(quote="-", stdin=quote[:-1] + evidence)["admitted"]
    changed = bytearray(quote + evidence)
    changed[600] ^= 1
    assert "QUOTE_SIGNATURE" in control(quote="-", stdin=bytes(changed))["failed"]


@pytest.mark.parametrize("quote", [b"", b"\0", b"04000200", b"zz", b"4", bytes(20_000_000)],
                         ids=["empty", "zero", "hex", "text", "odd", "giant"])
def test_what_is_no_quote_is_a_refusal(quote):
    found = control(quote="-", stdin=quote)
    assert not found["admitted"] and found["quote"] is None
    assert found["checks"]


@pytest.mark.parametrize("bundle", ["", "{}", "[]", '{"tcb_info":1}', " " * 20_000_000],
                         ids=["empty", "object", "array", "number", "giant"])
def test_a_bundle_that_is_none_is_a_refusal(tmp_path, bundle):
    path = tmp_path / "bundle.json"
    path.write_text(bundle)
    result = run(f"{CONTROL}/quote.bin", "--collateral", str(path), "--at", "1750377600")
    assert result.returncode == 1
    assert json.loads(result.stdout)["failed"] == ["COLLATERAL_MISSING"]


@pytest.mark.parametrize("arguments", [
    [], ["q"], ["--collateral", "c"], ["/nonexistent", "--collateral", f"{CONTROL}/collateral.json"],
    [f"{CONTROL}/quote.bin", "--collateral", "/nonexistent"],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--at", "soon"],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--at", "-1"],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--at", "9" * 30],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--accept", "Good"],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--accept", ""],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--event-log", "/none"],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--root", "/none"],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--root", __file__],
    [f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--what"]])
def test_usage_and_unreadable_files_are_status_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert not result.stdout and result.stderr


def test_the_accepted_statuses_decide():
    case, root = f"{SYNTHETIC}/plat_OutOfDate", ("--root", f"{SYNTHETIC}/root_ca.der")
    found = verify(case, *root)
    assert (found["status"], found["failed"]) == ("OutOfDate", ["TCB_STATUS"])
    assert verify(case, "--accept", "UpToDate,OutOfDate", *root)["admitted"]
    revoked = verify(f"{SYNTHETIC}/qe_revoked", "--accept", "Revoked", *root)
    assert "TCB_REVOKED" in revoked["failed"]


def test_a_refusal_is_explained_to_a_person():
    result = run(f"{CONTROL}/quote.bin", "--collateral", f"{CONTROL}/collateral.json", "--at", "1")
    assert result.returncode == 1
    assert b"CERT_NOT_YET_VALID" in result.stderr and b"fix:" in result.stderr


def test_an_event_log_must_be_one():
    found = control("--event-log", __file__)
    assert found["failed"] == ["EVENT_LOG_FORMAT"]


REAL = os.path.join(VECTORS, "real", "automata-dcap-rs", "tdx_v4_00806f_feb2025")
GOOGLE = os.path.join(VECTORS, "real", "google-go-tdx-guest", "tdx_v5_90c06f")
OLD = 1691539200  # 2023-08-09, the date of that platform's level


@pytest.mark.parametrize("case, option, good, bad, code", [
    (REAL, "tcb-advisories", "INTEL-SA-00960,INTEL-SA-00982,INTEL-SA-00986",
     "INTEL-SA-00960,INTEL-SA-00982", "TCB_ADVISORY"),
    (REAL, "tcb-min-evaluation", "17", "18", "TCB_EVAL_NUMBER"),
    (REAL, "platforms-allow", "00806f050000,b0c06f000000", "b0c06f000000", "PLATFORM"),
    (REAL, "platforms-deny", "b0c06f000000", "00806f050000", "PLATFORM"),
    (GOOGLE, "xfam", "0x602e7", "0x600e7", "TD_XFAM"),
])
def test_each_rule_of_the_policy_is_an_option(case, option, good, bad, code):
    assert verify(case, "--accept", ACCEPTED, f"--{option}", good)["admitted"]
    assert verify(case, "--accept", ACCEPTED, f"--{option}", bad)["failed"] == [code]


def test_grace_is_told():
    with open(f"{REAL}/meta.json", encoding="utf-8") as f:
        days = (json.load(f)["verification_time_unix"] - OLD) // 86400 + 1
    found = verify(REAL, "--tcb-grace-days", str(days))
    assert found["admitted"] and found["status"] == "OutOfDate"
    assert found["tcb"]["grace_until"] == OLD + days * 86400
    found = verify(REAL, "--tcb-grace-days", str(days - 1))
    assert found["failed"] == ["TCB_STATUS"] and found["tcb"]["grace_until"] is None


def test_a_rule_that_cannot_be_read_is_a_usage_error():
    done = run("x", "--collateral", "y", "--xfam", "all")
    assert done.returncode == 2 and b"--xfam wants a mask such as" in done.stderr
