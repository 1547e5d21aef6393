"""A node under test: a simulated machine and our server on it, in a directory of its own.

Every path in a node's environment is relative to that directory, so that nodes differ in nothing
that is measured: same compose text, same configuration digest.
"""
import glob
import json
import os
import re
import signal
import socket
import subprocess
import time

from curl import Curl
from secret_scan import leaks
from simulator import REPOSITORY, WITH_PARENT, Simulator

BUILD = os.path.join(REPOSITORY, "build", os.environ.get("RPL_PRESET", "dev"))
SERVER = os.path.join(BUILD, "server", "replicatoor")
CTL = os.path.join(BUILD, "clients", "replicatoorctl")
START_TIMEOUT_S = 30
# Runs side by side must not meet at one address: 127.x.y.N:4001, x and y of this process.
NETWORK = f"127.{1 + os.getpid() % 250}.{os.getpid() // 250 % 250}"

COMPOSE = """services:
  replicatoor:
    image: replicatoor@sha256:{image}
    environment:
{environment}
    volumes:
      - /var/run/dstack.sock:/var/run/dstack.sock
      - secure:/secure
      - untrustedhost:/var/run/untrustedhost
      - guest-app:/var/run/replicatoor/app
      - guest-other:/var/run/replicatoor/other
  app:
    image: app@sha256:{image}
    volumes:
      - guest-app:/var/run/replicatoor
volumes:
  secure:
  untrustedhost:
  guest-app:
  guest-other:
"""


def compose_text(environment):
    """A compose file that carries `environment` literally, as a measured one does."""
    lines = "\n".join(f"      - {json.dumps(f'{name}={value}')}"
                      for name, value in sorted(environment.items()))
    return COMPOSE.format(image="0" * 63 + "1", environment=lines)


class Node:
    """directory: made here. environment: what its compose file says, see Cluster.environment.
    compose: text of the app's compose file. Simulator options by name."""

    def __init__(self, directory, address, environment, compose, pki, **options):
        self.directory = str(directory)
        self.address = address
        self.url = f"http://{address}"
        self.environment = environment
        self.curl = Curl()
        self.guest_curl = Curl()
        self.process = None
        os.makedirs(self.path("secret"))
        os.makedirs(self.path("untrusted"))
        with open(self.path("compose.yml"), "w", encoding="utf-8") as f:
            f.write(compose)
        options.setdefault("compose", self.path("compose.yml"))
        self.simulator = Simulator(self.directory, pcs=None, pki=pki, **options)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    # Life

    def start(self, **environment):
        """Starts the machine and the server, waits until the agent's quote is there.
        `environment` is for this process only (not measured)."""
        self.simulator.start()
        return self.start_server(**environment)

    def start_server(self, **environment):
        self.launch(**environment)
        self.wait_until_ready()
        return self

    def start_unready(self):
        """As start, but only until it answers: for machines on which it cannot get ready."""
        self.simulator.start()
        self.launch()
        self.wait_for(self._answers)
        return self

    def launch(self, *prefix, **environment):
        """Starts the server without waiting; for tests of a start that fails. `prefix`: a command
        that execs it."""
        with open(self.path("stderr.log"), "ab") as log:
            self.process = subprocess.Popen(
                [*WITH_PARENT, *prefix, SERVER], cwd=self.directory, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={
                    "PATH": "/usr/bin:/bin", "REPLICATOOR_LISTEN": self.address,
                    "REPLICATOOR_LOG": "debug", **self.environment, **environment})
        return self.process

    def wait_until_ready(self):
        self.wait_for(self._answers)
        self.wait_for(lambda: self.status().get("self_verdict"))

    def wait_for(self, condition):
        """Polls until `condition` holds; fails when the server ends or time runs out."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"server ended with {self.process.returncode}:\n{self.log()}")
            if condition():
                return
            time.sleep(0.02)
        raise RuntimeError(f"waited in vain:\n{self.log()}")

    def _answers(self):
        host, port = self.address.rsplit(":", 1)
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
            return True
        except ConnectionRefusedError:
            return False

    def kill(self):
        """kill -9 of the server; the machine stays."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self, **environment):
        self.kill()
        return self.start_server(**environment)

    def stop(self):
        """-> the server's exit status on SIGTERM, None when it had ended before."""
        status = None
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                status = self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        self.simulator.stop()
        return status

    # What it says

    def log(self):
        if not os.path.exists(self.path("stderr.log")):
            return ""
        with open(self.path("stderr.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def get(self, path, *arguments):
        return self.curl(*arguments, self.url + path)

    def post(self, path, *arguments):
        return self.curl("-X", "POST", *arguments, self.url + path)

    def status(self):
        return self.get("/status").json()

    def guest(self, path, *arguments, service="app", sock="replicatoor.sock"):
        return self.guest_curl("--unix-socket", self.path("guests", service, sock), *arguments,
                               f"http://localhost{path}")

    def key(self, path, service="app"):
        """The derived key for `path` as hex."""
        return self.guest("/getkey", "-d", f"path={path}", service=service).json()["key"]

    # Files

    def write_secret(self, content, name="private.env"):
        with open(self.path("secret", name), "wb") as f:
            f.write(content)

    def files(self):
        """Name -> content of every file in the secret folder."""
        found = {}
        for path in sorted(glob.glob(self.path("secret", "*"))):
            with open(path, "rb") as f:
                found[os.path.basename(path)] = f.read()
        return found

    def fingerprint(self):
        """Everything that a refusal must leave as it was."""
        status = self.status()
        return {**{name: status.get(name) for name in (
            "phase", "identity", "state_digest", "epochs", "custody_receipts",
            "outstanding_requests")}, "files": self.files()}

    # The documented flow

    def request(self, *arguments):
        """POST /requestKey -> its JSON"""
        answer = self.post("/requestKey", *arguments)
        assert answer.status == 200, answer
        return answer.json()

    def onboard(self, request, *arguments, query=""):
        """POST /onboard with the form of the documented call."""
        return self.post(f"/onboard{query}", "-d", f"pubk={request['pubk']}",
                         "-d", f"quote={request['quote']}", *arguments)

    def receive(self, sealed):
        """POST /receiveKey; `sealed`: the body of the answer of /onboard."""
        with open(self.path("onboard.out"), "wb") as f:
            f.write(sealed)
        return self.post("/receiveKey", "-H", "Content-Type: text/plain",
                         "--data-binary", f"@{self.path('onboard.out')}")


def hand_over(holder, joiner):
    """The three steps; asserts that each succeeds. -> the answer of /receiveKey"""
    sealed = holder.onboard(joiner.request())
    assert sealed.status == 200, sealed
    received = joiner.receive(sealed.body)
    assert received.status == 200, received
    return received


class Cluster:
    """Nodes that share a PKI, a provisioning service and a configuration."""

    def __init__(self, directory, pki, pcs, **settings):
        self.directory = str(directory)
        self.pki = pki
        self.settings = settings
        self.pcs = Simulator(os.path.join(self.directory, "pcs"), pki=pki, no_agent=True,
                             pcs="127.0.0.1:0") if pcs is None else pcs
        self.owns_pcs = pcs is None
        self.nodes = []
        self.secrets = []

    def __enter__(self):
        if self.owns_pcs:
            self.pcs.start()
        return self

    def __exit__(self, *_):
        ends = [(node, node.stop()) for node in self.nodes]
        if self.owns_pcs:
            self.pcs.stop()
        for node, status in ends:
            assert status in (0, None), f"exit {status} on SIGTERM:\n{node.log()[-4000:]}"
            assert not re.search("Sanitizer|runtime error", node.log()), node.log()[-8000:]

    @property
    def environment(self):
        return {
            "REPLICATOOR_DSTACK": "dstack.sock",
            "REPLICATOOR_PCCS": f"http://{self.pcs.ready['pcs']}",
            "REPLICATOOR_TEST_ROOT": "root.pem",
            "REPLICATOOR_UNTRUSTED_DIR": "untrusted",
            "REPLICATOOR_GUEST_DIR": "guests",
            "REPLICATOOR_GUESTS": "app,other",
            "SECURE_FILE": "secret/private.env",
            **self.settings,
        }

    def make(self, settings=None, compose=None, **options):
        """A node that is not started yet."""
        environment = {**self.environment, **(settings or {})}
        environment = {name: value for name, value in environment.items() if value is not None}
        Cluster.made = getattr(Cluster, "made", 0) + 1
        node = Node(os.path.join(self.directory, f"node{Cluster.made}"),
                    f"{NETWORK}.{1 + Cluster.made % 250}:4001", environment,
                    compose or compose_text(environment), self.pki, **options)
        self.nodes.append(node)
        return node

    def start(self, settings=None, compose=None, **options):
        return self.make(settings, compose, **options).start()

    def holder(self, secret, **options):
        """A started node with `secret` in its SECURE_FILE."""
        node = self.make(**options)
        self.plant(secret)
        node.write_secret(secret)
        return node.start()

    def plant(self, secret):
        """`secret` must never show up in a log or an answer (asserted by check_secrets)."""
        self.secrets.append(secret)

    def check_secrets(self):
        for node in self.nodes:
            said = [("answer", answer)
                    for answer in node.curl.answers + node.guest_curl.answers]
            said.append(("log", node.log().encode()))
            for secret in self.secrets:
                for where, text in said:
                    assert not leaks(secret, text), f"a secret in a {where} of {node.address}"
