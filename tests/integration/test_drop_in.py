"""The drop-in snippet: an agent socket and a folder for the host's settings mounted at their usual
places, and no environment but what a simulated machine needs."""
import subprocess

import pytest

from node import hand_over

MOUNTS = """mount -t tmpfs none /run && mkdir -p /run/untrustedhost && touch /run/{socket} &&
mount --bind {socket} /run/{socket} && exec "$0" "$@" """
UNSET = ("REPLICATOOR_DSTACK", "REPLICATOOR_UNTRUSTED_DIR", "REPLICATOOR_GUEST_DIR",
         "REPLICATOOR_GUESTS", "SECURE_FILE")


def may_mount():
    return subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
                          capture_output=True, check=False).returncode == 0


def start_with_mounts(cluster, socket, **options):
    node = cluster.make({name: None for name in UNSET}, **options)
    node.simulator.start()
    node.launch("unshare", "--mount", "sh", "-c", MOUNTS.format(socket=socket))
    node.wait_until_ready()
    return node


@pytest.mark.skipif(not may_mount(), reason="mounting is not permitted here")
@pytest.mark.parametrize("socket,era,agent", [
    ("tappd.sock", "0.3.6", "tappd.sock RawQuote"), ("tappd.sock", "e", "tappd.sock RawQuote"),
    ("dstack.sock", "e", "dstack.sock GetQuote")])
def test_two_mounts_are_all_it_needs(cluster, socket, era, agent):
    holder = start_with_mounts(cluster, socket, era=era)
    joiner = start_with_mounts(cluster, socket, era=era)
    status = holder.status()
    assert status["agent"] == agent and status["config_measured"], status["config_measured_why"]
    assert holder.post("/bootstrap").status == 200
    hand_over(holder, joiner)
    assert joiner.status()["identity"] == holder.status()["identity"]
    assert joiner.status()["phase"] == "holding"
    answer = joiner.post("/configure", "-H", "Content-Type: text/plain", "-d", "A=1")
    assert answer.status == 200, answer
