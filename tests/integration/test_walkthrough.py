"""The commands of docs/verification.md, section 4, as they stand there, against a simulated node."""
import hashlib
import json
import os
import re
import subprocess

import pytest

from node import CTL, SERVER
from simulator import REPOSITORY

pytestmark = pytest.mark.skipif(not os.path.exists(SERVER) or not os.path.exists(CTL),
                                reason="server or replicatoorctl is not built")


def commands():
    with open(os.path.join(REPOSITORY, "docs", "verification.md"), encoding="utf-8") as f:
        section = f.read().split("\n## 4. ")[1].split("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)
    assert len(blocks) == 6
    # test builds have tags of their own, so that nothing of theirs fits a release
    return [block.replace("rpl/v1/status", "rplT/v1/status") for block in blocks]


class Auditor:
    """A folder with what the section takes as given."""

    def __init__(self, folder, cluster, node):
        self.folder = folder
        bundle = folder / "bundle.json"
        with type(cluster.pcs)(folder / "pcs", pki=cluster.pki, no_agent=True, write_bundle=bundle):
            pass
        # the one thing that differs from a real node: which root is believed
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        root = os.path.join(str(cluster.pki), "root.pem")
        wrapper = bin_folder / "replicatoorctl"
        wrapper.write_text(f'#!/bin/sh\n[ "$1" != verify ] || set -- "$@" --root {root}\n'
                           f'exec {CTL} "$@"\n', encoding="ascii")
        wrapper.chmod(0o755)
        with open(node.path("app-compose.json"), "rb") as f:
            (folder / "app-compose.json").write_bytes(f.read())
        self.environment = {"PATH": f"{bin_folder}:/usr/bin:/bin", "NODE": node.address,
                            "RELEASE": node.status()["measurements"]["release"]}

    def run(self, script, **environment):
        return subprocess.run(["sh", "-euc", script], cwd=self.folder, capture_output=True, text=True,
                              check=False, timeout=120, env={**self.environment, **environment})


@pytest.fixture(name="node", params=["empty", "holding"])
def a_node(request, cluster, secret):
    return cluster.start() if request.param == "empty" else cluster.holder(secret)


def test_every_command_works(cluster, node, tmp_path):
    auditor = Auditor(tmp_path, cluster, node)
    done = auditor.run("\n".join(commands()))
    assert done.returncode == 0, done.stderr + done.stdout
    preimage = node.status()["config_preimage"]
    assert preimage in done.stdout
    status = json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))
    assert hashlib.sha256(preimage.encode()).hexdigest() == status["config_digest"]


def test_another_release_is_refused_by_each_way(cluster, tmp_path):
    node = cluster.start()
    auditor = Auditor(tmp_path, cluster, node)
    first, asking, *_, last = commands()
    done = auditor.run(first, RELEASE="00" * 32)
    assert done.returncode == 1 and "RELEASE_NOT_APPROVED" in done.stdout
    assert auditor.run(asking + last, RELEASE="00" * 32).returncode == 1


def test_another_compose_file_is_refused(cluster, tmp_path):
    node = cluster.start()
    auditor = Auditor(tmp_path, cluster, node)
    with open(tmp_path / "app-compose.json", "ab") as f:
        f.write(b"\n")
    done = auditor.run(commands()[1] + commands()[5])
    assert done.returncode == 1


def test_a_node_that_lies_about_its_configuration_is_caught(cluster, tmp_path):
    node = cluster.start()
    auditor = Auditor(tmp_path, cluster, node)
    lie = ("jq '.config_preimage += \"REPLICATOOR_LIE=1\\n\"' status.json > lie.json\n"
           "mv lie.json status.json\n")
    blocks = commands()
    assert auditor.run(blocks[1] + blocks[3]).returncode == 0
    assert auditor.run(blocks[1] + lie + blocks[3]).returncode == 1


def ctl_verify(auditor, *arguments):
    return auditor.run("replicatoorctl verify " + " ".join(arguments))


def test_verify_of_a_node_says_what_it_checked(cluster, secret, tmp_path):
    node = cluster.holder(secret)
    auditor = Auditor(tmp_path, cluster, node)
    done = ctl_verify(auditor, "--node", node.address, "--collateral bundle.json --json")
    assert done.returncode == 0, done.stderr
    checks = {c["id"]: c["ok"] for c in json.loads(done.stdout)["checks"]}
    assert checks["report_data"] and checks["event_log.replay"] and checks["tcb.status"]
    assert "policy.release" not in checks


@pytest.mark.parametrize("arguments", [
    "--node HERE", "QUOTE --node HERE --collateral bundle.json",
    "--node HERE --collateral bundle.json --event-log bundle.json",
    "--node HERE --collateral bundle.json --release 00", "quote.hex --collateral bundle.json --release "
    + "00" * 32])
def test_arguments_that_do_not_fit_are_told(cluster, tmp_path, arguments):
    node = cluster.start()
    auditor = Auditor(tmp_path, cluster, node)
    done = ctl_verify(auditor, arguments.replace("HERE", node.address))
    assert done.returncode == 2 and done.stderr


def test_a_node_that_does_not_answer_is_unavailable(cluster, tmp_path):
    node = cluster.start()
    auditor = Auditor(tmp_path, cluster, node)
    done = ctl_verify(auditor, "--node 127.0.0.1:9 --collateral bundle.json")
    assert done.returncode == 4
