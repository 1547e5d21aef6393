"""Nodes that ask pinned origins for the time, and do not look at the host's clock."""
import time

import pytest

from node import NETWORK, Cluster, hand_over
from origins import Origins

ADDRESSES = [f"{NETWORK}.{last}" for last in (252, 253, 254)]


@pytest.fixture(name="origins")
def two_origins(tmp_path):
    with Origins(tmp_path / "origins", ADDRESSES[:2]) as origins:
        yield origins


def settings_for(origins, clock="origins"):
    return {"REPLICATOOR_TEST_CLOCK": clock, "REPLICATOOR_TIME_ORIGINS": ",".join(origins.urls),
            "REPLICATOOR_CA_FILE": origins.ca_file}


@pytest.fixture(name="timed")
def cluster_with_origins(tmp_path, session_pki, session_pcs, origins):
    with Cluster(tmp_path, session_pki, session_pcs, **settings_for(origins)) as nodes:
        yield nodes
    nodes.check_secrets()


def wait_for_time(node, trusted=True):
    node.wait_for(lambda: node.status()["time_trusted"] is trusted)


def wait_until_admitted(node):
    node.wait_for(lambda: node.status()["self_verdict"]["admitted"])


def check_time_refusal(answer):
    assert answer.refusal() == (503, "unavailable", "policy.time"), answer
    assert int(answer.headers["retry-after"]) > 0
    assert "time_origins" in answer.json()["message"]


def test_a_handover_by_the_time_of_the_origins(timed, secret):
    holder, joiner = timed.holder(secret), timed.start()
    for node in (holder, joiner):
        wait_until_admitted(node)
    hand_over(holder, joiner)
    status = holder.status()
    assert (status["time"], status["time_trusted"]) == ("trusted origins", True)
    assert abs(status["now"] - time.time()) < 15 and abs(status["started_at"] - time.time()) < 60
    assert status["time_agreeing"] == 2 and status["time_problem"] == ""
    assert [(o["host"], o["result"]) for o in status["time_origins"]] == [
        (address, "agrees") for address in ADDRESSES[:2]]
    metrics = holder.get("/metrics").text
    assert "\nrpl_time_trusted 1\n" in metrics and "\nrpl_time_age_seconds " in metrics


def test_no_time_no_handover_and_then_time(timed, origins, secret):
    origins.up = False
    holder, joiner = timed.holder(secret), timed.start()
    request = joiner.request()
    status = holder.status()
    assert (status["time"], status["now"]) == ("unknown", status["time_floor"])
    assert status["measurements"]["release"] and status["quote"]
    verdict = {check["id"]: check["ok"] for check in status["self_verdict"]["checks"]}
    assert verdict["policy.time"] is False and verdict["quote.signature"] is None
    before = holder.fingerprint()
    check_time_refusal(holder.onboard(request))
    check_time_refusal(holder.onboard(request, query="?dry_run=1"))
    assert holder.fingerprint() == before
    assert "\nrpl_time_trusted 0\n" in holder.get("/metrics").text
    origins.up = True
    for node in (holder, joiner):
        wait_until_admitted(node)
    received = joiner.receive(holder.onboard(request).body)
    assert received.status == 200, received


def test_a_time_that_is_lost_stops_handovers_but_not_keys(tmp_path, session_pki, session_pcs,
                                                          origins, secret):
    settings = settings_for(origins, "origins:2")
    with Cluster(tmp_path, session_pki, session_pcs, **settings) as nodes:
        holder, joiner = nodes.holder(secret), nodes.start()
        for node in (holder, joiner):
            wait_until_admitted(node)
        assert holder.post("/bootstrap").status == 200
        key, request = holder.key("a"), joiner.request()
        sealed = holder.onboard(request)
        assert sealed.status == 200, sealed
        origins.up = False
        for node in (holder, joiner):
            wait_for_time(node, False)
        check_time_refusal(holder.onboard(request))
        check_time_refusal(joiner.receive(sealed.body))
        assert holder.key("a") == key and holder.key("b") != key
        assert holder.status()["phase"] == "holding" and joiner.files() == {}
        origins.up = True
        for node in (holder, joiner):
            wait_for_time(node)
        received = joiner.receive(sealed.body)
        assert received.status == 200, received
        assert joiner.key("a") == key
    nodes.check_secrets()


@pytest.mark.parametrize("offset", [-90 * 86400, -3600, 3600, 90 * 86400])
def test_origins_that_disagree_give_no_time(timed, origins, offset):
    origins.offset[ADDRESSES[1]] = offset
    node = timed.start()
    node.wait_for(lambda: node.status()["time_origins"][1]["age"] >= 0)
    status = node.status()
    assert status["time_trusted"] is False and status["self_verdict"]["admitted"] is False
    assert status["time_problem"]
    origins.offset[ADDRESSES[1]] = 0
    wait_for_time(node)


def test_one_liar_of_three_is_outvoted(tmp_path, session_pki, session_pcs, secret):
    with Origins(tmp_path / "origins", ADDRESSES) as origins:
        origins.offset[ADDRESSES[1]] = 40 * 86400
        with Cluster(tmp_path, session_pki, session_pcs, **settings_for(origins)) as nodes:
            holder = nodes.holder(secret)
            wait_until_admitted(holder)
            status = holder.status()
            assert abs(status["now"] - time.time()) < 15
            assert [o["result"] for o in status["time_origins"]] == [
                "agrees", "not agreed with", "agrees"]
        nodes.check_secrets()


def test_certificates_of_another_root_give_no_time(tmp_path, timed, origins):
    with Origins(tmp_path / "foreign", ADDRESSES[2:]) as foreign:
        node = timed.start({"REPLICATOOR_CA_FILE": foreign.ca_file})
        node.wait_for(lambda: node.status()["time_origins"][1]["age"] >= 0)
        status = node.status()
    assert status["time_trusted"] is False and origins.asked > 0
    for origin in status["time_origins"]:
        assert "certificate does not verify" in origin["result"], origin
