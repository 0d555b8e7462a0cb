# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""tally.py BUILD_DIR: shows what failed in the last `meson test` there, then counts single tests: `N passed, N failed`.

tally.py --failed BUILD_DIR names the programs that failed, --failed-tests the tests. What is in meson-logs/first ran before:
what ran again counts as it did then, and its first failure is shown all the same.
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
            # "3 name": a test has another number when it runs again without the others.
            name = case.get("name").partition(" ")[2] if program else case.get("name")
            found[program or name].append((name, state))
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
    """(program, its tests) of the first run, and of the second where there was one."""
    logs = os.path.join(build, "meson-logs")
    for folder in (os.path.join(logs, "first"), logs):
        if os.path.exists(os.path.join(folder, "testlog.json")):
            found = subtests(folder)
            yield [(program, found.get(program["name"], [])) for program in programs(folder)]


def failed_tests(cases):
    return [name for name, state in cases if state == "failed"]


def count(program, cases, total):
    total.update(state for _, state in cases)
    if not is_good(program):
        # A crash, a time-out, a leak at the end: the program failed though no test of it did.
        total["failed"] += not failed_tests(cases)


def main(build):
    total, again = collections.Counter(), {}
    first, *second = runs(build)
    for program, cases in second[0] if second else []:
        again[program["name"]] = cases
        count(program, cases, total)
    for program, cases in first:
        if program["name"] in again:
            # Where only its failed tests ran again, the others stand as they were.
            names = {name for name, _ in again[program["name"]]}
            total.update(state for name, state in cases if state != "failed" and name not in names)
        else:
            count(program, cases, total)
    for program, cases in (row for run in (first, *second) for row in run):
        if not is_good(program):
            explain(program, failed_tests(cases))
    if again:
        print(f"\nFailed at the first try, shown above, and ran once more alone: {', '.join(again)}")
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"\n{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] or not total["passed"] else 0


def bad(build):
    """The rows of the last run that failed."""
    return [(program, cases) for program, cases in list(runs(build))[-1] if not is_good(program)]


if __name__ == "__main__":
    if sys.argv[1] == "--failed":
        print("\n".join(program["name"].rpartition(" / ")[2] for program, _ in bad(sys.argv[2])))
    elif sys.argv[1] == "--failed-tests":
        # "module.Class.test (subtest)". What ran into its time-out runs again whole: nobody saw the rest of it.
        rows = (cases for program, cases in bad(sys.argv[2]) if program["result"] != "TIMEOUT")
        words = (word for cases in rows for name in failed_tests(cases) for word in name.split())
        print(" ".join(sorted({word for word in words if word.startswith("test_") and word.count(".") == 2})))
    else:
        sys.exit(main(sys.argv[1]))
