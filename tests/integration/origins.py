"""TLS servers on loopback that tell the time, and the root that vouches for them."""
import datetime
import email.utils
import ipaddress
import os
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _certificate(subject, key, signer, extensions):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name("origins"))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=400))
               .not_valid_after(now + datetime.timedelta(days=400)))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Origins:
    """A context manager: origins at the given addresses. `offset` and `up` may be changed while they
    run: seconds from the true time by address, and whether an answer comes at all."""

    def __init__(self, directory, addresses):
        self.directory = str(directory)
        self.ca_file = os.path.join(self.directory, "origins.pem")
        self.offset = dict.fromkeys(addresses, 0)
        self.up = True
        self.asked = 0
        self.urls = []
        self.listeners = []

    def __enter__(self):
        os.makedirs(self.directory, exist_ok=True)
        root = ec.generate_private_key(ec.SECP256R1())
        with open(self.ca_file, "wb") as out:
            out.write(_certificate("origins", root, root,
                                   [x509.BasicConstraints(ca=True, path_length=None)]))
        for address in self.offset:
            self._start(address, root)
        return self

    def _start(self, address, root):
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        path = os.path.join(self.directory, f"{address}.pem")
        with open(path, "wb") as out:
            out.write(_certificate(address, key, root, [names]))
            out.write(key.private_bytes(serialization.Encoding.PEM,
                                        serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        listener = socket.create_server((address, 0))
        self.listeners.append(listener)
        self.urls.append(f"https://{address}:{listener.getsockname()[1]}/time")
        threading.Thread(target=self._listen, args=(listener, context, address), daemon=True).start()

    def _listen(self, listener, context, address):
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            self.asked += 1
            try:
                if self.up:
                    self._answer(context.wrap_socket(conn, server_side=True), address)
            except OSError:
                pass
            conn.close()

    def _answer(self, conn, address):
        with conn:
            conn.recv(65536)
            date = email.utils.formatdate(time.time() + self.offset[address], usegmt=True)
            conn.sendall(f"HTTP/1.1 204 No\r\nDate: {date}\r\nConnection: close\r\n\r\n".encode())

    def __exit__(self, *_):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
