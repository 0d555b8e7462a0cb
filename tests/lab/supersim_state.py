# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""What the stand-in of the Super SIM API remembers, and how it moves by itself: reservations ripen, Sims become active.

Nothing runs in the background: every look at the state first carries out what has become due by then (plans are kept
with absolute times), so a state that was saved, killed and loaded again goes on as if nothing had happened.
"""

import json
import os
import secrets
import threading
import time

KINDS = {"ESimProfiles": "HP", "Sims": "HS", "Fleets": "HF", "NetworkAccessProfiles": "HA", "Networks": "HW"}
ICCID_PREFIX = "8988307"
ORDER_REFUSED, DOWNLOAD_FAILED = "83501", "83502"  # the lab's own: what the provider says here is not published
# What a profile's state at the SM-DP+ (SGP.22 clause 3.1.6) makes of its reservation; the others change nothing.
FROM_SMDP = {"downloaded": "downloaded", "installed": "installed", "enabled": "installed", "disabled": "installed",
             "error": "failed"}
TIMING = {"reserve_seconds": 1.0, "schedule_seconds": 0.5, "token_seconds": 3600.0}
LAB_NETWORKS = (("Lab Mobile", "US", "310", "410"), ("Example Telecom", "DE", "001", "01"))


def new_sid(prefix):
    return prefix + secrets.token_hex(16)


def timestamp(seconds=None):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def luhn_digit(digits):
    """The check digit ITU-T E.118 puts at the end of an ICCID."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if position % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


class State:
    """All resources of one account. Hold `lock` around every use; call advance() first and save() after a change."""

    def __init__(self, folder, account_sid, smdp):
        os.makedirs(folder, exist_ok=True)
        self.lock = threading.RLock()
        self.account_sid = account_sid
        self.timing = dict(TIMING)
        self._path = os.path.join(folder, "supersim.json")
        self._smdp = smdp
        self.on_change = lambda record: None
        self._data = {"kinds": {kind: [] for kind in KINDS}, "serial": 0, "tokens": {}, "stock": {}}
        if os.path.exists(self._path):
            with open(self._path, encoding="utf-8") as file:
                self._data = json.load(file)
        else:
            self._make_defaults()
            self.save()

    def _make_defaults(self):
        access = self.add("NetworkAccessProfiles", unique_name="lab-access", network_sids=[])
        for name, country, mcc, mnc in LAB_NETWORKS:
            network = self.add("Networks", friendly_name=name, iso_country=country,
                               identifiers=[{"mcc": mcc, "mnc": mnc}])
            access["network_sids"].append(network["sid"])
        self.add_fleet(unique_name="lab-fleet", network_access_profile_sid=access["sid"])

    def save(self):
        with open(self._path + ".new", "w", encoding="utf-8") as file:
            json.dump(self._data, file, indent=1)
        os.replace(self._path + ".new", self._path)

    @property
    def tokens(self):
        return self._data["tokens"]

    @property
    def stock(self):
        """Super SIM cards that are no one's yet: ICCID -> registration code."""
        return self._data["stock"]

    def all(self, kind):
        return self._data["kinds"][kind]

    def find(self, kind, name):
        """The resource whose SID or unique name is NAME, or None."""
        for record in self.all(kind):
            if name and name in (record["sid"], record.get("unique_name")):
                return record
        return None

    def add(self, kind, **fields):
        record = {"sid": new_sid(KINDS[kind]), "account_sid": self.account_sid, "date_created": timestamp(),
                  "date_updated": timestamp(), "plan": [], **fields}
        self.all(kind).append(record)
        return record

    def add_fleet(self, **fields):
        record = {"unique_name": None, "data_enabled": True, "data_limit": 250, "data_metering": "payg",
                  "sms_commands_enabled": False, "sms_commands_url": None, "sms_commands_method": "POST",
                  "ip_commands_url": None, "ip_commands_method": "POST", "network_access_profile_sid": None}
        return self.add("Fleets", **{**record, **fields})

    def add_sim(self, iccid):
        return self.add("Sims", iccid=iccid, unique_name=None, status="new", fleet_sid=None)

    def add_profile(self, eid, matching, **fields):
        """A reservation in status new; its plan has to be given by plan_reservation()."""
        record = {"eid": eid, "iccid": None, "sim_sid": None, "status": "new", "smdp_plus_address": None,
                  "matching_id": None, "activation_code": None, "error_code": None, "error_message": None}
        return self.add("ESimProfiles", **{**record, "matching": matching, **fields})

    def plan_reservation(self, record, end="available", **error):
        seconds = self.timing["reserve_seconds"]
        now = time.time()
        record["plan"] = [{"at": now + seconds * 0.3, "to": "reserving"}]
        if end:
            record["plan"].append({"at": now + seconds, "to": end, **error})

    def plan_status(self, sim, status, ends=True):
        sim["status"] = "scheduled"
        sim["plan"] = [{"at": time.time() + self.timing["schedule_seconds"], "to": status}] if ends else []

    def advance(self):
        """Carry out what has become due."""
        now, changed = time.time(), self._follow_smdp()
        for kind in ("ESimProfiles", "Sims"):
            for record in self.all(kind):
                while record["plan"] and record["plan"][0]["at"] <= now:
                    self.step(record, record["plan"].pop(0))
                    changed = True
        if changed:
            self.save()

    def step(self, record, step):
        """Take one step of a plan: {"to": STATUS}, for failed with error_code and message."""
        if step["to"] == "available":
            step = self._make_available(record)
        record["status"] = step["to"]
        if step["to"] == "failed":
            record["error_code"] = str(step.get("error_code", "83500"))
            record["error_message"] = step.get("message", "The eSIM profile could not be reserved")
        record["date_updated"] = timestamp()
        self.on_change(record)

    def _make_available(self, record):
        """Give a reservation its ICCID and Sim, and order the profile at the SM-DP+; returns the step to take."""
        iccid = self._new_iccid()
        groups = [secrets.token_hex(3).upper()[:5] for _ in range(5)]
        matching_id = "-".join(groups) if record["matching"] else None
        refusal = self._smdp.order(iccid, record["eid"], matching_id)
        if refusal:
            return {"to": "failed", "error_code": ORDER_REFUSED, "message": refusal}
        record["iccid"] = iccid
        record["sim_sid"] = self.add_sim(iccid)["sid"]
        record["smdp_plus_address"] = self._smdp.address
        if matching_id:
            record["matching_id"] = matching_id
            # as the provider's own examples have it: no LPA: in front, the host in upper case
            record["activation_code"] = f"1${self._smdp.address.upper()}${matching_id}"
        return {"to": "available"}

    def _new_iccid(self):
        self._data["serial"] += 1
        digits = f"{ICCID_PREFIX}{self._data['serial']:012d}"
        return digits + luhn_digit(digits)

    def _follow_smdp(self):
        """Let reservations be downloaded or installed as the SM-DP+ says."""
        waiting = [record for record in self.all("ESimProfiles") if record["status"] in ("available", "downloaded")]
        states = self._smdp.states() if waiting else {}
        changed = False
        for record in waiting:
            status = FROM_SMDP.get(states.get(record["iccid"]), record["status"])
            if status != record["status"]:
                self.step(record, {"to": status, "error_code": DOWNLOAD_FAILED, "message": "The download failed"})
                changed = True
        return changed
