# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The resources of the Super SIM API, as the provider's OpenAPI document describes them: a request in, JSON out."""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from supersim_auth import ApiError
from supersim_state import timestamp

PROFILE_STATUSES = ("new", "reserving", "available", "downloaded", "installed", "failed")
SIM_STATUSES = ("new", "ready", "active", "inactive", "scheduled")
METHODS = ("GET", "POST")
PAGE = {"PageSize": int, "Page": int, "PageToken": str}
FLEET = {"NetworkAccessProfile": str, "UniqueName": str, "DataLimit": int, "IpCommandsUrl": "uri",
         "IpCommandsMethod": METHODS, "SmsCommandsUrl": "uri", "SmsCommandsMethod": METHODS}
SHOWN = {
    "ESimProfiles": ("sid", "account_sid", "iccid", "sim_sid", "status", "eid", "smdp_plus_address", "matching_id",
                     "activation_code", "error_code", "error_message", "date_created", "date_updated"),
    "Sims": ("sid", "unique_name", "account_sid", "iccid", "status", "fleet_sid", "date_created", "date_updated"),
    "Fleets": ("account_sid", "sid", "unique_name", "date_created", "date_updated", "data_enabled", "data_limit",
               "data_metering", "sms_commands_enabled", "sms_commands_url", "sms_commands_method",
               "network_access_profile_sid", "ip_commands_url", "ip_commands_method"),
    "NetworkAccessProfiles": ("sid", "unique_name", "account_sid", "date_created", "date_updated"),
    "Networks": ("sid", "friendly_name", "iso_country", "identifiers"),
}
LINKS = {"Sims": {"billing_periods": "BillingPeriods", "sim_ip_addresses": "IpAddresses"},
         "NetworkAccessProfiles": {"networks": "Networks"}}
KEYS = {"ESimProfiles": "esim_profiles", "Sims": "sims", "Fleets": "fleets",
        "NetworkAccessProfiles": "network_access_profiles", "Networks": "networks"}


class Route(NamedTuple):
    """One operation: its fields are those of the form (POST) or of the query (GET)."""
    method: str
    template: str
    point: str
    fields: dict = {}
    required: tuple = ()


ROUTES = (
    Route("POST", "/v1/ESimProfiles", "esimprofiles.create",
          {"Eid": str, "GenerateMatchingId": bool, "CallbackUrl": "uri", "CallbackMethod": METHODS}),
    Route("GET", "/v1/ESimProfiles", "esimprofiles.list",
          {"Eid": str, "SimSid": str, "Status": PROFILE_STATUSES, **PAGE}),
    Route("GET", "/v1/ESimProfiles/{Sid}", "esimprofiles.fetch"),
    Route("POST", "/v1/Sims", "sims.create", {"Iccid": str, "RegistrationCode": str}, ("Iccid", "RegistrationCode")),
    Route("GET", "/v1/Sims", "sims.list", {"Status": SIM_STATUSES, "Fleet": str, "Iccid": str, **PAGE}),
    Route("GET", "/v1/Sims/{Sid}", "sims.fetch"),
    Route("POST", "/v1/Sims/{Sid}", "sims.update",
          {"UniqueName": str, "Status": SIM_STATUSES, "Fleet": str, "CallbackUrl": "uri", "CallbackMethod": METHODS,
           "AccountSid": str}),
    Route("POST", "/v1/Fleets", "fleets.create", {**FLEET, "DataEnabled": bool, "SmsCommandsEnabled": bool},
          ("NetworkAccessProfile",)),
    Route("GET", "/v1/Fleets", "fleets.list", {"NetworkAccessProfile": str, **PAGE}),
    Route("GET", "/v1/Fleets/{Sid}", "fleets.fetch"),
    Route("POST", "/v1/Fleets/{Sid}", "fleets.update", FLEET),
    Route("POST", "/v1/NetworkAccessProfiles", "networkaccessprofiles.create", {"UniqueName": str, "Networks": list}),
    Route("GET", "/v1/NetworkAccessProfiles", "networkaccessprofiles.list", PAGE),
    Route("GET", "/v1/NetworkAccessProfiles/{Sid}", "networkaccessprofiles.fetch"),
    Route("GET", "/v1/Networks", "networks.list", {"IsoCountry": str, "Mcc": str, "Mnc": str, **PAGE}),
    Route("GET", "/v1/Networks/{Sid}", "networks.fetch"),
)


class Call(NamedTuple):
    """One request on its way to a resource; `order` is the fault that strikes it, or {}."""
    route: Route
    sid: str
    fields: dict
    base: str
    order: dict
    kore: bool = False


def refuse(message, code=20001, status=400):
    raise ApiError(status, code, message)


def match(method, path):
    """The route of a request and the SID in its path, or (None, None)."""
    for route in ROUTES:
        found = re.fullmatch(route.template.replace("{Sid}", "([^/]+)"), path)
        if found and route.method == method:
            return route, found.group(1) if found.groups() else None
    return None, None


def check_eid(eid):
    """32 digits whose whole number is 1 modulo 97 (SGP.02 clause 2.2.2)."""
    if not re.fullmatch("[0-9]{32}", eid) or int(eid) % 97 != 1:
        refuse("Invalid Parameter: Eid is not an EID: 32 digits with two check digits at their end")


def _value(name, kind, text):
    if kind is bool and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind is int and re.fullmatch("[0-9]{1,9}", text):
        return int(text)
    if kind is str or (isinstance(kind, tuple) and text in kind):
        return text
    if kind == "uri" and (not text or (urlsplit(text).scheme in ("http", "https") and urlsplit(text).hostname)):
        return text or None
    return refuse(f"Invalid Parameter: {name} has a value that it cannot have")


def read_fields(route, encoded):
    """The fields of a form or query, checked and converted; raises ApiError for one the operation does not have."""
    given = parse_qs(encoded, keep_blank_values=True)
    for name in given:
        if name not in route.fields:
            refuse(f"Invalid Parameter: {name} is not a parameter of {route.method} {route.template}")
        if route.fields[name] is not list and len(given[name]) > 1:
            refuse(f"Invalid Parameter: {name} is given twice")
    for name in route.required:
        if not given.get(name, [""])[0]:
            refuse(f"Missing required parameter {name} in the post body")
    return {name: values if route.fields[name] is list else _value(name, route.fields[name], values[0])
            for name, values in given.items()}


def render(kind, record, base):
    """A resource as JSON shows it."""
    url = f"{base}/v1/{kind}/{record['sid']}"
    shown = {name: record[name] for name in SHOWN[kind]}
    shown["url"] = url
    if kind in LINKS:
        shown["links"] = {name: f"{url}/{path}" for name, path in LINKS[kind].items()}
    return shown


class Api:
    """Answers calls from STATE; the methods that do it are named after the routes' points."""

    def __init__(self, state, caller):
        self._state, self._caller = state, caller

    def answer(self, call):
        """(HTTP status, JSON body) of CALL; raises ApiError."""
        resource, verb = call.route.point.split(".")
        kind = {name.lower(): name for name in KEYS}[resource]
        with self._state.lock:
            self._state.advance()
            handler = getattr(self, f"_{resource}_{verb}", None) or getattr(self, f"_{verb}")
            status, body = handler(kind, call)
            self._state.save()
        if call.order.get("how") == "unknown-status":
            for shown in body.get(KEYS[kind], [body]):
                shown["status"] = call.order.get("status", "on-hold")
        return status, body

    def _known(self, kind, name, code=20404):
        record = self._state.find(kind, name)
        if record is None:
            refuse(f"The requested resource /{kind}/{name} was not found", code, 404)
        return record

    def _fetch(self, kind, call):
        return 200, render(kind, self._known(kind, call.sid), call.base)

    def _list(self, kind, call, keep=lambda record: True):
        return 200, self._page(kind, [record for record in reversed(self._state.all(kind)) if keep(record)], call)

    def _page(self, kind, records, call):
        """One page, newest first; a page after the first is found by the SID that ended the one before it."""
        size, page, token = (call.fields.get(name) for name in ("PageSize", "Page", "PageToken"))
        size, page = 50 if size is None else size, page or 0
        if not 1 <= size <= 1000:
            refuse("Page size must be from 1 to 1000")
        if (page > 0) != bool(token):
            refuse("A page after the first needs the PageToken of next_page_url")
        sids = [record["sid"] for record in records]
        if token and token[2:] not in sids:
            refuse("Invalid PageToken")
        start = sids.index(token[2:]) + 1 if token else 0
        shown = records[start:start + size]
        more = start + size < len(records)
        return {KEYS[kind]: [render(kind, record, call.base) for record in shown],
                "meta": self._meta(kind, call, size, page, shown[-1]["sid"] if more else None)}

    def _meta(self, kind, call, size, page, last):
        filters = {name: value for name, value in call.fields.items() if name not in PAGE}

        def url(number, sid=None, base=call.base):
            query = {**filters, "PageSize": size, "Page": number, **({"PageToken": "PA" + sid} if sid else {})}
            return f"{base}/v1/{kind}?{urlencode(query)}"

        evil = call.order.get("how") == "evil-next-page"
        following = url(page + 1, last) if last else None
        if evil:
            following = url(page + 1, "HP" + "0" * 32, call.order.get("origin", "https://elsewhere.esimd.test"))
        return {"key": KEYS[kind], "page": page, "page_size": size, "url": url(page), "first_page_url": url(0),
                "next_page_url": following, "previous_page_url": url(page - 1) if page else None}

    # ESimProfiles

    def _esimprofiles_list(self, kind, call):
        names = {"Eid": "eid", "SimSid": "sim_sid", "Status": "status"}
        asked = {names[name]: value for name, value in call.fields.items() if name in names}
        return self._list(kind, call, lambda record: all(record[name] == asked[name] for name in asked))

    def _esimprofiles_create(self, kind, call):
        eid, matching = call.fields.get("Eid"), call.fields.get("GenerateMatchingId", False)
        if bool(eid) == matching:
            refuse("Exactly one of Eid and GenerateMatchingId=true has to be given")
        if eid:
            check_eid(eid)
        if call.order.get("how") == "out-of-stock":
            refuse("No eSIM profiles are available", 83500)
        record = self._state.add_profile(eid or None, matching)
        self._plan(record, call.order)
        self._caller.plan(record, call.fields, call.kore)
        return 201, render(kind, record, call.base)

    def _plan(self, record, order):
        how = order.get("how")
        if how == "skip-statuses":
            self._state.step(record, {"to": order.get("to", "available")})
            if record["status"] == "reserving":
                self._state.plan_reservation(record)
        elif how == "never-available":
            self._state.plan_reservation(record, end=None)
        elif how == "reservation-fails":
            details = {name: order[name] for name in ("error_code", "message") if name in order}
            self._state.plan_reservation(record, end="failed", **details)
        else:
            self._state.plan_reservation(record)
        if how == "fails-after-available":
            last = record["plan"][-1]
            record["plan"].append({**last, "at": last["at"] + order.get("seconds", 0.5), "to": "failed"})

    # Sims

    def _sims_list(self, kind, call):
        asked = {name.lower(): value for name, value in call.fields.items() if name in ("Status", "Iccid")}
        if "Fleet" in call.fields:
            fleet = self._state.find("Fleets", call.fields["Fleet"])
            asked["fleet_sid"] = fleet["sid"] if fleet else call.fields["Fleet"]
        return self._list(kind, call, lambda record: all(record[name] == asked[name] for name in asked))

    def _sims_create(self, kind, call):
        iccid = call.fields["Iccid"]
        if any(sim["iccid"] == iccid for sim in self._state.all(kind)):
            refuse("The Super SIM already belongs to the requesting Account", 83003)
        if self._state.stock.get(iccid) != call.fields["RegistrationCode"]:
            refuse("Super SIM cannot be registered", 83002)
        del self._state.stock[iccid]
        return 201, render(kind, self._state.add_sim(iccid), call.base)

    def _sims_update(self, kind, call):
        sim = self._known(kind, call.sid, 83005)
        status = call.fields.get("Status")
        fleet_sid = self._fleet_after(sim, call.fields)
        self._check_update(sim, status, call.fields, fleet_sid)
        self._name(kind, sim, call.fields)
        sim["fleet_sid"], sim["date_updated"] = fleet_sid, timestamp()
        if status in (None, sim["status"]):
            return 200, render(kind, sim, call.base)
        if call.order.get("how") == "skip-statuses":
            sim["status"] = status
            return 200, render(kind, sim, call.base)
        self._state.plan_status(sim, status, ends=call.order.get("how") != "stays-scheduled")
        self._caller.plan(sim, call.fields, call.kore)
        return 202, render(kind, sim, call.base)

    def _fleet_after(self, sim, fields):
        if "Fleet" not in fields:
            return sim["fleet_sid"]
        if not fields["Fleet"]:
            return None
        fleet = self._state.find("Fleets", fields["Fleet"])
        if fleet is None:
            refuse("Super SIM's Target Fleet not found", 83006)
        return fleet["sid"]

    @staticmethod
    def _check_update(sim, status, fields, fleet_sid):
        if sim["status"] == "scheduled" and (status or "Fleet" in fields):
            refuse("Unable to update your Super SIM while it is in status scheduled", 83009)
        if status == "scheduled" or (status == "new" and sim["status"] != "new"):
            refuse("Unable to update your Super SIM to the desired status", 83010)
        if (status or sim["status"]) in ("ready", "active") and fleet_sid is None:
            if sim["fleet_sid"]:
                refuse("Unable to remove your Super SIM from its Fleet", 83008)
            refuse("Unable to activate your Super SIM as it does not belong to a Fleet", 83007)
        if fields.get("AccountSid", sim["account_sid"]) != sim["account_sid"]:
            refuse("AccountSid is not the requesting Account nor a Subaccount of it")

    def _name(self, kind, record, fields):
        """Give RECORD its unique name, which must be unique."""
        name = fields.get("UniqueName", record["unique_name"]) or None
        if name and self._state.find(kind, name) not in (None, record):
            refuse(f"UniqueName {name} is already in use")
        record["unique_name"] = name

    # Fleets, network access profiles, networks

    def _fleets_list(self, kind, call):
        name = call.fields.get("NetworkAccessProfile")
        if name is None:
            return self._list(kind, call)
        access = self._state.find("NetworkAccessProfiles", name)
        wanted = access["sid"] if access else name
        return self._list(kind, call, lambda record: record["network_access_profile_sid"] == wanted)

    def _fleets_create(self, kind, call):
        self._check_fleet(call.fields)
        if self._state.find(kind, call.fields.get("UniqueName")):
            refuse(f"UniqueName {call.fields['UniqueName']} is already in use")
        return self._set_fleet(kind, self._state.add_fleet(), call, 201)

    def _fleets_update(self, kind, call):
        record = self._known(kind, call.sid)
        self._check_fleet(call.fields)
        return self._set_fleet(kind, record, call, 200)

    def _check_fleet(self, fields):
        name = fields.get("NetworkAccessProfile")
        if name is not None and self._state.find("NetworkAccessProfiles", name) is None:
            refuse(f"NetworkAccessProfile {name} was not found")
        if not 1 <= fields.get("DataLimit", 1) <= 2000000:
            refuse("DataLimit must be from 1 to 2000000 megabytes")

    def _set_fleet(self, kind, record, call, status):
        self._name(kind, record, call.fields)
        for name, value in call.fields.items():
            if name == "NetworkAccessProfile":
                record["network_access_profile_sid"] = self._state.find("NetworkAccessProfiles", value)["sid"]
            elif name != "UniqueName":
                record[re.sub("(?<!^)([A-Z])", r"_\1", name).lower()] = value
        record["date_updated"] = timestamp()
        return status, render(kind, record, call.base)

    def _networkaccessprofiles_create(self, kind, call):
        name, networks = call.fields.get("UniqueName"), call.fields.get("Networks", [])
        if name and self._state.find(kind, name):
            refuse(f"UniqueName {name} is already in use")
        for sid in networks:
            if self._state.find("Networks", sid) is None:
                refuse(f"Network {sid} was not found")
        record = self._state.add(kind, unique_name=name or None, network_sids=networks)
        return 201, render(kind, record, call.base)

    def _networks_list(self, kind, call):
        if "Mnc" in call.fields and "Mcc" not in call.fields:
            refuse("Mnc needs Mcc")
        asked = {name.lower(): value for name, value in call.fields.items() if name in ("Mcc", "Mnc")}
        country = call.fields.get("IsoCountry")
        return self._list(kind, call, lambda record: country in (None, record["iso_country"]) and any(
            asked.items() <= identity.items() for identity in record["identifiers"]))
