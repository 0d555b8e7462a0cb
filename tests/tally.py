# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""tally.py BUILD_DIR: shows what failed in the last `meson test` there, then counts single tests: `N passed, N failed`."""

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


def main(build):
    logs = os.path.join(build, "meson-logs")
    found = subtests(logs)
    total = collections.Counter()
    for program in programs(logs):
        cases = found.get(program["name"], [])
        failed = [name for name, state in cases if state == "failed"]
        total.update(state for _, state in cases)
        if program["result"] not in ("OK", "SKIP", "EXPECTEDFAIL"):
            # A crash, a time-out, a leak at the end: the program failed though no test of it did.
            total["failed"] += not failed
            explain(program, failed)
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"\n{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
