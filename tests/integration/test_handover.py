"""The documented calls between nodes: what succeeds, what is refused, and that a refusal changes
nothing. Source: docs/architecture.md (the documented interface), docs/protocol.md (handover)."""
import json
import os
import re
import stat
import subprocess

import pytest

from node import compose_text, hand_over
from simulator import REPOSITORY

HEX = re.compile(r"[0-9a-f]+\n?")


def flipped(quote_hex, at):
    """The quote with one bit of its byte `at` changed."""
    raw = bytearray.fromhex(quote_hex)
    raw[at] ^= 1
    return raw.hex()


# What succeeds

def test_a_secret_moves_with_the_documented_calls(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    request = joiner.request()
    assert re.fullmatch("[0-9a-f]{64}", request["pubk"])
    assert HEX.fullmatch(request["quote"]) and HEX.fullmatch(request["quote_raw"])
    assert isinstance(json.loads(request["event_log"]), list)
    sealed = holder.onboard(request)
    assert sealed.status == 200, sealed
    assert sealed.headers["content-type"].startswith("text/plain")
    assert HEX.fullmatch(sealed.text)
    received = joiner.receive(sealed.body)
    assert received.status == 200, received
    assert received.json()["result"] == "installed"
    assert joiner.files() == {"private.env": secret}
    mode = os.stat(joiner.path("secret", "private.env")).st_mode
    assert stat.S_IMODE(mode) == 0o600
    ours, theirs = joiner.status(), holder.status()
    assert ours["phase"] == theirs["phase"] == "holding"
    assert ours["identity"] == theirs["identity"] != ""
    assert ours["state_digest"] == theirs["state_digest"]


def test_both_derive_the_same_keys_and_services_do_not_share_them(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    hand_over(holder, joiner)
    asked = holder.key("asked before")
    holder.kill()
    assert joiner.key("asked before") == asked
    assert joiner.key("never asked there") != asked
    assert joiner.key("asked before", service="other") != asked
    for key in (asked, joiner.key("never asked there")):
        assert re.fullmatch("[0-9a-f]{64}", key)


def test_the_state_outlives_the_holder_and_moves_on(cluster, secret):
    first, second = cluster.holder(secret), cluster.start()
    hand_over(first, second)
    first.stop()
    third = cluster.start()
    hand_over(second, third)
    assert third.files() == {"private.env": secret}


def test_the_same_message_twice_is_a_no_op(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    sealed = holder.onboard(joiner.request())
    assert joiner.receive(sealed.body).status == 200
    before = joiner.fingerprint()
    again = joiner.receive(sealed.body)
    assert again.status == 200, again
    assert again.json()["result"] == "unchanged"
    assert joiner.fingerprint() == before


def test_a_node_hands_its_state_to_itself(cluster, secret):
    node = cluster.start()
    cluster.plant(secret)
    with open(node.path("mine.env"), "wb") as f:
        f.write(secret)
    with open(node.path("host.env"), "w", encoding="ascii") as f:
        f.write("# keys of the app\nAPI_KEY=abc=def\nOTHER='quoted value'\n")
    subprocess.run([os.path.join(REPOSITORY, "tests", "integration", "test.sh")], check=True,
                   capture_output=True, env={
                       **os.environ, "GUEST": node.address, "HOST_ENV": node.path("host.env"),
                       "PRIVATE_ENV": node.path("mine.env"),
                       "SECURE_FILE": node.path("secret", "private.env")})
    assert node.files() == {"private.env": secret}
    assert node.status()["phase"] == "holding"


def test_the_joiners_own_file_is_set_aside(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    joiner.write_secret(b"LOCAL=was here before\n")
    hand_over(holder, joiner)
    files = joiner.files()
    assert files.pop("private.env") == secret
    (name, content), = files.items()
    assert re.fullmatch(r"private\.env\.local-[0-9a-f]+", name)
    assert content == b"LOCAL=was here before\n"


def test_no_file_of_the_joiner_enters_the_state_it_received(cluster, secret):
    folder = {"REPLICATOOR_SECURE_DIR": "secret", "SECURE_FILE": None}
    holder, joiner = cluster.holder(secret, settings=folder), cluster.make(settings=folder)
    joiner.write_secret(b"LOCAL=was here before\n", name="other.env")
    joiner.start()
    hand_over(holder, joiner)
    third = cluster.start(settings=folder)
    hand_over(joiner, third)
    assert third.files() == {"private.env": secret}
    assert sorted(joiner.files().values()) == sorted([secret, b"LOCAL=was here before\n"])
    assert joiner.status()["state_digest"] == holder.status()["state_digest"]


def test_onboard_takes_the_json_of_request_key_and_answers_json_when_asked(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    request = joiner.post("/requestKey").text
    sealed = holder.post("/onboard", "-H", "Content-Type: application/json",
                         "-H", "Accept: application/json", "-d", request)
    assert sealed.status == 200, sealed
    answer = sealed.json()
    assert answer["verdict"]["admitted"] is True
    assert joiner.receive(answer["sealed"].encode()).status == 200
    assert joiner.files() == {"private.env": secret}


def test_onboard_takes_a_bare_quote_with_the_missing_parts_beside_it(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    request = joiner.request()
    sealed = holder.post("/onboard", "-d", f"pubk={request['pubk']}",
                         "-d", f"quote={request['quote_raw']}",
                         "--data-urlencode", f"event_log={request['event_log']}",
                         "--data-urlencode", f"config={request['config']}")
    assert sealed.status == 200, sealed
    assert joiner.receive(sealed.body).status == 200


def test_hex_is_taken_with_prefix_and_in_upper_case(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    request = joiner.request()
    sealed = holder.post("/onboard", "-d", f"pubk=0x{request['pubk'].upper()}",
                         "-d", f"quote=0x{request['quote'].upper()}")
    assert sealed.status == 200, sealed
    assert joiner.receive(b"0x" + sealed.body.strip().upper() + b"\n").status == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_path_works_with_and_without_a_trailing_slash(cluster, secret, slash):
    holder, joiner = cluster.holder(secret), cluster.start()
    assert joiner.get(f"/status{slash}").status == 200
    assert joiner.get(f"/challenge{slash}").status == 200
    assert joiner.post(f"/configure{slash}", "-H", "Content-Type: text/plain",
                       "-d", "A=1").status == 200
    request = joiner.post(f"/requestKey{slash}").json()
    sealed = holder.post(f"/onboard{slash}", "-d", f"pubk={request['pubk']}",
                         "-d", f"quote={request['quote']}")
    assert sealed.status == 200, sealed
    received = joiner.post(f"/receiveKey{slash}", "-H", "Content-Type: text/plain",
                           "-d", sealed.text)
    assert received.status == 200, received
    assert joiner.guest(f"/getkey{slash}", "-X", "POST").status == 200


def test_one_request_is_shared_and_one_request_makes_one_receipt(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    first, second = joiner.request(), joiner.request()
    assert first == {**second, "expires_in_s": first["expires_in_s"]}
    assert holder.onboard(first).status == holder.onboard(second).status == 200
    receipts = holder.get("/custody").json()["receipts"]
    assert sorted(receipt["kind"] for receipt in receipts) == ["genesis", "handover"]


def test_a_dry_run_gives_the_verdict_and_seals_nothing(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    request = joiner.request()
    before = holder.fingerprint()
    answer = holder.onboard(request, "-H", "Accept: application/json", query="?dry_run=1")
    assert answer.status == 200, answer
    verdict = answer.json()
    assert verdict["verdict"]["admitted"] is True and not verdict.get("sealed")
    assert holder.fingerprint() == before


# Challenges

def test_a_challenge_of_the_holder_is_bound_and_single_use(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    challenge = holder.get("/challenge").json()["challenge"]
    assert re.fullmatch("[0-9a-f]{64}", challenge)
    request = joiner.request("-H", "Content-Type: application/json",
                             "-d", json.dumps({"challenge": challenge}))
    assert request["challenge"] == challenge
    sealed = holder.onboard(request)
    assert sealed.status == 200, sealed
    assert joiner.receive(sealed.body).status == 200


def test_a_challenge_of_somebody_else_is_refused(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    request = joiner.request("-H", "Content-Type: application/json",
                             "-d", json.dumps({"challenge": os.urandom(32).hex()}))
    refused = holder.onboard(request)
    assert refused.status == 403, refused
    assert "policy.challenge" in refused.failed_checks()


# What is refused: status, code and check are told, and nothing changes

def test_an_unapproved_compose_file_is_refused(cluster, secret):
    holder = cluster.holder(secret)
    other = compose_text(cluster.environment) + "# one byte more is another app\n"
    joiner = cluster.start(compose=other)
    request = joiner.request()
    before, holders = joiner.fingerprint(), holder.fingerprint()
    for query in ("?dry_run=1", ""):
        refused = holder.onboard(request, query=query)
        assert refused.refusal() == (403, "denied", "policy.release"), refused
    assert joiner.fingerprint() == before and holder.fingerprint() == holders
    assert joiner.files() == {}


def test_another_image_is_refused(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start(image="other")
    refused = holder.onboard(joiner.request())
    assert refused.refusal() == (403, "denied", "policy.release"), refused


def test_another_configuration_is_refused(cluster, secret):
    holder = cluster.holder(secret)
    compose = compose_text(cluster.environment)
    joiner = cluster.start({"REPLICATOOR_MIN_EPOCH": "2"}, compose, hide_compose=True)
    refused = holder.onboard(joiner.request())
    assert refused.status == 403, refused
    assert "policy.config" in refused.failed_checks()


# Byte offsets into a version 4 quote, and the check that must notice.
@pytest.mark.parametrize("at,check", [
    (2, "quote.header"), (12, "quote.header"), (30, "quote.signature"), (200, "quote.signature"),
    (600, "quote.signature"), (640, "quote.signature"), (780, "qe.signature"),
    (1160, "qe.signature")])
def test_a_tampered_quote_is_refused(cluster, secret, at, check):
    holder, joiner = cluster.holder(secret), cluster.start()
    request = joiner.request()
    before, holders = joiner.fingerprint(), holder.fingerprint()
    refused = holder.onboard({**request, "quote": flipped(request["quote"], at)})
    assert refused.status == (400 if check == "quote.header" else 403), refused
    assert check in refused.failed_checks(), refused
    assert joiner.fingerprint() == before and holder.fingerprint() == holders
    assert holder.onboard(request).status == 200


def test_a_key_that_the_quote_does_not_bind_is_refused(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    request = joiner.request()
    refused = holder.onboard({**request, "pubk": os.urandom(32).hex()})
    assert refused.refusal() == (403, "untrusted", "report_data"), refused


@pytest.mark.parametrize("status", ["OutOfDate", "SWHardeningNeeded", "Revoked", "NotSupported"])
def test_a_platform_that_is_not_up_to_date_is_refused(cluster, secret, status):
    holder, joiner = cluster.holder(secret), cluster.start(tcb=status)
    refused = holder.onboard(joiner.request())
    assert refused.status == 403, refused
    assert {"tcb.status", "tcb.level"} & set(refused.failed_checks()), refused


def test_a_debuggable_td_is_refused(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start(td=["td_attributes=0100001000000000"])
    refused = holder.onboard(joiner.request())
    assert refused.status == 403, refused
    assert refused.failed_checks()["td.attributes"] == "TD_DEBUG"


def test_a_refusal_names_every_reason_and_what_to_do(cluster, secret):
    holder = cluster.holder(secret)
    joiner = cluster.start(tcb="OutOfDate", image="other")
    refused = holder.onboard(joiner.request())
    checks = {check["id"]: check for check in refused.json()["verdict"]["checks"]}
    assert refused.json()["verdict"]["admitted"] is False
    for check in checks.values():
        assert check["ok"] in (True, False, None)
        if check["ok"] is False:
            assert check["code"] and check["fix"], check
    assert checks["policy.release"]["ok"] is False
    assert checks["quote.signature"]["ok"] is True


def test_a_message_sealed_for_another_request_is_refused(cluster, secret):
    holder, joiner, other = cluster.holder(secret), cluster.start(), cluster.start()
    sealed = holder.onboard(other.request())
    joiner.request()
    before = joiner.fingerprint()
    refused = joiner.receive(sealed.body)
    assert refused.refusal() == (409, "not_ready", "handover.request"), refused
    assert joiner.fingerprint() == before and joiner.files() == {}
    assert other.receive(sealed.body).status == 200


def test_a_restart_forgets_the_request(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    sealed = holder.onboard(joiner.request())
    joiner.restart()
    refused = joiner.receive(sealed.body)
    assert refused.refusal() == (409, "not_ready", "handover.request"), refused
    assert joiner.status()["phase"] == "empty" and joiner.files() == {}
    hand_over(holder, joiner)


@pytest.mark.parametrize("spoil", [
    lambda sealed: sealed[:-2], lambda sealed: sealed + b"00", lambda sealed: sealed[:200],
    lambda sealed: b"02" + sealed[2:],
    lambda sealed: sealed[:-1] + (b"0" if sealed[-1:] != b"0" else b"1")],
    ids=["cut", "longer", "header alone", "other format", "flipped"])
def test_a_damaged_message_changes_nothing_and_consumes_nothing(cluster, secret, spoil):
    holder, joiner = cluster.holder(secret), cluster.start()
    sealed = holder.onboard(joiner.request()).body.strip()
    before = joiner.fingerprint()
    refused = joiner.receive(spoil(sealed))
    assert refused.status in (400, 403, 409), refused
    if refused.status == 403:
        assert refused.failed_checks() == {"handover.sealed": "SEALED_MESSAGE"}
    assert joiner.fingerprint() == before
    assert joiner.receive(sealed).status == 200


def test_another_clusters_state_on_a_live_node_is_refused(cluster, secret):
    holder, live = cluster.holder(secret), cluster.start()
    hand_over(holder, live)
    stranger = cluster.holder(b"STRANGER=" + os.urandom(16).hex().encode())
    sealed = stranger.onboard(live.request())
    assert sealed.status == 200, sealed
    before, key = live.fingerprint(), live.key("k")
    refused = live.receive(sealed.body)
    assert refused.refusal() == (409, "conflict", "policy.identity"), refused
    assert live.fingerprint() == before and live.key("k") == key


def test_a_holder_that_the_joiner_does_not_approve_is_refused(cluster, secret):
    """The joiner verifies the holder under its own policy: here the holder's platform was good
    enough for itself, and is not for the joiner."""
    accept = "UpToDate,OutOfDate"
    holder = cluster.holder(secret, settings={"REPLICATOOR_TCB_ACCEPT": accept}, tcb="OutOfDate",
                            compose=compose_text(cluster.environment), hide_compose=True)
    joiner = cluster.start()
    refused = holder.onboard(joiner.request())
    assert refused.status == 403, refused
    assert "policy.config" in refused.failed_checks()


# Bootstrap and keys before a state

def test_bootstrap_makes_a_holder_once(cluster):
    node = cluster.start()
    assert node.status()["phase"] == "empty"
    made = node.post("/bootstrap")
    assert made.status == 200, made
    assert re.fullmatch("[0-9a-f]{130}", made.json()["identity"])
    assert node.status()["phase"] == "holding"
    before = node.fingerprint()
    refused = node.post("/bootstrap")
    assert refused.status == 409 and refused.json()["code"] == "conflict", refused
    assert node.fingerprint() == before


def test_keys_wait_for_a_state_and_are_never_given_to_the_host(cluster, secret):
    node = cluster.start()
    refused = node.guest("/getkey", "-X", "POST")
    assert (refused.status, refused.json()["code"]) == (503, "not_ready"), refused
    refused = node.post("/getkey")
    assert (refused.status, refused.json()["code"]) == (403, "denied"), refused
    node.post("/bootstrap")
    assert node.guest("/getkey", "-X", "POST").status == 200
    assert node.post("/getkey").status == 403


def test_onboard_without_a_state_and_without_a_secret_is_not_ready(cluster):
    empty, joiner = cluster.start(), cluster.start()
    refused = empty.onboard(joiner.request())
    assert (refused.status, refused.json()["code"]) == (409, "not_ready"), refused
    assert empty.status()["phase"] == "empty"


# Form of the answers

def test_unknown_paths_and_wrong_methods_are_told_apart(cluster):
    node = cluster.start()
    refused = node.get("/nothing")
    assert (refused.status, refused.json()["code"]) == (404, "malformed"), refused
    refused = node.get("/requestKey")
    assert (refused.status, refused.headers["allow"]) == (405, "POST"), refused
    assert node.get("/RequestKey").status == 404
    refused = node.post("/status")
    assert refused.status == 405 and "GET" in refused.headers["allow"], refused


def test_status_shows_what_is_measured_and_nothing_secret(cluster, secret):
    node = cluster.holder(secret)
    ready = node.simulator.ready
    status = node.status()
    assert status["simulated"] is True
    measured = status["measurements"]
    for name in ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "compose_hash", "image_hash",
                 "release", "device"):
        assert measured[name] == ready[name], name
    assert status["self_verdict"]["admitted"] is True
    assert status["policy"]["mode"] == "self"


def test_status_quotes_over_a_nonce(cluster):
    node = cluster.start()
    nonce = os.urandom(32).hex()
    fresh = node.get(f"/status?nonce={nonce}").json()["quote"]
    cached = node.status()["quote"]
    assert fresh["nonce"] == nonce and cached["nonce"] == "00" * 32
    assert fresh["report_data"] != cached["report_data"]
    assert bytes.fromhex(fresh["quote_raw"])[568:632].hex() == fresh["report_data"]
    assert bytes.fromhex(fresh["report_data"])[:14] == b"rplT/v1/status"
    refused = node.get("/status?nonce=00")
    assert (refused.status, refused.json()["code"]) == (400, "malformed"), refused


def test_metrics_count_what_was_verified_quoted_and_handed_over(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    hand_over(holder, joiner)
    other = cluster.start(compose=compose_text({**cluster.environment, "OTHER": "app"}))
    assert holder.onboard(other.request()).status == 403

    given, taken = holder.get("/metrics").text, joiner.get("/metrics").text
    assert 'rpl_verifications_total{outcome="admitted",check=""} 1' in given
    assert 'rpl_verifications_total{outcome="refused",check="policy.release"} 1' in given
    assert 'rpl_handovers_total{side="given",result="sealed"} 1' in given
    assert 'rpl_handovers_total{side="taken",result="installed"} 1' in taken
    assert 'rpl_agent_quotes_total{result="ok"} 3' in given  # own at start, onboard, after bootstrap
    assert 'rpl_requests_total{route="/onboard",code="403"} 1' in given
    assert 'rpl_phase{phase="holding"} 1' in given and "rpl_build_info" in given
