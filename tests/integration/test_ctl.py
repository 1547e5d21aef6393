"""replicatoorctl against a node that answers whatever a test wants, and over compose files."""
import hashlib
import http.server
import json
import os
import subprocess
import threading

import pytest

from node import CTL

pytestmark = pytest.mark.skipif(not os.path.exists(CTL), reason=f"{CTL} is not built")

PUBK = "ab" * 32
REQUEST = {"pubk": PUBK, "quote": "00", "quote_raw": "00", "event_log": "[]"}
DIGEST = "@sha256:" + "01" * 32
COMPOSE = f"services:\n  replicatoor:\n    image: replicatoor{DIGEST}\n"


class Node:
    """answers: {(method, path with query): (status, body)}; calls: what came, in order."""

    def __init__(self, answers):
        self.answers, self.calls = answers, []
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                node.calls.append((self.command, self.path, self.headers.get("Content-Type"), body))
                # a nonce is different each time
                path = self.path if "nonce=" not in self.path else "/status?nonce"
                status, text = node.answers[self.command, path]
                if callable(text):
                    text = text(self.path)
                if not isinstance(text, bytes):
                    text = json.dumps(text).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def ctl(*arguments, stdin=b""):
    """(exit status, stdout, stderr)"""
    done = subprocess.run([CTL, *map(str, arguments)], input=stdin, capture_output=True,
                          check=False, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def refusal(code, **more):
    return {"code": code, "message": f"refused as {code}", "check": "", **more}


def test_usage_is_exit_2():
    for arguments in ([], ["nothing"], ["status"], ["status", "a", "b"], ["status", "a", "--x"],
                      ["migrate", "--from"], ["migrate", "--from", "a"], ["status", "http://a"],
                      ["status", "a/b"], ["status", "a:b"], ["release", "x", "--quote", "y"]):
        status, out, err = ctl(*arguments)
        assert (status, out) == (2, "") and err, arguments


def test_version_and_help():
    assert ctl("--version")[0] == 0
    status, out, _ = ctl("--help")
    assert status == 0 and "migrate" in out


def test_status_prints_the_json():
    with Node({("GET", "/status"): (200, {"phase": "empty\u001b"})}) as node:
        status, out, _ = ctl("status", node.address)
        assert status == 0 and json.loads(out) == {"phase": "empty\u001b"}
        assert "\u001b" not in out
        assert node.calls == [("GET", "/status", None, b"")]


def test_status_wants_its_own_nonce_back():
    def echo(path):
        return {"quote": {"nonce": path.split("=")[1]}}

    with Node({("GET", "/status?nonce"): (200, echo)}) as node:
        assert ctl("status", node.address, "--nonce")[0] == 0
        assert len(node.calls[0][1]) == len("/status?nonce=") + 64
    with Node({("GET", "/status?nonce"): (200, {"quote": {"nonce": "00" * 32}})}) as node:
        status, out, err = ctl("status", node.address, "--nonce")
        assert (status, out) == (1, "") and "nonce" in err


def test_configure_sends_the_bytes_and_names_what_was_taken(tmp_path):
    env = b"A=1\r\n# c\nB='x'\n"
    (tmp_path / "env").write_bytes(env)
    with Node({("POST", "/configure"): (200, {"accepted": ["A", "B"]})}) as node:
        assert ctl("configure", node.address, tmp_path / "env")[:2] == (0, "A\nB\n")
        assert ctl("configure", node.address, "-", stdin=env)[:2] == (0, "A\nB\n")
        assert node.calls == [("POST", "/configure", "text/plain", env)] * 2
        assert ctl("configure", node.address, tmp_path / "absent")[0] == 2
        assert ctl("configure", node.address, "-", stdin=b"x" * 65537)[0] == 2


def joiner(**answers):
    return Node({("POST", "/requestKey"): (200, REQUEST),
                 ("POST", "/receiveKey"): (200, {"result": "installed"}), **answers})


def holder(onboard=(200, b"c0ffee\n"), dry=None):
    return Node({("GET", "/challenge"): (200, {"challenge": "cd" * 32}),
                 ("POST", "/onboard"): onboard, ("POST", "/onboard?dry_run=1"): dry})


def test_migrate_takes_the_three_steps():
    with joiner() as to, holder() as source:
        status, out, err = ctl("migrate", "--from", source.address, "--to", to.address)
        assert status == 0 and out.startswith("installed") and "sealing" in err
        assert [call[:2] for call in source.calls] == [("POST", "/onboard")]
        assert json.loads(source.calls[0][3]) == REQUEST
        assert source.calls[0][2] == "application/json"
        assert to.calls == [("POST", "/requestKey", None, b""),
                            ("POST", "/receiveKey", "text/plain", b"c0ffee\n")]


def test_migrate_carries_the_holders_challenge():
    with joiner() as to, holder() as source:
        assert ctl("migrate", "--challenge", "--from", source.address, "--to", to.address)[0] == 0
        assert json.loads(to.calls[0][3]) == {"challenge": "cd" * 32}


def test_a_dry_run_installs_nothing():
    admitted = (200, {"verdict": {"admitted": True, "checks": []}})
    with joiner() as to, holder(dry=admitted) as source:
        status, out, _ = ctl("migrate", "--dry-run", "--from", source.address, "--to", to.address)
        assert status == 0 and "nothing was sealed" in out
        assert [call[1] for call in to.calls] == ["/requestKey"]
    refused = (200, {"verdict": {"admitted": False, "checks": [{"id": "x", "ok": False}]}})
    with joiner() as to, holder(dry=refused) as source:
        assert ctl("migrate", "--dry-run", "--from", source.address, "--to", to.address)[0] == 1


def test_a_refusal_is_explained_and_ends_the_migration():
    checks = [{"id": "tcb.status", "ok": False, "code": "TCB_STATUS", "got": "OutOfDate",
               "want": "UpToDate", "fix": "update the \u001b[31mplatform"},
              {"id": "quote.format", "ok": True}, {"id": "policy.release", "ok": None}]
    error = refusal("untrusted", verdict={"admitted": False, "checks": checks}, retry_after_s=7)
    with joiner() as to, holder((403, error)) as source:
        status, out, err = ctl("migrate", "--from", source.address, "--to", to.address)
        assert (status, out) == (1, "")
        for words in ("HTTP 403, untrusted", "refused as untrusted", "tcb.status (TCB_STATUS)",
                      "OutOfDate", "UpToDate", "update the \\x1b[31mplatform", "7 s",
                      "1 checks did not run"):
            assert words in err, err
        assert "quote.format" not in err and "\u001b" not in err
        assert [call[1] for call in to.calls] == ["/requestKey"]


@pytest.mark.parametrize("http_status,body,want", [
    (400, refusal("malformed"), 2), (403, refusal("denied"), 1), (403, refusal("stale"), 1),
    (409, refusal("not_ready"), 3), (409, refusal("conflict"), 3), (413, refusal("too_large"), 2),
    (429, refusal("unavailable"), 4), (503, refusal("unavailable"), 4),
    (500, refusal("internal"), 5), (404, b"not ours", 2), (405, b"", 2), (429, b"", 4),
    (403, b"<html>", 1), (302, b"", 5), (200, b"not json", 2), (200, {"no": "pubk"}, 2)])
def test_exit_statuses_are_those_of_the_error_table(http_status, body, want):
    with joiner(**{}) as to, holder() as source:
        to.answers["POST", "/requestKey"] = (http_status, body)
        assert ctl("migrate", "--from", source.address, "--to", to.address)[0] == want


def test_nobody_there_is_exit_4():
    assert ctl("status", "127.0.0.1:1")[0] == 4


def test_release_names_the_hash_of_the_raw_bytes(tmp_path):
    text = json.dumps({"runner": "docker-compose", "docker_compose_file": COMPOSE}) + "\n"
    (tmp_path / "app-compose.json").write_text(text)
    status, out, _ = ctl("release", "--json", tmp_path / "app-compose.json")
    found = json.loads(out)
    assert status == 0 and found["clean"] and found["form"] == "app-compose"
    assert found["compose_hash"] == hashlib.sha256(text.encode()).hexdigest()
    assert found["service"] == "replicatoor" and "image_hash" not in found


def test_release_says_what_to_do_about_each_finding():
    text = (COMPOSE + "  app:\n    image: app:latest\n    volumes: ['/var/run:/x']\n").encode()
    status, out, _ = ctl("release", "-", stdin=text)
    assert status == 1 and "2 findings" in out
    assert "image.unpinned  services.app.image: app:latest\n    fix: " in out
    assert "mount.agent  services.app.volumes: /var/run\n    fix: " in out
    status, out, _ = ctl("release", "-", "--json", stdin=text)
    assert status == 1
    assert [(f["rule"], f["kind"]) for f in json.loads(out)["findings"]] == [
        ("image.unpinned", "unmeasured"), ("mount.agent", "agent_shared")]


def test_release_refuses_what_it_cannot_read():
    assert ctl("release", "-", stdin=b"a: &x 1\nb: *x\n")[0] == 2
    assert "line 2" in ctl("release", "-", stdin=b"a: &x 1\nb: *x\n")[2]
    assert ctl("release", "-", stdin=b"{")[0] == 2


VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "dstack")
# v04dev-examples-attestation: the compose file that was deployed, and the quote of its machine
DEPLOYED = os.path.join(VECTORS, "v04dev-examples-attestation")


def capture(folder, *arguments):
    done = ctl("release", "--json", "--quote", os.path.join(folder, "quote.bin"), "--event-log",
               os.path.join(folder, "event_log.json"), *arguments)
    return done


def image_hash(folder):
    with open(os.path.join(folder, "quote.bin"), "rb") as f:
        quote = f.read()
    return hashlib.sha256(quote[184:232] + quote[376:520]).hexdigest()


def test_release_reads_the_hashes_of_a_capture():
    status, out, _ = capture(DEPLOYED, os.path.join(DEPLOYED, "app-compose.json"))
    found = json.loads(out)
    assert status == 1 and found["findings"]  # it mounts the whole guest
    assert found["same_compose"] and found["quoted_compose_hash"] == found["compose_hash"]
    assert found["image_hash"] == image_hash(DEPLOYED)
    # Keccak-256 of both hashes, from a sponge that was checked against hashlib.sha3_256
    assert found["release"] == "5a09c1af8611a595d2974bf5961de7ba60b168254b44e1c0146b61d84c59f368"
    assert found["quote_verified"] is False


def test_release_refuses_the_quote_of_another_app(tmp_path):
    other = tmp_path / "app-compose.json"
    other.write_text(json.dumps({"docker_compose_file": COMPOSE}))
    status, out, err = capture(DEPLOYED, other)
    assert status == 1 and "another app-compose.json" in err
    assert json.loads(out)["clean"] and not json.loads(out)["same_compose"]


def test_release_refuses_a_log_of_another_machine(tmp_path):
    (tmp_path / "compose.yml").write_text(COMPOSE)
    status, out, err = ctl("release", tmp_path / "compose.yml", "--quote",
                           os.path.join(DEPLOYED, "quote.bin"), "--event-log",
                           os.path.join(VECTORS, "v06-tdx-lite-getquote", "event_log.json"))
    assert (status, out) == (1, "") and "RTMR3_MISMATCH" in err
