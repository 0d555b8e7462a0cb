# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""esimcli in German: all of it for people, nothing of it for programs."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from test_cli_mock import EID, CliCase, failed

ROOT = pathlib.Path(__file__).resolve().parents[2]
PO = ROOT / "cli/po"
WORDS = ["--keyword=_", "--keyword=N_", "--keyword=ngettext:1,2", "--keyword=output_section:2", "--keyword=output_text:3",
         "--keyword=output_number:3", "--keyword=output_list:3", "--keyword=output_line:2"]


class German(CliCase):
    def setUp(self):
        super().setUp()
        self.locale = tempfile.mkdtemp()
        folder = pathlib.Path(self.locale, "de", "LC_MESSAGES")
        folder.mkdir(parents=True)
        subprocess.run(["msgfmt", "--check", "-o", folder / "esimd.mo", PO / "de.po"], check=True)

    def environment(self):
        return {**super().environment(), "LANGUAGE": "de", "ESIMD_LOCALE_DIR": self.locale}

    def test_people_read_german(self):
        self.assertIn("2 Profile, eingeschaltet: ", self.cli("-L", "--all")[0])
        out = self.cli("-u", "0")[0]
        for word in ("Allgemein", "freier Speicher: 300000", "CI-Schlüssel: AA11"):
            self.assertIn(word, out)
        self.assertEqual(len({line.index("|") for line in out.splitlines() if "|" in line}), 1, out)
        out = self.cli("--help")[0]
        for word in ("Verben für ein Profil (-p):", "Strg-C", "Beispiele:"):
            self.assertIn(word, out)

    def test_errors_and_advice(self):
        self.assertTrue(self.cli("-u", "9", status=3)[1].startswith("Fehler: es gibt keine eUICC 9\n       Sehen Sie mit esimcli -L"))
        busy = failed("CardBusy")
        busy["Error"] = (*busy["Error"][:2], "The card is busy with the network or a menu; try again in half a minute.", *busy["Error"][3:])
        self.answer_with_job("Enable", "enable", busy)
        self.assertIn("Die Karte ist mit dem Netz oder einem Menü beschäftigt", self.cli("-p", "1", "--enable", status=1)[1])
        self.assertIn("Die Karte ist mit dem Netz oder einem Menü beschäftigt", self.cli("-j", "7")[0])
        for form in ("-J", "-K"):
            self.assertIn("The card is busy with the network", self.cli("-j", "7", form)[0])

    def test_programs_read_what_they_always_read(self):
        for form in ("-J", "-K"):
            self.assertNotRegex(self.cli("-u", "0", form)[0], "Allgemein|Speicher|Schlüssel")
            self.assertIn(EID, self.cli("-u", "0", form)[0])
        self.assertIn('"free-memory":"300000"', self.cli("-u", "0", "-J")[0])

    def test_nothing_is_left_out(self):
        """Every message of the sources has its German."""
        names = [name for name in (PO / "POTFILES").read_text(encoding="utf-8").split("\n") if name and name[0] != "#"]
        self.assertEqual({name for name in names if name.startswith("cli/")},
                         {path.relative_to(ROOT).as_posix() for path in (ROOT / "cli").glob("*.c")})
        pot = os.path.join(self.locale, "esimd.pot")
        subprocess.run(["xgettext", "--from-code=UTF-8", "-o", pot, *WORDS, *names], cwd=ROOT, check=True)
        merged = subprocess.run(["msgmerge", "-q", "--no-fuzzy-matching", "-o", "-", PO / "de.po", pot], capture_output=True, check=True)
        self.assertEqual(self.chosen(merged, "--untranslated"), [])
        self.assertEqual(self.chosen(merged, "--only-fuzzy"), [])
        self.assertGreater(len(self.chosen(merged, "--translated")), 200)

    def test_every_advice(self):
        """What the service says in English on the bus, the command says in German: one sentence an error."""
        table = (ROOT / "dbus/errors.c").read_text(encoding="utf-8")
        advice = ["".join(re.findall('"([^"]*)"', text)) for text in re.findall(r'N_ \(((?:\s*"[^"]*")+)\)', table)]
        self.assertEqual(len(advice), len(re.findall(r'PREFIX "\w+"', table)))
        for number, english in enumerate(advice):
            self.service.add("Job", 100 + number, Kind="x", State="failed", Error=("org.esimd1.Error.Failed", "x", english, "", {}))
        self.service.add("Job", 99, Kind="x", State="failed", Error=("org.esimd1.Error.Failed", "x", "Not in the table.", "", {}))
        self.assertIn("Not in the table.", self.cli("-j", "99")[0])
        for number in range(0, len(advice), 7):
            self.assertNotIn(advice[number], self.cli("-j", str(100 + number))[0])

    def chosen(self, catalogue, which):
        """The messages of CATALOGUE that msgattrib picks by WHICH."""
        picked = subprocess.run(["msgattrib", which, "--no-obsolete", "-"], input=catalogue.stdout, capture_output=True, check=True)
        return re.findall(r'msgid (?!""\nmsgstr)(.*(?:\n".*)*)', picked.stdout.decode())


if __name__ == "__main__":
    unittest.main()
