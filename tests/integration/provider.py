"""An RPC provider as an operator would pin it, on loopback: https, a prefix, a key segment. It asks a real
anvil, and lies on the way when told to. Every provider has a host (127.x.y.z) and a port of its own; all
certificates are of one test CA."""
import datetime
import http.server
import ipaddress
import json
import os
import ssl
import threading
import time
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PREFIX, KEY = "/v2/", "provider-key_0123"


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A CA in `directory`: `ca_file` for REPLICATOOR_CA_FILE, and certificates for addresses."""

    def __init__(self, directory, name="test CA"):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        certificate = self._certificate(self.name, self.key.public_key(), ca=True)
        self.ca_file = os.path.join(self.directory, "ca.pem")
        with open(self.ca_file, "wb") as f:
            f.write(certificate.public_bytes(serialization.Encoding.PEM))

    def _certificate(self, subject, public_key, ca=False, addresses=(), age=datetime.timedelta(days=10),
                     life=datetime.timedelta(days=40)):
        start = datetime.datetime.utcnow() - age
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                   .public_key(public_key).serial_number(x509.random_serial_number())
                   .not_valid_before(start).not_valid_after(start + life)
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if addresses:
            names = [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def context(self, address, **dates):
        """A server's TLS context with a certificate for `address`."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(_name(address), key.public_key(), addresses=[address], **dates)
        path = os.path.join(self.directory, f"{address}-{time.monotonic_ns()}.pem")
        with open(path, "wb") as f:
            f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
            f.write(certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


class Reply(Exception):
    """Raised by a lie that answers with something other than JSON-RPC: an HTTP answer as it is."""

    def __init__(self, status, body=b"", headers=()):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, list(headers)


class Provider:
    """A context manager. `lie`: None, or a function (provider, request, answer) -> the answer to give, of
    decoded JSON-RPC; it may return bytes, sent as they are, or raise Reply. `asked` counts requests by
    method, `lied` those that the lie changed. `others`: another key -> the chain that its owner is shown."""

    def __init__(self, chain, ca, address, lie=None, **dates):
        self.chain, self.address, self.lie = chain, address, lie
        self.asked, self.lied, self.paths, self.others = {}, 0, set(), {}
        self.context = ca.context(address, **dates)
        self.server = None

    def __enter__(self, port=0):
        """`port`: that of an earlier life, for a provider that comes back."""
        http.server.ThreadingHTTPServer.allow_reuse_address = True
        port = port or (self.server.server_address[1] if self.server else 0)
        self.server = http.server.ThreadingHTTPServer((self.address, port), _Handler)
        self.server.daemon_threads = True
        self.server.provider = self
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def origin(self):
        return f"https://{self.address}:{self.server.server_address[1]}"

    @property
    def prefix(self):
        """For ETH_RPC_PREFIX."""
        return self.origin + PREFIX

    @property
    def url(self):
        """For ETH_RPC_URL, with the key."""
        return self.prefix + KEY

    def forget(self):
        self.asked, self.lied = {}, 0

    def forward(self, request, key=KEY):
        """-> anvil's answer to one decoded request"""
        body = json.dumps(request).encode()
        call = urllib.request.Request(self.others.get(key, self.chain).url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(call, timeout=20) as response:
            return json.load(response)

    def answer(self, request, key=KEY):
        method = request.get("method")
        self.asked[method] = self.asked.get(method, 0) + 1
        truth = self.forward(request, key)
        if self.lie is None:
            return truth
        told = self.lie(self, request, json.loads(json.dumps(truth)))
        self.lied += told != truth
        return told


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        provider = self.server.provider
        provider.paths.add(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            key = self.path.removeprefix(PREFIX)
            if key != KEY and key not in provider.others:
                raise Reply(404, b"no such key")
            self._send(200, self._told(provider, key, json.loads(body)))
        except Reply as reply:
            provider.lied += 1
            self._send(reply.status, reply.body, reply.headers)

    def do_GET(self):
        self._send(404, b"")

    @staticmethod
    def _told(provider, key, decoded):
        if isinstance(decoded, list):
            told = [provider.answer(request, key) for request in decoded]
            raw = [one for one in told if isinstance(one, bytes)]
            return raw[0] if raw else json.dumps(told).encode()
        told = provider.answer(decoded, key)
        return told if isinstance(told, bytes) else json.dumps(told).encode()

    def _send(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def log_message(self, *_):
        pass
