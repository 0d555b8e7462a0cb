# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The lab's eUICC in a PC/SC reader: behind vsmartcard's vpcd, which pcscd takes for a reader's driver.

A message is its length in two bytes and itself. One byte is the reader's power: 0 off, 1 on, 2 reset, 4 the ATR is asked
for; more are an APDU. Control `modem`: in, out (the card is put in and taken out); faults at `pcsc.apdu`: out, delay.
"""

import argparse
import asyncio

from control import ControlServer, Faults
from euicc import CONTROL_VERBS, CardSilent, Euicc
from modem import Verbs as ModemVerbs
from uicc import DEFAULT_ATR

PORT = 35963  # 0x8C7B
POWER_OFF, POWER_ON, RESET, GET_ATR = 0, 1, 2, 4
HOWS = ("out", "delay")


class PointFaults(Faults):
    """Refuses orders that could never strike."""

    def order(self, at, how, times=1, skip=0, **details):
        if at != "pcsc.apdu" or how not in HOWS:
            raise ValueError(f"no fault {how} at {at}: only {HOWS} at pcsc.apdu")
        super().order(at, how, times, skip, **details)


class Reader:
    """The card's side of the connection to vpcd, which is there while the card is in."""

    def __init__(self, card, loop):
        self.card, self.loop, self.faults = card, loop, PointFaults()
        self._writer = self._task = None

    async def insert(self):
        if self._writer:
            raise RuntimeError("the card is in already")
        reader, self._writer = await asyncio.open_connection("127.0.0.1", PORT)
        self.card.reset()
        self._task = self.loop.create_task(self._serve(reader))

    def remove(self):
        if not self._writer:
            raise RuntimeError("the card is not in")
        self._task.cancel()
        self._writer.close()
        self._writer = None
        self.card.reset()

    async def _serve(self, reader):
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                await self._handle(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            self._writer = None  # pcscd is gone

    async def _handle(self, message):
        if len(message) > 1:
            await self._apdu(message)
        elif message[0] == GET_ATR:
            self._send(DEFAULT_ATR)
        elif message[0] in (POWER_OFF, RESET):
            self.card.reset()

    async def _apdu(self, apdu):
        order = self.faults.take("pcsc.apdu")
        if order and order["how"] == "out":
            self.loop.call_soon(self.remove)
            return
        if order:
            await asyncio.sleep(order["seconds"])
        try:
            self._send(self.card.transmit(apdu))
        except CardSilent:
            return
        self.card.after_response()

    def _send(self, data):
        self._writer.write(len(data).to_bytes(2, "big") + data)

    def check_card(self):
        """The card was changed by other means than APDUs; a reader does not care."""


class Verbs(ModemVerbs):
    """The control verbs."""

    def table(self):
        return {"out": self.on_loop(self.modem.remove), "in": self.insert}

    def insert(self):
        asyncio.run_coroutine_threadsafe(self.modem.insert(), self.modem.loop).result(30)


async def run(options):
    card_faults = Faults()
    card = Euicc(options.pki, options.state, card_faults)
    reader = Reader(card, asyncio.get_running_loop())
    verbs = Verbs(reader)
    card_verbs = {name: verbs.on_card(verb) for name, verb in CONTROL_VERBS(card).items()}
    ControlServer("euicc", card_faults, card_verbs, options.lab_dir).start()
    ControlServer("modem", reader.faults, verbs.table(), options.lab_dir).start()
    await reader.insert()
    print("ready", flush=True)
    await asyncio.Event().wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pki", required=True, help="the folder that pki.py filled")
    parser.add_argument("--state", required=True, help="the file that keeps the card")
    parser.add_argument("--lab-dir", required=True, help="the folder for the control sockets")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
