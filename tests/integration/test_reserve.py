# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""esimcli and the provider's account: an activation code as text and as QR code, which others' programs read too; lists."""

import json
import os
import pty
import re
import stat
import struct
import subprocess
import unittest
import zlib

import gi

import rig

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf  # noqa: E402
from rig import SharedRigCase

setUpModule = rig.enter_lab

EID = "89049032123451234512345678901235"
QR = ("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable")


def write_png(path, rows):
    """A grey picture of ROWS of bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"").join([
            chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))), b""]))


def enlarge(modules, by=6):
    """A picture of a matrix of booleans, dark where true."""
    return [bytes(0 if dark else 255 for dark in row for _ in range(by)) for row in modules for _ in range(by)]


def terminal_modules(text):
    """What a terminal shows of half blocks, each the light part of its cell."""
    light = {"█": (True, True), "▀": (True, False), "▄": (False, True), " ": (False, False)}
    rows = []
    for line in re.sub("\033\\[[0-9;]*m", "", text).rstrip("\n").split("\n"):
        for half in (0, 1):
            rows.append([not light[cell][half] for cell in line])
    return rows


def svg_modules(text):
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', text)[1])
    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", text)}
    return [[(x, y) in dark for x in range(size)] for y in range(size)]


class Reserve(SharedRigCase):
    SETTINGS = {"provision": {"poll-interval": "1"}}

    def path(self, name):
        return os.path.join(self.dir, name)

    def run_cli(self, *arguments, **keywords):
        return subprocess.run([rig.build_file("cli", "esimcli"), *arguments], text=True, encoding="utf-8", timeout=60, check=False,
                              env={**os.environ, **self.lab.environment, "LC_ALL": "C.UTF-8"},
                              **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **keywords})

    def cli(self, *arguments, status=0):
        run = self.run_cli(*arguments)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def scan(self, path):
        """What zbarimg reads in a picture."""
        return subprocess.run([*QR, path], capture_output=True, text=True, check=True, timeout=30).stdout.removesuffix("\n")

    def orders(self):
        return {one["sid"]: one for one in self.supersim("profiles")["profiles"]}

    def test_from_an_order_to_a_picture_to_a_card(self):
        png, svg = self.path("esim.png"), self.path("esim.svg")
        out = self.cli("--reserve", "--qr-png", png, "--qr-svg", svg, "--qr")
        for word in ("] reserve\n", "] wait-reservation\n", "reservation HP"):
            self.assertIn(word, out)
        order = self.orders()[re.search("HP[0-9a-f]{32}", out)[0]]
        code = f"LPA:1$smdp.esimd.test${order['matching_id']}"
        picture = out.partition(code + "\n")[2]
        self.assertEqual(self.scan(png), code)
        with open(svg, encoding="utf-8") as file:
            modules = svg_modules(file.read())
        for name, drawn in (("svg.png", modules), ("terminal.png", terminal_modules(picture))):
            write_png(self.path(name), enlarge(drawn))
            self.assertEqual(self.scan(self.path(name)), code, name)
        self.assertEqual([stat.S_IMODE(os.stat(path).st_mode) for path in (png, svg)], [0o600, 0o600])
        self.assertIn(f"download: done, iccid {order['iccid']}", self.cli("--download-qr", png))
        self.assertIn(order["iccid"], self.profiles())

    def test_forms_of_output(self):
        found = json.loads(self.cli("--reserve", "-J"))["reservation"]
        order = self.orders()[found["sid"]]
        self.assertEqual(found, {"sid": order["sid"], "sim": order["sim_sid"], "iccid": order["iccid"], "ordered": "yes",
                                 "activation-code": f"LPA:1$smdp.esimd.test${order['matching_id']}"})
        self.assertEqual(self.cli(f"--activation-code={order['sid']}"), found["activation-code"] + "\n")
        self.assertIn(f"reservation.activation-code : {found['activation-code']}\n",
                      self.cli(f"--activation-code={order['sid']}", "-K"))

    def test_a_terminal_gets_the_picture(self):
        sid = self.supersim("add_profile")["sid"]
        leader, follower = pty.openpty()
        run = self.run_cli(f"--activation-code={sid}", stdout=follower)
        os.close(follower)
        self.assertEqual(run.returncode, 0, run.stderr)
        shown = b""
        while b"\033[0m" not in shown:
            shown += os.read(leader, 65536)
        os.close(leader)
        self.assertIn("█", shown.decode("utf-8", "replace"))

    def test_by_eid(self):
        out = self.cli("--reserve", f"--eid={EID}")
        self.assertIn("--download-default", out)
        self.assertIn("nothing was ordered", self.cli("--reserve", f"--eid={EID}"))
        self.assertEqual([one["eid"] for one in self.orders().values()].count(EID), 1)
        sid = re.search("HP[0-9a-f]{32}", out)[0]
        self.assertIn("without a code", self.cli(f"--activation-code={sid}", status=3))
        self.assertEqual(json.loads(self.cli("--list-reservations", f"--eid={EID}", "-J")), {"reservation-list": [sid]})

    def test_wrong_use(self):
        before = len(self.orders())
        for eid in ("8904", EID[:-1] + "6"):
            self.assertRegex(self.cli("--reserve", f"--eid={eid}", status=1), "error: .*digits.*\n       An EID has 32 digits")
        for arguments in (("--reserve", "--qr", f"--eid={EID}"), ("--list-sims", "--fleet=x"), ("--qr",), ("--show=AC12",),
                          ("--create-fleet=x",), ("--reserve", "-u", "any"), ("--eid=1", "-L")):
            self.assertRegex(self.cli(*arguments, status=2), "^error: .*\n       .*\n$")
        self.assertIn("There is: twilio.", self.cli("--reserve", "--provider=nobody", status=3))
        self.assertEqual(len(self.orders()), before)

    def test_lists_and_one(self):
        order = self.supersim("add_profile", )
        self.assertRegex(self.cli("--list-reservations"), rf"(?m)^  {order['sid']}  available  +{order['iccid']}  {order['sim_sid']} ")
        self.assertNotIn(order["matching_id"], self.cli("--list-reservations") + self.cli("--list-jobs", "-J"))
        self.assertRegex(self.cli("--list-sims"), rf"(?m)^  {order['sim_sid']}  new +{order['iccid']}$")
        self.assertEqual(json.loads(self.cli(f"--show={order['sim_sid']}", "-J"))["sim"]["iccid"], order["iccid"])
        self.assertIn("reservation.status", self.cli(f"--show={order['sid']}", "-K"))
        self.assertRegex(self.cli("--show=HF" + "0" * 32, status=1), "^error: .*not found.*\n.*\n       \\(provider: .*http-status 404")

    def test_fleets(self):
        made = json.loads(self.cli("--create-fleet=west", "--network-access-profile=lab-access", "-J"))["fleet"]
        self.assertEqual(made["unique-name"], "west")
        self.assertRegex(self.cli("--list-fleets"), rf"(?m)^  {made['sid']}  west +HA")
        self.assertIn("SID: " + made["sid"], self.cli(f"--show={made['sid']}"))
        sid = re.search("HP[0-9a-f]{32}", self.cli("--reserve", "--fleet=west"))[0]
        (sim,) = [sim for sim in self.supersim("sims")["sims"] if sim["sid"] == self.orders()[sid]["sim_sid"]]
        self.assertEqual((sim["fleet_sid"], sim["status"]), (made["sid"], "active"))

    def test_pictures_of_others(self):
        code, iccid = self.fresh()
        subprocess.run(["qrencode", "-o", self.path("other.png"), "-l", "L", "-s", "3", code], check=True, timeout=30)
        self.assertIn(f"iccid {iccid}", self.cli("--download-qr", self.path("other.png")))

    def test_a_photograph(self):
        """A JPEG, turned and blurred as a camera has it, with more around it."""
        code, iccid = self.fresh()
        subprocess.run(["qrencode", "-o", self.path("code.png"), "-s", "6", code], check=True, timeout=30)
        drawn = GdkPixbuf.Pixbuf.new_from_file(self.path("code.png"))
        photo = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, 900, 700)
        photo.fill(0xc0b8a0ff)
        drawn.composite(photo, 211, 97, drawn.get_width(), drawn.get_height(), 211, 97, 1, 1, GdkPixbuf.InterpType.NEAREST, 255)
        photo.rotate_simple(GdkPixbuf.PixbufRotation.CLOCKWISE).savev(self.path("photo.jpg"), "jpeg", ["quality"], ["40"])
        self.assertIn(f"iccid {iccid}", self.cli("--download-qr", self.path("photo.jpg")))

    def test_pictures_that_do_not_help(self):
        write_png(self.path("empty.png"), [bytes([255] * 64)] * 64)
        with open(self.path("huge.png"), "wb") as file:
            head = b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
            file.write(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
                       + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
        with open(self.path("no.png"), "w", encoding="utf-8") as file:
            file.write("LPA:1$smdp.esimd.test$X")
        subprocess.run(["qrencode", "-o", self.path("web.png"), "https://example.com/"], check=True, timeout=30)
        GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, 64, 64).savev(self.path("a.bmp"), "bmp", [], [])
        with open(self.path("cut.jpg"), "wb") as file:
            file.write(b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0")
        for name, word in (("a.bmp", "PNG or JPEG"), ("cut.jpg", "no picture|damaged"), ("/", "no picture"), ("empty.png", "no QR code"), ("huge.png", "too big"), ("no.png", "PNG"), ("missing.png", "No such file"),
                           ("web.png", "activation code")):
            with self.subTest(name=name):
                self.assertRegex(self.cli("--download-qr", self.path(name), status=1), f"error: .*{word}|error: .*\n *.*{word}")


if __name__ == "__main__":
    unittest.main()
