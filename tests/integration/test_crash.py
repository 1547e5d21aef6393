"""kill -9 at every row of the state table, on either node: files are old or new ones byte for byte,
the other node stays whole, and the handover can be done again.

A test build stops itself at the row that REPLICATOOR_TEST_STOP_AT names; `replicatoor rows` prints
the table. Only disk and the other nodes survive a crash: state lives in memory.
"""
import json
import os
import re
import signal
import subprocess
import threading

import pytest

from node import SERVER, Cluster, hand_over

OLD, NEW = b"LOCAL=was on the joiner\n", b"SECRET=" + os.urandom(24).hex().encode() + b"\n"
PHASES = {"starting", "empty", "requested", "awaiting_pin", "holding", "stale", "retired"}
# Rows that only the passing of ten minutes reaches.
BY_TIME = {"request.expired", "request.expired-by-holder"}
# And rows of a life with a contract.
BY_CONTRACT = {"bootstrap.unpinned-empty", "bootstrap.unpinned-requested", "bootstrap.pinned"}


def table():
    if not os.path.exists(SERVER):
        return []
    rows = subprocess.run([SERVER, "rows"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in rows.splitlines()]


@pytest.fixture(scope="module", name="pair")
def two_machines(tmp_path_factory, session_pki, session_pcs):
    """A holder and a joiner whose servers are started anew for each row."""
    with Cluster(tmp_path_factory.mktemp("crash"), session_pki, session_pcs) as nodes:
        pair = nodes.make(), nodes.make()
        for node in pair:
            node.simulator.start()
        yield pair
        nodes.plant(NEW.strip())
    nodes.check_secrets()


def reset(node, content):
    if node.process is not None:
        node.kill()
    for name in node.files():
        os.unlink(node.path("secret", name))
    if content is not None:
        node.write_secret(content)


def calls(holder, joiner):
    """A life in which every row is passed that can be: asked twice, given, given again, merged;
    then bootstraps and a state that its node hands to itself."""
    request = joiner.request()
    challenge = holder.get("/challenge").json()["challenge"]
    joiner.request("-H", "Content-Type: application/json",
                   "-d", json.dumps({"challenge": challenge}))
    sealed = holder.onboard(request)
    holder.onboard(request)
    joiner.receive(sealed.body)
    again = holder.onboard(joiner.request())
    joiner.receive(again.body)
    for node, asks in ((joiner, False), (holder, True)):
        node.restart(**node.stop_at)
        if asks:
            node.request()
        node.post("/bootstrap")
    holder.restart(**holder.stop_at)
    hand_over(holder, holder)


class Killer(threading.Thread):
    """Watches a node and kills -9 its server when it has stopped itself. (Servers die with the
    thread that started them, so that the calls are made by the main one.)"""

    def __init__(self, victim):
        super().__init__()
        self.victim = victim
        self.life_over = threading.Event()
        self.killed = False

    def run(self):
        while not self.killed and not self.life_over.wait(0.005):
            process = self.victim.process
            if process is not None and self._has_stopped(process.pid):
                os.kill(process.pid, signal.SIGKILL)
                self.killed = True

    @staticmethod
    def _has_stopped(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "T"
        except (FileNotFoundError, ProcessLookupError):
            return False


def run_until_stopped(victim, holder, joiner):
    """Runs the calls; True when `victim` stopped at its row (then it was killed there)."""
    killer = Killer(victim)
    killer.start()
    try:
        for node in (holder, joiner):
            node.start_server(**node.stop_at)
        calls(holder, joiner)
    except (RuntimeError, OSError, ValueError, KeyError, AssertionError):
        pass  # the call that met a dead node
    killer.life_over.set()
    killer.join()
    if killer.killed:
        victim.process.wait()
    return killer.killed


def check_files(node, allowed):
    for name, content in node.files().items():
        assert re.fullmatch(r"private\.env(\.local-[0-9a-f]+)?", name), name
        assert content in allowed, name


reached = set()


@pytest.mark.parametrize("who", ["holder", "joiner"])
@pytest.mark.parametrize("row", [row for row in table() if row not in BY_TIME | BY_CONTRACT])
def test_a_crash_at_every_row_leaves_old_or_new_files(pair, row, who):
    holder, joiner = pair
    reset(holder, NEW)
    reset(joiner, OLD)
    victim, other = (holder, joiner) if who == "holder" else (joiner, holder)
    victim.stop_at, other.stop_at = {"REPLICATOOR_TEST_STOP_AT": row}, {}
    if not run_until_stopped(victim, holder, joiner):
        return  # this side does not pass this row; the last test wants one of them to
    reached.add(row)
    check_files(holder, {NEW})
    check_files(joiner, {OLD, NEW})
    if other.process is None or other.process.poll() is not None:
        other.start_server()
    assert other.status()["phase"] in PHASES
    victim.start_server()
    assert victim.status()["phase"] in {"empty", "starting"}
    if other.status()["phase"] == "holding":
        hand_over(other, victim)
    else:
        hand_over(holder, joiner)
    assert joiner.status()["phase"] == "holding"
    check_files(holder, {NEW, OLD})
    check_files(joiner, {OLD, NEW})


@pytest.mark.skipif(not table(), reason="the server is not built")
def test_every_row_was_reached():
    assert set(table()) - BY_TIME - BY_CONTRACT - reached == set()
