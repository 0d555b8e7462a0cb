#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""An HTTPS server that answers in the ways an HTTP client must bear: http-odd.py CERTIFICATE.pem KEY.pem.

Paths: /ok, /echo (the request, as text), /stall (never answers), /large (5 MiB), /redirect, /cut (less than announced),
/drop (no answer once), /later (429 with Retry-After). Prints its port.
"""

import http.server
import ssl
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path; keeps connections."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        getattr(self, "at_" + self.path[1:])(body)

    do_POST = do_GET

    def _answer(self, status, body, announced=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def at_ok(self, _body):
        self._answer(200, b"fine")

    def at_echo(self, body):
        self._answer(200, f"{self.command}\n{self.headers}".encode() + body)

    def at_stall(self, _body):
        time.sleep(60)

    def at_large(self, _body):
        self._answer(200, bytes(5 << 20))

    def at_redirect(self, _body):
        self._answer(302, b"", Location="/ok")

    def at_cut(self, _body):
        self._answer(200, b"half", announced=8)
        self.close_connection = True

    def at_drop(self, _body):
        self.server.dropped += 1
        self.close_connection = True

    def at_dropped(self, _body):
        self._answer(200, str(self.server.dropped).encode())

    def at_later(self, _body):
        self._answer(429, b"", Retry_After="17")

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Quiet."""


class Server(http.server.ThreadingHTTPServer):
    """Handshakes in the connection's own thread, so that a stalled one holds up no other."""

    daemon_threads = True
    dropped = 0

    def __init__(self, certificate, key):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        super().__init__(("127.0.0.1", 0), Handler)

    def finish_request(self, request, client_address):
        try:
            with self._context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:
            pass


def main():
    server = Server(sys.argv[1], sys.argv[2])
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
