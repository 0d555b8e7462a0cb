# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The card's notifications: each with its own next try, none held up by another, sent for as long as it takes."""

import os
import re
import socket
import time

import rig
from rig import GLib

setUpModule = rig.enter_lab

SERVER = "smdp.esimd.test"
# A server that lets connect and then says nothing.
MUTE = "127.0.0.9"
FAR = 4102444800  # the year 2100


class Notifications(rig.SharedRigCase):
    """Deleting a disabled profile makes one for each server of its metadata, and disturbs no modem."""

    @classmethod
    def prepare(cls, rig):
        rig.card("add_profile", iccid="8988307000000000190")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.empty)

    def empty(self):
        self.clear_faults()
        self.until(lambda: not self.waiting() or self.send()["State"] == "done", 20, "the card is empty")

    def waiting(self):
        """The sequences of what is on the card."""
        return [row["sequence"] for row in self.card("notifications")["notifications"]]

    def delete(self, *servers):
        """Delete a new profile that has SERVERS hear of it; its ICCID."""
        iccid = f"89883070000000{next(self.iccids):05d}"
        self.card("add_profile", iccid=iccid, notify=list(servers))
        self.assert_done(self.finish(self.start_job(self.euicc()[0], "Euicc", "Refresh")))
        self.assert_done(self.finish(self.start_job(self.profiles()[iccid][0], "Profile", "Delete")))
        return iccid

    def begin(self, **options):
        packed = {name: GLib.Variant("t", value) for name, value in options.items()}
        return self.start_job(self.euicc()[0], "Euicc", "SendNotifications", "(a{sv})", packed)

    def send(self, **options):
        return self.finish(self.begin(**options))

    def rows(self):
        job = self.finish(self.start_job(self.euicc()[0], "Euicc", "ListNotifications"))
        return {row["iccid"]: row for row in self.assert_done(job)["Result"]["notifications"]}

    def tried(self, iccid):
        """The row of ICCID's notification once it was tried in vain."""
        return self.until(lambda: (row := self.rows().get(iccid)) and row["tries"] and row, 15, "it is tried")

    def taken(self, iccid):
        """How often the SM-DP+ took one of ICCID."""
        return len([note for note in self.smdp("notifications")["notifications"] if note["iccid"] == iccid])

    def journal(self):
        (name,) = [name for name in os.listdir(f"{self.dir}/esimd-state") if re.fullmatch(r"\d+\.journal", name)]
        return f"{self.dir}/esimd-state/{name}"

    def notices(self):
        """The journal's lines of notifications."""
        with open(self.journal(), encoding="utf-8") as file:
            return [line for line in file if line.startswith("notice-")]

    def restart(self):
        self.kill_esimd()
        self.start_esimd()

    def test_none_is_held_up(self):
        """A mute server costs the others nothing, a job that waits for it ends when it is told to, and it is sent after all."""
        mute = socket.create_server((MUTE, 443))
        self.addCleanup(mute.close)
        began = time.monotonic()
        iccid = self.delete(MUTE, SERVER)
        self.until(lambda: len(self.waiting()) == 1, 20, "the other one leaves the card")
        self.assertLess(time.monotonic() - began, 40, "the mute server's time-out is 60 s")
        self.assertEqual(self.taken(iccid), 1)
        self.until(lambda: self.euicc()[1]["PendingNotifications"] == 1, 5, "the bus tells so")
        job = self.begin()
        self.state(job, "running")
        self.settle(0.5)
        self.cancel(job)
        self.assertEqual(self.finish(job, 3)["State"], "cancelled")
        # The service's own try was left alone by that; now the address has no server at all.
        mute.close()
        self.stop_esimd()
        self.start_esimd()
        row = self.tried(iccid)
        self.assertEqual((row["tries"], row["address"]), (1, MUTE))
        self.assert_failed(self.send(), "NoNetwork")
        self.assertEqual(self.rows()[iccid]["tries"], 2)
        self.card("forget_notifications")
        self.assert_done(self.send())
        self.assertFalse(self.notices())

    def test_refused_for_good_and_restart(self):
        """It is told, kept and tried again in its own time, which a restart does not change; the next one goes."""
        self.smdp("fault", at="es9.handleNotification", how="status", code=404)
        refused = self.delete(SERVER)
        row = self.tried(refused)
        self.assertEqual((row["tries"], row["operation"]), (1, "delete"))
        self.assertAlmostEqual(row["next-try"], time.time() + 30, delta=15)
        self.assertRegex(row["last-error"], "refuses.*404")
        other = self.delete(SERVER)
        self.until(lambda: self.waiting() == [row["sequence"]], 10, "the next one leaves the card")
        self.assertEqual((self.taken(refused), self.taken(other)), (0, 1))
        self.restart()
        self.assertEqual(self.rows()[refused], row)
        self.assert_failed(self.send(sequence=row["sequence"] + 100), "NotFound")
        self.assertEqual(self.assert_done(self.send(sequence=row["sequence"]))["Result"]["sent"], 1)
        self.assertEqual((self.waiting(), self.taken(refused), self.notices()), ([], 1, []))
        self.assertEqual(self.euicc()[1]["PendingNotifications"], 0)

    def test_one_of_two(self):
        """The sequence that is asked for, and no other; whose next try is far away for a wrong clock is tried now."""
        self.smdp("fault", at="es9.handleNotification", how="status", code=500, times=100)
        first, second = self.delete(SERVER), self.delete(SERVER)
        rows = {iccid: self.tried(iccid) for iccid in (first, second)}
        self.clear_faults()
        self.assert_done(self.send(sequence=rows[second]["sequence"]))
        self.assertEqual(self.waiting(), [rows[first]["sequence"]])
        self.assertEqual((self.taken(first), self.taken(second)), (0, 1))
        self.kill_esimd()
        with open(self.journal(), encoding="utf-8") as file:
            text = file.read().replace(str(rows[first]["next-try"]), str(FAR))
        self.assertIn(str(FAR), text)
        with open(self.journal(), "w", encoding="utf-8") as file:
            file.write(text)
        self.start_esimd()
        self.until(lambda: not self.waiting(), 10, "it is tried at once")
        self.assertEqual(self.taken(first), 1)

    def test_a_network_that_comes_back(self):
        """What found no network hours ago is tried at once when there is one; what a server refused is not."""
        self.smdp("fault", at="es9.handleNotification", how="status", code=500, times=100)
        lost, refused = self.delete(MUTE), self.delete(SERVER)
        rows = {iccid: self.tried(iccid) for iccid in (lost, refused)}
        self.kill_esimd()
        with open(self.journal(), encoding="utf-8") as file:
            text = file.read()
        for iccid, row in rows.items():  # as after many tries, the last one five hours ago
            text, count = re.subn(rf"(-{iccid}=)1(,offline)? {row['next-try']} ",
                                  rf"\g<1>11\2 {int(time.time()) + 3600} ", text)
            self.assertEqual(count, 1)
        with open(self.journal(), "w", encoding="utf-8") as file:
            file.write(text)
        self.modem("uplink", on=False)
        self.addCleanup(self.modem, "uplink", on=True)
        self.start_esimd()
        self.settle(3)
        self.assertEqual({row["tries"] for row in self.rows().values()}, {11})
        self.modem("uplink", on=True)
        self.until(lambda: self.rows()[lost]["tries"] == 12, 10, "it is tried again")
        self.assertEqual(self.rows()[refused]["tries"], 11)
        self.card("forget_notifications")

    def test_two_at_once(self):
        """Who asks while it is on its way waits for it; it is sent once."""
        self.smdp("fault", at="es9.handleNotification", how="stall", seconds=2)
        iccid = self.delete(SERVER)
        self.until(lambda: self.smdp("counts")["counts"].get("es9.handleNotification"), 10, "it is on its way")
        jobs = [self.begin(), self.begin()]
        for job in jobs:
            self.assert_done(self.finish(job))
        self.assertEqual((self.waiting(), self.taken(iccid)), ([], 1))

    def test_removed_by_somebody_else(self):
        """A number that the card uses again is another notification."""
        self.smdp("fault", at="es9.handleNotification", how="status", code=500)
        iccid = self.delete(SERVER)
        self.tried(iccid)
        self.assertEqual(len(self.notices()), 1)
        self.card("forget_notifications")
        self.assert_done(self.send())
        self.assertEqual(self.notices(), [])
        self.assertEqual(self.euicc()[1]["PendingNotifications"], 0)

    def test_bad_options(self):
        path = self.euicc()[0]
        self.refused("InvalidArgument", self.start_job, path, "Euicc", "SendNotifications", "(a{sv})",
                     {"sequence": GLib.Variant("s", "1")})
        self.refused("InvalidArgument", self.start_job, path, "Euicc", "SendNotifications", "(a{sv})",
                     {"number": GLib.Variant("t", 1)})
