# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Who may talk to the Super SIM stand-in: Twilio's keys by HTTP Basic, KORE's OAuth2 tokens; and how it refuses."""

import base64
import binascii
import hmac
import json
import os
import secrets
import time

TWILIO, KORE, KORE_TOKEN = "supersim.twilio.com", "supersim.api.korewireless.com", "api.korewireless.com"


class ApiError(Exception):
    """An answer that refuses: HTTP status, the provider's code, and its text."""

    def __init__(self, status, code, message, headers=None):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers or {}

    def body(self):
        return {"code": self.code, "message": str(self), "status": self.status,
                "more_info": f"https://www.twilio.com/docs/errors/{self.code}"}


def load_credentials(lab_dir):
    """The lab's credentials (dict of twilio and kore), made at the first start in LAB_DIR/credentials, mode 0600."""
    folder = os.path.join(lab_dir, "credentials")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    fresh = {
        "twilio": {"account_sid": "AC" + secrets.token_hex(16), "auth_token": secrets.token_hex(16),
                   "api_key": "SK" + secrets.token_hex(16), "api_secret": secrets.token_urlsafe(24)},
        "kore": {"client_id": "lab-" + secrets.token_hex(6), "client_secret": secrets.token_urlsafe(24),
                 "webhook_secret": secrets.token_hex(12)},
    }
    found = {}
    for name, values in fresh.items():
        path = os.path.join(folder, name + ".json")
        if not os.path.exists(path):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(values, file, indent=2)
        with open(path, encoding="utf-8") as file:
            found[name] = json.load(file)
    return found


def _same(one, other):
    return hmac.compare_digest(one.encode(), other.encode())


class Gate:
    """Checks the Authorization header of a request against the lab's credentials and tokens."""

    def __init__(self, credentials, state):
        self._twilio, self._kore, self._state = credentials["twilio"], credentials["kore"], state

    def check(self, host, authorization):
        """Raise ApiError unless AUTHORIZATION (header text or None) opens HOST."""
        scheme, _, value = (authorization or "").partition(" ")
        if host == TWILIO:
            self._check_basic(scheme, value)
        else:
            self._check_bearer(scheme, value)

    def _check_basic(self, scheme, value):
        refusal = ApiError(401, 20003, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})
        if scheme.lower() != "basic":
            raise refusal
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise refusal from None
        known = {self._twilio["account_sid"]: self._twilio["auth_token"],
                 self._twilio["api_key"]: self._twilio["api_secret"]}
        if user not in known or not _same(password, known[user]):
            raise refusal

    def _check_bearer(self, scheme, value):
        with self._state.lock:
            expiry = self._state.tokens.get(value)
        if scheme.lower() != "bearer" or expiry is None:
            raise ApiError(401, 20003, "Authenticate", {"WWW-Authenticate": "Bearer"})
        if expiry <= time.time():
            raise ApiError(403, 20003, "The access token expired")  # KORE's gateway says 403 here, not 401

    def token(self, form):
        """Answer a token request: (HTTP status, JSON body)."""
        if form.get("grant_type") != ["client_credentials"]:
            return 400, {"code": 400, "message": "grant_type must be client_credentials"}
        given = [form.get(name, [""])[0] for name in ("client_id", "client_secret")]
        if not (_same(given[0], self._kore["client_id"]) and _same(given[1], self._kore["client_secret"])):
            return 401, {"error": "invalid_client", "error_description": "Invalid client or Invalid client credentials"}
        return 200, self._grant()

    def _grant(self):
        token = ".".join(secrets.token_urlsafe(size) for size in (24, 64, 96))  # as long as a small JWT
        with self._state.lock:
            seconds = self._state.timing["token_seconds"]
            self._state.tokens[token] = time.time() + seconds
            self._state.save()
        return {"access_token": token, "expires_in": int(seconds), "token_type": "Bearer", "scope": "email profile"}

    def revoke(self, forget):
        """Let every token expire now; with FORGET no one has ever heard of them."""
        with self._state.lock:
            if forget:
                self._state.tokens.clear()
            for token in self._state.tokens:
                self._state.tokens[token] = 0
            self._state.save()
