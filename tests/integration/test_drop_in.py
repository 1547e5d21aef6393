"""The drop-in snippet of the original, as it stands: two mounts, no environment.

Each machine is a pair of namespaces: its own network, where the node listens on its default
0.0.0.0:4001, and its own /run with the guest agent's socket at its historic place. Only what no
test can do without is set: the trust root of the simulator and where its collateral is.
"""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from node import SERVER
from simulator import REPOSITORY

SNIPPET = """services:
  replicatoor:
    image: replicatoor@sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b
    volumes:
      - /var/run/tappd.sock:/var/run/tappd.sock
      - untrustedhost:/var/run/untrustedhost
"""
MACHINE = """set -e
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir /run/untrustedhost /run/sim
"$SIM" --dir /run/sim --pki "$PKI" --pcs 127.0.0.1:4810 --compose "$COMPOSE" --instance "$INSTANCE" \\
    --era "$ERA" > /run/sim/ready.json &
while [ ! -s /run/sim/ready.json ]; do sleep 0.05; done
touch /run/tappd.sock
mount --bind /run/sim/tappd.sock /run/tappd.sock
exec env -i REPLICATOOR_TEST_ROOT=/run/sim/root.pem REPLICATOOR_PCCS=http://127.0.0.1:4810 "$SERVER"
"""

pytestmark = pytest.mark.skipif(
    not os.path.exists(SERVER) or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs the server, root and unshare")


class Machine:
    def __init__(self, directory, pki, instance, era):
        directory.mkdir()
        (directory / "docker-compose.yml").write_text(SNIPPET, encoding="utf-8")
        self.log = open(directory / "log", "wb")
        self.process = subprocess.Popen(
            ["unshare", "-m", "-n", "sh", "-c", MACHINE], stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL, start_new_session=True, env={
                **os.environ, "SIM": os.path.join(REPOSITORY, "tools/tappd_sim/tappd-sim"),
                "PKI": str(pki), "COMPOSE": str(directory / "docker-compose.yml"),
                "INSTANCE": instance, "ERA": era, "SERVER": SERVER})

    def __enter__(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status = self.inside("curl", "-s", "http://127.0.0.1:4001/status")
            verdict = json.loads(status or "{}").get("self_verdict")
            if verdict and verdict["admitted"]:
                return self
            time.sleep(0.05)  # between polls of a machine that has just been started
        raise RuntimeError(f"no node came up: {open(self.log.name, encoding='utf-8').read()}")

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def inside(self, *command, data=None):
        return subprocess.run(["nsenter", "-t", str(self.process.pid), "-m", "-n", *command],
                              input=data, capture_output=True, text=True, check=False).stdout

    def post(self, path, *arguments, data=None):
        return self.inside("curl", "-s", "-X", "POST", *arguments, f"http://127.0.0.1:4001{path}",
                           data=data)

    def status(self):
        return json.loads(self.inside("curl", "-s", "http://127.0.0.1:4001/status"))


@pytest.mark.parametrize("era", ["c", "d", "e"])
def test_two_mounts_and_no_environment_hand_over_under_self(tmp_path, session_pki, era):
    with Machine(tmp_path / "a", session_pki, "aa" * 20, era) as holder, \
            Machine(tmp_path / "b", session_pki, "bb" * 20, era) as joiner:
        assert joiner.status()["phase"] == "empty" and joiner.status()["policy"]["mode"] == "self"
        assert json.loads(holder.post("/bootstrap"))["phase"] == "holding"

        request = json.loads(joiner.post("/requestKey"))
        sealed = holder.post("/onboard", "-d", f"pubk={request['pubk']}", "-d", "@-",
                             data=f"quote={request['quote']}")
        received = joiner.post("/receiveKey", "-H", "Content-Type: text/plain", "--data-binary",
                               "@-", data=sealed)

        assert json.loads(received)["result"] == "installed", received
        ours, theirs = joiner.status(), holder.status()
        assert ours["phase"] == "holding"
        assert ours["identity"] == theirs["identity"]
        assert ours["state_digest"] == theirs["state_digest"]
        env = "API_KEY=from the host\n"
        assert json.loads(joiner.post("/configure", "-H", "Content-Type: text/plain",
                                      "--data-binary", "@-", data=env)) == {"accepted": ["API_KEY"]}
        assert joiner.inside("cat", "/var/run/untrustedhost/private.env") == "API_KEY='from the host'\n"
