"""Drives the documented calls with the real curl and keeps every answer for the secret scan."""
import json
import subprocess


class Response:
    """status; headers: lower-case names; body: bytes."""

    def __init__(self, raw):
        self.raw = raw
        while True:
            head, _, raw = raw.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            self.status = int(lines[0].split()[1])
            if self.status >= 200:  # not an interim answer (100 Continue)
                break
        self.headers = {name.strip().lower(): value.strip()
                        for name, _, value in (line.partition(":") for line in lines[1:])}
        self.body = raw

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def refusal(self):
        """(status, code, check) of an error answer."""
        error = self.json()
        return self.status, error["code"], error["check"]

    def failed_checks(self):
        """Code by id of the verdict's failed checks."""
        return {check["id"]: check.get("code") for check in self.json()["verdict"]["checks"]
                if check["ok"] is False}

    def __repr__(self):
        """What a failed assertion shows: of a refusal the reasons, else the beginning."""
        try:
            error = self.json()
            checks = (error.get("verdict") or {}).get("checks", [])
            wrong = [f"{c['id']}: {c['ok']} {c['code']} got {c['got']} want {c['want']}"
                     for c in checks if c["ok"] is not True]
            return f"<{self.status} {error['code']}: {error['message']} {wrong}>"
        except (ValueError, KeyError, AttributeError):
            return f"<{self.status} {self.body[:1000]!r}>"


class Curl:
    """curl(*arguments) as a person would type them, without -s."""

    def __init__(self):
        self.answers = []

    def __call__(self, *arguments, stdin=None):
        command = ["curl", "-sS", "-i", "--max-time", "60", *map(str, arguments)]
        result = subprocess.run(command, input=stdin, capture_output=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"curl: exit {result.returncode}: {result.stderr.decode()}"
                               f"{command[5:]}")
        response = Response(result.stdout)
        self.answers.append(response.raw)
        return response
