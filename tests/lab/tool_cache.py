# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The folder outside the tree where programs that judge the lab (tests only) are kept once they have been fetched.

It is $ESIMD_TEST_CACHE, else ${XDG_CACHE_HOME:-~/.cache}/esimd-tests.
"""

import contextlib
import fcntl
import os
import shutil


class ToolError(Exception):
    """A program could not be had; the text says what to do."""


def cache_folder():
    fallback = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "esimd-tests")
    return os.environ.get("ESIMD_TEST_CACHE") or fallback


@contextlib.contextmanager
def fresh(name):
    """Yield (final folder, folder to fill or None if that was done before); renamed at the end, so never half there."""
    cache = cache_folder()
    os.makedirs(cache, exist_ok=True)
    final = os.path.join(cache, name.replace("/", "+"))
    with open(os.path.join(cache, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(final):
            yield final, None
            return
        partial = final + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(partial)
        yield final, partial
        os.rename(partial, final)
