# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""What a download costs, counted by the stand-ins and the kernel, so that every program is measured alike."""

import statistics
import time

from control import ask

# What is counted: name -> how a median of it is printed.
FIGURES = {
    "APDUs from the host": "{:.0f}",
    "APDUs at the card": "{:.0f}",
    "APDU bytes": "{:.0f}",
    "logical channels opened": "{:.0f}",
    "TLS handshakes": "{:.0f}",
    "HTTP requests": "{:.0f}",
    "seconds, wall": "{:.3f}",
    "seconds, CPU": "{:.3f}",
}


class Meter:
    """Started when it is made, in the lab of LAB_DIR; CPU returns the CPU seconds that the program has used so far."""

    def __init__(self, lab_dir, cpu):
        self._dir, self._cpu = lab_dir, cpu
        self._start = self._totals()

    def _totals(self):
        wall, cpu = time.monotonic(), self._cpu()
        card, server = ask("euicc", "apdus", self._dir), ask("smdp", "requests", self._dir)
        host = ask("modem", "counts", self._dir)["counts"]
        return dict(zip(FIGURES, (host.get("uicc.apdu", 0), card["count"], card["bytes"], host.get("uicc.open", 0),
                                  server["handshakes"], sum(server["requests"].values()), wall, cpu)))

    def read(self):
        """What it has cost since the start, by the names of FIGURES."""
        return {name: value - self._start[name] for name, value in self._totals().items()}


def spread(values, form):
    """The median of VALUES, and from where to where they go if they differ."""
    low, middle, high = (form.format(value) for value in (min(values), statistics.median(values), max(values)))
    return middle if low == high else f"{middle} ({low}-{high})"


def table(title, columns):
    """Lines that show COLUMNS (name -> what Meter.read() gave, once a round) side by side, under TITLE."""
    cells = [[title, *columns]]
    for name, form in FIGURES.items():
        row = [spread([reading[name] for reading in rounds], form) for rounds in columns.values()]
        cells.append(["  " + name, *row])
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]
