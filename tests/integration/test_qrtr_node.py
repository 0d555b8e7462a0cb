# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The QRTR of a real kernel agrees with the stand-in: test-qrtr-node runs as it is in an emulator, on Debian's kernel.

The first run fetches the kernel's package, so it runs only when ESIMD_EMULATOR=1 (tests/run --emulator).
"""

import glob
import os
import platform
import re
import shutil
import subprocess
import tempfile
import unittest

from tool_cache import fresh

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
PROGRAM = os.path.join(os.environ.get("ESIMD_BUILD", ""), "tests", "test-qrtr-node")
EMULATOR = "qemu-system-x86_64"
WANTED = ("./boot/vmlinuz*", "./lib/modules/*/qrtr.ko*", "./bin/busybox")

# All of the machine's life.
INIT = """#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t tmpfs tmp /tmp
busybox insmod /qrtr.ko
export G_TEST_SRCDIR=/ G_MESSAGES_DEBUG= ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=/lsan.supp:print_suppressions=0
/test-qrtr-node --tap
echo "ended with $?"
busybox poweroff -f
"""


def run(*words, **options):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=400, check=False, **options)
    if done.returncode:
        raise AssertionError(f"{words} failed:\n{done.stdout}")
    return done.stdout


def fetched():
    """The folder with what is WANTED of Debian's kernel and busybox; the first time takes the network."""
    image = re.search(r"Depends: (linux-image-\S+)", run("apt-cache", "depends", "linux-image-amd64"))[1]
    with fresh(image) as (final, partial):
        if partial:
            run("apt-get", "-o", "APT::Sandbox::User=", "download", image, "busybox-static", cwd=partial)
            for package in glob.glob(f"{partial}/*.deb"):
                run("sh", "-c", f"dpkg-deb --fsys-tarfile '{package}' | tar -x --wildcards --no-anchored " +
                    " ".join(f"'{name[2:]}'" for name in WANTED if ("busybox" in name) == ("busybox" in package)), cwd=partial)
                os.unlink(package)
    return final


def only(pattern):
    (path,) = glob.glob(pattern, recursive=True)
    return path


def put(root, source, at):
    os.makedirs(os.path.dirname(root + at), exist_ok=True)
    shutil.copy(source, root + at)


def fill(root, debian):
    """The machine's files: the test with its libraries, and what loads the module."""
    for folder in ("/proc", "/tmp"):
        os.makedirs(root + folder)
    put(root, f"{debian}/bin/busybox", "/bin/busybox")
    put(root, only(f"{debian}/lib/modules/**/qrtr.ko"), "/qrtr.ko")
    put(root, PROGRAM, "/test-qrtr-node")
    for name in ("qmi.conversation", "lsan.supp"):
        put(root, os.path.join(TESTS, name), "/" + name)
    for library in re.findall(r"(/\S+) \(0x", run("ldd", PROGRAM)):
        put(root, library, library)
    with open(root + "/init", "w", encoding="utf-8") as file:
        file.write(INIT)
    os.chmod(root + "/init", 0o755)


class Node(unittest.TestCase):
    def test_every_case(self):
        if os.environ.get("ESIMD_EMULATOR") != "1":
            self.skipTest("it is asked for by tests/run --emulator")
        if platform.machine() != "x86_64":
            self.skipTest("the emulator and the kernel are those of x86_64")
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        debian = fetched()
        fill(f"{folder}/root", debian)
        run("sh", "-c", f"find . | '{debian}/bin/busybox' cpio -o -H newc >'{folder}/initrd'", cwd=f"{folder}/root")
        said = run(EMULATOR, "-accel", "tcg", "-m", "1024", "-display", "none", "-serial", "stdio", "-no-reboot",
                   "-kernel", only(f"{debian}/boot/vmlinuz*"), "-initrd", f"{folder}/initrd", "-append", "console=ttyS0 quiet panic=-1")
        told = re.findall(r"^(ok|not ok) \d+ (/qrtr/\S+)", said, flags=re.M)
        self.assertIn("ended with 0", said, said)
        self.assertEqual({how for how, _ in told}, {"ok"}, said)
        self.assertIn("/qrtr/killed", {name for _, name in told})
        self.assertIn(f"1..{len(told)}", said)


if __name__ == "__main__":
    unittest.main()
