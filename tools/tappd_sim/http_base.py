"""One HTTP/1.1 handler for both servers: reads the body, writes an answer in one piece."""
import http.server
import socketserver
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    """Subclasses answer(method, target, body) -> (status, headers, body)."""
    protocol_version = "HTTP/1.1"
    max_body = 10 << 20
    timeout = 60

    def answer(self, method, target, body):
        raise NotImplementedError

    def _handle(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > self.max_body:
            self.close_connection = True
            self._reply(400, {}, b"body too large")
            return
        self._reply(*self.answer(self.command, self.path, self.rfile.read(length)))

    def _reply(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self._headers_buffer.append(b"\r\n")
        self._headers_buffer.append(body)
        self.flush_headers()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle

    def log_message(self, *_):
        """Silent: stderr belongs to errors."""


class ClientsMayLeave:
    """A client that was killed is no error of ours."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class TcpServer(ClientsMayLeave, socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True


class UnixServer(ClientsMayLeave, socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def get_request(self):
        request, _ = super().get_request()
        return request, ("unix", 0)
