#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Debian's lpac, unmodified: fetched once from unstable into the tests' cache, and run over the lab's mbim-proxy.

From a shell: lpac.py fetches it and prints where it is; tests/lab/run tests/lab/lpac.py ARGUMENT... runs it in a lab.
It runs on Debian 12 as it is. It verifies no TLS certificate. Its driver stdio is broken in 2.3.0; mbim works.
"""

import functools
import glob
import json
import os
import subprocess
import sys
import tempfile
from typing import NamedTuple

from tool_cache import ToolError, cache_folder, fresh

KNOWN = "2.3.0"  # the version these tests were written for; a newer one is taken where this is gone
SUITE = "unstable"
LIBRARIES = "libpcsclite1 libmbim-glib4 libqmi-glib5 libcurl4"
ADVICE = ("have a network for the first run, or fill the cache {cache} by tests/lab/lpac.py elsewhere; "
          "on a machine that is not a Debian, lpac can't be had this way")

# apt as the machine has it (its proxies stay), but with sources, lists and caches of our own, and nothing else at work.
APT_CONF = """
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "{folder}/sources";
Dir::State::Lists "{folder}/lists";
Dir::State::Status "/dev/null";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
// A mirror that was frozen some day will do; signatures are verified all the same.
Acquire::Check-Valid-Until "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""
SOURCES = """Types: deb
URIs: {site}
Suites: {suite}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


class Answer(NamedTuple):
    """How one lpac ended: its last line (code 0 is success; message; data), and its progress lines' messages."""

    code: int
    message: str
    data: object
    progress: list


def _run(what, *words, **options):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300, check=False, **options)
    if done.returncode:
        raise ToolError(f"{what} failed: " + ADVICE.format(cache=cache_folder()) + "\n" + done.stdout)
    return done.stdout


def _archive():
    """The address of the archive this machine has its Debian from."""
    listed = _run("asking apt for its archive", "apt-get", "indextargets", "--format", "$(SITE)",
                  "Created-By: Packages", "Origin: Debian", "Label: Debian")
    if not listed:
        raise ToolError("apt knows no archive of Debian: " + ADVICE.format(cache=cache_folder()))
    return listed.split()[0]


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _download(folder):
    """The package file of lpac, in FOLDER; apt verifies the archive's signature."""
    for name in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, name))
    _write(f"{folder}/sources/{SUITE}.sources", SOURCES.format(site=_archive(), suite=SUITE))
    apt = ("apt-get", "-c", _write(f"{folder}/apt.conf", APT_CONF.format(folder=folder)))
    _run(f"apt-get update of {SUITE}", *apt, "update", "--error-on=any")
    try:
        _run("apt-get download", *apt, "download", f"lpac={KNOWN}*", cwd=folder)
    except ToolError:
        _run("apt-get download", *apt, "download", "lpac", cwd=folder)
    (package,) = glob.glob(os.path.join(folder, "lpac_*.deb"))
    return package


@functools.lru_cache
def program():
    """The path of lpac, fetched if need be (the first time takes the network)."""
    with fresh("lpac") as (final, partial):
        if partial:
            with tempfile.TemporaryDirectory() as folder:
                package = _download(folder)
                _run("unpacking lpac", "dpkg-deb", "-x", package, partial)
                _write(f"{partial}/version", _run("reading lpac's version", "dpkg-deb", "-f", package, "Version"))
    path = os.path.join(final, "usr", "bin", "lpac")
    if "not found" in _run("looking at lpac", "ldd", path):
        raise ToolError(f"lpac lacks libraries: apt-get install {LIBRARIES}\n" + _run("ldd", "ldd", path))
    return path


def version():
    """The version of Debian's package."""
    with open(os.path.join(os.path.dirname(program()), "..", "..", "version"), encoding="utf-8") as file:
        return file.read().strip()


def environment(segment=None):
    """What lpac finds around it; SEGMENT is the most data bytes of one APDU (its own default is 120)."""
    values = {"PATH": os.environ["PATH"], "LPAC_APDU": "mbim", "LPAC_HTTP": "curl",
              "LPAC_APDU_MBIM_DEVICE": "/dev/cdc-wdm0",
              "LPAC_APDU_MBIM_USE_PROXY": "1"}  # not "true": that opens the device beside the proxy
    if segment:
        values["LPAC_CUSTOM_ES10X_MSS"] = str(segment)
    return values


def run(*words, segment=None):
    """Run lpac with WORDS to its end, inside a lab."""
    done = subprocess.run([program(), *words], env=environment(segment), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if not lines or lines[-1]["type"] != "lpa":
        raise RuntimeError(f"lpac {' '.join(words)} ended with status {done.returncode}: {done.stdout}{done.stderr}")
    last = lines[-1]["payload"]
    return Answer(last["code"], last["message"], last["data"], [line["payload"]["message"] for line in lines[:-1]])


def main(words):
    try:
        path = program()
    except ToolError as error:
        sys.exit(f"lpac.py: {error}")
    if not words:
        print(f"{path} {version()}")
        return
    os.execve(path, [path, *words], environment())


if __name__ == "__main__":
    main(sys.argv[1:])
