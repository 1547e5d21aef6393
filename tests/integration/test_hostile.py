"""What a hostile host sends: every answer has the documented shape, nothing changes or stops."""
import json
import os
import socket
import subprocess

import pytest

ENDPOINTS = {"/status": "GET", "/configure": "POST", "/challenge": "GET", "/requestKey": "POST",
             "/onboard": "POST", "/receiveKey": "POST", "/bootstrap": "POST", "/custody": "GET"}
CODES = {"malformed", "untrusted", "denied", "stale", "not_ready", "conflict", "unavailable",
         "too_large"}


@pytest.fixture(name="node")
def a_holding_node(cluster, secret):
    node = cluster.holder(secret)
    assert node.post("/bootstrap").status == 200
    return node


def check_refusal(answer, statuses):
    assert answer.status in statuses, answer
    error = answer.json()
    assert error["code"] in CODES and error["message"], answer
    assert set(error) <= {"code", "message", "check", "verdict", "retry_after_s"}, answer


GARBAGE = {
    "zeros": b"\0" * 300, "bytes": bytes(range(256)) * 4, "open json": b'{"pubk":',
    "deep json": b"[" * 5000, "other json": b'["a"]', "form": b"a&b=%zz&&=&pubk=1&pubk=2",
    "long hex": b"ab" * 4000, "odd hex": b"abc", "no hex": b"zz" * 40, "utf-8": b"\xff\xfe\xfd",
}
TYPES = ("text/plain", "application/json", "application/x-www-form-urlencoded", "no/such")


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("path", ["/onboard", "/receiveKey", "/configure"])
def test_garbage_is_refused_and_changes_nothing(node, path, content_type):
    before = node.fingerprint()
    with open(node.path("garbage"), "wb") as f:
        f.truncate(0)
    for name, garbage in GARBAGE.items():
        with open(node.path("garbage"), "wb") as f:
            f.write(garbage)
        answer = node.post(path, "-H", f"Content-Type: {content_type}",
                           "--data-binary", f"@{node.path('garbage')}")
        assert answer.status != 500, (name, answer)
        check_refusal(answer, {400, 403, 409, 413, 415, 429})
    assert node.fingerprint() == before


@pytest.mark.parametrize("path", sorted(ENDPOINTS))
def test_wrong_methods_are_405_and_name_the_right_one(node, path):
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "FROB"):
        if method == ENDPOINTS[path]:
            continue
        answer = node.curl("-X", method, node.url + path)
        check_refusal(answer, {405})
        assert ENDPOINTS[path] in answer.headers["allow"]


@pytest.mark.parametrize("path", [
    "/", "//", "/statu", "/status/x", "/STATUS", "/../etc/passwd", "/%2e%2e/status", "/status%00",
    "/getkey%2f", "/v1/none/None", "/sim/set"])
def test_unknown_paths_are_404(node, path):
    check_refusal(node.get(path, "--path-as-is"), {404, 400})


def post_large(node, path):
    """The answer comes before the body is sent, and the connection is closed under it: now and then curl
    notices the reset (55, 56) before it has read the answer, and is asked again."""
    for _ in range(10):
        try:
            return node.post(path, "-H", "Content-Type: text/plain", "-H", "Expect:",
                             "--data-binary", f"@{node.path('large')}")
        except RuntimeError as failed:
            assert "exit 55" in str(failed) or "exit 56" in str(failed)
    raise AssertionError(f"{path}: never an answer")


def test_bodies_over_the_limit_are_413(node):
    before = node.fingerprint()
    with open(node.path("large"), "wb") as f:
        f.write(b"A" * (65536 + 1))
    check_refusal(node.post("/configure", "-H", "Content-Type: text/plain",
                            "--data-binary", f"@{node.path('large')}"), {413})
    with open(node.path("large"), "wb") as f:
        f.truncate(40 << 20)
    for path in ("/receiveKey", "/onboard", "/configure", "/requestKey"):
        answer = post_large(node, path)
        assert answer.status == 413, answer
    assert node.fingerprint() == before


def raw(node, data):
    """Sends bytes as they are and returns everything until the server closes."""
    host, port = node.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as s:
        answer = b""
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while chunk := s.recv(65536):
                answer += chunk
        except OSError:
            pass  # it was closed on us
        return answer


@pytest.mark.parametrize("data", [
    b"", b"\0", b"GET", b"GET /status HTTP/1.1\r\n", b"\r\n\r\n", b"G" * 100000,
    b"GET /status HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20000 + b"\r\n",
    b"GET /status HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 600000 + b"\r\n\r\n",
    b"POST /onboard HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nabc",
    b"POST /onboard HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
    b"POST /onboard HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"POST /onboard HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    b"POST /onboard HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\na",
    b"POST /configure HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nA=1\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 64,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ids=lambda data: f"{len(data)} bytes, {data[:24].hex()}")
def test_requests_that_are_none_end_without_harm(node, data):
    before = node.fingerprint()
    answer = raw(node, data)
    assert b" 200 " not in answer.split(b"\r\n")[0], answer[:200]
    assert node.fingerprint() == before
    assert not os.path.exists(node.path("untrusted", "private.env"))


def test_idle_and_half_sent_connections_do_not_keep_others_out(node):
    host, port = node.address.rsplit(":", 1)
    held = []
    try:
        for i in range(200):
            s = socket.create_connection((host, int(port)), timeout=30)
            held.append(s)
            s.sendall((b"", b"GET /sta", b"POST /receiveKey HTTP/1.1\r\nHost: x\r\n"
                       b"Content-Length: 100000\r\n\r\nab")[i % 3])
        assert node.get("/status").status == 200
        assert node.get("/healthz").status == 200
    finally:
        for s in held:
            s.close()


def test_fifty_clients_with_mixed_calls_are_all_answered(node, cluster):
    joiner = cluster.start()
    request = joiner.request()
    form = f"pubk={request['pubk']}&quote={request['quote']}"
    with open(node.path("form"), "w", encoding="ascii") as f:
        f.write(form)
    calls = [["-X", "POST", "/requestKey"], ["/status"], ["/challenge"],
             ["-d", f"@{node.path('form')}", "/onboard"], ["-d", "00", "/receiveKey"],
             ["-X", "POST", "/bootstrap"], ["-d", "A=1", "/configure"], ["/nothing"],
             ["-d", "pubk=1", "/onboard"], ["/custody"]]
    running = [subprocess.Popen(
        ["curl", "-sS", "--max-time", "60", "-o", node.path(f"out{i}"), "-w", "%{http_code}",
         *calls[i % 10][:-1], node.url + calls[i % 10][-1]],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in range(50)]
    for i, client in enumerate(running):
        status, error = client.communicate()
        assert client.returncode == 0, error
        assert int(status) in {200, 400, 403, 404, 409, 415, 429, 503}, (calls[i % 10], status)
        with open(node.path(f"out{i}"), "rb") as f:
            body = f.read()
        node.curl.answers.append(body)
        if int(status) != 200:
            assert json.loads(body)["code"] in CODES
    assert node.status()["phase"] == "holding"
    assert node.get("/healthz").status == 200


def test_guest_sockets_refuse_garbage_too(node):
    for body in GARBAGE.values():
        with open(node.path("garbage"), "wb") as f:
            f.write(body)
        answer = node.guest("/getkey", "-H", "Content-Type: application/json",
                            "--data-binary", f"@{node.path('garbage')}")
        check_refusal(answer, {400, 413, 415})
    answer = node.guest("/getkey", "-d", f"path={'a' * 256}")
    check_refusal(answer, {400, 413})
    assert node.guest("/getkey", "-d", "algorithm=rot13").status == 400
    assert node.guest("/onboard", "-X", "POST").status in (403, 404)
