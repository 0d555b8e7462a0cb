# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""The IP network behind a modem: answers ping and DNS, and refuses TCP, on wwan0's far end, to the session's address alone.

wwan0 is one end of a veth pair without ARP; nothing has an address on the other end, where this process listens.
"""

import collections
import ipaddress
import socket
import struct
import subprocess

HARDWARE = bytes.fromhex("020000000001")  # wwan0's: TCP takes nothing that is broadcast
HOST = ipaddress.IPv4Address("198.51.100.7")  # the host behind the network
HOST_NAME = b"\x04host\x05esimd\x04test\x00"
ETH_IPV4 = 0x0800


def run_ip(*words):
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL, capture_output=True)


class Network:
    """One session at a time; while it is closed, or for any other source address, the network is silent."""

    mtu, prefix = 1430, 30
    dns = (ipaddress.IPv4Address("10.64.0.53"), ipaddress.IPv4Address("10.64.0.54"))

    def __init__(self, number=0):
        self.number = number
        self.rename(number)
        self.address = self.gateway = None
        self.socket = None
        self.traffic = collections.Counter()

    def rename(self, number):
        self.device, self.far_end = f"wwan{number}", f"air{number}"

    def plug(self):
        """Make wwan0, down and without address, as a driver does; return its interface index."""
        run_ip("link", "add", self.device, "address", HARDWARE.hex(":"), "mtu", "1500", "type", "veth",
               "peer", "name", self.far_end)
        for name in (self.device, self.far_end):
            with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as knob:
                knob.write("1")
        run_ip("link", "set", self.device, "arp", "off")
        run_ip("link", "set", self.far_end, "arp", "off", "up")
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_IPV4))
        self.socket.bind((self.far_end, ETH_IPV4))
        self.socket.setblocking(False)
        return socket.if_nametoindex(self.device)

    def unplug(self):
        self.close_session()
        self.socket.close()
        self.socket = None
        run_ip("link", "del", self.device)

    def open_session(self, number):
        """Hand out the NUMBERth address: 10.64.x.y/30 (10.65 for modem 1), the gateway below it."""
        base = ipaddress.IPv4Address(f"10.{64 + self.number}.1.0") + 4 * (number % 16000)
        self.gateway, self.address = base + 1, base + 2

    def close_session(self):
        self.address = self.gateway = None

    def receive(self):
        """Handle the packets that have come."""
        while True:
            try:
                packet, (_, _, kind, _, _) = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            if kind != socket.PACKET_OUTGOING:
                self._handle(packet)

    def _handle(self, packet):
        if len(packet) < 20 or packet[0] >> 4 != 4:
            self.traffic["malformed"] += 1
            return
        head = (packet[0] & 15) * 4
        length, = struct.unpack_from(">H", packet, 2)
        source, target = (ipaddress.IPv4Address(packet[at:at + 4]) for at in (12, 16))
        if self.address is None:
            self.traffic["no-session"] += 1
        elif source != self.address:
            self.traffic["wrong-source"] += 1
        elif length > len(packet) or length > self.mtu or head > length:
            self.traffic["malformed"] += 1
        else:
            self.traffic["packets"] += 1
            self._answer(packet[9], target, packet[head:length])

    def _answer(self, protocol, target, payload):
        if protocol == socket.IPPROTO_ICMP and target in (HOST, self.gateway, *self.dns) and payload[:2] == b"\x08\x00":
            self.traffic["ping"] += 1
            self._send(protocol, target, _icmp_reply(payload))
        elif protocol == socket.IPPROTO_UDP and target in self.dns and len(payload) >= 20:
            source_port, port = struct.unpack_from(">HH", payload)
            answer = dns_answer(payload[8:]) if port == 53 else None
            if answer:
                self.traffic["dns"] += 1
                # checksum 0: none, which UDP over IPv4 allows
                self._send(protocol, target, struct.pack(">HHHH", 53, source_port, 8 + len(answer), 0) + answer)
        elif protocol == socket.IPPROTO_TCP and target == HOST and len(payload) >= 20 and payload[13] & 0x17 == 0x02:
            self.traffic["tcp"] += 1
            self._send(protocol, target, tcp_reset(payload, target, self.address))

    def _send(self, protocol, source, payload):
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 60, protocol, 0,
                           source.packed, self.address.packed)
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        self.socket.sendto(head + payload, (self.far_end, ETH_IPV4, 0, 0, HARDWARE))


def checksum(data):
    """The Internet checksum, RFC 1071."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data[:len(data) & ~1])) + (data[-1] << 8 if len(data) & 1 else 0)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _icmp_reply(request):
    reply = b"\x00\x00\x00\x00" + request[4:]
    return reply[:2] + struct.pack(">H", checksum(reply)) + reply[4:]


def tcp_reset(syn, source, target):
    """What SOURCE, which has no open port, answers TARGET's SYN: RST and ACK (RFC 9293, 3.10.7.1)."""
    source_port, port, sequence = struct.unpack_from(">HHI", syn)
    reply = struct.pack(">HHIIBBHHH", port, source_port, 0, (sequence + 1) & 0xFFFFFFFF, 0x50, 0x14, 0, 0, 0)
    pseudo = source.packed + target.packed + struct.pack(">BBH", 0, socket.IPPROTO_TCP, len(reply))
    return reply[:16] + struct.pack(">H", checksum(pseudo + reply)) + reply[18:]


def dns_answer(query):
    """Answer one question: HOST for host.esimd.test, no such name for all else; None for what is no query."""
    if len(query) < 17:
        return None
    number, flags, questions = struct.unpack_from(">HHH", query)
    end = 12 + query[12:].find(b"\x00") + 5
    if flags & 0xF800 or questions != 1 or end < 17 or end > len(query):
        return None
    name, kind = query[12:end - 4].lower(), query[end - 4:end]
    known = name == HOST_NAME
    records = b""
    if known and kind == b"\x00\x01\x00\x01":
        records = b"\xc0\x0c" + kind + struct.pack(">IH", 60, 4) + HOST.packed
    code = 0x8180 if known else 0x8183
    return struct.pack(">HHHHHH", number, code, 1, 1 if records else 0, 0, 0) + query[12:end] + records


def make_uplink():
    """Another way to the Internet than the modem: uplink0, with a default route."""
    run_ip("link", "add", "uplink0", "type", "veth", "peer", "name", "isp0")
    run_ip("link", "set", "isp0", "up")
    run_ip("address", "add", "192.0.2.2/24", "dev", "uplink0")
    set_uplink(True)


def set_uplink(on):
    """Plug the uplink in, or out."""
    run_ip("link", "set", "uplink0", "up" if on else "down")
    if on:  # the kernel drops routes with their link
        run_ip("route", "replace", "default", "via", "192.0.2.1", "dev", "uplink0", "metric", "100")
