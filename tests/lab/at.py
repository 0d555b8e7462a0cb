# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""AT commands as a modem answers them (V.250, 3GPP TS 27.007): one AtPort a line to a host, the card and Radio behind.

Dialects are knobs: see KNOBS. Whatever is not known is answered by ERROR, as modems do.
"""

import re

from euicc import CardSilent
from mbim import BASIC, Basic, Refused
from radio import IP_V4, PROVIDER, Ready, Register, Session

KNOBS = {
    "collect": False,  # follow 61xx and 6Cxx for the host
    "ccho": "named",  # what CCHO answers: named (+CCHO: 1), bare (1), none (there is no CCHO, CGLA, CCHC), hollow (no CGLA)
    "fragile": False,  # a CCHO that fails leaves it without its card until it is plugged in anew
    "cchc": True,  # whether there is CCHC
    "csim": "all",  # all, basic (ERROR on logical channels) or none
    # CCHO gives sessions of the modem's own, which sets the channel in the class byte (3GPP TS 27.007, 8.45 and 8.46):
    "handles": "no",  # no, high (41), low (2, which is not the card's number) or hex (sixteen digits)
    "handle_sw": "6881",  # what it answers where the host has set a channel all the same
    "test_forms": True,  # whether AT+CCHO=? and the like are answered
    "line_max": 0,  # longer command lines are answered by ERROR; 0: none is too long
    "empty_ready": False,  # an eUICC without profile is a SIM that needs no PIN, not a missing one
    "echo": True,
    "chatter": False,  # unsolicited lines in the middle of answers
    "sim_events": False,  # +QUSIM and +USIMSTATE tell the host of a card that comes and goes
}
POINTS = ("at.ccho", "at.cgla", "at.cchc", "at.csim", "at.connect", "at.register")
HOWS = ("no-answer", "error", "delay", "unplug", "crash", "garbage")
FIRST_HANDLE, HEX_HANDLE = 40, 0x6C0F33A000000000
COLLECT_MAX = 4096
CREG = {Register.DEREGISTERED: 0, Register.HOME: 1, Register.SEARCHING: 2, Register.DENIED: 3, Register.ROAMING: 5}
EF_ICCID, EF_IMSI, EF_AD, EF_SPN = 0x2FE2, 0x6F07, 0x6FAD, 0x6F46
IMEI = "490154203237518"
BASIC_COMMAND = re.compile(r"(&?[A-CE-Z])(\d*)")


class CommandError(Exception):
    """The command is refused: code is a +CME ERROR number, None for a plain ERROR."""

    def __init__(self, code=None):
        super().__init__(code)
        self.code = code


class Later(Exception):
    """The answer comes later; `begin` is called with the function that gives it (lines, final)."""

    def __init__(self, begin):
        super().__init__()
        self.begin = begin


class AtPort:
    """One port: commands in, answers out by SEND (bytes). Commands wait for the one before."""

    def __init__(self, modem, send):
        self.modem, self._send = modem, send
        self.echo = modem.knobs["echo"]
        self.cmee = 0
        self.reg = {"CREG": 0, "CGREG": 0, "CEREG": 0}
        self._input = ""
        self._busy = self.data = False

    def feed(self, data):
        if self.data and not data.startswith(b"AT"):  # PPP frames, which nobody answers here
            return
        self.hang_up()
        self._input += data.decode("latin-1")
        self._next()

    def hang_up(self):
        """DTR has fallen, or the host takes the line for one of commands."""
        if self.data:
            self.data = False
            self.modem.end_data()

    def _next(self):
        while not self._busy and "\r" in self._input:
            line, self._input = self._input.split("\r", 1)
            line = line.strip("\n\0 ")
            if self.echo and line:
                self._send(line.encode() + b"\r")
            if line[:2].upper() == "AT":
                self._busy = True
                self.modem.run(self, line)

    def urc(self, line):
        if not self.data:
            self._send(f"\r\n{line}\r\n".encode())

    def answer(self, lines, final):
        """End the command that is running."""
        if self.modem.knobs["chatter"]:
            self.urc("+CSQ: 17,99")
        for line in lines:
            self._send(f"\r\n{line}\r\n".encode())
            if self.modem.knobs["chatter"]:
                self.urc("^RSSI: 17")
        self.finish(final)

    def finish(self, final):
        if final is not None:
            self._send(f"\r\n{final}\r\n".encode())
        self._busy = False
        self.data = final is not None and final.startswith("CONNECT")
        self._next()

    def refuse(self, code):
        self.answer([], "ERROR" if code is None or not self.cmee else f"+CME ERROR: {code}")


class AtCommands:
    """What the commands mean. RADIO is radio.Radio, whose indications come to indicate()."""

    def __init__(self, card, knobs):
        self.card, self.knobs = card, knobs
        self.radio = None
        self.ports = []
        self.sessions = {}  # handle, as CCHO writes it -> the card's channel
        self.apn = ""
        self.apdus = 0
        self.broken = False

    # The card

    def forget_channels(self):
        self.sessions.clear()

    def _no_card(self):
        if self.broken:
            raise CommandError(13)  # SIM failure
        if self.radio.ready is Ready.NOT_INITIALIZED:
            raise CommandError(14)  # SIM busy

    def _subscription(self):
        self._no_card()
        if self.radio.profile is None:
            raise CommandError(10)  # SIM not inserted: so an eUICC without a profile looks by AT
        return self.radio.profile

    def transmit(self, apdu):
        self.apdus += 1
        try:
            answer = self.card.transmit(apdu)
            data = b""
            while self.knobs["collect"] and answer[-2] == 0x61 and len(data) < COLLECT_MAX:
                data += answer[:-2]
                answer = self.card.transmit(bytes([apdu[0], 0xC0, 0, 0, answer[-1]]))
        except CardSilent:
            raise CommandError(13) from None  # SIM failure
        return data + answer

    def do_ccho(self, _port, value):
        if self.knobs["ccho"] == "none":
            raise CommandError()
        aid = bytes.fromhex(value.strip('"'))
        self._no_card()
        channel, _sw, _fci = self.card.open_channel(aid)
        if not channel:
            self.broken = self.knobs["fragile"]
            raise CommandError(100)
        session = {"no": str(channel), "low": str(channel % 3 + 1), "high": str(FIRST_HANDLE + channel),
                   "hex": f"{HEX_HANDLE + channel:016X}"}[self.knobs["handles"]]
        self.sessions[session] = channel
        return [str(session) if self.knobs["ccho"] == "bare" else f"+CCHO: {session}"]

    def do_cgla(self, _port, value):
        if self.knobs["ccho"] in ("none", "hollow"):
            raise CommandError()
        session, _length, apdu = self._apdu(value, r"([0-9A-F]+),(\d+),\"?([0-9A-Fa-f]+)\"?$")
        if session not in self.sessions:
            raise CommandError(3)
        if self.knobs["handles"] != "no":
            if apdu[0] & 0x03:  # the modem takes the class byte as it is and adds its own bits
                return self._answer("+CGLA", bytes.fromhex(self.knobs["handle_sw"]))
            apdu = bytes([apdu[0] | self.sessions[session]]) + apdu[1:]
        return self._answer("+CGLA", self.transmit(apdu))

    def do_cchc(self, _port, value):
        if not self.knobs["cchc"] or self.knobs["ccho"] == "none":
            raise CommandError()
        channel = self.sessions.pop(value, None)
        if channel is None:
            raise CommandError(3)
        self.card.close_channel(channel)
        return ["+CCHC"]

    def do_csim(self, _port, value):
        _, length, apdu = self._apdu("0," + value, r"(\d+),(\d+),\"?([0-9A-Fa-f]+)\"?$")
        logical = apdu[0] & 0x43 or apdu[1] == 0x70
        if self.knobs["csim"] == "none" or (self.knobs["csim"] == "basic" and logical):
            raise CommandError()
        return self._answer("+CSIM", self.transmit(apdu))

    def _apdu(self, value, pattern):
        match = re.match(pattern, value)
        if not match or int(match[2]) != len(match[3]) or len(match[3]) % 2:
            raise CommandError(50)  # incorrect parameters
        self._no_card()
        return match[1], int(match[2]), bytes.fromhex(match[3])

    @staticmethod
    def _answer(name, data):
        return [f'{name}: {2 * len(data)},"{data.hex().upper()}"']

    def do_crsm(self, _port, value):
        words = value.split(",")
        file = {EF_ICCID: self._iccid, EF_IMSI: self._imsi, EF_AD: lambda: b"\0\0\0\2",
                EF_SPN: lambda: b"\1esimd" + b"\xff" * 11}.get(int(words[1]))
        self._subscription()
        if file is None:
            return ["+CRSM: 106,130"]  # 6A82
        if words[0] == "176":  # READ BINARY
            length = int(words[4]) if len(words) > 4 else 0
            return [f'+CRSM: 144,0,"{file()[:length or None].hex().upper()}"']
        if words[0] == "192":  # GET RESPONSE: the 15 bytes of a transparent EF, 3GPP TS 51.011, 9.2.1
            head = bytes([0, 0]) + len(file()).to_bytes(2, "big") + int(words[1]).to_bytes(2, "big")
            return [f'+CRSM: 144,0,"{(head + bytes.fromhex("04001100110102000000")[:9]).hex().upper()}"']
        return ["+CRSM: 109,0"]

    def _iccid(self):
        return _swapped(self.radio.profile["iccid"].ljust(20, "F"))

    def _imsi(self):
        imsi = self.radio.profile.get("imsi") or "001010123456789"
        return bytes([8]) + _swapped("9" + imsi)

    # The modem

    def do_cimi(self, _port, _value):
        return [self._subscription().get("imsi") or "001010123456789"]

    def ask_cpin(self, _port):
        if not self.knobs["empty_ready"]:
            self._subscription()
        return ["+CPIN: READY"]

    def ask_cfun(self, _port):
        return [f"+CFUN: {1 if self.radio.on else 4}"]

    def do_cfun(self, _port, value):
        mode = int(value.split(",")[0])
        if mode == 0:  # the card loses its power
            self.forget_channels()
            self.card.reset()
            self.radio.lose_card()
        self.radio.set_power(mode == 1)
        return []

    def do_cmee(self, port, value):
        port.cmee = int(value)
        return []

    def do_cops(self, _port, _value):
        return []

    def ask_cops(self, _port):
        if not self.radio.registered():
            return ["+COPS: 0"]
        return [f'+COPS: 0,0,"{PROVIDER[self.knobs["registration"]][1]}",7']

    def ask_creg(self, port, name="CREG"):
        return [f"+{name}: {port.reg[name]},{self._reg(port, name)}"]

    def _reg(self, port, name):
        state = str(CREG[self.radio.register])
        return state + (',"0001","00001234",7' if port.reg[name] == 2 and self.radio.registered() else "")

    def do_creg(self, port, value, name="CREG"):
        port.reg[name] = int(value)
        return []

    def ask_cgreg(self, port):
        return self.ask_creg(port, "CGREG")

    def do_cgreg(self, port, value):
        return self.do_creg(port, value, "CGREG")

    def ask_cereg(self, port):
        return self.ask_creg(port, "CEREG")

    def do_cereg(self, port, value):
        return self.do_creg(port, value, "CEREG")

    def do_cgdcont(self, _port, value):
        words = [word.strip('"') for word in value.split(",")]
        self.apn = words[2] if len(words) > 2 else ""
        return []

    def ask_cgdcont(self, _port):
        return [f'+CGDCONT: 1,"IP","{self.apn}","0.0.0.0",0,0'] if self.apn else []

    def ask_cgatt(self, _port):
        return [f"+CGATT: {int(self.radio.attached)}"]

    def do_cgatt(self, _port, value):
        self._network(lambda: self.radio.set_attached(value == "1"))
        return []

    def ask_cgact(self, _port):
        return [f"+CGACT: 1,{int(self.radio.session is Session.ACTIVATED)}"]

    def do_cgact(self, port, value):
        if value.startswith("1"):
            self._activate(port, "OK")
        if self.radio.session is not Session.DEACTIVATED:
            self.radio.end_session()
        return []

    def do_cgpaddr(self, _port, _value):
        return [f'+CGPADDR: 1,"{self.radio.net.address or "0.0.0.0"}"']

    def do_cgcontrdp(self, _port, _value):
        net = self.radio.net
        if net.address is None:
            return []
        return [f'+CGCONTRDP: 1,5,"{self.apn}","{net.address}.255.255.255.252","{net.gateway}",'
                f'"{net.dns[0]}","{net.dns[1]}"']

    def dial(self, port, number):
        """ATD*99#: data mode over the first context."""
        if not number.startswith("*99"):
            raise CommandError()
        self._activate(port, "CONNECT 115200")

    def end_data(self):
        if self.radio.session is not Session.DEACTIVATED:
            self.radio.end_session()

    def _activate(self, port, final):
        if self.radio.registered():
            self.radio.set_attached(True)  # 27.007, 10.1.10: the modem attaches first
        self._network(lambda: self.radio.check_activation(0, self.apn, IP_V4))

        def begin(done):
            self.radio.activate(self.apn, lambda status, _info: done([], final if status == 0 else "NO CARRIER"))

        raise Later(begin)

    @staticmethod
    def _network(function):
        try:
            function()
        except Refused:
            raise CommandError(148) from None  # unspecified GPRS error

    def do_cgerep(self, _port, _value):
        """Packet events are not told, whatever is asked."""
        return []

    # Everything else

    FIXED = {
        "+GCAP": ["+GCAP: +CGSM"], "+CGMI": ["esimd lab"], "+CGMM": ["AT modem with eUICC"], "+CGMR": ["1.0"],
        "+CGSN": [IMEI], "+GMI": ["esimd lab"], "+GMM": ["AT modem with eUICC"], "+GMR": ["1.0"], "+GSN": [IMEI],
        "I": ["esimd lab", "AT modem with eUICC", "1.0"], "+CSQ": ["+CSQ: 20,99"], "+CCLK?": [],
        "+WS46=?": ["+WS46: (28)"], "+CPAS": ["+CPAS: 0"],
        "+CGDCONT=?": ['+CGDCONT: (1-8),"IP",,,(0),(0)'], "+CREG=?": ["+CREG: (0-2)"], "+CGREG=?": ["+CGREG: (0-2)"],
        "+CEREG=?": ["+CEREG: (0-2)"], "+CFUN=?": ["+CFUN: (0,1,4)"], "+CMEE=?": ["+CMEE: (0-2)"],
        "+COPS=?": ['+COPS: (2,"esimd Home","esimd","31026",7)'], "+CSCS=?": ['+CSCS: ("GSM","UCS2","IRA")'],
        # oFono 2.16 has no packet data without the first, and ModemManager 1.24 asks a Quectel modem for the second every second.
        "+CGEREP=?": ["+CGEREP: (0-2),(0,1)"], "+QGMR?": ["1.0"], "+QGMR": ["1.0"],
        "+CCHO=?": [], "+CGLA=?": [], "+CCHC=?": [], "+CSIM=?": [],
    }

    def one(self, port, word):
        """Run one command of a line; return its lines of information, or raise CommandError or Later."""
        name = word.upper()
        if name in self.FIXED and (self.knobs["test_forms"] or not name.endswith("=?")):
            return self.FIXED[name]
        match = re.match(r"\+([A-Z0-9]+)(\?|=\?|=)?(.*)$", word, re.IGNORECASE)
        if not match:
            return self._basic(port, word)
        function = getattr(self, ("ask_" if match[2] == "?" else "do_") + match[1].lower(), None)
        if function is None or match[2] == "=?":
            raise CommandError()
        try:
            return function(port) if match[2] == "?" else function(port, match[3])
        except (ValueError, IndexError):
            raise CommandError(50) from None

    @staticmethod
    def _basic(port, word):
        match = BASIC_COMMAND.match(word.upper())
        if not match:
            raise CommandError()
        if match[1] == "E":
            port.echo = match[2] == "1"
        return []

    def words(self, line):
        """The commands of LINE, which begins with AT."""
        rest = line[2:].strip()
        while rest:
            match = BASIC_COMMAND.match(rest.upper())
            if rest[0].upper() == "D":
                yield rest
                return
            if match and rest[0] != "+":
                yield rest[:match.end()]
                rest = rest[match.end():].lstrip("; ")
            else:
                word, _, rest = rest.partition(";")
                yield word.strip()
                rest = rest.strip()

    def indicate(self, service, cid, _info):
        """What Radio tells the host, in AT's words."""
        if (service, cid) != (BASIC, Basic.REGISTER_STATE):
            return
        for port in self.ports:
            for name, mode in port.reg.items():
                if mode:
                    port.urc(f"+{name}: {self._reg(port, name)}")

    def tell_card(self, there):
        if self.knobs["sim_events"]:
            for port in self.ports:
                port.urc(f"+QUSIM: {int(there)}")
                port.urc(f"+USIMSTATE: {int(there)}")


def _swapped(digits):
    return bytes.fromhex("".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2)))
