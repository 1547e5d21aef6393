"""Starts and stops tools/tappd_sim/tappd-sim, and speaks to its sockets."""
import http.client
import json
import os
import socket
import subprocess
import urllib.request

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
TAPPD_SIM = os.path.join(REPOSITORY, "tools", "tappd_sim", "tappd-sim")
# Whatever we start must not outlive a test run that was killed.
WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def unix_request(sock, method, target, body=None, headers=None):
    """-> (status, body); `body` as it goes over the wire."""
    connection = UnixConnection(sock)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


class Simulator:
    """A running tappd-sim; a context manager. Options are its own, with underscores:
    Simulator(dir, pki=.., tcb="OutOfDate", no_mrconfig=True, td=["xfam=.."]).
    `ready` is its JSON line."""

    def __init__(self, directory, pcs="127.0.0.1:0", **options):
        self.directory = str(directory)
        self.command = [*WITH_PARENT, TAPPD_SIM, "--dir", self.directory]
        if pcs:
            options["pcs"] = pcs
        for name, value in options.items():
            self._add(f"--{name.replace('_', '-')}", value)
        self.process = None
        self.ready = {}

    def _add(self, flag, value):
        if value is True:
            self.command.append(flag)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self.command += [flag, str(item)]
        elif value is not None and value is not False:
            self.command += [flag, str(value)]

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"tappd-sim ended with {self.process.wait()}: {self.command}")
        self.ready = json.loads(line)
        return self

    def stop(self):
        """-> exit status"""
        if self.process is None:
            return None
        self.process.terminate()
        status = self.process.wait(timeout=10)
        self.process.stdout.close()
        self.process = None
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def post(self, sock, target, members=None):
        """A JSON call: `sock` is "dstack" or "tappd". -> (status, decoded body)"""
        status, body = unix_request(self.ready[f"{sock}_sock"], "POST", target,
                                    json.dumps(members or {}), {"Content-Type": "application/json"})
        return status, json.loads(body)

    def quote(self, report_data):
        """The quote over `report_data` by whichever socket there is; (quote, event log text)."""
        if self.ready["dstack_sock"]:
            _, answer = self.post("dstack", "/GetQuote", {"report_data": report_data.hex()})
        else:
            _, answer = self.post("tappd", "/prpc/Tappd.TdxQuote?json",
                                  {"report_data": report_data.hex(), "hash_algorithm": "raw"})
        return bytes.fromhex(answer["quote"].removeprefix("0x")), answer["event_log"]

    def pcs(self, target):
        """GET from the provisioning service -> (headers, body); raises HTTPError."""
        with urllib.request.urlopen(f"http://{self.ready['pcs']}{target}", timeout=20) as response:
            return response.headers, response.read()

    def counts(self):
        """How often each kind of collateral was asked for."""
        return json.loads(self.pcs("/sim/counts")[1])

    def set(self, **faults):
        """Changes faults while it runs: fail_quotes slow_ms tamper wrong_report_data pcs."""
        query = "&".join(f"{name}={value}" for name, value in faults.items())
        return json.loads(self.pcs(f"/sim/set?{query}")[1])
