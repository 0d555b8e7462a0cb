#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The lab's eUICC on standard input and output, for programs that want a card and no modem: card-stdio.py PKI STATE.

A line of hex is a command APDU, the line that answers it the response; "reset" is a power cycle, answered by "ok"; an
empty line is a card that keeps silent. $LAB_DIR/euicc.ctl controls the card, as everywhere in the lab.
"""

import sys

import control
import euicc


def answer(card, line):
    """The line that answers LINE."""
    if line == "reset":
        card.reset()
        return "ok"
    try:
        return card.transmit(bytes.fromhex(line)).hex()
    except euicc.CardSilent:
        return ""


def main():
    faults = control.Faults()
    card = euicc.Euicc(sys.argv[1], sys.argv[2], faults)
    control.ControlServer("euicc", faults, euicc.CONTROL_VERBS(card)).start()
    print("ready", flush=True)
    for line in sys.stdin:
        print(answer(card, line.strip()), flush=True)
        card.after_response()


if __name__ == "__main__":
    main()
