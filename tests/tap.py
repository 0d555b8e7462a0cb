# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""tap.py FILE...: runs the unittest cases of Python files and prints TAP, the one language meson counts tests in.

ESIMD_ONLY, where it names tests of these files (MODULE.CLASS.TEST, blanks between), leaves out all others.
"""

import os
import sys
import unittest


class TapResult(unittest.TestResult):
    """Prints one TAP line a test, one a failed subtest, and what went wrong as comments."""

    lines = 0

    def _line(self, word, test, remark=""):
        self.lines += 1
        print(f"{word} {self.lines} {test.id()}{remark}", flush=True)

    def _bad(self, test, error):
        self._line("not ok", test)
        for line in self._exc_info_to_string(error, test).splitlines():
            print("# " + line, flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(test, err)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._line("not ok", test, " # TODO a known fault")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._line("ok", test, " # TODO a known fault that is mended: take the mark off")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._bad(subtest, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, f" # SKIP {reason}")


def main(files):
    suite = unittest.TestSuite()
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:0] = [here, os.path.join(here, "lab")]
    for name in files:
        folder, base = os.path.split(os.path.abspath(name))
        sys.path.insert(0, folder)
        module = os.path.splitext(base)[0]
        chosen = [test for test in os.environ.get("ESIMD_ONLY", "").split() if test.startswith(module + ".")]
        suite.addTests(unittest.defaultTestLoader.loadTestsFromNames(chosen or [module]))
    result = TapResult()
    suite.run(result)
    print(f"1..{result.lines}")
    return 0 if result.wasSuccessful() and result.lines else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
