"""The release build: Intel's root and nothing else, and no way to change that."""
import glob
import json
import os
import subprocess
import time
import urllib.request

import pytest

from simulator import REPOSITORY, WITH_PARENT, Simulator

RELEASE = os.path.join(REPOSITORY, "build", "release")
SERVER = os.path.join(RELEASE, "server", "replicatoor")
CTL = os.path.join(RELEASE, "clients", "replicatoorctl")
LIBRARY = os.path.join(RELEASE, "product", "librpl-attestation.so")

pytestmark = pytest.mark.skipif(not os.path.exists(SERVER) or not os.path.exists(CTL),
                                reason="the release is not built: ./run build release")


def run(*command, env=None):
    return subprocess.run(command, env={"PATH": "/usr/bin:/bin", **(env or {})}, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def poll(url, condition):
    """The JSON at `url`, once it answers and the condition holds."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = json.load(answer)
            if condition(found):
                return found
        except (OSError, ValueError):
            pass
        assert time.monotonic() < deadline, f"{url} in vain"
        time.sleep(0.05)


@pytest.fixture(name="foreign", scope="module")
def a_quote_under_another_root(tmp_path_factory):
    """-> quote, collateral, root, as files"""
    folder = tmp_path_factory.mktemp("foreign")
    bundle = folder / "collateral.json"
    with Simulator(folder / "sim", pki=folder / "pki", write_bundle=bundle) as sim:
        raw, _ = sim.quote(b"\1" * 64)
    quote = folder / "quote.hex"
    quote.write_text(raw.hex(), encoding="ascii")
    return str(quote), str(bundle), str(folder / "pki" / "root.pem")


@pytest.mark.parametrize("name", ["REPLICATOOR_TEST_ROOT", "REPLICATOOR_TEST_STOP_AT",
                                  "REPLICATOOR_TEST_CLOCK"])
def test_a_test_setting_ends_the_start_with_one_line(name, foreign):
    ended = run(SERVER, env={name: foreign[2], "REPLICATOOR_LISTEN": "127.0.0.1:0"})
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and name in ended.stderr and "release" in ended.stderr


def test_a_quote_under_another_root_is_untrusted(foreign):
    quote, bundle, _ = foreign
    refused = run(CTL, "verify", quote, "--collateral", bundle)
    assert refused.returncode == 1
    assert "ROOT_UNTRUSTED" in json.loads(refused.stdout)["failed"]


def test_verify_takes_no_other_root(foreign):
    quote, bundle, root = foreign
    assert run(CTL, "verify", quote, "--collateral", bundle, "--root", root).returncode == 2


@pytest.mark.parametrize("binary", [SERVER, CTL, LIBRARY])
def test_the_linker_knows_no_way_to_add_a_root(binary):
    names = [line.split()[-1] for line in run("nm", binary).stdout.splitlines() if "rpl_roots" in line]
    assert names == ["rpl_roots_intel"]


def test_the_linker_knows_no_way_to_read_the_wall_clock():
    """What has CLOCK_REALTIME is left out (tests/lint/layers.sh); nothing of ours asks otherwise."""
    assert "host_clock" not in run("nm", SERVER).stdout
    libraries = glob.glob(os.path.join(RELEASE, "*", "**", "librpl-*.a"), recursive=True)
    assert len(libraries) > 8
    undefined = {line.split()[-1] for library in libraries if "clients" not in library
                 for line in run("nm", "--undefined-only", library).stdout.splitlines()
                 if " U " in line}
    assert "clock_gettime" in undefined
    assert not undefined & {"time", "gettimeofday", "timespec_get", "ftime", "localtime"}


def test_without_origins_the_status_answers_and_the_time_is_unknown(tmp_path):
    address = "127.0.0.9:4001"
    started = subprocess.Popen([*WITH_PARENT, SERVER], cwd=tmp_path, stderr=subprocess.DEVNULL, env={
        "REPLICATOOR_LISTEN": address, "REPLICATOOR_DSTACK": "none.sock",
        "REPLICATOOR_TIME_ORIGINS": "https://127.0.0.9:1,https://127.0.0.10:1"})
    try:
        status = poll(f"http://{address}/status", lambda s: s["time_origins"][1]["age"] >= 0)
    finally:
        started.terminate()
        assert started.wait(timeout=15) == 0
    assert (status["time"], status["time_trusted"]) == ("unknown", False)
    assert status["now"] == status["time_floor"] and status["started_at"] == 0
    assert [origin["host"] for origin in status["time_origins"]] == ["127.0.0.9", "127.0.0.10"]
    assert all("nothing accepts" in origin["result"] for origin in status["time_origins"])


def test_the_transcripts_are_those_of_releases():
    with open(SERVER, "rb") as f:
        text = f.read()
    assert b"rpl/v1/onboard" in text and b"rplT/v1" not in text


def test_the_settings_of_tests_are_not_there_and_the_rest_is_documented():
    listed = run(SERVER, "settings").stdout
    assert "SECURE_FILE" in listed and "TEST" not in listed
    with open(os.path.join(REPOSITORY, "docs", "operations.md"), encoding="utf-8") as f:
        assert listed in f.read(), "put the output of `replicatoor settings` into docs/operations.md"
