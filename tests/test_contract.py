# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The documentation inside dbus/*.xml against the table of errors: names that exist, lists that are complete."""

import pathlib
import re
import unittest

DBUS = pathlib.Path(__file__).resolve().parents[1] / "dbus"
KNOWN = set(re.findall(r'PREFIX "(\w+)"', (DBUS / "errors.c").read_text(encoding="utf-8")))
NAME = re.compile(r"\b(?:[A-Z][a-z]+){1,4}\b")
# What a list of errors has besides names of errors, once remarks in brackets are gone.
OTHER = {"The", "Job", "Every", "Download", "Provider", "Reserve"}
EVERY_CALL = {"NotAuthorized", "InvalidArgument", "Busy"}


def methods():
    """(interface, method, the comment before it)."""
    for path in sorted(DBUS.glob("org.esimd1.*.xml")):
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r'<method name="(\w+)">', text):
            comment = text[:found.start()].rsplit("<!--", 1)[1]
            yield path.stem, found[1], " ".join(comment.split())


def names(text):
    """The errors that TEXT lists, remarks in brackets left out."""
    return set(NAME.findall(re.sub(r"\([^()]*\)", "", text))) - OTHER


def judge(comment):
    """What is wrong with one method's comment; "" when nothing is."""
    if comment.count("Errors: ") != 1:
        return "it has no one list of errors"
    errors = comment.partition("Errors: ")[2]
    unknown = names(errors) - KNOWN
    missing = EVERY_CALL - names(errors.partition("The Job's: ")[0])
    return f"{unknown} are no errors" if unknown else f"{missing} can happen to every call" if missing else ""


class Errors(unittest.TestCase):
    def test_every_method_lists_its_errors(self):
        seen = 0
        for interface, method, comment in methods():
            with self.subTest(f"{interface}.{method}"):
                self.assertEqual(judge(comment), "")
                self.assertTrue(comment.startswith(f"{method}: "), comment)
            seen += 1
        self.assertGreater(seen, 20)

    def test_every_error_is_somebodys(self):
        text = " ".join(path.read_text(encoding="utf-8") for path in DBUS.glob("org.esimd1.*.xml"))
        self.assertGreater(len(KNOWN), 40)
        self.assertEqual(KNOWN - set(NAME.findall(text)), set())

    def test_this_test_can_fail(self):
        good = "X: y. Errors: NotAuthorized (action a), InvalidArgument (That), Busy. The Job's: NotFound, CardBusy."
        self.assertEqual(judge(good), "")
        for old, new in (("Busy. The", "The"), ("NotFound", "NotThere"), ("Errors: ", ""), ("CardBusy", "CardBussy")):
            self.assertNotEqual(judge(good.replace(old, new)), "", new)


if __name__ == "__main__":
    unittest.main()
