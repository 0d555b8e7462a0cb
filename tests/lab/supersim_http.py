# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The HTTP(S) side of the Super SIM stand-in: connections, hosts, answers on the wire, and faults that strike there."""

import collections
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

from supersim_api import Call, match, read_fields
from supersim_auth import KORE, KORE_TOKEN, TWILIO, ApiError

TOKEN_PATH = "/api-services/v1/auth/token"
HTML = "<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>\n"
TEXTS = {401: "Authenticate", 403: "Forbidden", 429: "Too Many Requests", 500: "Internal Server Error",
         503: "Service Unavailable"}
CODES = {401: 20003, 403: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503}
MAX_BODY = 65536


class Counters:
    """What was asked of the stand-in: for tests that count requests and handshakes."""

    def __init__(self):
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        with self._lock:
            self.operations, self.log = collections.Counter(), []
            self.handshakes = self.connections = self.failed_handshakes = 0

    def add(self, **counts):
        with self._lock:
            for name, number in counts.items():
                setattr(self, name, getattr(self, name) + number)

    def request(self, operation, entry):
        with self._lock:
            self.operations[operation] += 1
            self.log.append(entry)

    def report(self):
        with self._lock:
            return {"counts": dict(self.operations), "requests": [dict(entry) for entry in self.log],
                    "handshakes": self.handshakes, "connections": self.connections,
                    "failed_handshakes": self.failed_handshakes}


class Server(http.server.ThreadingHTTPServer):
    """One listener; with CONTEXT it speaks TLS, the handshake being made in the connection's own thread."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, service, context=None, default_host=None):
        self.service, self.context, self.default_host = service, context, default_host
        super().__init__(address, Handler)

    def server_bind(self):  # without HTTPServer's look-up of a host name, which may take seconds in a namespace
        http.server.socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def finish_request(self, request, client_address):
        self.service.counters.add(connections=1)
        if self.context is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(20)
        try:
            request = self.context.wrap_socket(request, server_side=True)
        except OSError:  # a client that does not like our certificate
            self.service.counters.add(failed_handshakes=1)
            return
        self.service.counters.add(handshakes=1)
        try:
            super().finish_request(request, client_address)
        finally:
            self.shutdown_request(request)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a client that hung up is not the stand-in's problem
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    server_version = "supersim"
    wbufsize = 65536  # an answer in one piece: without it Nagle and delayed acknowledgements add 40 ms
    timeout = 60

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            self.send(413, {"code": 413, "message": "Too large", "status": 413, "more_info": ""})
            return
        body = self.rfile.read(length)
        try:
            self.server.service.serve(self, body)
        except ApiError as error:
            self.send(error.status, error.body(), error.headers)

    def host(self, path):
        """The provider's host that is meant: by name, or on plain HTTP by the listener's default."""
        name = (self.headers.get("Host") or "").split(":")[0].lower()
        if name in (TWILIO, KORE, KORE_TOKEN):
            return name
        if self.server.context:
            raise ApiError(421, 20404, f"No host {name} here")
        return KORE_TOKEN if path == TOKEN_PATH else self.server.default_host

    def base(self):
        return f"{'https' if self.server.context else 'http'}://{self.headers.get('Host', '')}"

    def send(self, status, body, headers=None, truncate=False):
        """Send BODY: text as HTML, bytes as they are but called JSON, anything else as JSON."""
        is_text = isinstance(body, str)
        data = body.encode() if is_text else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if is_text else "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.close_connection:  # RFC 9112 clause 9.6; Node keeps the connection for later unless it is told so
            self.send_header("Connection", "close")
        if truncate:
            data, self.close_connection = data[:len(data) // 2], True
        self.end_headers()
        self.wfile.write(data)

    def reset(self):
        """Break the connection with a TCP RST."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


class Service:
    """From a request on the wire to the resources, by way of host, credentials and the faults that were ordered."""

    def __init__(self, api, gate, faults):
        self._api, self._gate, self._faults = api, gate, faults
        self.counters = Counters()

    def serve(self, handler, body):
        path, query = urlsplit(handler.path).path, urlsplit(handler.path).query
        host = handler.host(path)
        route, sid = match(handler.command, path) if host != KORE_TOKEN else (None, None)
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True) if body else {}
        self._note(handler, host, route, path, query, form)
        if host == KORE_TOKEN:
            self._serve_token(handler, path, form)
            return
        self._gate.check(host, handler.headers.get("Authorization"))
        if route is None:
            raise ApiError(404, 20404, f"The requested resource {path} was not found")
        order = self._faults.take(route.point) or {}

        def work():
            encoded = self._encoded(handler, body) if route.method == "POST" else query
            return self._api.answer(Call(route, sid, read_fields(route, encoded), handler.base(), order,
                                         host == KORE))

        self._strike(handler, order, work)

    @staticmethod
    def _encoded(handler, body):
        kind = (handler.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        if body and kind != "application/x-www-form-urlencoded":
            raise ApiError(415, 20001, "A form is expected: application/x-www-form-urlencoded")
        return body.decode("utf-8", "replace")

    def _note(self, handler, host, route, path, query, form):
        template = route.template if route else path
        shown = {} if host == KORE_TOKEN else {name: values[0] for name, values in form.items()}
        self.counters.request(f"{handler.command} {template}", {
            "method": handler.command, "host": host, "path": path, "form": shown, "time": time.time(),
            "query": {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}})

    def _serve_token(self, handler, path, form):
        if (handler.command, path) != ("POST", TOKEN_PATH):
            handler.send(404, {"code": 404, "message": "Not found"})
            return
        self._strike(handler, self._faults.take("token") or {}, lambda: self._gate.token(form))

    def _strike(self, handler, order, work):
        """Answer with what WORK returns, unless ORDER spoils it: before the work is done, or after."""
        spoil = {"status": self._status, "html": self._html, "reset": lambda handler, _: handler.reset(),
                 "garbage-json": lambda handler, _: handler.send(200, b'{"sid": "HP0000", "stat'),
                 "stall": lambda _, order: time.sleep(order.get("seconds", 5))}.get(order.get("how"))
        if spoil and order.get("when", "before") == "before":
            spoil(handler, order)
            if order["how"] != "stall":
                return
        status, body = work()
        if spoil and order.get("when") == "after":
            spoil(handler, order)
            if order["how"] != "stall":
                return
        handler.send(status, body, truncate=order.get("how") == "truncate")

    @staticmethod
    def _status(handler, order):
        status = order.get("code", 500)
        code = order.get("api_code", CODES.get(status, 20000 + status))
        error = ApiError(status, code, order.get("message", TEXTS.get(status, "Refused")))
        handler.send(status, error.body(), {"Retry-After": str(order["retry_after"])} if "retry_after" in order else {})

    @staticmethod
    def _html(handler, order):
        handler.send(order.get("code", 502), HTML)


def tls_context(pki_dir, name="web"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = os.path.join(pki_dir, name + ".chain.pem")
    certificate = chain if os.path.exists(chain) else os.path.join(pki_dir, name + ".pem")
    context.load_cert_chain(certificate, os.path.join(pki_dir, name + ".key.pem"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
