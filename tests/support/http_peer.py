"""An HTTP peer that misbehaves on request, for tests/unit/base/net/http_client_test.c.

usage: http_peer.py DIR. Listens on 127.0.0.1 (plain and TLS, ports of the kernel's choice) and on
DIR/peer.sock; writes DIR/ca.pem; prints "PLAIN_PORT TLS_PORT" and ends when stdin does. The path
says what the answer is.
"""
import datetime
import ipaddress
import os
import socket
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def make_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "http peer of the tests")])
    now = datetime.datetime.utcnow()
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    with open(folder + "/ca.pem", "wb") as out:
        out.write(cert.public_bytes(serialization.Encoding.PEM))
    with open(folder + "/key.pem", "wb") as out:
        out.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


def endless(conn, first, piece):
    conn.sendall(first)
    while True:
        conn.sendall(piece)


def answer(conn, request):
    def ok(body, more=b""):
        length = b"Content-Length: %d\r\n" % len(body)
        conn.sendall(b"HTTP/1.1 200 OK\r\n" + length + more + b"\r\n" + body)

    path = request.split(b" ")[1] if b" " in request else b""
    if path == b"/echo":
        ok(request)
    elif path == b"/empty":
        ok(b"")
    elif path.startswith(b"/body/"):
        ok(b"x" * int(path[6:]))
    elif path == b"/refused":
        conn.sendall(b"HTTP/1.1 403 No: really\r\nContent-Length: 2\r\nRetry-After:  7 \r\n\r\nno")
    elif path == b"/redirect":
        conn.sendall(b"HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n")
    elif path == b"/endless":
        endless(conn, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n")
    elif path == b"/endless-headers":
        endless(conn, b"HTTP/1.1 200 OK\r\n", b"X-Filler: " + b"y" * 1000 + b"\r\n")
    elif path == b"/endless-interim":
        endless(conn, b"", b"HTTP/1.1 103 Early Hints\r\nX-Filler: " + b"y" * 1000 + b"\r\n\r\n")
    elif path == b"/cut":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    elif path == b"/interim":
        conn.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Which: interim\r\n\r\n")
        ok(b"", b"X-Which: final\r\n")
    elif path == b"/trailer":
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Which: trailer\r\n\r\n")
    elif path == b"/twice":
        ok(b"", b"Date: now\r\nDATE: then\r\n")
    elif path == b"/silent":
        conn.recv(1)


def serve(conn, context):
    try:
        if context:
            conn = context.wrap_socket(conn, server_side=True)
        with conn:
            answer(conn, read_request(conn))
    except OSError:
        pass


def listen(listener, context=None):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, context), daemon=True).start()


def main():
    folder = sys.argv[1]
    make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/ca.pem", folder + "/key.pem")
    plain = socket.create_server(("127.0.0.1", 0))
    tls = socket.create_server(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(folder + "/peer.sock")
    unix.listen()
    for args in ((plain,), (tls, context), (unix,)):
        threading.Thread(target=listen, args=args, daemon=True).start()
    print(plain.getsockname()[1], tls.getsockname()[1], flush=True)
    sys.stdin.read()
    for name in os.listdir(folder):
        os.unlink(folder + "/" + name)
    os.rmdir(folder)


main()
