# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""Fetches the npm programs that judge the lab (tests only) into a cache outside the tree, once, at pinned versions.

The cache is tool_cache.py's. Install scripts of packages are not run.
From a shell: npm_tools.py [prism] [twilio-cli] [document] fetches what is named and prints where it is.
"""

import os
import shutil
import subprocess
import sys
import tarfile

from tool_cache import ToolError, cache_folder, fresh

PRISM = "@stoplight/prism-cli@5.14.2"
TWILIO_CLI = "twilio-cli@6.2.4"
CLI_CORE = "@twilio/cli-core@8.3.2"  # the one that TWILIO_CLI asks for; it carries Twilio's OpenAPI documents
NODE = "node-linux-{}@20.19.6"
DOCUMENT = "package/src/services/twilio-api/twilio_supersim_v1.json"
ADVICE = ("install node and npm (Debian 12: apt-get install nodejs npm; Node 18.20.1 or later), "
          "and for the first run have a network or fill the cache {cache} by tests/lab/npm_tools.py elsewhere")


def program(name):
    path = shutil.which(name)
    if path is None:
        raise ToolError(f"{name} is missing: " + ADVICE.format(cache=cache_folder()))
    return path


def _npm(*arguments):
    command = [program("npm"), *arguments, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=500, check=False)
    if done.returncode:
        raise ToolError(f"npm {arguments[0]} {arguments[-1]} failed: " + ADVICE.format(cache=cache_folder())
                        + "\n" + done.stdout)


def installed(package):
    """The folder of PACKAGE (name@version) with all it depends on, installed if need be."""
    with fresh(package) as (final, partial):
        if partial:
            _npm("install", "--no-save", "--no-package-lock", "--prefix", partial, package)
    return os.path.join(final, "node_modules", package.rpartition("@")[0])


def prism():
    """The command (list) that starts prism."""
    return [_recent_node(), os.path.join(installed(PRISM), "dist", "index.js")]


def twilio_cli():
    """The command (list) that starts twilio-cli."""
    return [_recent_node(), os.path.join(installed(TWILIO_CLI), "bin", "run")]


def _recent_node():
    """A Node that can require() an ES module, as both programs do; Debian 12's (18) can't, so npm has to bring one."""
    mine = program("node")
    words = subprocess.run([mine, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout[1:].split(".")
    if (int(words[0]), int(words[1])) >= (20, 19):
        return mine
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(os.uname().machine)
    if machine is None:
        raise ToolError("twilio-cli needs Node 20.19 or later; " + ADVICE.format(cache=cache_folder()))
    return os.path.join(installed(NODE.format(machine)), "bin", "node")


def supersim_document():
    """The path of Twilio's own OpenAPI document of the Super SIM API; what its package needs to run is not fetched."""
    with fresh(CLI_CORE) as (final, partial):
        if partial:
            _npm("pack", "--pack-destination", partial, CLI_CORE)
            (archive,) = os.listdir(partial)
            with tarfile.open(os.path.join(partial, archive)) as packed, packed.extractfile(DOCUMENT) as source:
                with open(os.path.join(partial, os.path.basename(DOCUMENT)), "wb") as target:
                    shutil.copyfileobj(source, target)
            os.unlink(os.path.join(partial, archive))
    return os.path.join(final, os.path.basename(DOCUMENT))


def main(names):
    tools = {"prism": prism, "twilio-cli": twilio_cli, "document": supersim_document}
    for name in names or tools:
        try:
            print(name, tools[name](), flush=True)
        except (ToolError, KeyError) as error:
            sys.exit(f"npm_tools.py: {name}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
