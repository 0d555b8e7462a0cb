# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The design's numbers and rules, enforced on our sources; each rule is also shown to be able to fail."""

import ast
import pathlib
import re
import shutil
import statistics
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRODUCT = ("dbus", "policy", "plugin", "cli")
SPDX = ("SPDX-License-Identifier: LGPL-2.1-or-later", "SPDX-FileCopyrightText: 2026 The esimd developers")
HEAD = f"/* {SPDX[0]}\n * {SPDX[1]} */\n/* "

# Who may include whom: a folder sees itself and these.
LAYERS = {
    "base": set(), "net": {"base"}, "apdu": {"base"}, "lpa": {"base"}, "modem": {"base"}, "connect": {"base"},
    "provider": {"base"},
    "card": {"base", "net", "apdu", "lpa", "modem", "connect", "provider"},
    "provision": {"base", "net", "apdu", "lpa", "modem", "connect", "provider", "card"},
    "service": {"base", "net", "apdu", "lpa", "modem", "connect", "provider", "card", "provision"},
}
# What policy/config describes, it may name; decide() sees nothing of ours.
CONFIGURED = {"base", "connect", "net", "provider"}
EXCEPTIONS = {("lpa", "apdu/channel.h"), ("modem", "apdu/channel.h"), ("lpa", "net/http.h"), ("provider", "net/http.h"),
              # Which modem is meant is a ModemSnapshot.
              ("connect", "modem/modem.h")}
LIBRARIES = {
    # Drivers of QMI share the talk with UIM over a QmiDevice (uim), and differ in how they come to one.
    r"libqmi-glib|libqrtr-glib": {"plugin/apdu/uim.h", "plugin/apdu/uim.c", "plugin/apdu/qmi.c", "plugin/apdu/qrtr.c"},
    r"libmbim-glib": {"plugin/apdu/mbim.c"},
    r"libmm-glib|ModemManager": {"plugin/modem/mm.c", "plugin/modem/mm-verbs.c", "plugin/connect/mm.c"},
    r"libnm|NetworkManager": {"plugin/connect/nm.c"},
    r"netlink/": {"plugin/connect/link.c"},
    r"microhttpd": {"plugin/net/receiver.c"},
    r"polkit/": {"plugin/service/auth.c"},
    r"winscard|PCSC": {"plugin/apdu/pcsc.c", "plugin/modem/pcsc.c"},
}
# Breaks that are known and still to be mended, by how their report begins. Only ever make this shorter.
TO_MEND = ()
SYMBOLS = {
    r"\bGThreadPool\b|\bg_thread_pool_\w+": {"plugin/base/queue.c"},
    r"\bg_main_context_iteration\b": {"plugin/base/wait.c"},
    r"\bg_dbus_method_invocation_(?:return_(?:dbus_)?g?error\w*|take_error)\b": {"plugin/service/call.c"},
}


def c_sources(*folders):
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
            for folder in folders for path in sorted((ROOT / folder).rglob("*.[ch]"))}


def bare(text):
    """TEXT without what is in comments and strings; lines stay where they are."""
    def blank(match):
        found = match.group()
        return found if found[0] not in "/\"'" else "\n" * found.count("\n") if found[0] == "/" else '""'
    return re.sub(r'#include[^\n]*|/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', blank, text, flags=re.S)


def functions(text):
    """[(name, body lines)] of GNU style: a body is between a lone { and a lone } in column 0."""
    found, lines, start = [], bare(text).split("\n"), None
    for at, line in enumerate(lines):
        if line == "{":
            start = at
        elif start is not None and line.startswith("}"):
            if line == "}":
                name = re.findall(r"^(\w+) ?\(", "\n".join(lines[max(0, start - 8):start]), flags=re.M)
                found.append((name[-1] if name else "?", lines[start + 1:at]))
            start = None
    return found


def nesting(body):
    """Levels of control statements within each other, by their indentation."""
    deepest, open_at = 0, []
    for line in body:
        match = re.match(r"( *)(?:\} *)?(?:if|else|for|while|do|switch)\b", line)
        if not match:
            continue
        while open_at and open_at[-1] >= len(match[1]):
            open_at.pop()
        open_at.append(len(match[1]))
        deepest = max(deepest, len(open_at))
    return deepest


def breaks_of_size(files):
    for name, text in files.items():
        if text.count("\n") > 600:
            yield f"{name}: {text.count(chr(10))} lines"
        for function, body in functions(text):
            if len(body) > 80:
                yield f"{name}: {function} has {len(body)} lines"
            if nesting(body) > 3:
                yield f"{name}: {function} is nested {nesting(body)} deep"


def breaks_of_medians(files):
    sizes = sorted(len(body) for text in files.values() for _, body in functions(text))
    if statistics.median(text.count("\n") for text in files.values()) > 220:
        yield "the median file is over 220 lines"
    if statistics.median(sizes) > 15:
        yield "the median function is over 15 lines"
    if sizes[len(sizes) * 9 // 10] > 40:
        yield "more than a tenth of the functions are over 40 lines"


def breaks_of_words(files):
    for name, text in files.items():
        code = bare(text)
        for word in re.findall(r"\bgoto\b", code):
            yield f"{name}: {word}"
        if not text.startswith(HEAD):
            yield f"{name}: its first lines are not the SPDX header and a sentence on its responsibility"


def breaks_of_defaults(files):
    """default: is for numbers and other people's enums; over ours it would hide a value that nobody thought of."""
    ours = {word for text in files.values() for body in re.findall(r"\benum\b[^;{]*\{([^}]*)\}", bare(text))
            for word in re.findall(r"^\s*(\w+)", body, flags=re.M)}
    for name, text in files.items():
        for part in re.split(r"\bswitch\b", bare(text))[1:]:
            cases, found, _ = part.partition("default:")
            if found and ours.intersection(re.findall(r"\bcase\s+(\w+)", cases)):
                yield f"{name}: default: over an enum of ours, in the switch{cases.splitlines()[0]}"


def breaks_of_statics(files):
    for name, text in files.items():
        for declared, end in re.findall(r"^ *static\s+([^=;({\[]*)([=;({\[])", bare(text), flags=re.M):
            constant = "const" in declared.rpartition("*")[2]
            if end != "(" and not constant and name != "plugin/main.c":
                yield f"{name}: static {' '.join(declared.split())} can change"


def may_include(includer, header):
    """Whether file INCLUDER (a path) may have #include "HEADER"."""
    top, *rest = includer.split("/")
    folder = rest[0] if top == "plugin" and len(rest) > 1 else "main" if top == "plugin" else top
    if header == "errors.h":
        return folder in ("base", "dbus")
    if header == "esimd-dbus.h":
        return folder in ("service", "main", "cli", "dbus")
    if header in ("esimd-codes.h", "esimd-error.h"):
        return folder in ("cli", "dbus")
    if header.split("/")[-1].startswith("decide"):
        return folder == "provision" or includer == "policy/decide.c"
    if top == "policy":
        return not includer.startswith("policy/decide") and ("/" not in header or header.split("/")[0] in CONFIGURED)
    if "/" not in header:
        return folder == "cli" or header == "config.h"
    if folder == "cli":
        return False
    target = header.split("/")[0]
    return folder in (target, "main") or target in LAYERS.get(folder, ()) or (folder, header) in EXCEPTIONS


def drivers(files):
    """Drivers are .c files without a header of their own, named in a list in main.c."""
    return {name for name, text in files.items() if re.search(r"^const \w+Driver \w+ =", text, flags=re.M)}


def breaks_of_includes(files):
    for name, text in files.items():
        for header in re.findall(r'^ *# *include +"([^"]+)"', text, flags=re.M):
            if not may_include(name, header):
                yield f"{name} includes {header}"
            if header.endswith(".c"):
                yield f"{name} includes {header}, a source"
        # A header of ours that shows a library's types brings the library along.
        shown = "".join(files.get(f"plugin/{header}", "") for header in re.findall(r'^#include "([^"]+)"', text, flags=re.M))
        for header in re.findall(r"^ *# *include +<([^>]+)>", text + shown, flags=re.M):
            for library, owners in LIBRARIES.items():
                if re.match(library, header) and name not in owners:
                    yield f"{name} includes {header}"
    for driver in drivers(files):
        if driver[:-1] + "h" in files:
            yield f"{driver} is a driver and has a header"


def breaks_of_symbols(files):
    for name, text in files.items():
        for symbol, owners in SYMBOLS.items():
            if name not in owners and (found := re.search(symbol, bare(text))):
                yield f"{name} uses {found.group()}"


def breaks_of_cycles(files):
    headers = {name: [other for header in re.findall(r'^#include "([^"]+)"', text, flags=re.M)
                      for other in (f"{top}/{header}" for top in PRODUCT) if other in files]
               for name, text in files.items() if name.endswith(".h")}
    done = set()

    def walk(name, path):
        if name in path:
            yield "cycle: " + " -> ".join((*path, name))
        elif name not in done:
            for other in headers.get(name, ()):
                yield from walk(other, (*path, name))
            done.add(name)
    for name in headers:
        yield from walk(name, ())


def feature_rows(readme):
    """The README's table of features: (what, what is said of esimd)."""
    table = readme.partition("| | esimd |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.split("|")[1:3]] for line in table.split("\n")[2:]]


def matrix_rows(readme):
    """The README's table of channels: the cells of each row, the channel's name first."""
    table = readme.partition("| channel | stack |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.split("\n")[2:]]


def known_tests():
    """Every test by the name that the README gives it, of files that meson runs."""
    meson = (ROOT / "tests/meson.build").read_text(encoding="utf-8")
    names = set()
    for path in (ROOT / "tests/integration").glob("test_*.py"):
        short = path.stem.removeprefix("test_")
        if re.search(rf"'{short}'|/{path.name}'", meson):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                names |= {f"{short}.{node.name}.{inner.name.removeprefix('test_')}" for inner in getattr(node, "body", ())
                          if isinstance(node, ast.ClassDef) and getattr(inner, "name", "").startswith("test_")}
    for path in (ROOT / "tests").glob("test-*.c"):
        if re.search(rf"'{path.stem.removeprefix('test-')}'|{path.stem}", meson) or path.stem.startswith("test-lpa-"):
            names |= set(re.findall(r'"(/[\w-]+/[\w/-]+)"', path.read_text(encoding="utf-8")))
    return names


def breaks_of_features(readme, tests):
    for what, said in feature_rows(readme):
        named = re.findall("`([^`]+)`", said)
        if not re.match("yes|part|no", said) or (said.startswith("yes") and not named):
            yield f"README.md: {what}: {said or 'nothing'}, and no test shows it"
        for name in named:
            if name not in tests:
                yield f"README.md: {what}: there is no test {name}"


def breaks_of_matrix(readme, tests):
    """A cell that has a test's name has one that exists, and none borrows another's; what it says besides is for people."""
    for channel, _stack, *cells in matrix_rows(readme):
        if re.search(r"\bas (above|below)\b", " ".join(cells)):
            yield f"README.md: {channel}: a test of another row"
        for name in re.findall("`([/\w][^`]*[./][^`]+)`", " ".join(cells)):
            if name not in tests:
                yield f"README.md: {channel}: there is no test {name}"


def breaks_of_quirks(documented, tests):
    """Each key of policy/quirks.conf, and each thing to do after-enable, has its test in test_quirks.py."""
    block = documented.partition("and what is peculiar.")[2].partition("\n#\n")[0]
    keys = re.findall(r"^#   ([a-z0-9-]+)=(?:.*new profile: ([\w, -]+?)  )?", block, flags=re.M)
    names = [name for key, values in keys for name in ([f"{key}-{value}" for value in values.split(", ") if value] or [key])]
    for name in (name.replace("-", "_") for name in names):
        if not any(test.startswith("quirks.") and test.endswith("." + name) for test in tests):
            yield f"policy/quirks.conf: no test_{name} in tests/integration/test_quirks.py"


def breaks_of_channels(documented, files):
    """The names for transports= at the head of policy/quirks.conf, and those in its rows, are those of the channel drivers."""
    named = r'^const ChannelDriver \w+ = \{\n  \.name = "([^"]+)"'
    names = {name for text in files.values() for name in re.findall(named, text, flags=re.M)}
    told = documented.partition("#   transports=")[2].partition("(")[2].partition(")")[0]
    # A name is followed by a comma or the end, or comes after "and" where words explain it.
    known = set(re.findall(r"([a-z-]+)(?=,|$)", told.partition(";")[0])) | set(re.findall(r"; and ([a-z-]+)", told))
    for name in names ^ known:
        yield f"policy/quirks.conf: {name} is " + ("a channel and not named for transports=" if name in names else "no channel")
    for row in re.findall(r"^transports=(.*)", documented, flags=re.M):
        for name in set(row.split(",")) - names:
            yield f"policy/quirks.conf: transports={row}: {name} is no channel"


def function(lines, name="work"):
    return f"static void\n{name} (void)\n{{\n" + "\n".join(lines) + "\n}\n"


class Rules(unittest.TestCase):
    maxDiff = None

    def check(self, rule, files, *bad):
        """FILES keep RULE; each of BAD, a (name, text) or a dict of them, breaks it."""
        self.assertEqual([], [found for found in rule(files) if not found.startswith(TO_MEND)])
        for example in bad:
            self.assertNotEqual([], list(rule(example if isinstance(example, dict) else dict([example]))), example)

    def test_sizes(self):
        deep = ["  if (a)", "    for (;;)", "      while (b)", "        if (c)", "          d ();"]
        self.check(breaks_of_size, c_sources(*PRODUCT, "tests"), ("a.c", "\n" * 601),
                   ("a.c", function(["  b ();"] * 81)), ("a.c", function(deep)))
        self.assertEqual([], list(breaks_of_size({"a.c": function(deep[:3]) + function(["  b ();"] * 80)})))

    def test_medians(self):
        self.check(breaks_of_medians, c_sources(*PRODUCT), ("a.c", function(["  b ();"] * 16)),
                   ("a.c", function(["  b ();"]) + "\n" * 221),
                   ("a.c", function([""]) * 8 + function(["  b ();"] * 41) * 2))

    def test_words(self):
        self.check(breaks_of_words, c_sources(*PRODUCT, "tests"), ("a.c", HEAD + "x */\n" + function(["  goto out;"])),
                   ("a.c", "int a;\n"), ("a.c", HEAD[:-3]))
        self.assertEqual([], list(breaks_of_words({"a.c": HEAD + 'goto */ char *a = "goto";\n'})))

    def test_python_headers(self):
        for path in sorted((ROOT / "tests").rglob("*.py")):
            head = "\n".join(path.read_text(encoding="utf-8").split("\n")[:4])
            self.assertTrue(all(line in head for line in SPDX), path)

    def test_defaults(self):
        enum, switch = "typedef enum\n{\n  RED,\n  BLUE = 7,\n} Colour;\n", ["  switch (a)", "    {"]
        switch += ["    case BLUE:", "    default:", "    }"]
        self.check(breaks_of_defaults, c_sources(*PRODUCT, "tests"), ("a.c", enum + function(switch)))
        self.assertEqual([], list(breaks_of_defaults({"a.c": function(switch)})))

    def test_statics(self):
        self.check(breaks_of_statics, c_sources(*PRODUCT), ("a.c", "static int a;\n"),
                   ("a.c", "static const char *a = 0;\n"),
                   ("a.c", function(["  static gsize once = 0;"])), ("a.c", "static guint signals[3];\n"))
        good = "static const char *const a[] = {};\nstatic int f (int a);\n"
        self.assertEqual([], list(breaks_of_statics({"a.c": good})))

    def test_includes(self):
        def one(name, header):
            return name, f"#include {header}\n"
        self.check(breaks_of_includes, c_sources(*PRODUCT), one("plugin/base/a.c", '"lpa/tlv.h"'),
                   one("plugin/lpa/a.c", '"modem/modem.h"'), one("plugin/connect/a.c", '"net/http.h"'),
                   one("plugin/lpa/a.c", '"net/anchors.h"'), one("plugin/service/a.c", '"decide.h"'),
                   one("cli/a.c", '"base/error.h"'),
                   one("policy/decide.c", '"base/error.h"'),
                   one("policy/config.c", '"service/call.h"'), one("plugin/lpa/a.c", '"esimd-dbus.h"'),
                   one("plugin/main.c", '"apdu/mbim.c"'),
                   one("plugin/apdu/channel.c", "<libmbim-glib.h>"), one("plugin/service/call.c", "<polkit/polkit.h>"),
                   {"plugin/apdu/uim.h": "#include <libqmi-glib.h>\n", "plugin/apdu/at.c": '#include "apdu/uim.h"\n'},
                   {"plugin/apdu/x.c": "const ChannelDriver x = {};\n", "plugin/apdu/x.h": ""})

    def test_features(self):
        """Behind every yes of the README's table is a test that exists and is run."""
        readme, tests = (ROOT / "README.md").read_text(encoding="utf-8"), known_tests()
        self.assertGreater(len(feature_rows(readme)), 30)
        self.assertGreater(len(tests), 400)
        self.assertEqual([], list(breaks_of_features(readme, tests)))
        table = "| | esimd | lpac |\n|---|---|---|\n| A | %s | no |\n\n"
        for said in ("yes", "yes: `bus.Jobs.no_such_test`", "yes: `/no/such-test`", "", "surely: `bus.Reload.a_run_that_is_no_longer_wanted`"):
            self.assertNotEqual([], list(breaks_of_features(table % said, tests)), said)
        self.assertEqual([], list(breaks_of_features(table % "yes: `bus.Reload.a_run_that_is_no_longer_wanted`", tests)))

    def test_matrix(self):
        """Behind each cell of the README's table of channels is a test that exists and is run."""
        readme, tests = (ROOT / "README.md").read_text(encoding="utf-8"), known_tests()
        self.assertGreater(len(matrix_rows(readme)), 8)
        self.assertEqual([], list(breaks_of_matrix(readme, tests)))
        table = "| channel | stack | the card |\n|---|---|---|\n| mbim | ModemManager | `%s` |\n\n"
        for name in ("bus.Jobs.no_such_test", "/no/such-test"):
            self.assertEqual(1, len(list(breaks_of_matrix(table % name, tests))), name)
        self.assertEqual([], list(breaks_of_matrix(table % "bus.Reload.a_run_that_is_no_longer_wanted", tests)))
        self.assertEqual(1, len(list(breaks_of_matrix(table.replace("`%s`", "as above"), tests))))

    def test_quirks(self):
        documented, tests = (ROOT / "policy/quirks.conf").read_text(encoding="utf-8"), known_tests()
        self.assertEqual([], list(breaks_of_quirks(documented, tests)))
        self.assertGreater(len(list(breaks_of_quirks(documented, set()))), 16)
        more = documented.replace("#   segment-size=", "#   turn-round=yes  what for\n#   segment-size=")
        self.assertEqual(1, len(list(breaks_of_quirks(more, tests))))

    def test_channels(self):
        documented, files = (ROOT / "policy/quirks.conf").read_text(encoding="utf-8"), c_sources("plugin")
        self.assertEqual([], list(breaks_of_channels(documented, files)))
        for bad in (documented.replace("qrtr, at", "qrtr"), documented.replace("qrtr, at", "qrtr, tty, at"),
                    documented.replace("qmi-mbim", "qmi-in-mbim"), documented + "[modem X]\ntransports=at,mbin\n"):
            self.assertEqual(1 + ("qmi-in-mbim" in bad), len(list(breaks_of_channels(bad, files))))
        more = {**files, "plugin/apdu/x.c": 'const ChannelDriver channel_x = {\n  .name = "x",\n};\n'}
        self.assertEqual(1, len(list(breaks_of_channels(documented, more))))

    def test_symbols(self):
        self.check(breaks_of_symbols, c_sources(*PRODUCT), ("plugin/lpa/a.c", "GThreadPool *a;\n"),
                   ("plugin/apdu/a.c", "g_main_context_iteration (a, 1);\n"),
                   ("plugin/service/a.c", "g_dbus_method_invocation_return_gerror (a, b);\n"),
                   ("plugin/service/a.c", "g_dbus_method_invocation_take_error (a, b);\n"))

    def test_cycles(self):
        self.check(breaks_of_cycles, c_sources(*PRODUCT),
                   {"plugin/base/a.h": '#include "base/b.h"\n', "plugin/base/b.h": '#include "base/a.h"\n'})

    def test_parser(self):
        """What all rules on functions rest on."""
        text = "struct A\n{\n  int a;\n};\n\n" + function(["  a ();"], "one") + "int\ntwo (int a,\n     int b)\n{\n}\n"
        found = functions(text)
        self.assertEqual([("one", ["  a ();"]), ("two", [])], found)

    @unittest.skipUnless(shutil.which("clang-format"), "no clang-format here")
    def test_format(self):
        tool = ["clang-format", "--dry-run", "-Werror", "--style=file"]
        how = {"cwd": ROOT, "capture_output": True, "text": True, "check": False}
        run = subprocess.run([*tool, *c_sources(*PRODUCT, "tests")], **how)
        self.assertEqual((0, ""), (run.returncode, run.stderr[:4000]))
        bad = subprocess.run([*tool, "--assume-filename=a.c"], input="int  a ;\n", **how)
        self.assertNotEqual(0, bad.returncode)


if __name__ == "__main__":
    unittest.main()
