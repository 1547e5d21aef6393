"""dstack.sock and tappd.sock: the HTTP side of the guest agent, with the manners of its eras."""
import json
import os
from urllib.parse import parse_qs, urlsplit

from . import agent, protobuf
from .http_base import Handler, UnixServer

NOT_FOUND_PAGE = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>404 Not Found</title></head>
<body align="center"><div role="main"><h1>404: Not Found</h1></div></body></html>"""


class SocketHandler(Handler):
    """One call per request. JSON when ?json is there, the content type says so or it is a GET;
    protobuf otherwise."""
    agent = None
    service = ""

    def _method(self, path):
        """The method that `path` names, None when no route has it."""
        if self.service == "dstack":
            name = path[1:]
            return name if name and "/" not in name else None
        if not path.startswith("/prpc/"):
            return None
        name = path[len("/prpc/"):]
        if name.startswith("Tappd."):
            return name[len("Tappd."):]
        return name if self.agent.era.modern_errors else f"/{name}"

    def answer(self, method, target, body):
        url = urlsplit(target)
        query = parse_qs(url.query, keep_blank_values=True)
        name = self._method(url.path)
        if name is None or method not in ("GET", "POST"):
            return 404, {"Content-Type": "text/html; charset=utf-8"}, NOT_FOUND_PAGE
        asked = query.get("json", ["no"])[0] in ("", "true", "1")
        content_type = self.headers.get("Content-Type", "")
        as_json = asked or method == "GET" or content_type.startswith("application/json")
        try:
            arguments = self._arguments(name, method, query, body, as_json)
            members = self.agent.call(self.service, name, arguments)
        except agent.UnknownMethod:
            return self._unknown(name, as_json)
        except (agent.CallError, ValueError) as error:
            return self._failed(400, self._text(error), as_json)
        return 200, self._success_headers(as_json), self._encode(members, as_json)

    def _arguments(self, name, method, query, body, as_json):
        if method == "GET":
            given = {key: values[0] for key, values in query.items()}
            return agent.arguments_from_json(name, given if self.agent.era.get_arguments else {})
        if not as_json:
            return agent.arguments_from_protobuf(name, body)
        members = json.loads(body) if body else {}
        if not isinstance(members, dict):
            raise ValueError("invalid type: expected an object")
        return agent.arguments_from_json(name, members)

    def _unknown(self, name, as_json):
        if self.agent.era.modern_errors:
            return self._failed(400, f"Service not found: {name}", as_json)
        return self._failed(404, "method Not Found", as_json)

    def _text(self, error):
        if len(error.args) < 2:
            return str(error)
        what, cause = error.args[:2]
        if self.agent.era.one_line_errors:
            return f"{what}: {cause}"
        return f"{what}\n\nCaused by:\n    {cause}"

    def _failed(self, status, text, as_json):
        if as_json:
            body = json.dumps({"error": text}, indent=2).encode()
        else:
            body = protobuf.encode([(1, text)])
        return status, self._success_headers(as_json), body

    def _success_headers(self, as_json):
        modern_json = as_json and self.agent.era.modern_errors
        return {"Content-Type": "application/json" if modern_json else "application/octet-stream"}

    def _encode(self, members, as_json):
        if members is None:
            return b"null" if as_json else b""
        if not as_json:
            return protobuf.encode((number, value) for number, _, value in members
                                   if not isinstance(value, bool))
        prefix = self.agent.era.hex_prefix
        return json.dumps({name: prefix + value.hex() if isinstance(value, bytes) else value
                           for _, name, value in members},
                          separators=(",", ":"), ensure_ascii=False).encode()


def serve(path, service, the_agent):
    """A listening server for the socket at `path`, which anybody may connect to."""
    if os.path.exists(path):
        os.unlink(path)
    handler = type("BoundHandler", (SocketHandler,), {"agent": the_agent, "service": service})
    server = UnixServer(path, handler)
    os.chmod(path, 0o777)
    return server
