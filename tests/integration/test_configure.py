"""POST /configure: settings from the untrusted host, and what curl does to them."""
import os
import stat
import subprocess

import pytest


def configure(node, *arguments):
    return node.post("/configure", "-H", "Content-Type: text/plain", *arguments)


def test_configure_names_the_keys_and_leaves_the_file_for_the_app(cluster):
    node = cluster.start()
    value = "s3cret-value-" + os.urandom(8).hex()
    cluster.plant(value.encode())
    with open(node.path("host.env"), "w", encoding="ascii") as f:
        f.write(f"# comment\r\n\r\nAPI_KEY={value}=x==\r\nQUOTED=\"two words\"\r\nEMPTY=\r\n")
    answer = configure(node, "--data-binary", f"@{node.path('host.env')}")
    assert answer.status == 200, answer
    assert answer.json()["accepted"] == ["API_KEY", "QUOTED", "EMPTY"]
    path = node.path("untrusted", "private.env")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    read = subprocess.run(["sh", "-c", '. "$1"; printf "%s|%s|%s" "$API_KEY" "$QUOTED" "$EMPTY"',
                           "sh", path], capture_output=True, check=True).stdout.decode()
    assert read == f"{value}=x==|two words|"


def test_a_file_whose_newlines_curl_removed_is_refused_with_advice(cluster):
    node = cluster.start()
    with open(node.path("host.env"), "w", encoding="ascii") as f:
        f.write("FIRST=1\nSECOND=2\n")
    refused = configure(node, "-d", f"@{node.path('host.env')}")
    assert (refused.status, refused.json()["code"]) == (400, "malformed"), refused
    assert "--data-binary" in refused.json()["message"]
    assert not os.path.exists(node.path("untrusted", "private.env"))


@pytest.mark.parametrize("line", ["ONE=1", "ONE=a=b", "ONE=dGVzdA==", "URL=https://x/?A=1&B=2",
                                  "ONE=lower=case=x"])
def test_a_file_of_one_line_survives_curl(cluster, line):
    node = cluster.start()
    with open(node.path("host.env"), "w", encoding="ascii") as f:
        f.write(line + "\n")
    answer = configure(node, "-d", f"@{node.path('host.env')}")
    assert answer.status == 200, answer
    assert answer.json()["accepted"] == [line.split("=")[0]]


LOOSENING = ["LD_PRELOAD=x", "PATH=/x", "BASH_ENV=x", "HTTPS_PROXY=x", "REPLICATOOR_POLICY={}",
             "SECURE_FILE=/etc/passwd", "CONTRACT=0x00"]


@pytest.mark.parametrize("line", LOOSENING)
def test_names_that_would_loosen_something_are_refused(cluster, line):
    node = cluster.start()
    refused = configure(node, "--data-binary", f"FINE=1\n{line}\n")
    assert (refused.status, refused.json()["code"]) == (403, "denied"), refused
    assert line.split("=")[0] in refused.json()["message"]
    assert not os.path.exists(node.path("untrusted", "private.env"))


@pytest.mark.parametrize("line", ["lower=x", "1A=x", "NO_VALUE", "A=\x01", "A B=x", "=x"])
def test_lines_that_are_no_settings_are_refused(cluster, line):
    node = cluster.start()
    refused = configure(node, "--data-binary", f"FINE=1\n{line}\n")
    assert (refused.status, refused.json()["code"]) == (400, "malformed"), refused
    assert not os.path.exists(node.path("untrusted", "private.env"))
