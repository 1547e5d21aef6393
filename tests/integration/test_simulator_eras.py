"""The simulator's manners: what each release of Dstack measured, answered and refused."""
import hashlib
import json

import pytest

from simulator import Simulator, unix_request
from tdx import Quote, replay

REPORT_DATA = bytes(range(64))


@pytest.fixture(scope="module", name="sim")
def module_simulator(tmp_path_factory, session_pki):
    with Simulator(tmp_path_factory.mktemp("sim"), pki=session_pki) as sim:
        yield sim


@pytest.fixture(name="pki")
def shared_pki(session_pki):
    return session_pki


# Event logs and eras

HASHED_ERAS = ["0.3.1", "0.3.6", "0.4.2", "0.5.5", "e", "head", "head-v2"]


@pytest.mark.parametrize("era", HASHED_ERAS)
def test_every_register_replays_in_every_era_with_hashed_events(tmp_path, pki, era):
    with Simulator(tmp_path, pki=pki, era=era) as sim:
        raw, log = sim.quote(REPORT_DATA)
        quote = Quote(raw)
        assert quote.field("report_data") == REPORT_DATA
        for imr in range(4):
            assert replay(log, imr) == quote.field(f"rtmr{imr}"), imr


def names_of(log):
    return [event["event"] for event in json.loads(log) if event["imr"] == 3]


def test_the_os_says_what_its_era_says(tmp_path, pki):
    expected = {
        "0.3.1": "rootfs-hash app-id upgraded-app-id ca-cert-hash instance-id",
        "0.3.6": "rootfs-hash app-id compose-hash ca-cert-hash instance-id",
        "0.4.2": "system-preparing app-id compose-hash instance-id boot-mr-done key-provider "
                 "system-ready",
        "e": "system-preparing app-id compose-hash instance-id boot-mr-done key-provider "
             "storage-fs system-ready",
    }
    for era, names in expected.items():
        with Simulator(tmp_path / era, pki=pki, era=era) as sim:
            assert names_of(sim.quote(REPORT_DATA)[1]) == names.split(), era


def test_current_releases_strip_the_log_and_older_ones_do_not(sim, tmp_path, pki):
    for event in json.loads(sim.quote(REPORT_DATA)[1]):
        assert (event["digest"] == "") == (event["event_type"] == 0x08000001)
        assert event["imr"] == 3 or event["event_payload"] == ""
    with Simulator(tmp_path, pki=pki, era="0.5.5") as older:
        log = json.loads(older.quote(REPORT_DATA)[1])
        assert all(len(event["digest"]) == 96 for event in log)
        known = {event["event"]: event["digest"] for event in log}
        assert known["system-preparing"].startswith("f9974020ef507068183313d0ca808e0d")
        assert known["boot-mr-done"].startswith("98bd7e6bd3952720b65027fd494834")
        assert known["system-ready"].startswith("1a76b2a80a0be71eae59f80945d876")


def test_the_first_agents_hash_what_they_are_given_and_give_no_log(tmp_path, pki):
    with Simulator(tmp_path, pki=pki, era="a") as sim:
        assert sim.ready["dstack_sock"] is None
        status, answer = sim.post("tappd", "/prpc/Tappd.TdxQuote?json",
                                  {"report_data": REPORT_DATA.hex(), "hash_algorithm": "raw"})
        assert status == 200 and set(answer) == {"quote", "event_log"}
        assert answer["quote"].startswith("0x04000200") and answer["event_log"] == ""
        quote = Quote(bytes.fromhex(answer["quote"][2:]))
        assert quote.field("report_data") == hashlib.sha512(REPORT_DATA).digest()
        assert quote.field("rtmr1") == quote.field("rtmr2") == bytes(48)
        with open(sim.ready["app_compose"], "rb") as f:
            app_id = hashlib.sha256(f.read()).digest()
        value = bytes(48)
        for payload in (hashlib.sha256(b"simulated rootfs sim-1").digest(), app_id,
                        hashlib.sha256(b"").digest()):
            value = hashlib.sha384(value + payload.ljust(48, b"\0")).digest()
        assert quote.field("rtmr3") == value


def test_era_b_hashes_under_the_tag_of_the_kms(tmp_path, pki):
    with Simulator(tmp_path, pki=pki, era="b") as sim:
        _, answer = sim.post("tappd", "/prpc/Tappd.TdxQuote?json",
                             {"report_data": REPORT_DATA.hex()})
        quote = Quote(bytes.fromhex(answer["quote"][2:]))
        assert quote.field("report_data") == hashlib.sha512(b"kms-root-ca:"
                                                            + REPORT_DATA).digest()
        value = bytes(48)
        for event in json.loads(answer["event_log"]):
            if event["imr"] == 3:
                value = hashlib.sha384(value + bytes.fromhex(event["digest"])).digest()
        assert value == quote.field("rtmr3")


@pytest.mark.parametrize("arguments,expected", [
    ({}, hashlib.sha512(b"app-data:" + REPORT_DATA).digest()),
    ({"hash_algorithm": "sha256"}, hashlib.sha256(b"app-data:" + REPORT_DATA).digest()),
    ({"prefix": "mine"}, hashlib.sha512(b"mine:" + REPORT_DATA).digest()),
    ({"hash_algorithm": "raw"}, REPORT_DATA),
], ids=["default", "sha256", "prefix", "raw"])
def test_tdx_quote_tags_and_hashes(sim, arguments, expected):
    _, answer = sim.post("tappd", "/prpc/Tappd.TdxQuote?json",
                         {"report_data": REPORT_DATA.hex(), **arguments})
    quote = Quote(bytes.fromhex(answer["quote"]))
    assert quote.field("report_data") == expected.ljust(64, b"\0")


def test_raw_quotes_want_exactly_64_bytes(sim):
    status, answer = sim.post("tappd", "/prpc/Tappd.RawQuote?json", {"report_data": "00" * 63})
    assert (status, answer) == (400, {"error": "invalid content length"})
    status, answer = sim.post("tappd", "/prpc/Tappd.RawQuote?json",
                              {"report_data": REPORT_DATA.hex()})
    assert status == 200 and answer["hash_algorithm"] == "raw"


@pytest.mark.parametrize("era,status,text", [
    ("a", 404, "method Not Found"), ("0.3.1", 404, "method Not Found"),
    ("0.5.5", 400, "Service not found: Nope"), ("e", 400, "Service not found: Nope")])
def test_unknown_methods_answer_as_their_era_does(tmp_path, pki, era, status, text):
    with Simulator(tmp_path, pki=pki, era=era) as sim:
        assert sim.post("tappd", "/prpc/Tappd.Nope?json") == (status, {"error": text})


def test_raw_quote_is_missing_before_0_3_4_and_short_paths_before_0_4(tmp_path, pki):
    with Simulator(tmp_path / "1", pki=pki, era="0.3.1") as sim:
        assert sim.post("tappd", "/prpc/Tappd.RawQuote?json")[0] == 404
    with Simulator(tmp_path / "2", pki=pki, era="0.3.6") as sim:
        assert sim.post("tappd", "/prpc/RawQuote?json",
                        {"report_data": REPORT_DATA.hex()})[0] == 404
    with Simulator(tmp_path / "3", pki=pki, era="0.4.2") as sim:
        assert sim.post("tappd", "/prpc/RawQuote?json",
                        {"report_data": REPORT_DATA.hex()})[0] == 200


def test_a_busy_device_reads_as_its_era_words_it(tmp_path, pki):
    cause = "Device or resource busy (os error 16)"
    texts = {"0.5.5": f"Failed to get quote\n\nCaused by:\n    {cause}",
             "e": f"Failed to get quote: {cause}"}
    for era, text in texts.items():
        with Simulator(tmp_path / era, pki=pki, era=era, fail_quotes=1) as sim:
            assert sim.post("dstack", "/GetQuote") == (400, {"error": text})
            assert sim.post("dstack", "/GetQuote")[0] == 200


# Encodings

def test_protobuf_is_spoken_when_nothing_asks_for_json(sim):
    request = b"\x0a\x40" + REPORT_DATA
    status, body = unix_request(sim.ready["dstack_sock"], "POST", "/GetQuote", request)
    assert status == 200
    assert body[:3] == b"\x0a\x8e\x27"  # field 1, 5006 bytes
    assert Quote(body[3:3 + 5006]).field("report_data") == REPORT_DATA
    status, body = unix_request(sim.ready["dstack_sock"], "POST", "/Nope", b"")
    assert (status, body) == (400, b"\x0a\x17Service not found: Nope")
    status, _ = unix_request(sim.ready["dstack_sock"], "POST", "/GetQuote", b"\x0a\xff")
    assert status == 400


def test_json_is_spoken_by_content_type_query_or_get(sim):
    sock = sim.ready["dstack_sock"]
    for target, headers in (("/Version?json", {}), ("/Version?json=true", {}),
                            ("/Version", {"Content-Type": "application/json"})):
        status, body = unix_request(sock, "POST", target, "{}", headers)
        assert (status, json.loads(body)["version"]) == (200, "0.5.11")
    status, body = unix_request(sock, "GET", f"/GetQuote?report_data={REPORT_DATA.hex()}")
    assert Quote(bytes.fromhex(json.loads(body)["quote"])).field("report_data") == REPORT_DATA
    status, body = unix_request(sock, "POST", "/GetQuote?json", "")
    assert status == 200
    assert unix_request(sock, "POST", "/GetQuote?json", '{"report_data":null}')[0] == 400
    assert unix_request(sock, "POST", "/GetQuote?json", "{")[0] == 400
    assert unix_request(sock, "POST", "/prpc/Tappd.TdxQuote?json", "{}")[0] == 404


def test_info_carries_the_measured_compose_text(sim):
    for sock, target in (("dstack", "/Info"), ("tappd", "/prpc/Tappd.Info?json")):
        status, info = sim.post(sock, target)
        assert status == 200 and info["compose_hash"] == sim.ready["compose_hash"]
        text = json.loads(info["tcb_info"])["app_compose"]
        assert hashlib.sha256(text.encode()).hexdigest() == sim.ready["compose_hash"]


def test_emitted_events_extend_rtmr3_after_the_os_part(tmp_path, pki):
    with Simulator(tmp_path, pki=pki) as sim:
        assert sim.post("dstack", "/EmitEvent", {"event": "app", "payload": "00ff"}) == (200, None)
        raw, log = sim.quote(REPORT_DATA)
        assert names_of(log)[-2:] == ["system-ready", "app"]
        assert replay(log, 3) == Quote(raw).field("rtmr3")
