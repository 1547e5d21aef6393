"""replicatoorctl measure over made up images and every captured quote that names a release."""
import glob
import hashlib
import json
import os
import subprocess
import sys

import pytest

from node import CTL
from simulator import REPOSITORY

pytestmark = pytest.mark.skipif(not os.path.exists(CTL), reason=f"{CTL} is not built")

TESTS = os.path.join(REPOSITORY, "tests")
VECTORS = os.path.join(TESTS, "vectors", "dstack")
GENERATOR = os.path.join(TESTS, "vectors", "generate", "reference.py")
EXAMPLE = os.path.join(VECTORS, "v04dev-examples-attestation")
MEMORY = 16 << 30

sys.path.insert(0, os.path.join(REPOSITORY, "tools", "tappd_sim"))
from keccak import keccak256  # noqa: E402 pylint: disable=wrong-import-position


def run(*arguments):
    return subprocess.run([CTL, "measure", *arguments], capture_output=True, check=False, text=True)


def measured(*arguments, status=0):
    result = run(*arguments, "--json")
    assert result.returncode == status, result.stderr
    return json.loads(result.stdout)


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


@pytest.fixture(name="images", scope="module")
def made_up_images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    subprocess.run([sys.executable, GENERATOR, str(folder)], check=True)
    return folder


def expected_of(image):
    return json.loads((image / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["plus", "signed", "narrow"])
def test_an_image_folder_gives_its_registers(images, name):
    image = images / name
    expected = expected_of(image)
    for shape in expected["shapes"]:
        found = measured("--image", image, "--memory", str(shape["memory"]), "--event-log",
                         image / "acpi_log.json")["image"]
        for key in ("mrtd_single_pass", "mrtd_two_pass", "rtmr1_as_is", "rtmr2"):
            assert found[key] == expected[key], key
        for key in ("rtmr0", "td_hob", "kernel_patched", "rtmr1_patched"):
            assert found[key] == shape[key], key


@pytest.mark.parametrize("size", ["17179869184", "16384M", "16384MiB", "16G", "16GiB"])
def test_memory_has_units(images, size):
    assert measured("--image", images / "plus", "--memory", size)["image"]["memory"] == MEMORY


def test_image_and_compose_name_a_release(images):
    image, compose = images / "plus", os.path.join(EXAMPLE, "app-compose.json")
    shape = next(s for s in expected_of(image)["shapes"] if s["memory"] == MEMORY)
    arguments = ("--image", image, "--memory", "16G", "--event-log", image / "acpi_log.json",
                 "--compose", compose)
    for flags, mrtd, rtmr1 in (((), "mrtd_single_pass", shape["rtmr1_patched"]),
                               (("--two-pass", "--kernel-as-is"), "mrtd_two_pass",
                                expected_of(image)["rtmr1_as_is"])):
        found = measured(*arguments, *flags)
        registers = expected_of(image)[mrtd] + shape["rtmr0"] + rtmr1 + expected_of(image)["rtmr2"]
        image_hash = hashlib.sha256(bytes.fromhex(registers)).hexdigest()
        release = keccak256(bytes.fromhex(sha256(compose) + image_hash)).hex()
        assert (found["image_hash"], found["release"]) == (image_hash, release)
        assert found["policy"] == {"give_to": [{"release": release}]}


def test_an_app_compose_may_be_spelled_in_any_way(tmp_path):
    compose = tmp_path / "app-compose.json"
    members = {"runner": "docker-compose", "name": "é", "docker_compose_file": "services: {}\n",
               "bash_script": "x", "pre_launch_script": ""}
    compose.write_text(json.dumps(members, indent=1), encoding="utf-8")
    found = measured("--compose", compose, "--image-hash", "11" * 32)

    def spelled(value):
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()
    reduced = {k: v for k, v in members.items() if k not in ("bash_script", "pre_launch_script")}
    assert found["compose_hash"] == {"raw": sha256(compose), "app_id": sha256(compose)[:40],
                                     "normalized": spelled(members), "reduced": spelled(reduced)}
    release = keccak256(bytes.fromhex(sha256(compose) + "11" * 32)).hex()
    assert found["release"] == release

    compose.write_text(json.dumps({**members, "timeout": 1.5}), encoding="utf-8")
    found = measured("--compose", compose, "--image-hash", "11" * 32)
    assert set(found["compose_hash"]) == {"raw", "app_id"} and "release" in found


def captures():
    return sorted(os.path.dirname(p) for p in glob.glob(f"{VECTORS}/*/event_log.json"))


def names_a_release(folder):
    with open(f"{folder}/event_log.json", encoding="utf-8") as f:
        return '"compose-hash"' in f.read()


def test_every_capture_gives_its_policy_entry():
    checked = 0
    for folder in captures():
        arguments = ("--quote", f"{folder}/quote.bin", "--event-log", f"{folder}/event_log.json")
        if not names_a_release(folder):
            assert run(*arguments).returncode == 1
            continue
        found = measured(*arguments)
        with open(f"{folder}/quote.bin", "rb") as f:
            quote = f.read()
        image_hash = hashlib.sha256(quote[184:232] + quote[376:520]).digest()
        with open(f"{folder}/event_log.json", encoding="utf-8") as f:
            compose = next(e["event_payload"] for e in json.load(f)
                           if e.get("event") == "compose-hash")
        release = keccak256(bytes.fromhex(compose) + image_hash).hex()
        assert found["policy"] == {"give_to": [{"release": release}]}
        assert found["image_hash"] == image_hash.hex()
        assert found["capture"]["quote_verified"] is False
        checked += 1
    assert checked >= 11


def row(found, name):
    return next(r for r in found["capture"]["compared"] if r["value"] == name)


def test_a_capture_of_the_compose_file_agrees():
    capture = ("--quote", f"{EXAMPLE}/quote.bin", "--event-log", f"{EXAMPLE}/event_log.json")
    found = measured(*capture, "--compose", f"{EXAMPLE}/app-compose.json")
    assert row(found, "compose hash")["agrees"] is True
    other = os.path.join(VECTORS, "v04-simulator-quote", "app-compose.json")
    assert row(measured(*capture, "--compose", other, status=1), "compose hash")["agrees"] is False


def test_rtmr3_of_a_capture_from_its_values():
    with open(f"{EXAMPLE}/event_log.json", encoding="utf-8") as f:
        values = {e["event"]: e["event_payload"] for e in json.load(f) if e["imr"] == 3}
    found = measured("--quote", f"{EXAMPLE}/quote.bin", "--event-log", f"{EXAMPLE}/event_log.json",
                     "--compose", f"{EXAMPLE}/app-compose.json", "--era", "0.4-dev",
                     "--rootfs-hash", values["rootfs-hash"], "--instance-id",
                     values["instance-id"], "--key-provider",
                     bytes.fromhex(values["key-provider"]).decode())
    assert row(found, "rtmr3")["agrees"] is True
    assert found["rtmr3"][0]["rtmr3"] == found["capture"]["rtmr3"]


def test_the_oldest_scheme_from_files():
    folder = os.path.join(VECTORS, "oldest-rtmr3")
    found = measured("--era", "2024-09", "--compose", f"{folder}/docker-compose.yaml", "--ca-cert",
                     f"{folder}/kms-ca.cert", "--rootfs-hash",
                     "bf06bf167df2d81dd54095e8a540e802dc634a31a96e1a448a20201a63d0bd21")
    assert found["rtmr3"][0]["rtmr3"].startswith("3c30787034cd9aabff0347bc8f08b9f2")
    assert found["compose_hash"] == {"raw": sha256(f"{folder}/docker-compose.yaml")}


def test_without_an_era_every_era_answers():
    found = measured("--compose", f"{EXAMPLE}/app-compose.json", "--instance-id", "",
                     "--key-provider", "{}")["rtmr3"]
    assert [e["era"] for e in found if "rtmr3" in e] == ["0.5"]
    assert {e["era"]: e["event"] for e in found if "event" in e}["0.6"] == "gpu-policy-hash"
    assert len(found) == 7


def capture_of(images, folder, change=None):
    """A quote with the registers of the made up image and a log that replays to them. Its signature
    is worth nothing, which is not looked at here."""
    image = images / "plus"
    expected = expected_of(image)
    shape = next(s for s in expected["shapes"] if s["memory"] == MEMORY)
    with open(f"{EXAMPLE}/quote.bin", "rb") as f:
        quote = bytearray(f.read())
    for at, register in ((184, expected["mrtd_two_pass"]), (376, shape["rtmr0"]),
                         (424, shape["rtmr1_patched"]), (472, expected["rtmr2"])):
        quote[at:at + 48] = bytes.fromhex(register)
    (folder / "quote.bin").write_bytes(quote)
    with open(f"{EXAMPLE}/event_log.json", encoding="utf-8") as f:
        log = json.load(f)
    zeros = [e for e in log if e["imr"] == 0]
    zeros[0]["digest"], zeros[1]["digest"] = shape["td_hob"], expected["variables"]
    acpi = json.loads((image / "acpi_log.json").read_text(encoding="utf-8"))
    for event, of in zip([e for e in zeros if e["event_type"] == 10][-3:], acpi):
        event["digest"] = of["digest"]
    ones = [e for e in log if e["imr"] == 1]
    ones[0]["digest"] = shape["kernel_patched"]
    for event, key in zip([e for e in log if e["imr"] == 2], ("command_line", "initrd")):
        event["digest"] = expected[key]
    if change:
        change(quote, log)
        (folder / "quote.bin").write_bytes(quote)
    (folder / "log.json").write_text(json.dumps(log), encoding="utf-8")
    return ("--image", image, "--quote", folder / "quote.bin", "--event-log", folder / "log.json")


def test_a_capture_of_the_image_agrees_and_tells_its_memory(images, tmp_path):
    found = measured(*capture_of(images, tmp_path))
    assert {r["value"]: r["agrees"] for r in found["capture"]["compared"]} == {
        "mrtd": True, "rtmr0": True, "rtmr1": True, "rtmr2": True}
    assert found["image"]["memory"] == MEMORY
    assert "QEMU 8" in row(found, "mrtd")["why"]


def test_the_published_digests_of_a_real_image_agree_with_its_quote():
    folder = os.path.join(VECTORS, "v06-tdx-lite-getquote")
    found = measured("--published", f"{folder}/measurement.tdx.cbor", "--quote",
                     f"{folder}/quote.bin", "--event-log", f"{folder}/event_log.json")
    assert {r["value"]: r["agrees"] for r in found["capture"]["compared"]} == {
        "mrtd": True, "rtmr0": True, "rtmr1": True, "rtmr2": True}
    assert found["image"]["memory"] == 2 << 30
    for register in ("rtmr0", "rtmr2"):
        assert found["image"][register] == found["capture"][register]


def test_another_command_line_of_a_real_image_is_told():
    published = os.path.join(VECTORS, "v06-tdx-lite-getquote", "measurement.tdx.cbor")
    folder = os.path.join(VECTORS, "v06-lite-history-39d9d633")
    found = measured("--published", published, "--quote", f"{folder}/quote.bin", "--event-log",
                     f"{folder}/event_log.json", status=1)
    assert [r["value"] for r in found["capture"]["compared"] if not r["agrees"]] == ["rtmr2"]
    assert row(found, "rtmr2")["why"] == "another command line; the initrd agrees"


def test_another_memory_size_is_told(images, tmp_path):
    found = measured(*capture_of(images, tmp_path), "--memory", "8G", status=1)
    assert row(found, "rtmr0")["agrees"] is False
    assert "16384 MiB" in row(found, "rtmr0")["why"]
    assert row(found, "rtmr1")["agrees"] is True


def replay(log, imr):
    register = bytes(48)
    for event in log:
        if event["imr"] == imr:
            register = hashlib.sha384(register + bytes.fromhex(event["digest"])).digest()
    return register


def test_what_differs_is_named(images, tmp_path):
    def another_initrd(quote, log):
        [e for e in log if e["imr"] == 2][1]["digest"] = "11" * 48
        quote[472:520] = replay(log, 2)
        [e for e in log if e["imr"] == 0][2]["digest"] = "22" * 48
        quote[376:424] = replay(log, 0)
    found = measured(*capture_of(images, tmp_path, another_initrd), status=1)
    assert row(found, "rtmr2")["why"] == "another initrd; the command line agrees"
    assert row(found, "rtmr0")["why"] == "first difference: event 2, SecureBoot"


def test_a_log_that_does_not_replay_says_nothing(images, tmp_path):
    def altered(_, log):
        [e for e in log if e["imr"] == 0][9]["digest"] = "33" * 48
    found = measured(*capture_of(images, tmp_path, altered))
    assert row(found, "rtmr0")["agrees"] is None


@pytest.mark.parametrize("arguments", [
    (), ("--memory", "2G"), ("--image", "/nonexistent"), ("--era", "9.9"), ("--era", "0.5"),
    ("--quote", "/dev/null"), ("--event-log", "/dev/null"), ("--image-hash", "00"),
    ("--app-id", "zz"), ("--era", "0.5", "--rootfs-hash", "00"), ("--log-version", "3", "--era", "0.5"),
    ("--compose", "/nonexistent"), ("--published", "/dev/null"), ("stray",),
    ("--published", "/dev/null", "--image", "/tmp")])
def test_wrong_arguments_are_told(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr and not result.stdout


def test_an_image_must_not_lead_out_of_its_folder(images, tmp_path):
    metadata = json.loads((images / "plus" / "metadata.json").read_text(encoding="utf-8"))
    metadata["bios"] = "../plus/ovmf.fd"
    (tmp_path / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    result = run("--image", tmp_path)
    assert result.returncode == 2 and '"bios"' in result.stderr


def test_the_text_says_the_same(images):
    image = images / "signed"
    text = run("--image", image, "--memory", "2G", "--event-log", image / "acpi_log.json").stdout
    expected = expected_of(image)
    shape = next(s for s in expected["shapes"] if s["memory"] == 2 << 30)
    for value in (expected["mrtd_single_pass"], expected["rtmr2"], shape["rtmr0"],
                  shape["rtmr1_patched"]):
        assert value in text
    assert "2048 MiB" in text
