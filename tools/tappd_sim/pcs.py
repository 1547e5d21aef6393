"""The provisioning service: the paths of Intel's PCS v4, and of a PCCS, that a verifier uses.

`/sim/counts` and `/sim/set` are ours: what was asked how often, and faults changed while running.
"""
import collections
import dataclasses
import json
import threading
import time
from urllib.parse import parse_qs, quote, urlsplit

from . import tcb
from .collateral import crl_der, crl_pem
from .http_base import Handler, TcpServer

JSON = {"Content-Type": "application/json"}


class NoSuch(Exception):
    """status, text"""


class Service:
    """Answers by path; each method returns (headers, body)."""

    def __init__(self, collateral, faults):
        self.collateral = collateral
        self.faults = faults
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        self.routes = {
            "/tdx/certification/v4/tcb": ("tcb", self._tcb),
            "/tdx/certification/v4/qe/identity": ("qe", self._qe_identity),
            "/tdx/certification/v4/tcbevaluationdatanumbers": ("numbers", self._numbers),
            "/sgx/certification/v4/pckcrl": ("pckcrl", self._pck_crl),
            "/sgx/certification/v4/rootcacrl": ("rootcrl", self._root_crl_hex),
            "/IntelSGXRootCA.der": ("rootcrl", self._root_crl_der),
        }

    def fault(self, what):
        """The fault that is set for `what` or for all, else ""."""
        faults = dict(item.split("=", 1) for item in self.faults.pcs.split(",") if "=" in item)
        return faults.get(what, faults.get("all", ""))

    def _chain(self, name, pem):
        return {name: quote(pem, safe="")}

    def _tcb(self, query):
        early = query.get("update") == "early"
        if early and not self.faults.early:
            raise NoSuch(404, "TCB information for provided FMSPC cannot be found.")
        fmspc = query.get("fmspc", "")
        if len(fmspc) != 12:
            raise NoSuch(400, "Bad request.")
        if fmspc.lower() != tcb.FMSPC.hex():
            raise NoSuch(404, "TCB information for provided FMSPC cannot be found.")
        return ({**JSON, **self._chain("TCB-Info-Issuer-Chain", self.collateral.signing_chain)},
                self.collateral.answer(
                    "tcbInfo", tcb.early_tcb_info(self.collateral.tcb_info, self.faults.early)
                    if early else self.collateral.tcb_info))

    def _qe_identity(self, query):
        if query.get("update") == "early":
            raise NoSuch(404, "There is no early QE identity.")
        return ({**JSON, **self._chain("SGX-Enclave-Identity-Issuer-Chain",
                                       self.collateral.signing_chain)},
                self.collateral.answer("enclaveIdentity", self.collateral.qe_identity))

    def _numbers(self, _):
        return ({**JSON, **self._chain("TCB-Evaluation-Data-Numbers-Issuer-Chain",
                                       self.collateral.signing_chain)},
                self.collateral.answer("tcbEvaluationDataNumbers",
                                       self.collateral.evaluation_numbers))

    def _pck_crl(self, query):
        ca = query.get("ca", "")
        if ca not in self.collateral.pck_crl:
            raise NoSuch(400, "Bad request.")
        is_der = query.get("encoding") == "der"
        encode, content_type = ((crl_der, "application/pkix-crl") if is_der
                                else (crl_pem, "application/x-pem-file"))
        return ({"Content-Type": content_type,
                 **self._chain("SGX-PCK-CRL-Issuer-Chain", self.collateral.pck_crl_chain[ca])},
                encode(self.collateral.pck_crl[ca]))

    def _root_crl_hex(self, _):
        return ({"Content-Type": "text/plain"}, crl_der(self.collateral.root_crl).hex().encode())

    def _root_crl_der(self, _):
        return ({"Content-Type": "application/pkix-crl"}, crl_der(self.collateral.root_crl))

    def set(self, query):
        """Changes members of the faults (machine.Faults); text in, by the member's type."""
        for field in dataclasses.fields(self.faults):
            if field.name in query:
                text = query[field.name]
                value = text in ("1", "true") if field.type is bool else field.type(text)
                setattr(self.faults, field.name, value)
        return dataclasses.asdict(self.faults)


def _spoiled(fault, headers, body):
    """(status, headers, body) of an answer that a fault has touched."""
    if fault.isdigit():
        extra = {"Retry-After": "1"} if fault in ("429", "503") else {}
        return int(fault), extra, b""
    if fault == "redirect":
        return 302, {"Location": "http://127.0.0.1:1/elsewhere"}, b""
    if fault == "slow":
        time.sleep(15)
        return 200, headers, body
    if fault == "oversized":
        return 200, headers, body + b" " * (2 << 20)
    if fault == "empty":
        return 200, headers, b""
    if fault == "garbage":
        return 200, headers, b"\x00garbage" + body[8:]
    if fault == "flipped":
        middle = len(body) // 2
        return 200, headers, body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1:]
    if fault == "nochain":
        return 200, {k: v for k, v in headers.items() if not k.endswith("Chain")}, body
    return 200, headers, body


class PcsHandler(Handler):
    service = None
    disable_nagle_algorithm = True

    def answer(self, method, target, body):
        url = urlsplit(target)
        query = {key: values[0]
                 for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        if url.path == "/sim/counts":
            return 200, JSON, json.dumps(self.service.counts).encode()
        if url.path == "/sim/set":
            return 200, JSON, json.dumps(self.service.set(query)).encode()
        if url.path not in self.service.routes or method != "GET":
            return 404, {}, b""
        what, route = self.service.routes[url.path]
        if query.get("update") == "early":
            what = {"tcb": "early", "qe": "early_qe"}.get(what, what)
        with self.service.lock:
            self.service.counts[what] += 1
        try:
            headers, body = route(query)
        except NoSuch as reason:
            return reason.args[0], {}, reason.args[1].encode()
        return _spoiled(self.service.fault(what), headers, body)


def serve(address, service):
    """`address`: host:port, port 0 for a free one."""
    host, port = address.rsplit(":", 1)
    handler = type("BoundHandler", (PcsHandler,), {"service": service})
    return TcpServer((host, int(port)), handler)
