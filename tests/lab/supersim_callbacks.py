# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""What the Super SIM stand-in calls back, signed as Twilio or KORE signs it: a profile is available, a Sim was changed."""

import base64
import hashlib
import hmac
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"


def twilio_signature(url, fields, token):
    """X-Twilio-Signature of a request to URL with the form FIELDS."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def kore_signature(method, url, body, secret):
    """kore-signature: over the URL without query and fragment; no HMAC, as KORE has it."""
    parts = urlsplit(url)
    bare = parts._replace(query="", fragment="").geturl()
    return hashlib.sha256((secret + method + bare).encode() + body).hexdigest()


class Caller:
    """Calls back and notes what was answered; `now` carries out what the state has due, when it is due."""

    def __init__(self, credentials, now):
        self._credentials, self._now = credentials, now
        self._lock = threading.Lock()
        self._sent = []

    def plan(self, record, fields, kore):
        """RECORD was changed by a request with FIELDS: look at the state when its plan is due, to call then."""
        if not fields.get("CallbackUrl"):
            return
        record.update(callback_url=fields["CallbackUrl"], callback_method=fields.get("CallbackMethod", "POST"),
                      callback_kore=kore)
        if record["plan"]:
            timer = threading.Timer(max(0, record["plan"][-1]["at"] - time.time()) + 0.01, self._now)
            timer.daemon = True
            timer.start()

    def changed(self, record):
        """RECORD has a new status: the provider calls when a profile becomes available, and when a Sim's change ends."""
        if record.get("callback_url") and (record["sid"].startswith("HS") or record["status"] == "available"):
            fields = {"AccountSid": record["account_sid"], "Sid": record["sid"], "Status": record["status"]}
            threading.Thread(target=self._call, args=(dict(record), fields), daemon=True).start()

    def _call(self, record, fields):
        method, url = record["callback_method"], record["callback_url"]
        if method == "GET":
            url += ("&" if urlsplit(url).query else "?") + urlencode(fields)
        body = urlencode(fields).encode() if method == "POST" else b""
        headers = {"Content-Type": FORM} if body else {}
        if record["callback_kore"]:
            headers["kore-signature"] = kore_signature(method, url, body, self._credentials["kore"]["webhook_secret"])
        else:
            signed = fields if method == "POST" else {}
            headers["X-Twilio-Signature"] = twilio_signature(url, signed, self._credentials["twilio"]["auth_token"])
        request = urllib.request.Request(url, body or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError as error:
            status = str(error)
        with self._lock:
            self._sent.append({"url": url, "method": method, "status": status, "fields": fields})

    def report(self):
        """Every call so far, with its answer."""
        with self._lock:
            return {"callbacks": list(self._sent)}
