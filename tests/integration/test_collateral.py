"""The server and the provisioning service: caching, faults, revocation."""
import json
import os
import subprocess

import pytest

from node import CTL, SERVER, Cluster, compose_text, hand_over
from simulator import Simulator

pytestmark = pytest.mark.skipif(not os.path.exists(SERVER), reason="the server is not built")


@pytest.fixture(name="own")
def cluster_with_its_own_service(tmp_path, session_pki):
    """As `cluster`, with a provisioning service that the test may break."""
    with Cluster(tmp_path, session_pki, None) as nodes:
        yield nodes
    nodes.check_secrets()


def test_verified_collateral_is_asked_for_once(own, secret):
    holder, joiner = own.holder(secret), own.start()
    request = joiner.request()
    before = own.pcs.counts()
    for _ in range(3):
        assert holder.onboard(request, query="?dry_run=1").status == 200
    assert own.pcs.counts() == before
    assert before["tcb"] == before["qe"] == before["pckcrl"] == 2  # once for each node


def listed(nodes, directory):
    """Settings of a static policy that names the app of `nodes`, and its compose text: under `self`
    a node whose own quote cannot be verified gives nothing, whatever the joiner's quote is worth.
    No text contains its own hash, so the agent of these machines does not tell it."""
    compose = compose_text(nodes.environment)
    (directory / "app.yml").write_text(compose)
    with Simulator(directory / "app", pki=nodes.pki, compose=directory / "app.yml") as machine:
        release = {"release": machine.ready["release"]}
    return {"settings": {"REPLICATOOR_POLICY": json.dumps({"give_to": [release]})},
            "compose": compose, "hide_compose": True}


FAULTS = ["all=404", "all=503", "tcb=429", "qe=redirect", "pckcrl=empty", "rootcrl=garbage",
          "tcb=oversized", "qe=nochain", "tcb=flipped", "pckcrl=flipped", "rootcrl=404"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_service_refuses_and_recovers(own, secret, tmp_path, fault):
    same = listed(own, tmp_path)
    joiner = own.start(**same)
    own.pcs.set(pcs=fault)
    holder = own.holder(secret, **same)
    refused = holder.onboard(joiner.request())
    assert refused.status in (403, 503), refused
    assert refused.json()["code"] in ("unavailable", "untrusted"), refused
    failed = set(refused.failed_checks())
    assert failed and not failed & {"quote.signature", "policy.release"}, refused
    if refused.status == 503:
        assert "collateral.present" in failed and refused.headers["retry-after"], refused
    assert holder.status()["phase"] == "empty" and joiner.files() == {}
    own.pcs.set(pcs="")
    holder.restart()
    hand_over(holder, joiner)


def test_under_self_nothing_is_given_while_the_own_quote_is_not_verified(own, secret):
    joiner = own.start()
    own.pcs.set(pcs="all=503")
    holder = own.holder(secret)
    assert holder.status()["self_verdict"]["admitted"] is False
    refused = holder.onboard(joiner.request())
    assert (refused.status, refused.json()["code"]) == (503, "unavailable"), refused
    checks = {check["id"]: check["ok"] for check in refused.json()["verdict"]["checks"]}
    assert checks["policy.release"] is None


def test_a_node_that_its_own_policy_would_refuse_gives_nothing(own, secret):
    joiner = own.start()
    holder = own.holder(secret, tcb="OutOfDate")
    assert holder.status()["self_verdict"]["admitted"] is False
    refused = holder.onboard(joiner.request())
    assert refused.status in (403, 503), refused
    assert refused.json()["verdict"]["admitted"] is False and joiner.files() == {}


@pytest.mark.parametrize("options,code", [
    ({"revoke": ["platform"]}, "INTER_REVOKED"), ({"revoke": ["tcb-signing"]},
                                                  "TCB_SIGNING_REVOKED"),
    ({"issue_offset": -40 * 86400}, "CRL_EXPIRED"),
    ({"issue_offset": 2 * 86400}, "CRL_NOT_YET_VALID")])
def test_collateral_that_speaks_against_the_platform_is_heard(tmp_path, session_pki, secret,
                                                               options, code):
    with Simulator(tmp_path / "pcs", pki=session_pki, no_agent=True, **options) as pcs:
        with Cluster(tmp_path, session_pki, pcs) as nodes:
            same = listed(nodes, tmp_path)
            holder, joiner = nodes.holder(secret, **same), nodes.start(**same)
            refused = holder.onboard(joiner.request())
            assert refused.status == 403, refused
            assert code in refused.failed_checks().values(), refused
        nodes.check_secrets()


def test_a_revoked_platform_is_refused_and_others_are_not(tmp_path, session_pki, secret):
    with Simulator(tmp_path / "revoked", pki=session_pki) as machine:
        serial, instance = machine.ready["pck_serial"], machine.ready["instance_id"]
    with Simulator(tmp_path / "pcs", pki=session_pki, no_agent=True, revoke=[serial]) as pcs:
        with Cluster(tmp_path, session_pki, pcs) as nodes:
            holder = nodes.holder(secret)
            refused = holder.onboard(nodes.start(instance=instance).request())
            assert refused.status == 403, refused
            assert refused.failed_checks()["pck.revoked"] == "PCK_REVOKED"
            hand_over(holder, nodes.start())


def test_with_a_store_a_restarted_node_needs_no_service(own, secret, tmp_path):
    store = {"REPLICATOOR_STORE": f"file:{tmp_path / 'store'}"}
    compose = compose_text(own.environment | store)
    holder = own.holder(secret, settings=store, compose=compose)
    joiner = own.start(settings=store, compose=compose)
    own.pcs.set(pcs="all=503")
    files = sorted(path.name for path in (tmp_path / "store" / "collateral").iterdir())
    assert "qe.rpl" in files and "rootcrl.rpl" in files and len(files) == 4, files
    holder.restart()
    joiner.restart()
    hand_over(holder, joiner)


def gauges(node):
    lines = node.get("/metrics").body.decode().splitlines()
    return {name: int(value) for name, value in
            (line.split(" ") for line in lines if line.startswith(("rpl_tcb_", "rpl_collateral_")))}


@pytest.mark.parametrize("early,accepted", [("OutOfDate", False), ("UpToDate", True)])
def test_the_next_level_is_forecast_and_decides_nothing(own, secret, early, accepted):
    own.pcs.set(early=early)
    holder, joiner = own.holder(secret), own.start()
    status = holder.status()
    assert status["self_verdict"]["admitted"] is True
    assert status["self_verdict"]["tcb_status"] == "UpToDate"
    forecast = status["forecast"]
    assert (forecast["tcb_status"], forecast["accepted"]) == (early, accepted)
    assert status["self_verdict"]["forecast"] == forecast
    assert status["collateral_valid_until"] > status["now"]
    shown = gauges(holder)
    assert shown["rpl_tcb_falls_out"] == (not accepted), shown
    assert shown['rpl_tcb_evaluation_number{view="early"}'] == forecast["evaluation_number"] == 19
    assert shown['rpl_tcb_evaluation_number{view="standard"}'] == 18
    verdict = holder.onboard(joiner.request(), "--header", "Accept: application/json",
                             query="?dry_run=1").json()["verdict"]
    assert verdict["admitted"] is True and verdict["forecast"] == forecast
    hand_over(holder, joiner)


def test_without_an_early_view_there_is_no_forecast(own, secret):
    holder = own.holder(secret)
    assert holder.status()["forecast"] is None
    assert "rpl_tcb_falls_out" not in gauges(holder)


def test_no_end_is_shown_of_collateral_that_is_not_verified(own, secret):
    own.pcs.set(pcs="all=503")
    status = own.holder(secret).status()
    assert status["self_verdict"]["admitted"] is False
    assert status["collateral_valid_until"] == 0 and status["forecast"] is None, status
    assert gauges(own.nodes[0])["rpl_collateral_valid_until_seconds"] == 0


def test_only_a_dry_run_forecasts_for_a_peer(own, secret):
    own.pcs.set(early="OutOfDate")
    holder, joiner = own.holder(secret), own.start()
    asked = own.pcs.counts()["early"]
    accept = ("--header", "Accept: application/json")
    dry = holder.onboard(joiner.request(), *accept, query="?dry_run=1").json()["verdict"]
    assert dry["forecast"]["accepted"] is False
    given = holder.onboard(joiner.request(), *accept).json()["verdict"]
    assert given["admitted"] is True and given["forecast"] is None, given
    assert own.pcs.counts()["early"] == asked == 2  # once for each node


def test_a_restarted_node_asks_before_it_uses_what_is_stored(own, secret, tmp_path):
    store = {"REPLICATOOR_STORE": f"file:{tmp_path / 'store'}"}
    holder = own.holder(secret, settings=store, compose=compose_text(own.environment | store))
    before = own.pcs.counts()
    holder.restart()
    after = own.pcs.counts()
    assert all(after[what] == before[what] + 1 for what in ("tcb", "qe", "pckcrl", "rootcrl"))


def bundle_of(nodes, directory):
    out = directory / "bundle.json"
    subprocess.run([CTL, "collateral", "fetch", "--fmspc", "53494d000000", "--ca", "platform",
                    "--source", f"http://{nodes.pcs.ready['pcs']}", "-o", str(out)], check=True)
    return out


def test_collateral_may_come_with_the_call(own, secret, tmp_path):
    same = listed(own, tmp_path)
    joiner = own.start(**same)
    bundle = bundle_of(own, tmp_path)
    own.pcs.set(pcs="all=503")
    holder = own.holder(secret, **same)
    assert holder.onboard(joiner.request()).status == 503
    verdict = holder.onboard(joiner.request(), "--data-urlencode", f"collateral@{bundle}",
                             "--header", "Accept: application/json", query="?dry_run=1")
    assert verdict.status == 200 and verdict.json()["verdict"]["admitted"] is True, verdict
    bundle.write_text(bundle.read_text().replace("UpToDate", "OutOfDat"))
    refused = holder.onboard(joiner.request(), "--data-urlencode", f"collateral@{bundle}")
    assert refused.status == 503 and "collateral.present" in refused.failed_checks(), refused
    malformed = holder.onboard(joiner.request(), "-d", "collateral={}")
    assert (malformed.status, malformed.json()["code"]) == (400, "malformed"), malformed
