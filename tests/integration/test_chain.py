"""Handovers under an UpgradeOperator: a real chain, real transactions, providers that may lie."""
import json
import os
import time

import pytest

from anvil import ANVIL, DELAY
from governed import ANY, PROVIDERS, Governed
from lies import CHANGE_NOTHING, ERROR, FORM, MAKE_UNKNOWN, PROOF, TIME, Tape
from node import SERVER, hand_over
from provider import Provider, Reply, Authority

pytestmark = [pytest.mark.skipif(not os.path.exists(SERVER), reason="the server is not built"),
              pytest.mark.skipif(not os.path.exists(ANVIL), reason="./run contracts installs anvil")]


@pytest.fixture(name="gov")
def one_provider(tmp_path, session_pki, session_pcs):
    with Governed(tmp_path, session_pki, session_pcs) as governed:
        yield governed


@pytest.fixture(name="three")
def three_providers(tmp_path, session_pki, session_pcs):
    with Governed(tmp_path, session_pki, session_pcs, providers=3) as governed:
        yield governed


FULL = (ERROR, FORM, PROOF, TIME)


def refusal(answer):
    """-> HTTP status, code, and the failed checks with their codes"""
    assert answer.status != 200, answer
    return answer.status, answer.json()["code"], answer.failed_checks()


def approved_pair(gov, secret):
    """A v1 holder and a v2 joiner that the contract approves."""
    gov.propose("v2", DELAY + 30)
    return gov.holder(secret), gov.start("v2")


# The delay

def test_a_proposal_counts_after_48_hours_and_not_a_second_before(gov, secret):
    gov.propose("v2", DELAY - 40)  # its time comes 40 s after the chain was made
    at = gov.born + 40
    holder, joiner = gov.holder(secret), gov.start("v2")
    request = joiner.request()
    # the chain must not run ahead of the clock: wait until the moment is near
    while time.time() < at - 30:
        time.sleep(0.2)
    gov.chain.travel_to(max(at - 1, gov.chain.block()["time"] + 1))
    assert gov.chain.block()["time"] == at - 1
    before = holder.fingerprint()
    status, code, checks = refusal(holder.onboard(request))
    assert (status, code) == (403, "denied") and set(checks) == {"policy.delay"}, checks
    assert holder.fingerprint() == before
    gov.chain.travel_to(at)
    _, _, checks = refusal(holder.onboard(request))
    assert checks == {"policy.delay": "NOT_FINAL"}
    gov.chain.finalize()
    hand_over(holder, joiner)
    assert joiner.status()["identity"] == holder.status()["identity"]


def test_a_fork_of_the_contract_without_delay_approves_nothing(tmp_path, session_pki, session_pcs, secret):
    """Its code is pinned, and it says approved at once: the node counts the 48 hours itself."""
    with Governed(tmp_path, session_pki, session_pcs) as plain:
        plain.operator.forget_the_delay()
        code_hash = plain.operator.code_hash
    with Governed(tmp_path / "fork", session_pki, session_pcs, CONTRACT_CODE=code_hash) as gov:
        gov.operator.forget_the_delay()
        holder, joiner = gov.holder(secret), gov.start("v2")
        gov.operator.propose("replicatoor-release", gov.release("v2"))
        gov.present()
        assert gov.operator.is_approved("replicatoor-release", gov.release("v2"))
        status, _, checks = refusal(holder.onboard(joiner.request()))
        assert status == 403 and set(checks) == {"policy.delay"}, checks


def test_a_peer_of_the_own_release_needs_no_second_wait(gov, secret):
    holder, joiner = gov.holder(secret), gov.start("v1")
    hand_over(holder, joiner)


def test_a_release_that_was_never_proposed_is_refused(gov, secret):
    holder, joiner = gov.holder(secret), gov.start("v2")
    status, code, checks = refusal(holder.onboard(joiner.request()))
    assert (status, code) == (403, "denied") and "policy.release" in checks, checks
    assert joiner.files() == {}


# What tightens acts at once

def test_a_revoked_release_is_refused_in_the_same_block(gov, secret):
    holder, joiner = approved_pair(gov, secret)
    request = joiner.request()
    assert holder.onboard(request, query="?dry_run=1").status == 200
    gov.operator.revoke("replicatoor-release", gov.release("v2"))
    status, _, checks = refusal(holder.onboard(request))
    assert status == 403 and checks["policy.release"] == "RELEASE_REVOKED", checks


def test_a_release_whose_sun_has_set_is_refused(gov, secret):
    holder, joiner = approved_pair(gov, secret)
    request = joiner.request()
    end = gov.chain.block()["time"] + 3
    gov.operator.sunset("replicatoor-release", gov.release("v2"), end)
    assert holder.onboard(request, query="?dry_run=1").status == 200
    gov.chain.travel_to(end)
    status, _, checks = refusal(holder.onboard(request))
    assert status == 403 and "policy.release" in checks, checks


def test_a_revoked_device_list_is_heard(gov, secret):
    holder, joiner = gov.holder(secret), gov.start("v1")
    gov.operator.revoke("device", ANY)
    status, _, checks = refusal(holder.onboard(joiner.request()))
    assert status == 403 and "policy.device" in checks, checks


def test_a_state_below_the_contracts_epoch_is_not_given(gov, secret):
    holder, joiner = gov.holder(secret), gov.start("v1")
    gov.operator.raise_min_epoch(2)
    status, _, checks = refusal(holder.onboard(joiner.request()))
    assert status == 403 and "policy.epoch" in checks, checks


def test_a_node_whose_own_release_is_revoked_may_still_give(gov, secret):
    holder, joiner = approved_pair(gov, secret)
    gov.operator.revoke("replicatoor-release", gov.release("v1"))
    gov.chain.finalize()
    hand_over(holder, joiner)


# Identity

def test_without_a_pinned_identity_nothing_is_given(gov, secret):
    node, joiner = gov.make("v1"), gov.start("v1")
    node.write_secret(secret)
    gov.cluster.plant(secret)
    node.start()
    gov.configure(node)
    gov.present()
    assert node.post("/bootstrap").status == 200
    assert node.status()["phase"] == "awaiting_pin"
    refused = node.onboard(joiner.request())
    assert (refused.status, refused.json()["code"]) == (409, "not_ready"), refused
    assert joiner.files() == {} and joiner.status()["phase"] == "requested"


def test_a_joiner_takes_from_the_pinned_identity_alone(gov, secret):
    """An impostor of the same release made up a state of its own, and its provider showed it a chain that names
    its identity. What it seals, the joiner, who sees the true chain, does not install."""
    gov.holder(secret)
    joiner, impostor, provider = gov.start("v1"), gov.make("v1"), gov.providers[0]
    request = joiner.request()
    impostor.write_secret(b"FORGED=" + os.urandom(8).hex().encode())
    with gov.fork() as fork:
        provider.others["impostor"] = fork.chain
        impostor.start()
        gov.configure(impostor, [provider.prefix + "impostor"])
        made = impostor.post("/bootstrap")
        assert made.status == 200, made
        fork.pin(bytes.fromhex(made.json()["identity"]))
        impostor.wait_for(lambda: impostor.status()["phase"] == "holding")
        sealed = impostor.onboard(request)
        assert sealed.status == 200, sealed
    gov.present()
    provider.forget()
    before = joiner.fingerprint()
    answer = joiner.receive(sealed.body)
    status, _, checks = refusal(answer)
    assert status in (403, 409) and "policy.identity" in checks and provider.asked, answer
    assert joiner.fingerprint() == before and joiner.files() == {}


# The pins

def test_a_chain_of_another_id_is_unknown(tmp_path, session_pki, session_pcs):
    with Governed(tmp_path, session_pki, session_pcs, CHAIN_ID="1") as gov:
        gov.present()
        refused = gov.start("v1").post("/bootstrap")
        assert refused.status == 503 and gov.providers[0].asked, refused


def test_other_code_at_the_address_is_unknown(gov, secret):
    holder, joiner = gov.holder(secret), gov.start("v1")
    gov.operator.forget_the_delay()
    gov.present()
    gov.providers[0].forget()
    answer = holder.onboard(joiner.request())
    assert refusal(answer)[0] == 503 and gov.providers[0].asked, answer
    assert "other code" in answer.text


def test_a_chain_that_stands_still_is_stale(gov):
    """Everything on it is true, and three minutes old."""
    gov.chain.travel_to(int(time.time()) - 180)
    gov.chain.finalize()
    node = gov.start("v1")
    refused = node.post("/bootstrap")
    assert refused.status == 503 and gov.providers[0].asked, refused
    node.wait_for(lambda: "too old" in json.dumps(node.status()["chain"]))


def test_no_provider_is_unknown(gov, secret):
    holder, joiner = gov.holder(secret), gov.start("v1")
    gov.providers[0].__exit__()
    try:
        refused = holder.onboard(joiner.request())
        assert refused.status == 503 and refused.headers["retry-after"], refused
        assert "policy.chain" in refused.failed_checks()
    finally:
        gov.providers[0].__enter__()


# Lies

@pytest.fixture(name="approved", scope="module")
def an_approved_pair(tmp_path_factory, session_pki, session_pcs):
    """One holder and one request for all lies: a refusal changes nothing, so they do not disturb each other."""
    with Governed(tmp_path_factory.mktemp("lies"), session_pki, session_pcs) as gov:
        secret = b"LIES=" + os.urandom(16).hex().encode()
        holder, joiner = approved_pair(gov, secret)
        yield gov, holder, joiner.request()


def onboard_with(approved, lie):
    gov, holder, request = approved
    provider = gov.providers[0]
    gov.fresh()
    provider.forget()
    provider.lie = lie
    try:
        return holder.onboard(request, query="?dry_run=1"), provider
    finally:
        provider.lie = None


@pytest.mark.parametrize("name", MAKE_UNKNOWN)
def test_a_lie_makes_the_answer_unknown(approved, name):
    lie, says = MAKE_UNKNOWN[name]
    answer, provider = onboard_with(approved, lie)
    assert provider.lied, "the provider never told this lie"
    status, code, checks = refusal(answer)
    assert (status, code) == (503, "unavailable"), answer
    assert set(checks) == {"policy.chain"} and "retry-after" in answer.headers, answer
    got = [check["got"] for check in answer.json()["verdict"]["checks"] if check["id"] == "policy.chain"]
    assert f"provider 1 {says}" in got[0] if says in FULL else says in got[0], got


@pytest.mark.parametrize("name", CHANGE_NOTHING)
def test_what_stands_beside_the_proof_changes_nothing(approved, name):
    answer, provider = onboard_with(approved, CHANGE_NOTHING[name])
    assert provider.lied and answer.status == 200, answer


def test_a_redirect_is_not_followed(approved):
    gov, _, _ = approved
    with Provider(gov.chain, gov.ca, PROVIDERS[1]) as elsewhere:
        def lie(provider, request, answer):
            raise Reply(307, b"", [("Location", elsewhere.url)])
        answer, provider = onboard_with(approved, lie)
        assert provider.lied and not elsewhere.asked
    assert refusal(answer)[0] == 503


def test_a_certificate_of_another_ca_is_not_believed(gov, secret, tmp_path):
    holder, joiner = gov.holder(secret), gov.start("v1")
    honest = gov.providers[0]
    port = honest.server.server_address[1]
    honest.__exit__()
    honest.context = Authority(tmp_path / "foreign", "foreign CA").context(honest.address)
    honest.__enter__(port)
    honest.forget()
    answer = holder.onboard(joiner.request())
    assert refusal(answer)[0] == 503 and not honest.asked


def test_a_block_that_goes_back_is_unknown(gov, secret):
    holder, joiner = gov.holder(secret), gov.start("v1")
    request = joiner.request()
    assert holder.onboard(request, query="?dry_run=1").status == 200
    snapshot = gov.chain.block("finalized")

    def back(provider, asked, answer):
        if asked["method"] != "eth_getBlockByNumber" or asked["params"][0] != "finalized":
            return answer
        older = provider.chain("eth_getBlockByNumber", hex(snapshot["number"] - 1), False)
        return {**answer, "result": older}
    gov.providers[0].lie = back
    status, _, checks = refusal(holder.onboard(request, query="?dry_run=1"))
    assert gov.providers[0].lied and status == 503 and "policy.chain" in checks, checks


# Several providers

def test_one_of_three_that_is_down_does_not_stop_it(three, secret):
    holder, joiner = three.holder(secret), three.start("v1")
    three.providers[2].__exit__()
    hand_over(holder, joiner)
    three.providers[2].__enter__()


def test_one_of_three_cannot_approve(three, secret):
    """It shows a chain of its own on which v2 was approved long ago, proofs and all."""
    holder, joiner = three.holder(secret), three.start("v2")
    with three.fork(["v2"]) as fork:
        fork.pin(three.identity)
        three.providers[1].chain = fork.chain
        status, _, checks = refusal(holder.onboard(joiner.request()))
        assert three.providers[1].asked
        three.providers[1].chain = three.chain
    assert status == 403 and "policy.release" in checks, checks


def test_one_of_three_that_says_revoked_is_enough(three, secret):
    """Two go on telling of a latest block in which v2 is approved; one tells of the block that came instead."""
    three.propose("v2", DELAY + 30)
    holder, request = three.holder(secret), three.start("v2").request()
    before = three.chain("evm_snapshot")
    three.chain.travel_to(three.chain.block()["time"] + 1)
    tapes = [Tape(), Tape()]
    three.providers[0].lie, three.providers[2].lie = tapes
    assert holder.onboard(request, query="?dry_run=1").status == 200
    assert three.chain("evm_revert", before) is True
    three.operator.revoke("replicatoor-release", three.release("v2"))
    for tape in tapes:
        tape.replaying = True
    status, _, checks = refusal(holder.onboard(request))
    assert all(provider.lied for provider in (three.providers[0], three.providers[2]))
    assert status == 403 and checks["policy.release"] == "RELEASE_REVOKED", checks
