# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Bounds on time that allow for a busy machine: ../pace.h has the same for C."""

import time


def now() -> float:
    """How many times longer work takes now than on an idle processor: the wall clock beside 50 ms of processor time."""
    began, start = time.monotonic(), time.process_time()
    while time.process_time() - start < 0.05:
        pass
    return (time.monotonic() - began) / (time.process_time() - start)


def bound(limit: float) -> float:
    """LIMIT (seconds) on this machine as it is now: the other programs of a test wait for the processor as well as this
    one, so the excess counts twice. On an idle machine LIMIT is the limit."""
    pace = now()
    return limit * (2 * pace - 1) if pace > 1.2 else limit
