# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The lab's SM-DS: ES11 over HTTPS, which is ES9+ up to the answer, and its control socket `smds`.

Verb `event` (eid, address, event_id; at: which of its names has it, the first one where left out; next_id: the id told, where
it differs): something waits for EID at ADDRESS. Faults are smdp.py's at `tls` and `es11.FUNCTION`; other-certificate shows the SM-DP+'s.
"""

import argparse
import os
import secrets
import sys

import control
import pki
import smdp
from es9 import Es9, _tags
from orders import Refusal

HOSTS = pki.SMDP_HOSTS[2:]


class Es11(Es9):
    """The two functions of ES11 (SGP.22 clause 5.8) and their sessions."""

    FIELDS = {function: Es9.FIELDS[function] for function in ("initiateAuthentication", "authenticateClient")}

    def __init__(self, folder, hosts):
        super().__init__(folder, None, hosts)
        self.events = []

    def _auth_certificate(self, how):
        return pki.load(self._folder, {"other-certificate": "dpauth", "expired-certificate": "dpauth-expired"}.get(how, "dsauth"))

    def _authenticate(self, request, how):
        session, signed, _, _ = self._authenticated(request)
        entries = self._find(session, self._matching_id(session, signed))
        self._end(session.name)
        shown = os.urandom(16).hex().upper() if how == "wrong-transaction" else session.name
        return {"transactionId": shown, "eventEntries": entries}

    @staticmethod
    def _matching_id(session, signed):
        transaction_id, address, challenge, _, context = [item.value for item in _tags(signed, 0x80, 0x83, 0x84, 0xBF22, 0xA0)]
        if (transaction_id, challenge, address.decode()) != (session.id, session.server_challenge, session.address):
            raise Refusal("8.1", "6.1", "euiccSigned1 belongs to another session")
        matching, _ = _tags(context, (0x80,), 0xA1)
        return matching.value.decode() if matching else ""

    def _find(self, session, matching_id):
        found = [event for event in self.events if (event["eid"], event["at"]) == (session.eid, session.address.lower())
                 and matching_id in ("", event["event_id"])]
        if not found:
            raise Refusal("8.9.5", "3.9", "No Event for this EID")
        return [{"eventId": event["next_id"] or event["event_id"], "rspServerAddress": event["address"]} for event in found]


class Server(smdp.Server):
    """One program, several SM-DSs: one for each of its names."""

    POINT = "es11."

    def make_functions(self, folder, state):
        return Es11(folder, self.hosts)

    def verbs(self):
        ours = {name: verb for name, verb in super().verbs().items() if name in ("requests", "reset_counters", "use_tls", "fault")}
        return {**ours, "event": self._event, "events": lambda: {"events": self.es9.events}, "forget": self.es9.events.clear}

    def _event(self, eid, address, event_id=None, at=None, next_id=None):
        at = at or self.hosts[0]
        if at not in self.hosts:
            raise ValueError(f"this is {', '.join(self.hosts)}, not {at}")
        event = {"eid": str(eid), "address": address, "event_id": event_id or secrets.token_hex(8).upper(), "at": at, "next_id": next_id}
        self.es9.events.append(event)
        return {"event_id": event["event_id"]}


def main():
    parser = argparse.ArgumentParser(description="The lab's SM-DS.")
    parser.add_argument("--pki", required=True, help="the folder that pki.py filled")
    parser.add_argument("--state", required=True, help="not used: events are forgotten at the end")
    parser.add_argument("--listen", default="127.0.0.4:443", help="address:port (default %(default)s)")
    parser.add_argument("--lab-dir", help="where smds.ctl goes (default $LAB_DIR)")
    arguments = parser.parse_args()
    address, _, port = arguments.listen.rpartition(":")
    server = Server((address, int(port)), arguments.pki, arguments.state, HOSTS)
    control.ControlServer("smds", server.faults, server.verbs(), arguments.lab_dir).start()
    server.log(f"listening on {address}:{server.server_address[1]}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
