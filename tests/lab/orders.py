# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The SM-DP+'s memory: download orders with their profiles' states, and the notifications received, kept in one file.

States (SGP.22 clause 3.1.6): allocated (ordered, not released), released, downloaded, installed, enabled, disabled,
deleted, error. A card may ask again for a profile that is 'downloaded' to it: a package is then bound anew. An
installation that failed for lack of memory or by an interruption (reasons 10, 11) puts the order back to released,
every other failure ends it; so do the cancellations other than postponed and time-out.
"""

import json
import os
import secrets
import threading
import time

ANEW = ("released", "downloaded")
RETRY_REASONS = (10, 11)
KEEP_CANCELLED = (1, 2)
EVENT_STATES = {"install": "installed", "enable": "enabled", "disable": "disabled", "delete": "deleted"}
MAX_DOWNLOADS = 10


class Refusal(Exception):
    """A function of ES9+ that ends with status Failed: subject and reason codes of SGP.22 clause 5.2.6."""

    def __init__(self, subject, reason, message):
        super().__init__(f"{subject}/{reason} {message}")
        self.subject, self.reason, self.message = subject, reason, message


DEFAULTS = {
    "eid": None, "matching_id": None, "confirmation_code": None, "cc_tries": 3, "ppr": None, "size": 17000,
    "name": "Lab profile", "provider": "esimd lab", "imsi": None, "profile_class": 2, "icon": True, "gid1": None,
    "ppk": False, "segment": 1020, "notify": None, "released": True, "expires_in": None, "tac": None,
    "check_memory": True,
}


def _check(iccid, fields):
    if not 18 <= len(iccid) <= 20 or not iccid.isalnum() or not all(c in "0123456789ABCDEFabcdef" for c in iccid):
        raise ValueError(f"an ICCID has 18 to 20 digits, not {iccid!r}")
    unknown = set(fields) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"an order has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(DEFAULTS))}")
    eid = fields.get("eid")
    if eid is not None and (len(eid) != 32 or not eid.isdigit()):
        raise ValueError(f"an EID has 32 digits, not {eid!r}")


class Orders:
    """All orders and notifications; every change is on disk before the answer leaves."""

    def __init__(self, path):
        self._path = path
        self.lock = threading.RLock()
        self._all, self.notifications = [], []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                kept = json.load(file)
            self._all, self.notifications = kept["orders"], kept["notifications"]

    def save(self):
        """Write the file anew, whole or not at all."""
        with self.lock:
            fresh = self._path + ".new"
            with open(fresh, "w", encoding="utf-8") as file:
                json.dump({"orders": self._all, "notifications": self.notifications}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self._path)

    def add(self, iccid, **fields):
        """Order a profile. Without matching_id and with eid it is found by EID alone; without both a token is made."""
        iccid = str(iccid)  # a shell's words may have become numbers
        fields.update({key: str(fields[key]) for key in ("eid", "matching_id", "confirmation_code", "imsi")
                       if fields.get(key) is not None})
        _check(iccid, fields)
        order = {**DEFAULTS, **{key: value for key, value in fields.items() if value is not None}, "iccid": iccid}
        if not order["matching_id"]:
            order["matching_id"] = "" if order["eid"] else "-".join(secrets.token_hex(3).upper() for _ in range(3))
        if order["expires_in"] is not None:
            order["expires"] = time.time() + order.pop("expires_in")
        order.update(state="released" if order["released"] else "allocated", downloads=0, history=[], bound={})
        with self.lock:
            self._refuse_double(order)
            self._all.append(order)
            self._note(order, "ordered")
        return order

    def _refuse_double(self, order):
        for other in self._all:
            alive = other["state"] not in ("deleted", "error")
            if alive and other["iccid"] == order["iccid"]:
                raise ValueError(f"profile {order['iccid']} is ordered already and {other['state']}")
            if order["matching_id"] and other["matching_id"] == order["matching_id"]:
                raise ValueError(f"matching ID {order['matching_id']} is taken by {other['iccid']}")

    def _note(self, order, why):
        order["history"].append({"state": order["state"], "why": why, "time": time.time()})
        self.save()

    def move(self, order, state, why):
        """Put ORDER into STATE and remember WHY."""
        with self.lock:
            order["state"] = state
            self._note(order, why)

    def release(self, iccid):
        """An operator's ConfirmOrder that comes later."""
        iccid = str(iccid)
        with self.lock:
            for order in self._all:
                if order["iccid"] == iccid and order["state"] == "allocated":
                    return self.move(order, "released", "released")
        raise ValueError(f"no order of {iccid} waits for its release")

    def find(self, matching_id, eid, tac):
        """Return the order a card may download now (SGP.22 clause 5.6.3); raises Refusal."""
        with self.lock:
            order = self._by_token(matching_id) if matching_id else self._by_eid(eid)
        if order is None or order["state"] in ("installed", "enabled", "disabled", "deleted", "error"):
            raise Refusal("8.2.6", "3.8", "MatchingID refused: nothing is ordered here under this token or EID")
        if order["eid"] and order["eid"] != eid:
            raise Refusal("8.1.1", "3.8", "EID does not match the expected value")
        if order["state"] not in ANEW:
            raise Refusal("8.2", "1.2", "Profile has not yet been released")
        if order.get("expires") and order["expires"] < time.time():
            self.move(order, "error", "expired")
            raise Refusal("8.8.5", "4.10", "Download order has expired")
        if order["downloads"] >= MAX_DOWNLOADS:
            self.move(order, "error", "too many downloads")
            raise Refusal("8.8.5", "6.4", "Maximum number of retries for the Profile download order exceeded")
        if order["tac"] and tac not in order["tac"]:
            raise Refusal("8.2.5", "4.3", f"No eligible Profile for this eUICC/Device (TAC {tac})")
        return order

    def _by_token(self, matching_id):
        return next((order for order in self._all if order["matching_id"] == matching_id), None)

    def _by_eid(self, eid):
        mine = [order for order in self._all if not order["matching_id"] and order["eid"] == eid]
        return next((order for order in mine if order["state"] in ANEW + ("allocated",)), None)

    def check_code(self, order, given, expected):
        """Compare a hashed confirmation code (None = absent); a wrong one is counted, the last one ends the order."""
        if order["confirmation_code"] is None:
            return
        if given is None:
            raise Refusal("8.2.7", "2.2", "Confirmation Code is missing")
        if given == expected:
            return
        with self.lock:
            order["cc_tries"] -= 1
            if order["cc_tries"] > 0:
                self._note(order, "wrong confirmation code")
                raise Refusal("8.2.7", "3.8", "Confirmation Code is refused")
            self.move(order, "error", "too many wrong confirmation codes")
        raise Refusal("8.2.7", "6.4", "Maximum number of retries for the Confirmation Code exceeded")

    def bind(self, order, transaction_id, eid, certificates):
        """A package of ORDER leaves for the card EID; CERTIFICATES (hex) verify its result, whenever that comes."""
        with self.lock:
            order["eid"] = eid
            order["downloads"] += 1
            order["bound"][transaction_id] = certificates
            self.move(order, "downloaded", f"bound in {transaction_id}")

    def bound(self, transaction_id):
        """Return (order, certificates) of the package bound in TRANSACTION_ID, or None."""
        with self.lock:
            return next(((order, order["bound"][transaction_id]) for order in self._all
                         if transaction_id in order["bound"]), None)

    def cancel(self, order, reason):
        if reason in KEEP_CANCELLED:
            self.move(order, "released", f"cancelled, reason {reason}: kept")
        else:
            self.move(order, "error", f"cancelled, reason {reason}")

    def receive(self, notification, eid):
        """Remember a verified NOTIFICATION (seq, event, iccid, ...), and let the profile's state follow, once."""
        with self.lock:
            identity = ("seq", "event", "iccid")
            double = any(all(old[key] == notification[key] for key in identity) and old["eid"] == eid
                         for old in self.notifications)
            self.notifications.append({**notification, "eid": eid, "duplicate": double, "time": time.time()})
            mine = [o for o in self._all if o["iccid"] == notification["iccid"] and o["eid"] == eid]
            if mine and not double:
                self._follow(mine[-1], notification)
            self.save()

    def _follow(self, order, notification):
        """Notifications may arrive late and out of order: an older one than the last changes nothing."""
        if notification["seq"] <= order.get("last_seq", -1):
            return
        order["last_seq"] = notification["seq"]
        failed = notification.get("failed")
        if failed:
            state = "released" if failed[1] in RETRY_REASONS else "error"
            self.move(order, state, f"installation failed: command {failed[0]}, reason {failed[1]}")
        else:
            self.move(order, EVENT_STATES[notification["event"]], f"notification {notification['seq']}")

    def listing(self):
        """All orders as plain values, without the certificates."""
        with self.lock:
            return json.loads(json.dumps([{k: v for k, v in o.items() if k != "bound"} for o in self._all]))
