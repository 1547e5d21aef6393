"""The server against the guest agent of every release of Dstack, and against a bad one."""
import json
import re
import subprocess

import pytest

from node import hand_over

TAPPD = {"REPLICATOOR_DSTACK": "tappd.sock"}


def quotes_made(node):
    text = node.get("/metrics").text
    return int(re.search(r'^rpl_agent_quotes_total\{result="ok"\} (\d+)$', text, re.M)[1])


@pytest.mark.parametrize("era,settings,agent", [
    ("0.3.6", TAPPD, "tappd.sock RawQuote"), ("0.4.2", TAPPD, "tappd.sock RawQuote"),
    ("0.4.2", {}, "dstack.sock GetQuote"), ("0.5.5", {}, "dstack.sock GetQuote"),
    ("e", TAPPD, "tappd.sock RawQuote"), ("e", {}, "dstack.sock GetQuote"),
    ("head", {}, "dstack.sock GetQuote"), ("head-v2", {}, "dstack.sock GetQuote")])
def test_a_handover_works_on_every_release(cluster, secret, era, settings, agent):
    holder = cluster.holder(secret, era=era, settings=settings)
    joiner = cluster.start(era=era, settings=settings)
    assert joiner.status()["agent"] == agent
    hand_over(holder, joiner)
    assert joiner.files() == {"private.env": secret}


@pytest.mark.parametrize("era", ["a", "b"])
def test_agents_that_hash_report_data_are_refused_and_it_is_said(cluster, era):
    node = cluster.make(era=era, settings=TAPPD).start_unready()
    refused = node.post("/requestKey")
    assert (refused.status, refused.json()["code"]) in ((503, "unavailable"), (409, "not_ready"))
    assert node.status()["phase"] == "starting"
    assert not node.status()["quote"]
    node.wait_for(lambda: "0.3.1" in node.log())


def test_an_image_without_a_compose_hash_is_never_admitted(cluster, secret):
    holder = cluster.holder(secret)
    joiner = cluster.start(era="0.3.1", settings=TAPPD)
    refused = holder.onboard(joiner.request())
    assert refused.status in (400, 403), refused
    assert "event_log.replay" in refused.failed_checks()


def test_a_busy_device_is_asked_again(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start(fail_quotes=2)
    hand_over(holder, joiner)


def test_calls_for_one_request_wait_for_one_quote(cluster):
    node = cluster.start(slow_ms=300)
    before = quotes_made(node)
    asking = [subprocess.Popen(["curl", "-s", "-X", "POST", f"{node.url}/requestKey"],
                               stdout=subprocess.PIPE) for _ in range(6)]
    answers = [json.loads(call.communicate()[0]) for call in asking]
    assert len({answer["pubk"] for answer in answers}) == 1
    assert len({answer["quote"] for answer in answers}) == 1
    assert quotes_made(node) == before + 1


def test_calls_that_wait_fail_with_the_quote(cluster, secret):
    holder, node = cluster.holder(secret), cluster.start()
    node.simulator.stop()
    asking = [subprocess.Popen(["curl", "-s", "-X", "POST", f"{node.url}/requestKey"],
                               stdout=subprocess.PIPE) for _ in range(4)]
    answers = [json.loads(call.communicate()[0]) for call in asking]
    assert {answer.get("code") for answer in answers} == {"unavailable"}, answers
    assert node.status()["phase"] == "empty"
    node.simulator.start()
    hand_over(holder, node)


def test_an_agent_that_is_gone_is_unavailable_and_may_come_back(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    joiner.simulator.stop()
    refused = joiner.post("/requestKey")
    assert (refused.status, refused.json()["code"]) == (503, "unavailable"), refused
    assert int(refused.headers["retry-after"]) > 0
    assert joiner.get("/status").status == 200
    joiner.simulator.start()
    hand_over(holder, joiner)


@pytest.mark.parametrize("fault", [{"wrong_report_data": True}, {"tamper": "body"}])
def test_an_agent_that_lies_gives_no_request(cluster, secret, fault):
    """Other report data is noticed when it is read back; a quote that does not verify at once."""
    holder = cluster.holder(secret)
    node = cluster.make(**fault).start_unready()
    answer = node.post("/requestKey")
    if answer.status == 200:
        answer = holder.onboard(answer.json())
        assert answer.status == 403, answer
    else:
        assert answer.json()["code"] in ("unavailable", "not_ready"), answer


def test_an_app_event_after_the_os_part_changes_nothing_for_the_policy(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    status, _ = joiner.simulator.post("dstack", "/EmitEvent", {"event": "app", "payload": "00"})
    assert status == 200
    hand_over(holder, joiner)


def test_an_app_event_cannot_speak_for_the_os(cluster, secret):
    """EmitEvent takes any name: a second compose-hash after system-ready must not count."""
    holder = cluster.holder(secret)
    joiner = cluster.start(image="other")
    joiner.simulator.post("dstack", "/EmitEvent", {
        "event": "compose-hash", "payload": holder.simulator.ready["compose_hash"]})
    refused = holder.onboard(joiner.request())
    assert refused.status == 403, refused
    assert "policy.release" in refused.failed_checks()


@pytest.mark.parametrize("form", [0, 2])
def test_other_forms_of_mr_config_id_work(cluster, secret, form):
    hand_over(cluster.holder(secret), cluster.start(mrconfig=form))


def test_an_mr_config_id_that_names_another_app_is_refused(cluster, secret):
    holder = cluster.holder(secret)
    joiner = cluster.start(td=["mr_config_id=01" + "ab" * 32 + "00" * 15])
    refused = holder.onboard(joiner.request())
    assert refused.status == 403, refused
    assert "td.mr_config_id" in refused.failed_checks()


@pytest.mark.parametrize("body", [2, 3])
def test_version_5_quotes_work(cluster, secret, body):
    hand_over(cluster.holder(secret, body=body), cluster.start(body=body))
