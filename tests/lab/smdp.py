#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The lab's SM-DP+: ES9+ over HTTPS, as strict as a real one, and its control socket `smdp`.

Faults, ordered by verb `fault` (at, how, times, skip, and what the list names):
  at `tls`: reset | stall seconds=; the connection is dropped, or left waiting, before the handshake.
  at `es9.FUNCTION`, instead of an answer: html | status code= | refuse subject= reason= message= | reset |
  stall seconds= (answers late) | garbage-json; when="before" (nothing has happened yet) or when="after" the effect.
  at `es9.FUNCTION`, in the answer: wrong-transaction, bad-signature, bad-base64; initiateAuthentication:
  other-certificate, expired-certificate, other-address; authenticateClient: other-certificate; getBoundProfilePackage:
  truncate-bpp, drop-segment, flip-mac, empty-bpp-parts, other-metadata.
"""

import argparse
import collections
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time

import control
import pki
from es9 import BadRequest, Es9
from orders import Orders, Refusal

PREFIX = "/gsma/rsp2/es9plus/"
INSTEAD = ("html", "status", "refuse", "reset", "stall", "garbage-json")
IN_ANSWER = ("wrong-transaction", "bad-signature", "bad-base64", "other-certificate", "expired-certificate",
             "other-address", "truncate-bpp", "drop-segment", "flip-mac", "empty-bpp-parts", "other-metadata")
TLS_NAMES = ("dptls", "dptls2", "dptls-web", "dptls-expired")
HTML = b"<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>\n"


class Dropped(Exception):
    """The connection is to be closed without an answer."""


def spoil_base64(answer):
    """Put a character that base64 does not have into the longest value."""
    longest = max(answer, key=lambda field: len(answer[field]))
    answer[longest] = answer[longest][:8] + "!" + answer[longest][8:]


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of an LPA; HTTP as SGP.22 clause 6.5 has it."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "SM-DP+", ""
    wbufsize = 65536  # headers and body leave in one TLS record
    timeout = 120
    disable_nagle_algorithm = True

    def do_GET(self):  # pylint: disable=invalid-name
        self._send(405, b"ES9+ is POST only\n", "text/plain")

    def do_POST(self):  # pylint: disable=invalid-name
        try:
            body = self._body()
            function = self._function()
            self._answer(function, body)
        except BadRequest as error:
            self.server.log(f"400 {self.path}: {error}")
            self._send(400, f"{error}\n".encode(), "text/plain")
        except Dropped:
            self.close_connection = True

    def _body(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            raise BadRequest("Content-Length is missing")
        return self.rfile.read(int(length))

    def _function(self):
        function = self.path.removeprefix(PREFIX)
        if function not in self.server.es9.FIELDS or function == self.path:
            raise BadRequest(f"there is no {self.path}")
        host = self.headers.get("Host", "").split(":")[0]
        if host not in self.server.hosts:
            raise BadRequest(f"Host: {host} is not here; this is {self.server.hosts[0]}")
        if not self.headers.get("X-Admin-Protocol", "").startswith("gsma/rsp/v2."):
            raise BadRequest("X-Admin-Protocol: gsma/rsp/v2.x.y is missing")
        if self.headers.get("User-Agent") != "gsma-rsp-lpad":
            raise BadRequest("User-Agent: gsma-rsp-lpad is missing")
        if self.headers.get_content_type() != "application/json":
            raise BadRequest("Content-Type: application/json is missing")
        return function

    def _answer(self, function, body):
        fault = self.server.faults.take(self.server.POINT + function) or {"how": None}
        self.server.requests[function] += 1
        instead, late = fault["how"] in INSTEAD, fault.get("when") == "after"
        if instead and not late and self._fail(function, fault):
            return
        answer = self._call(function, body, None if instead else fault["how"])
        if instead and late and self._fail(function, fault):
            return
        self._reply(function, answer, fault["how"])

    def _call(self, function, body, how):
        """The answer's members, None for an empty answer, or the Refusal."""
        try:
            request = json.loads(body)
        except ValueError as error:
            raise BadRequest(f"the body is not JSON: {error}") from error
        try:
            return self.server.es9.call(function, request, how)
        except Refusal as refusal:
            return refusal

    def _reply(self, function, answer, how):
        if answer is None:
            self.server.log(f"204 {function}")
            self._send(204, b"")
            return
        if isinstance(answer, Refusal):
            self.server.log(f"200 {function}: Failed {answer}")
            self._refuse(answer.subject, answer.reason, answer.message)
            return
        if how == "bad-base64":
            spoil_base64(answer)
        self.server.log(f"200 {function}")
        self._send_json({"header": {"functionExecutionStatus": {"status": "Executed-Success"}}, **answer})

    def _fail(self, function, fault):
        """Answer as FAULT wants; False when the true answer is still to follow."""
        how = fault["how"]
        self.server.log(f"fault {how} {function}")
        if how == "stall":
            time.sleep(fault.get("seconds", 60))
            return False
        if how == "reset":
            raise Dropped
        if how == "html":
            self._send(500, HTML, "text/html")
        elif how == "status":
            self._send(fault["code"], b"", "text/plain")
        elif how == "refuse":
            self._refuse(fault["subject"], fault["reason"], fault.get("message", "as ordered"))
        elif how == "garbage-json":
            self._send(200, b'{"header": {"functionExecutionStatus": {"sta', "application/json")
        return True

    def _refuse(self, subject, reason, message):
        code = {"subjectCode": subject, "reasonCode": reason, "message": message}
        self._send_json({"header": {"functionExecutionStatus": {"status": "Failed", "statusCodeData": code}}})

    def _send_json(self, value):
        self._send(200, json.dumps(value).encode(), "application/json;charset=UTF-8")

    def _send(self, status, body, kind=None):
        self.send_response(status)
        self.send_header("X-Admin-Protocol", "gsma/rsp/v2.2.2")
        if kind:
            self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """The server writes its own lines."""


class Server(http.server.ThreadingHTTPServer):
    """Threads, TLS with a certificate that can be changed, and the counts a test asks for."""

    daemon_threads = True
    request_queue_size = 32
    POINT = "es9."  # what its faults' points begin with

    def __init__(self, listen, folder, state, hosts):
        self.hosts = [host.lower() for host in hosts]
        self.faults = control.Faults()
        self.es9 = self.make_functions(folder, state)
        self.requests, self.tls = collections.Counter(), collections.Counter()
        self._folder, self._count_lock = folder, threading.Lock()
        self.use_tls("dptls")
        super().__init__(listen, Handler)

    def make_functions(self, folder, state):
        self.orders = Orders(os.path.join(state, "smdp.json"))
        return Es9(folder, self.orders, self.hosts)

    def use_tls(self, name):
        """Serve new connections with the certificate NAME."""
        if name not in TLS_NAMES:
            raise ValueError(f"no TLS certificate {name}; there are {', '.join(TLS_NAMES)}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        path = os.path.join(self._folder, name)
        context.load_cert_chain(path + ".pem", path + ".key.pem")  # a CI's certificate is never sent along
        self._context = context

    def finish_request(self, request, client_address):
        """The handshake is this thread's: a client that is slow with it holds up no other."""
        self._count("connections")
        fault = self.faults.take("tls") or {"how": None}
        if fault["how"] == "stall":
            time.sleep(fault.get("seconds", 60))
        if fault["how"] == "reset":
            return
        request.settimeout(Handler.timeout)
        try:
            secured = self._context.wrap_socket(request, server_side=True)
        except OSError as error:
            self._count("failed_handshakes")
            self.log(f"handshake failed: {error}")
            return
        self._count("handshakes")
        with secured:
            self._serve(secured, client_address)

    def _serve(self, secured, client_address):
        try:
            super().finish_request(secured, client_address)
            secured.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            self.log(f"connection lost: {error}")

    def _count(self, what):
        with self._count_lock:
            self.tls[what] += 1

    def log(self, text):
        print(f"{time.monotonic():.3f} {text}", flush=True)

    def verbs(self):
        """What the control socket offers besides the faults."""
        return {"order": self._order, "release": self._release, "orders": lambda: {"orders": self.orders.listing()},
                "notifications": self._notifications, "requests": self._requests, "reset_counters": self._reset,
                "use_tls": self.use_tls, "fault": self._fault}

    def _order(self, iccid, **fields):
        order = self.orders.add(iccid, **fields)
        return {"matching_id": order["matching_id"], "iccid": iccid, "address": self.hosts[0]}

    def _release(self, iccid):
        self.orders.release(iccid)

    def _notifications(self):
        with self.orders.lock:
            return {"notifications": list(self.orders.notifications), "rejected": list(self.es9.rejected)}

    def _requests(self):
        with self._count_lock:
            tls = {name: self.tls[name] for name in ("connections", "handshakes", "failed_handshakes")}
        return {"requests": dict(self.requests), **tls}

    def _reset(self):
        with self._count_lock:
            self.tls.clear()
            self.requests.clear()

    def _fault(self, at, how, **details):
        points = ["tls", *(self.POINT + function for function in self.es9.FIELDS)]
        known = ("reset", "stall") if at == "tls" else INSTEAD + IN_ANSWER
        if at not in points or how not in known:
            raise ValueError(f"no fault {how} at {at}; points: {', '.join(points)}; here: {', '.join(known)}")
        self.faults.order(at, how, **details)


def main():
    parser = argparse.ArgumentParser(description="The lab's SM-DP+.")
    parser.add_argument("--pki", required=True, help="the folder that pki.py filled")
    parser.add_argument("--state", required=True, help="the folder for smdp.json, which outlives a restart")
    parser.add_argument("--listen", default="127.0.0.2:443", help="address:port (default %(default)s)")
    parser.add_argument("--host", action="append", help="a name it answers to, the first being the one it shows")
    parser.add_argument("--lab-dir", help="where smdp.ctl goes (default $LAB_DIR)")
    arguments = parser.parse_args()
    address, _, port = arguments.listen.rpartition(":")
    os.makedirs(arguments.state, exist_ok=True)
    hosts = arguments.host or pki.SMDP_HOSTS[:2]
    server = Server((address, int(port)), arguments.pki, arguments.state, hosts)
    control.ControlServer("smdp", server.faults, server.verbs(), arguments.lab_dir).start()
    server.log(f"listening on {address}:{server.server_address[1]}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
