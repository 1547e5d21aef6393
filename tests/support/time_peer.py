"""TLS servers that tell the time, or something else: for tests/unit/server/io/time_source_test.c.

usage: time_peer.py DIR. Listens on the addresses below, at ports of the kernel's choice; writes DIR/ca.pem
and DIR/certificates of each; prints the ports and ends when stdin does. The path says what the
answer is; every target that was asked for is appended to DIR/asked.
"""
import datetime
import email.utils
import ipaddress
import os
import socket
import ssl
import sys
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# address: the years in which its certificate is valid, and who signed it
PEERS = {
    "127.0.0.11": (2000, 2090, "ca"),
    "127.0.0.12": (2000, 2090, "ca"),
    "127.0.0.13": (2000, 2090, "ca"),
    "127.0.0.14": (2001, 2002, "ca"),
    "127.0.0.15": (2080, 2085, "ca"),
    "127.0.0.16": (2000, 2090, "foreign"),
}


def certificate(subject, key, issuer, issuer_key, years, extensions):
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(datetime.datetime(years[0], 1, 1))
               .not_valid_after(datetime.datetime(years[1], 1, 1)))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def write(path, cert, key=None):
    with open(path, "wb") as out:
        out.write(cert.public_bytes(serialization.Encoding.PEM))
        if key:
            out.write(key.private_bytes(serialization.Encoding.PEM,
                                        serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()))


def make_certificates(folder):
    signers = {}
    for signer in ("ca", "foreign"):
        key = ec.generate_private_key(ec.SECP256R1())
        cert = certificate(name(signer), key, name(signer), key, (1999, 2095),
                           [x509.BasicConstraints(ca=True, path_length=None)])
        write(f"{folder}/{signer}.pem", cert)
        signers[signer] = key
    for address, (first, last, signer) in PEERS.items():
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        cert = certificate(name(address), key, name(signer), signers[signer], (first, last), [names])
        write(f"{folder}/{address}.pem", cert, key)


def http_date(unix):
    return email.utils.formatdate(int(unix), usegmt=True)


def obsolete_date(unix):
    return time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(int(unix)))


ANSWERS = {
    # what the path begins with: status and headers, with the argument behind it
    "at": ("200 OK", lambda t: [f"Date: {http_date(t)}"]),
    "refused": ("403 No", lambda t: [f"Date: {http_date(t)}"]),
    "redirect": ("302 Found", lambda t: [f"Date: {http_date(t)}", f"Location: /at/{t}"]),
    "aged": ("200 OK", lambda t: [f"Date: {http_date(int(t) - 300)}", "Age: 300"]),
    "agedbadly": ("200 OK", lambda t: [f"Date: {http_date(t)}", "Age: -5"]),
    "agedtwice": ("200 OK", lambda t: [f"Date: {http_date(t)}", "Age: 0", "Age: 0"]),
    "none": ("200 OK", lambda t: ["X-Date: now"]),
    "two": ("200 OK", lambda t: [f"Date: {http_date(t)}", f"Date: {http_date(t)}"]),
    "garbage": ("200 OK", lambda t: ["Date: yesterday"]),
    "obsolete": ("200 OK", lambda t: [f"Date: {obsolete_date(t)}"]),
    "number": ("200 OK", lambda t: [f"Date: {t}"]),
    "long": ("200 OK", lambda t: [f"Date: {http_date(t)}"]),
}


def serve(conn, context, folder):
    try:
        with context.wrap_socket(conn, server_side=True) as tls:
            target = tls.recv(65536).split(b" ")[1].decode()
            with open(f"{folder}/asked", "a", encoding="ascii") as log:
                log.write(target + "\n")
            kind, argument = target[1:].split("/")
            if kind == "slow":
                time.sleep(0.5)
                kind = "at"
            if kind == "silent":
                tls.recv(1)
                return
            status, headers = ANSWERS[kind]
            body = b"x" * (300000 if kind == "long" else 2)
            head = [f"HTTP/1.1 {status}", *headers(argument), f"Content-Length: {len(body)}",
                    "Connection: close", "", ""]
            tls.sendall("\r\n".join(head).encode() + body)
    except (OSError, ValueError, IndexError):
        pass


def listen(listener, context, folder):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, context, folder), daemon=True).start()


def main():
    folder = sys.argv[1]
    make_certificates(folder)
    ports = []
    for address in PEERS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/{address}.pem")
        listener = socket.create_server((address, 0))
        ports.append(listener.getsockname()[1])
        threading.Thread(target=listen, args=(listener, context, folder), daemon=True).start()
    print(*ports, flush=True)
    sys.stdin.read()
    for file in os.listdir(folder):
        os.unlink(f"{folder}/{file}")
    os.rmdir(folder)


main()
