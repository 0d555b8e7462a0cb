# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""How tests talk to a stand-in: one JSON line in, one JSON line out, over a Unix socket; and the faults it was told.

Every stand-in of the lab (modem, euicc, smdp, supersim) listens at $LAB_DIR/NAME.ctl. A request is {"do": VERB, ...};
an answer is {"ok": true, ...} or {"ok": false, "error": TEXT}. The verbs that all of them share: fault, clear, counts.
From a shell: tests/lab/ctl NAME VERB key=value ...
"""

import collections
import json
import os
import socket
import threading


class Faults:
    """The faults a test has ordered, by the point of the stand-in's code at which they strike."""

    def __init__(self):
        self._lock = threading.Lock()
        self._orders = []
        self.counts = collections.Counter()

    def order(self, at, how, times=1, skip=0, **details):
        """Let the stand-in fail at point AT in the manner HOW, TIMES times, after SKIP passes that go well."""
        with self._lock:
            self._orders.append({"at": at, "how": how, "times": times, "skip": skip, **details})

    def clear(self):
        with self._lock:
            self._orders.clear()

    def take(self, at):
        """Count one pass of point AT; return the order that strikes now, or None."""
        with self._lock:
            self.counts[at] += 1
            for order in self._orders:
                if order["at"] != at or order["times"] == 0:
                    continue
                if order["skip"] > 0:
                    order["skip"] -= 1
                    return None
                order["times"] -= 1
                return order
        return None


class ControlServer(threading.Thread):
    """Serves VERBS (name -> function of keyword arguments, returning a dict or None) at $LAB_DIR/NAME.ctl."""

    def __init__(self, name, faults, verbs=None, lab_dir=None):
        super().__init__(daemon=True, name=f"control-{name}")
        self._verbs = {
            "fault": faults.order,
            "clear": faults.clear,
            "counts": lambda: {"counts": dict(faults.counts)},
            **(verbs or {}),
        }
        path = os.path.join(lab_dir or os.environ["LAB_DIR"], f"{name}.ctl")
        if os.path.exists(path):
            os.unlink(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        self._socket.listen(8)

    def run(self):
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            for line in stream:
                stream.write(json.dumps(self._answer(line)) + "\n")
                stream.flush()

    def _answer(self, line):
        try:
            request = json.loads(line)
            return {"ok": True, **(self._verbs[request.pop("do")](**request) or {})}
        except Exception as error:  # whatever a test got wrong, it must hear of it
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def ask(name, do, /, lab_dir=None, **arguments):
    """Send one request to the stand-in NAME and return its answer; raises RuntimeError when it refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(os.path.join(lab_dir or os.environ["LAB_DIR"], f"{name}.ctl"))
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps({"do": do, **arguments}) + "\n")
            stream.flush()
            answer = json.loads(stream.readline())
    if not answer.pop("ok"):
        raise RuntimeError(f"{name}: {do}: {answer['error']}")
    return answer
