"""What `cmake --install --component dev` leaves behind is enough to build and run the example."""
import json
import os
import shutil
import subprocess

import pytest

from simulator import REPOSITORY

BUILD = os.path.join(REPOSITORY, "build", os.environ.get("RPL_PRESET", "dev"))
CASE = os.path.join(REPOSITORY, "tests", "vectors", "dcap", "derived", "ok_control")
EXAMPLE = os.path.join(REPOSITORY, "docs", "examples", "verify.c")
CPLUSPLUS = """#include <attestation/verify_bytes.h>
#include <cstdlib>
int main() {
    rpl_verify_request request = {};
    char *report = nullptr;
    const bool refused = rpl_verify_bytes(&request, &report) == RPL_VERIFY_REFUSED && report;
    std::free(report);
    return refused ? 0 : 1;
}
"""

pytestmark = pytest.mark.skipif(not os.path.exists(f"{BUILD}/product"),
                                reason="this build makes no library to install")


def run(*command, **options):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False,
                          timeout=120, **options)


def succeed(*command, **options):
    result = run(*command, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(name="installed", scope="module")
def an_installed_tree(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    succeed("cmake", "--install", BUILD, "--component", "dev", "--prefix", prefix)
    return prefix


def find(prefix, name):
    found = list(prefix.rglob(name))
    assert len(found) == 1, (name, found)
    return found[0]


def flags(prefix, *arguments):
    where = find(prefix, "rpl-attestation.pc").parent
    text = succeed("pkg-config", *arguments, "rpl-attestation",
                   env={**os.environ, "PKG_CONFIG_PATH": str(where)})
    return text.split()


def build(prefix, source, target, static, compiler="cc"):
    if static:
        libraries = [find(prefix, "librpl-attestation.a")] + [
            f for f in flags(prefix, "--static", "--libs") if f != "-lrpl-attestation"]
    else:
        libraries = flags(prefix, "--libs")
    standard = "-std=c++17" if compiler == "c++" else "-std=c11"
    succeed(compiler, standard, "-pedantic", "-Wall", "-Wextra", "-Werror", source, "-o", target,
            *flags(prefix, "--cflags"), *libraries)
    return {**os.environ, "LD_LIBRARY_PATH": str(find(prefix, "rpl-attestation.pc").parent.parent)}


@pytest.mark.parametrize("static", [True, False])
def test_the_example_verifies_a_quote(installed, tmp_path, static):
    program = tmp_path / "verify"
    environment = build(installed, EXAMPLE, program, static)
    with open(f"{CASE}/meta.json", encoding="utf-8") as f:
        now = json.load(f)["verification_time_unix"]

    with open(f"{CASE}/quote.bin", "rb") as f:
        report_data = f.read()[568:568 + 64]  # of version 4

    def verify(at, expected=report_data):
        (tmp_path / "expected").write_bytes(expected)
        return run(program, f"{CASE}/quote.bin", f"{CASE}/collateral.json", at, tmp_path / "expected",
                   env=environment)
    admitted = verify(now)
    assert admitted.returncode == 0 and json.loads(admitted.stdout)["admitted"] is True
    refused = verify(now + 10 * 365 * 86400)
    assert refused.returncode == 1 and "TCB_INFO_EXPIRED" in refused.stdout
    for other in (bytes(64), report_data[:63], b""):
        unbound = verify(now, other)
        assert unbound.returncode == 1 and json.loads(unbound.stdout)["failed"] == ["REPORT_DATA"]
    assert run(program, env=environment).returncode == 2


def test_every_header_stands_alone(installed, tmp_path):
    root = find(installed, "verify_bytes.h").parent.parent
    headers = sorted(root.rglob("*.h"))
    assert len(headers) > 30
    source = tmp_path / "header.c"
    for header in headers:
        source.write_text(f'#include "{header.relative_to(root)}"\n', encoding="ascii")
        succeed("cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-c", source, "-o",
                tmp_path / "header.o", *flags(installed, "--cflags"))


@pytest.mark.skipif(not shutil.which("c++"), reason="no C++ compiler")
def test_the_one_call_is_for_cplusplus_too(installed, tmp_path):
    source = tmp_path / "verify.cc"
    source.write_text(CPLUSPLUS, encoding="ascii")
    environment = build(installed, source, tmp_path / "verify", False, "c++")
    succeed(tmp_path / "verify", env=environment)


def test_the_library_needs_what_the_pc_file_says(installed):
    assert {"-lcrypto", "-lsodium", "-ljansson"} <= set(flags(installed, "--static", "--libs"))
    assert flags(installed, "--libs")[-1] == "-lrpl-attestation"
    undefined = succeed("nm", "-D", "--undefined-only", find(installed, "librpl-attestation.so"))
    assert not [s for s in ("socket", "fopen", "time", "getenv") if f" {s}\n" in undefined]


def test_a_plain_install_is_the_programs_and_their_pages(tmp_path):
    succeed("cmake", "--install", BUILD, "--prefix", tmp_path)
    names = sorted(p.name for p in tmp_path.rglob("*") if p.is_file())
    assert names == sorted(["replicatoor", "replicatoorctl", "replicatoor.1", "replicatoorctl.1",
                            "replicatoorctl-verify.1", "replicatoorctl-measure.1",
                            "replicatoorctl-upgrade.1"])
