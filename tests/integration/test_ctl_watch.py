"""`replicatoorctl upgrade watch` against a real chain on loopback, and what no subcommand shows."""
import http.server
import json
import os
import subprocess
import threading
import time

import pytest

from anvil import ANVIL, DELAY, NEVER, Anvil, Operator
from node import CTL
from test_ctl_upgrade import ANY, IDENTITY, V, a_chain, an_operator, digest_of, upgrade

pytestmark = pytest.mark.skipif(not os.path.exists(CTL) or not os.path.exists(ANVIL),
                                reason="not built, or no anvil: ./run build, ./run contracts")
__all__ = ["a_chain", "an_operator"]  # fixtures


class Watcher:
    """A watcher that runs; `lines()` are those it has printed."""

    def __init__(self, operator, *more):
        command = [CTL, "upgrade", "watch", "--contract", operator.address, "--rpc", operator.chain.url,
                   "--interval", "0", "--max-age", str(NEVER >> 33), *map(str, more)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def until(self, event):
        """-> the next line of that event, skipping others"""
        guard = threading.Timer(60, self.process.kill)
        guard.start()
        seen = []
        try:
            for line in self.process.stdout:
                seen.append(line)
                if json.loads(line)["event"] == event:
                    return json.loads(line)
        finally:
            guard.cancel()
        raise AssertionError(f"the watcher ended without {event}: {seen}")

    def ended(self):
        return self.process.wait(timeout=20)


def test_the_watcher_ends_at_a_proposal_that_nobody_announced(operator):
    with Watcher(operator, "--expect", "device=any") as watcher:
        assert watcher.until("watching")["code"] == "0x" + operator.code_hash
        operator.propose("device", ANY)
        line = watcher.until("proposed")
        assert (line["kind"], line["expected"], line["alarm"]) == ("device", True, False)
        operator.revoke("device", ANY)
        assert watcher.until("cancelled")["alarm"] is False
        operator.propose("device", V)
        line = watcher.until("proposed")
        assert (line["value"], line["expected"], line["alarm"]) == ("0x" + V.hex(), False, True)
        assert line["left_s"] == DELAY
        assert watcher.ended() == 1


@pytest.mark.parametrize("seen", [True, False])
def test_an_announcement_does_not_cover_what_comes_back(operator, seen):
    """Revoked and proposed again, by whoever has the key of the owner: noticed between two looks, too."""
    with Watcher(operator, "--expect", f"device={V.hex()},device={V.hex()}",
                 *([] if seen else ["--interval", 3])) as watcher:
        watcher.until("watching")
        operator.propose("device", V)
        assert watcher.until("proposed")["alarm"] is False
        operator.revoke("device", V)
        if seen:
            watcher.until("cancelled")
        operator.propose("device", V)
        line = watcher.until("proposed again")
        assert (line["value"], line["expected"], line["alarm"]) == ("0x" + V.hex(), False, True)
        assert watcher.ended() == 1


def test_what_came_back_before_the_watcher_started_is_an_alarm(operator):
    operator.propose("device", V)
    operator.propose("config", V)
    at = ("--contract", operator.address, "--rpc", operator.chain.url, "--once", "--max-age", 10 ** 9,
          "--expect", f"device={V.hex()},config={V.hex()}")
    assert upgrade("watch", *at)[0] == 0
    operator.revoke("device", V)
    operator.chain.travel_to(operator.chain.block()["time"] + 5)
    operator.propose("device", V)
    status, out, _ = upgrade("watch", *at)
    assert status == 1 and [json.loads(line)["event"] for line in out.splitlines()] == [
        "watching", "proposed again", "proposed"]


def test_an_announcement_counts_once(operator):
    operator.set_identity(IDENTITY)
    other = b"\x22" * 32 + IDENTITY[32:]
    with Watcher(operator, "--expect", f"identity={digest_of(other).hex()}") as watcher:
        watcher.until("watching")
        operator.set_identity(other)
        assert watcher.until("identity proposed")["alarm"] is False
        operator.call("cancelIdentity(string)", "")
        watcher.until("identity cancelled")
        operator.set_identity(other)
        assert watcher.until("identity proposed")["alarm"] is True and watcher.ended() == 1


def test_another_entry_in_the_same_place_is_new(operator):
    """A chain that was taken back by some blocks and went on otherwise."""
    chain = operator.chain
    before, at = chain("evm_snapshot"), chain.block()["time"] + 100
    with Watcher(operator, "--expect", f"device={V.hex()}") as watcher:
        watcher.until("watching")
        operator.propose("device", V, at=at)
        assert watcher.until("proposed")["alarm"] is False
        assert chain("evm_revert", before)
        operator.propose("device", ANY, at=at)
        line = watcher.until("proposed")
        assert (line["value"], line["alarm"]) == ("0x" + ANY.hex(), True) and watcher.ended() == 1


KEY = "KEY0123456789"


@pytest.mark.parametrize("command", [
    ["list"], ["watch", "--once"], ["revoke", "--kind", "device", "--value", "any"], ["list", "--rpc=https://a/" + KEY],
    ["list", "https://a/" + KEY], ["watch", "--once", "--blind", "0", "--webhook", "http://127.0.0.1:1/" + KEY]])
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://user:{}@127.0.0.1:1/v2?key=", "https://127.0.0.1:1?"])
def test_keys_in_addresses_are_not_shown(command, url):
    status, out, err = upgrade(*command, "--contract", "11" * 20, "--rpc", url.format(KEY) + KEY)
    assert status != 0 and KEY not in out + err
    if command[0] in ("list", "revoke") and len(command) != 2:
        assert url.split("//", maxsplit=1)[0] + "//127.0.0.1:1: " in err


def test_the_key_of_the_rpc_is_not_shown_with_a_refusal(operator):
    operator.propose("device", V)
    status, out, err = upgrade("propose", "--contract", operator.address, "--rpc", operator.chain.url + "/?key=" + KEY,
                               "--kind", "device", "--value", V.hex())
    assert status == 1 and "would refuse" in err and KEY not in out + err


@pytest.mark.parametrize("what", ["identity", "next identity", "owner", "code"])
def test_the_watcher_sees_more_than_entries(operator, what):
    if what == "next identity":
        operator.set_identity(IDENTITY)
    with Watcher(operator) as watcher:
        watcher.until("watching")
        if what == "owner":
            operator.call("transferOwnership(address)", operator.chain.accounts[2])
            line = watcher.until("owner proposed")
            assert line["value"].endswith(operator.chain.accounts[2][2:].lower())
        elif what == "code":
            operator.forget_the_delay()
            line = watcher.until("another contract")
        else:
            operator.set_identity(IDENTITY)
            line = watcher.until("identity in force" if what == "identity" else "identity proposed")
            assert line["value"] == "0x" + digest_of(IDENTITY).hex()
        assert line["alarm"] is True and watcher.ended() == 1


def test_the_watcher_follows_what_was_announced(operator, tmp_path):
    chain = operator.chain
    expected = tmp_path / "expected"
    expected.write_text(f"# ours\nreplicatoor-release {V.hex()}\nidentity {digest_of(IDENTITY).hex()}\n\n"
                        f"owner {chain.accounts[2]}\n")
    with Watcher(operator, "--expect-file", expected) as watcher:
        watcher.until("watching")
        operator.propose("replicatoor-release", V)
        assert watcher.until("proposed")["expected"] is True
        operator.set_identity(IDENTITY)
        assert watcher.until("identity in force")["expected"] is True
        operator.raise_min_epoch(2)
        assert watcher.until("minEpoch raised")["min_epoch"] == 2
        operator.call("transferOwnership(address)", chain.accounts[2])
        assert watcher.until("owner proposed")["expected"] is True
        chain.travel_to(chain.block()["time"] + DELAY + 10)  # not in the first second: see above
        assert watcher.until("active")["kind"] == "replicatoor-release"
        operator.sunset("replicatoor-release", V, chain.block()["time"] + 100)
        assert watcher.until("sunset")["alarm"] is False
        operator.call("acceptOwnership()", sender=chain.accounts[2])
        assert watcher.until("owner changed")["alarm"] is False
        operator.revoke("replicatoor-release", V, sender=chain.accounts[1])
        assert watcher.until("ended")["alarm"] is False
        assert watcher.process.poll() is None


class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("status", [200, 500])
def test_an_alarm_goes_to_the_webhook_and_a_deaf_one_ends_the_watcher(operator, status):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        server.taken, server.status = [], status
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with Watcher(operator, "--webhook", f"http://127.0.0.1:{server.server_address[1]}/x") as watcher:
            watcher.until("watching")
            operator.propose("device", V)
            assert watcher.until("proposed")["alarm"] is True
            if status == 200:
                operator.propose("device", ANY)
                watcher.until("proposed")
                operator.raise_min_epoch(2)
                watcher.until("minEpoch raised")
                assert [a["value"] for a in server.taken] == ["0x" + V.hex(), "0x" + ANY.hex()]
            else:
                assert watcher.ended() == 1 and len(server.taken) == 1
        server.shutdown()


def test_a_watcher_that_sees_nothing_says_so(operator):
    at = ("--contract", operator.address, "--interval", 0)
    status, out, _ = upgrade("watch", *at, "--rpc", "http://127.0.0.1:1", "--once")
    assert status == 4 and json.loads(out)["event"] == "not seen"
    status, out, _ = upgrade("watch", *at, "--rpc", "http://127.0.0.1:1", "--blind", 0)
    assert status == 4 and json.loads(out)["alarm"] is True
    # old blocks are not seeing either: this chain was stopped
    with Anvil(int(time.time()) - 7 * DELAY) as stopped:
        old = Operator(stopped)
        status, out, _ = upgrade("watch", "--contract", old.address, "--rpc", stopped.url, "--once")
        assert status == 4 and "too old" in json.loads(out)["why"]


def test_what_waits_at_the_start_is_looked_at(operator):
    operator.propose("device", V)
    at = ("--contract", operator.address, "--rpc", operator.chain.url, "--once", "--max-age", 10 ** 9)
    assert upgrade("watch", *at)[0] == 1
    assert upgrade("watch", *at, "--expect", f"device={V.hex()}")[0] == 0
