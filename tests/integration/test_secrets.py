"""Where a secret must not be: logs, answers, the environment, core files. (Every other test searches
its logs, at level debug, and answers for its planted secrets, too.)"""
import base64
import os
import signal

import pytest

from node import hand_over
from secret_scan import leaks


@pytest.mark.parametrize("form", [
    lambda s: s, lambda s: s.hex().encode(), lambda s: s.hex().upper().encode(),
    lambda s: base64.b64encode(s), lambda s: base64.b64encode(b"x" + s),
    lambda s: base64.b64encode(b"xy" + s + b"z")],
    ids=["raw", "hex", "HEX", "base64", "base64+1", "base64+2"])
@pytest.mark.parametrize("length", [16, 17, 18])
def test_the_search_finds_a_secret_in_every_form(form, length):
    secret = os.urandom(length)
    assert leaks(secret, b"before " + form(secret) + b" after")
    assert not leaks(secret, b"before " + form(os.urandom(length)) + b" after")


def proc(node, name):
    with open(f"/proc/{node.process.pid}/{name}", "rb") as f:
        return f.read()


def test_a_whole_life_says_nothing_secret(cluster, secret):
    holder, joiner = cluster.holder(secret), cluster.start()
    hand_over(holder, joiner)
    hand_over(joiner, holder)
    keys = [bytes.fromhex(joiner.key("k")), bytes.fromhex(joiner.key("k", service="other"))]
    for node in (holder, joiner):
        for path in ("/status", "/custody", "/metrics", "/healthz", "/readyz", "/"):
            node.get(path)
        said = [node.log().encode(), proc(node, "environ"), proc(node, "cmdline"),
                *node.curl.answers]
        for what in [secret.strip(), secret.split()[0], *keys]:
            assert not any(leaks(what, text) for text in said)


def test_sigabrt_leaves_no_core_file(cluster, secret):
    node = cluster.make()
    node.write_secret(secret)
    node.simulator.start()
    node.launch("prlimit", "--core=unlimited:unlimited")
    node.wait_until_ready()
    core_limit = [line for line in proc(node, "limits").decode().splitlines()
                  if line.startswith("Max core file size")]
    assert core_limit[0].split()[4:6] == ["0", "0"]
    node.process.send_signal(signal.SIGABRT)
    assert node.process.wait(timeout=15) == -signal.SIGABRT
    assert not [name for name in os.listdir(node.directory) if "core" in name]


def test_status_says_whether_memory_is_locked(cluster):
    assert cluster.start().status()["memory_locked"] in ("yes", "partial")
