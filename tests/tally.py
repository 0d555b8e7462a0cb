# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""tally.py BUILD_DIR: shows what failed in the last `meson test` there, then counts single tests: `N passed, N failed`.

tally.py --failed BUILD_DIR only names the programs that failed. What is in meson-logs/first ran before: a program that ran
again counts as it did then, and its first failure is shown all the same.
"""

import collections
import json
import os
import sys
import xml.etree.ElementTree

BAD = ("failure", "error", "interrupted")
LINES = 150  # of a failed program's output


def subtests(logs):
    """Program name -> [(test name, "passed", "failed" or "skipped")], as meson read them from the program's TAP."""
    found = collections.defaultdict(list)
    for suite in xml.etree.ElementTree.parse(os.path.join(logs, "testlog.junit.xml")).getroot():
        program = suite.get("name").partition(".")[2]
        for case in suite.findall("testcase"):
            words = [child.tag for child in case]
            state = "failed" if any(word in BAD for word in words) else "skipped" if "skipped" in words else "passed"
            found[program or case.get("name")].append((case.get("name"), state))
    return found


def programs(logs):
    with open(os.path.join(logs, "testlog.json"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def explain(program, names):
    print(f"\n=== {program['name']}: {program['result']}, {program['duration']:.1f} s")
    for name in names:
        print(f"    failed: {name}")
    for stream in ("stdout", "stderr"):
        lines = program.get(stream, "").splitlines()
        if lines:
            print(f"--- {stream}" + (f", its last {LINES} lines" if len(lines) > LINES else ""))
            print("\n".join(lines[-LINES:]))


def is_good(program):
    return program["result"] in ("OK", "SKIP", "EXPECTEDFAIL")


def runs(build):
    """Every (program, its tests, whether it ran again later), of both runs where there were two."""
    logs = os.path.join(build, "meson-logs")
    folders = [folder for folder in (os.path.join(logs, "first"), logs) if os.path.exists(os.path.join(folder, "testlog.json"))]
    again = {program["name"] for program in programs(logs)} if len(folders) > 1 else set()
    for folder in folders:
        found = subtests(folder)
        for program in programs(folder):
            yield program, found.get(program["name"], []), folder != logs and program["name"] in again


def main(build):
    total, unsteady = collections.Counter(), []
    for program, cases, superseded in runs(build):
        failed = [name for name, state in cases if state == "failed"]
        if not is_good(program):
            explain(program, failed)
        if superseded:
            unsteady.append(program["name"])
            continue
        total.update(state for _, state in cases)
        if not is_good(program):
            # A crash, a time-out, a leak at the end: the program failed though no test of it did.
            total["failed"] += not failed
    if unsteady:
        print(f"\nFailed at the first try, shown above, and ran once more alone: {', '.join(unsteady)}")
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"\n{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    if sys.argv[1] == "--failed":
        print("\n".join(program["name"].rpartition(" / ")[2] for program, _, _ in runs(sys.argv[2]) if not is_good(program)))
    else:
        sys.exit(main(sys.argv[1]))
