"""replicatoorctl against real nodes; test_ctl.py has its manners against a stub."""
import json
import os
import subprocess

import pytest

from node import CTL, SERVER, compose_text

pytestmark = pytest.mark.skipif(not os.path.exists(SERVER) or not os.path.exists(CTL),
                                reason="server or replicatoorctl is not built")


def ctl(*arguments):
    return subprocess.run([CTL, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", [[], ["--challenge"]])
def test_migrate_moves_the_state(cluster, secret, arguments):
    holder, joiner = cluster.holder(secret), cluster.start()
    done = ctl("migrate", "--from", holder.address, "--to", joiner.address, *arguments)
    assert done.returncode == 0, done.stderr
    assert joiner.files() == {"private.env": secret}
    assert joiner.status()["identity"] == holder.status()["identity"]


def test_a_dry_run_of_migrate_moves_nothing(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    done = ctl("migrate", "--from", holder.address, "--to", joiner.address, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert joiner.files() == {} and joiner.status()["phase"] == "requested"


def test_migrate_explains_a_refusal(cluster, secret):
    holder, other = cluster.holder(secret), cluster.start(
        compose=compose_text({**cluster.environment, "OTHER": "app"}))
    done = ctl("migrate", "--from", holder.address, "--to", other.address)
    assert done.returncode == 1
    assert "policy.release" in done.stderr and "give_to" in done.stderr
    assert other.files() == {}


def test_status_and_configure(cluster, tmp_path):
    node = cluster.start()
    status = ctl("status", node.address, "--nonce")
    assert status.returncode == 0 and json.loads(status.stdout)["phase"] == "empty"
    env = tmp_path / "host.env"
    env.write_text("A=1\nB=two words\n", encoding="ascii")
    assert ctl("configure", node.address, str(env)).returncode == 0
    with open(node.path("untrusted", "private.env"), encoding="ascii") as f:
        assert f.read() == "A='1'\nB='two words'\n"


def test_verify_admits_the_quotes_of_a_node(cluster, tmp_path):
    """What /status and /requestKey show can be checked by an auditor as it is."""
    node = cluster.start()
    bundle = tmp_path / "collateral.json"
    with type(cluster.pcs)(tmp_path / "bundle", pki=cluster.pki, no_agent=True,
                           write_bundle=bundle):
        pass
    for quote in (node.status()["quote"]["quote"], node.status()["quote"]["quote_raw"],
                  node.request()["quote"]):
        file = tmp_path / "quote.hex"
        file.write_text(quote, encoding="ascii")
        done = ctl("verify", str(file), "--collateral", str(bundle), "--root",
                   os.path.join(str(cluster.pki), "root.pem"))
        assert done.returncode == 0, done.stdout
        assert json.loads(done.stdout)["status"] == "UpToDate"
