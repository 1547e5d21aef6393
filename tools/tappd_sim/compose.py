"""The app that the simulated machine runs: the bytes of its app-compose.json."""
import json

DEFAULT = """services:
  replicatoor:
    image: replicatoor
    volumes:
      - /var/run/dstack.sock:/var/run/dstack.sock
      - untrustedhost:/var/run/untrustedhost
volumes:
  untrustedhost:
"""


def wrap(docker_compose_text, name="replicatoor-sim"):
    """What Dstack's deployment tool makes of a docker-compose file. Same text, same bytes."""
    return json.dumps({
        "manifest_version": 2,
        "name": name,
        "runner": "docker-compose",
        "docker_compose_file": docker_compose_text,
        "kms_enabled": False,
        "gateway_enabled": False,
        "public_logs": True,
        "public_sysinfo": True,
        "public_tcbinfo": True,
        "key_provider": "none",
        "key_provider_id": "",
        "allowed_envs": [],
        "no_instance_id": False,
        "secure_time": False,
    }, separators=(",", ":"), ensure_ascii=False).encode()


def read(path):
    """A JSON file is an app-compose.json and taken byte for byte; anything else is a docker-compose
    file and wrapped. None: the built-in one."""
    if path is None:
        return wrap(DEFAULT)
    with open(path, "rb") as f:
        raw = f.read()
    if raw.lstrip().startswith(b"{"):
        return raw
    return wrap(raw.decode())
