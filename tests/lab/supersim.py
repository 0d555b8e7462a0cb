#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The stand-in for the Super SIM API (Twilio's and KORE's), stateful and strict.

supersim.py --pki DIR --state DIR [--https ADDRESS:PORT] [--http ADDRESS:PORT[=HOST]] [--lab-dir DIR]

Listens where it is told (port 0: any; it prints "https PORT" or "http PORT" once it does) and at LAB_DIR/supersim.ctl.
On plain HTTP a request without one of the provider's host names is taken for HOST (supersim.twilio.com by default).
Makes LAB_DIR/credentials/{twilio,kore}.json at the first start.

Control verbs, beside fault, clear and counts: requests, callbacks, reset_counters, profiles, sims, fleets, set,
add_fleet, add_profile, add_sim, set_profile, set_sim, revoke_tokens.

Faults strike requests whose credentials are good, at esimprofiles.create|list|fetch, sims.create|list|fetch|update,
fleets.create|list|fetch|update, networkaccessprofiles.create|list|fetch, networks.list|fetch and token. How:
  status [code= api_code= message= retry_after=], html [code=], reset, garbage-json, stall [seconds=]: each of them
      before the effect, or when="after" it: the thing asked for happened, but its answer is lost
  truncate: the answer ends in the middle
  reservation-fails [error_code= message=], fails-after-available [seconds=], never-available, out-of-stock
  skip-statuses [to=], unknown-status [status=], stays-scheduled, evil-next-page [origin=]
"""

import argparse
import os
import threading

from control import ControlServer, Faults, ask
from supersim_api import ROUTES, Api, render
from supersim_auth import TWILIO, Gate, load_credentials
from supersim_callbacks import Caller
from supersim_http import Server, Service, tls_context
from supersim_state import TIMING, State

SMDP_ADDRESS = "smdp.esimd.test"
WIRE = ("status", "html", "reset", "garbage-json", "stall", "truncate")
OF_POINT = {
    "esimprofiles.create": ("reservation-fails", "fails-after-available", "never-available", "out-of-stock",
                            "skip-statuses", "unknown-status"),
    "esimprofiles.fetch": ("unknown-status",), "sims.fetch": ("unknown-status",),
    "sims.update": ("skip-statuses", "stays-scheduled", "unknown-status"),
}


class SupersimFaults(Faults):
    """Refuses an order that could never strike: a test that orders one would pass without testing anything."""

    POINTS = {route.point for route in ROUTES} | {"token"}

    def order(self, at, how, times=1, skip=0, **details):
        known = WIRE + OF_POINT.get(at, ()) + (("evil-next-page", "unknown-status") if at.endswith(".list") else ())
        if at not in self.POINTS or how not in known:
            raise ValueError(f"no fault {how} at {at}; points: {sorted(self.POINTS)}; there: {known}")
        if details.get("when", "before") not in ("before", "after"):
            raise ValueError("when is before or after")
        super().order(at, how, times, skip, **details)


class Smdp:
    """The lab's SM-DP+, asked through its control socket; where there is none, profiles are ordered nowhere."""

    address = SMDP_ADDRESS

    def __init__(self, lab_dir):
        self._lab_dir = lab_dir

    def _ask(self, verb, **arguments):
        try:
            return ask("smdp", verb, lab_dir=self._lab_dir, **arguments)
        except (FileNotFoundError, ConnectionRefusedError):
            return None

    def order(self, iccid, eid, matching_id):
        """Order a profile there; returns why that was refused, or None."""
        try:
            self._ask("order", iccid=iccid, eid=eid, matching_id=matching_id, confirmation_code=None, ppr=None,
                      size=17000, name="Super SIM")
        except RuntimeError as error:
            return str(error)
        return None

    def states(self):
        """What became of the orders: ICCID -> state."""
        try:
            answer = self._ask("orders")
        except RuntimeError:
            return {}
        return {order["iccid"]: order.get("state") for order in (answer or {}).get("orders", [])}


class Supersim:
    """The whole stand-in, in this process."""

    def __init__(self, state_dir, lab_dir, pki_dir=None, https=(), http=()):
        """HTTPS: list of (address, port); HTTP: list of (address, port, default host)."""
        credentials = load_credentials(lab_dir)
        self.state = State(state_dir, credentials["twilio"]["account_sid"], Smdp(lab_dir))
        self._faults = SupersimFaults()
        self._gate = Gate(credentials, self.state)
        self._caller = Caller(credentials, self._advance)
        self.state.on_change = self._caller.changed
        self._service = Service(Api(self.state, self._caller), self._gate, self._faults)
        context = tls_context(pki_dir) if https else None
        self.https = [Server(address, self._service, context=context) for address in https]
        self.http = [Server((address, port), self._service, default_host=host) for address, port, host in http]
        for server in self.https + self.http:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        ControlServer("supersim", self._faults, self._verbs(), lab_dir).start()

    def close(self):
        for server in self.https + self.http:
            server.shutdown()
            server.server_close()

    def _advance(self):
        with self.state.lock:
            self.state.advance()

    def _verbs(self):
        return {"requests": self._service.counters.report, "callbacks": self._caller.report,
                "reset_counters": self._service.counters.reset,
                "profiles": lambda: self._show("ESimProfiles", "profiles"), "sims": lambda: self._show("Sims", "sims"),
                "fleets": lambda: self._show("Fleets", "fleets"), "set": self._set, "add_fleet": self._add_fleet,
                "add_profile": self._add_profile, "add_sim": self._add_sim,
                "set_profile": lambda sid, **fields: self._change("ESimProfiles", sid, fields),
                "set_sim": lambda sid, **fields: self._change("Sims", sid, fields),
                "revoke_tokens": lambda forget=False: self._gate.revoke(forget)}

    def _show(self, kind, key):
        with self.state.lock:
            self.state.advance()
            return {key: [render(kind, record, f"https://{TWILIO}") for record in self.state.all(kind)]}

    def _set(self, **timing):
        unknown = set(timing) - set(TIMING)
        if unknown:
            raise ValueError(f"no setting {sorted(unknown)}; there are {sorted(TIMING)}")
        self.state.timing.update(timing)

    def _add_fleet(self, unique_name=None):
        with self.state.lock:
            access = self.state.find("NetworkAccessProfiles", "lab-access")
            fleet = self.state.add_fleet(unique_name=unique_name, network_access_profile_sid=access["sid"])
            self.state.save()
        return {"sid": fleet["sid"]}

    def _add_profile(self, eid=None, available=True):
        """A reservation that somebody made earlier; without EID by matching id."""
        with self.state.lock:
            record = self.state.add_profile(eid, matching=eid is None)
            if available:
                self.state.step(record, {"to": "available"})
            else:
                self.state.plan_reservation(record)
            self.state.save()
            return render("ESimProfiles", record, f"https://{TWILIO}")

    def _add_sim(self, iccid, registration_code=None):
        """A Sim of the account; with REGISTRATION_CODE a card in the shop, to be claimed by create."""
        with self.state.lock:
            sid = None
            if registration_code:
                self.state.stock[iccid] = registration_code
            else:
                sid = self.state.add_sim(iccid)["sid"]
            self.state.save()
        return {"sid": sid}

    def _change(self, kind, sid, fields):
        """Overwrite fields of a resource, as if something had happened at the provider."""
        with self.state.lock:
            record = self.state.find(kind, sid)
            if record is None or set(fields) - set(record):
                raise ValueError(f"no {kind} {sid} with fields {sorted(fields)}")
            record.update(fields, plan=[])
            self.state.save()


def _address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def _http_address(text):
    place, _, host = text.partition("=")
    return (*_address(place), host or TWILIO)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pki", help="folder of the certificates that pki.py makes; needed for --https")
    parser.add_argument("--state", required=True, help="folder that outlives a restart")
    parser.add_argument("--https", type=_address, action="append", default=[])
    parser.add_argument("--http", type=_http_address, action="append", default=[])
    parser.add_argument("--lab-dir", default=os.environ.get("LAB_DIR"))
    options = parser.parse_args()
    if options.https and not options.pki:
        parser.error("--https needs --pki")
    if not options.lab_dir:
        parser.error("--lab-dir or LAB_DIR has to say where the control socket goes")
    if not options.https + options.http:
        parser.error("give --https ADDRESS:PORT or --http ADDRESS:PORT")
    stand_in = Supersim(options.state, options.lab_dir, options.pki, options.https, options.http)
    for kind, servers in (("https", stand_in.https), ("http", stand_in.http)):
        for server in servers:
            print(kind, server.server_port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
