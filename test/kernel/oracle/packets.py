"""Packets as JSON objects (the shape of INTERFACES section 4) to bytes and back."""

import socket
import struct

ETH_IPV4 = 0x0800
ETH_ARP = 0x0806
ETH_IPV6 = 0x86DD

PROTOCOL_NUMBERS = {"icmp": 1, "ipip": 4, "tcp": 6, "udp": 17, "icmpv6": 58, "sctp": 132}
PROTOCOL_NAMES = {number: name for name, number in PROTOCOL_NUMBERS.items()}
ICMP_ERRORS = frozenset((3, 4, 5, 11, 12))
ICMPV6_ERRORS = frozenset((1, 2, 3, 4))
# Neighbour discovery and multicast listener reports: the kernel's own housekeeping.
ND_ADDRESSED = {135: "request", 136: "reply"}
ND_REDIRECT = 137
HOUSEKEEPING = frozenset((130, 131, 132, 133, 134, 135, 136, 143))
FLAG_LETTERS = "FSRPAUEC"
FLAGS = {letter: 1 << bit for bit, letter in enumerate(FLAG_LETTERS)}
FLAG_TEXT = ["".join(letter for letter in FLAG_LETTERS if bits & FLAGS[letter]) for bits in range(256)]

vxlan_ports = {4789, 8472}


def checksum(data):
    # The ones' complement sum of 16-bit words is the number itself modulo 65535; Python's
    # big integers do that in C.
    if len(data) & 1:
        data += b"\0"
    total = int.from_bytes(data, "big")
    rest = total % 0xFFFF
    if rest == 0 and total:
        rest = 0xFFFF
    return rest ^ 0xFFFF


def protocol_number(packet):
    proto = packet.get("proto", "udp")
    if isinstance(proto, int):
        return proto
    if proto in PROTOCOL_NUMBERS:
        return PROTOCOL_NUMBERS[proto]
    return int(proto)


# The extension header of IPv6 fragments.
FRAGMENT = 44


AUTHENTICATION = 51
EXTENSIONS = {"hop-by-hop": 0, "routing": 43, "fragment": FRAGMENT, "authentication": AUTHENTICATION, "destination": 60}
EXTENSION_NAMES = {number: name for name, number in EXTENSIONS.items()}
MOBILITY = 135


def _extension(header, following, ident):
    """An extension header; options are padded with PadN (Pad1 for one byte), their data is zeros."""
    name = header["header"]
    if name == "fragment":
        return struct.pack("!BBHI", following, 0, 0, ident)
    if name == "authentication":
        size = header.get("length", 24)
        return struct.pack("!BBHII", following, size // 4 - 2, 0, header.get("spi", 0), 0) + bytes(size - 12)
    if name == "routing":
        addresses = [socket.inet_pton(socket.AF_INET6, text) for text in header.get("addresses", [])]
        kind = header.get("type", 0)
        last = max(0, len(addresses) - 1) if kind == 4 else 0
        fixed = struct.pack("!BBBBBBH", following, 2 * len(addresses), kind, header.get("segmentsLeft", 0), last, 0, 0)
        return fixed + b"".join(addresses)
    data = b""
    for option in header.get("options", []):
        kind, size = option.get("type", 0), option.get("length", 0)
        data += b"\0" if kind == 0 else bytes((kind, size)) + bytes(size)
    missing = -(2 + len(data)) % 8
    data += b"" if missing == 0 else b"\0" if missing == 1 else bytes((1, missing - 2)) + bytes(missing - 2)
    return bytes((following, (2 + len(data)) // 8 - 1)) + data


def is_ipv6(packet):
    return ":" in packet["dst"]


def check_addresses(packet):
    """Before sending: a bad address must not be taken for the kernel's answer."""
    for field in ("dst", "src"):
        text = packet.get(field)
        if field == "src" and text is None:
            continue
        try:
            socket.inet_pton(socket.AF_INET6 if is_ipv6(packet) else socket.AF_INET, text)
        except (OSError, TypeError):
            raise ValueError(f"packet: {field} {text!r} is no address of its family") from None
    if "icmpInner" in packet:
        check_addresses(packet["icmpInner"])


def build(packet, ident):
    """The IP packet as bytes; `ident` is the IPv4 identification or the IPv6 flow label."""
    six = is_ipv6(packet)
    number = protocol_number(packet)
    family = socket.AF_INET6 if six else socket.AF_INET
    src = socket.inet_pton(family, packet.get("src") or ("::" if six else "0.0.0.0"))
    dst = socket.inet_pton(family, packet["dst"])
    body = _transport(packet, number, src, dst, six)
    ttl = packet.get("ttl", 64)
    tos = packet.get("tos", 0)
    if six:
        if packet.get("mf") or packet.get("fragOffset"):
            place = packet.get("fragOffset", 0) & ~7 | bool(packet.get("mf"))
            body = struct.pack("!BBHI", number, 0, place, ident) + body
            number = FRAGMENT
        for extension in reversed(packet.get("extensions", [])):
            if extension["header"] != "mobility":
                body = _extension(extension, number, ident) + body
                number = EXTENSIONS[extension["header"]]
        return struct.pack("!IHBB", 6 << 28 | tos << 20 | ident, len(body), number, ttl) + src + dst + body
    fragment = (0x4000 if packet.get("df") else 0) | (0x2000 if packet.get("mf") else 0)
    fragment |= packet.get("fragOffset", 0) // 8
    header = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(body), ident, fragment, ttl, number, 0, src, dst)
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + body


def _transport(packet, number, src, dst, six):
    payload = bytes(packet.get("length", 0))
    if packet.get("fragOffset"):
        return payload
    whole = packet.get("wholeLength", len(payload))
    if number == 6:
        bits = 0
        for letter in packet.get("flags", "S"):
            bits |= FLAGS[letter]
        body = struct.pack(
            "!HHIIBBHHH", packet.get("sport", 0), packet.get("dport", 0), packet.get("seq", 0), packet.get("ack", 0),
            0x60 if packet.get("mss") else 0x50, bits, packet.get("window", 65535), 0, 0,
        ) + (struct.pack("!BBH", 2, 4, packet["mss"]) if packet.get("mss") else b"") + payload
        at = 16
    elif number == 17:
        body = struct.pack("!HHHH", packet.get("sport", 0), packet.get("dport", 0), 8 + whole, 0) + payload
        at = 6
    elif number in (1, 58):
        body = _icmp(packet, number, payload)
        at = 2
    elif number == 136:
        # UDP-Lite: the third field says how much the checksum covers, here all of it.
        body = struct.pack("!HHHH", packet.get("sport", 0), packet.get("dport", 0), 0, 0) + payload
        at = 6
    elif number == MOBILITY and packet.get("extensions", [{}])[-1].get("header") == "mobility":
        return struct.pack("!BBBBHH", 59, len(payload) // 8, packet["extensions"][-1].get("type", 0), 0, 0, 0) + payload
    elif number == 33:
        return struct.pack("!HHI", packet.get("sport", 0), packet.get("dport", 0), 0) + payload
    elif number == 132:
        chunks = b"".join(_chunk(packet, kind, payload) for kind in packet.get("chunks", ["INIT"]))
        ports = packet.get("sport", 0), packet.get("dport", 0)
        body = struct.pack("!HHII", *ports, packet.get("vtag", 0), 0) + chunks
        value = crc32c(body) ^ (0x5555 if packet.get("badChecksum") else 0)
        return body[:8] + struct.pack("<I", value) + body[12:]
    else:
        return payload
    # The payload is zeros, so of the fragments that follow only their length counts.
    size = len(body) + whole - len(payload)
    if number == 1:
        value = checksum(body)
    elif six:
        value = checksum(src + dst + struct.pack("!IHBB", size, 0, 0, number) + body)
    else:
        value = checksum(src + dst + struct.pack("!BBH", 0, number, size) + body)
    if number in (17, 136) and value == 0:
        value = 0xFFFF
    if packet.get("badChecksum"):
        value ^= 0x5555
    return body[:at] + value.to_bytes(2, "big") + body[at + 2 :]


CHUNKS = {name: kind for kind, name in enumerate((
    "DATA", "INIT", "INIT_ACK", "SACK", "HEARTBEAT", "HEARTBEAT_ACK", "ABORT", "SHUTDOWN", "SHUTDOWN_ACK", "ERROR",
    "COOKIE_ECHO", "COOKIE_ACK", "ECN_ECNE", "ECN_CWR", "SHUTDOWN_COMPLETE",
))}


def _chunk(packet, kind, payload):
    """One SCTP chunk; `length` bytes of data in DATA, none in others."""
    number = CHUNKS.get(kind, kind)
    value = b""
    if number in (1, 2):
        value = struct.pack("!IIHHI", packet.get("initTag", 1), 65535, 1, 1, 1)
    elif number == 0:
        value = bytes(12) + payload
    elif number == 3:
        value = bytes(12)
    return struct.pack("!BBH", number, 1 if packet.get("tFlag") else 0, 4 + len(value)) + value + bytes(-len(value) % 4)


def _icmp(packet, number, payload):
    kind = packet.get("icmpType", 8 if number == 1 else 128)
    code = packet.get("icmpCode", 0)
    inner = packet.get("icmpInner")
    if inner is None:
        return struct.pack("!BBHHH", kind, code, 0, packet.get("icmpId", 0), packet.get("icmpSeq", 0)) + payload
    return struct.pack("!BBHI", kind, code, 0, packet.get("mtu", 0)) + build(inner, inner.get("ipid", 0)) + payload


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def parse(data, at=0):
    """An IP packet (possibly cut short) as a JSON object, or None."""
    if len(data) < at + 20:
        return None
    version = data[at] >> 4
    if version == 4:
        _, tos, total, ident, fragment, ttl, number, _, src, dst = struct.unpack_from("!BBHHHBBH4s4s", data, at)
        after = at + (data[at] & 15) * 4
        packet = {
            "src": socket.inet_ntoa(src), "dst": socket.inet_ntoa(dst), "proto": PROTOCOL_NAMES.get(number, number),
            "ttl": ttl, "tos": tos, "id": ident, "df": bool(fragment & 0x4000),
        }
        if fragment & 0x3FFF:
            packet["mf"] = bool(fragment & 0x2000)
            packet["fragOffset"] = (fragment & 0x1FFF) * 8
        end = at + total
        if fragment & 0x1FFF:
            packet["length"] = end - after
            return packet
    elif version == 6 and len(data) >= at + 40:
        word, size, number, ttl = struct.unpack_from("!IHBB", data, at)
        packet = {
            "src": socket.inet_ntop(socket.AF_INET6, data[at + 8 : at + 24]),
            "dst": socket.inet_ntop(socket.AF_INET6, data[at + 24 : at + 40]),
            "proto": PROTOCOL_NAMES.get(number, number), "ttl": ttl, "tos": word >> 20 & 0xFF, "id": word & 0xFFFFF,
        }
        after = at + 40
        end = after + size
        while number in EXTENSION_NAMES and len(data) >= after + 8:
            header = number
            number, size = data[after], data[after + 1]
            packet["proto"] = PROTOCOL_NAMES.get(number, number)
            if header != FRAGMENT:
                packet.setdefault("extensions", []).append(_describe(header, data, after))
                after += (size + 2) * 4 if header == AUTHENTICATION else (size + 1) * 8
                continue
            _, _, place, _ = struct.unpack_from("!BBHI", data, after)
            after += 8
            if place & ~6 == 0:
                packet.setdefault("extensions", []).append("fragment")
                continue
            packet["mf"], packet["fragOffset"] = bool(place & 1), place & ~7
            if place & ~7:
                packet["length"] = end - after
                return packet
        if number == MOBILITY and len(data) >= after + 3 and data[after] == 59:
            packet.setdefault("extensions", []).append(f"mobility {data[after + 2]}")
    else:
        return None
    room = len(data) - after
    if number == 6:
        if room >= 4:
            packet["sport"], packet["dport"] = struct.unpack_from("!HH", data, after)
        if room >= 16:
            seq, ack, offset, bits, window = struct.unpack_from("!IIBBH", data, after + 4)
            packet["flags"] = FLAG_TEXT[bits]
            packet["seq"], packet["ack"], packet["window"] = seq, ack, window
            packet["length"] = end - after - (offset >> 4) * 4
            mss = _mss(data[after + 20 : after + (offset >> 4) * 4])
            if mss is not None:
                packet["mss"] = mss
    elif number == 17:
        if room >= 8:
            packet["sport"], packet["dport"] = struct.unpack_from("!HH", data, after)
            packet["length"] = end - after - 8
            if packet["dport"] in vxlan_ports and room >= 8 + 8 + 14 + 20:
                packet["vni"] = int.from_bytes(data[after + 12 : after + 15], "big")
                inner = parse(data, after + 30)
                if inner:
                    packet["inner"] = inner
    elif number == 1 or number == 58:
        if room >= 8:
            kind, code, _, first, second = struct.unpack_from("!BBHHH", data, after)
            packet["icmpType"], packet["icmpCode"] = kind, code
            if kind in (ICMP_ERRORS if number == 1 else ICMPV6_ERRORS):
                if number == 1 and kind == 3 and code == 4:
                    packet["mtu"] = second
                elif number == 58 and kind in (2, 4):
                    # The MTU, or where the fault is.
                    packet["mtu"] = first << 16 | second
                elif number == 1 and kind == 5:
                    packet["gateway"] = socket.inet_ntoa(data[after + 4 : after + 8])
                quoted = parse(data, after + 8)
                if quoted:
                    packet["quoted"] = quoted
            elif number == 58 and kind in ND_ADDRESSED:
                if room >= 24:
                    packet["target"] = socket.inet_ntop(socket.AF_INET6, data[after + 8 : after + 24])
            elif number == 58 and kind == ND_REDIRECT:
                if room >= 40:
                    packet["gateway"] = socket.inet_ntop(socket.AF_INET6, data[after + 8 : after + 24])
                quoted = _redirected(data, after + 40, end)
                if quoted:
                    packet["quoted"] = quoted
            else:
                packet["icmpId"], packet["icmpSeq"] = first, second
                packet["length"] = end - after - 8
    elif number == 132:
        if room >= 4:
            packet["sport"], packet["dport"] = struct.unpack_from("!HH", data, after)
    elif number in (33, 136):
        if room >= 8:
            packet["sport"], packet["dport"] = struct.unpack_from("!HH", data, after)
            packet["length"] = end - after - 8
    elif number == 4 or number == 41:
        inner = parse(data, after)
        if inner:
            packet["inner"] = inner
    else:
        packet["length"] = end - after
    return packet


def _describe(header, data, at):
    """An extension header in a few words: enough to tell whether it was changed on the way."""
    name = EXTENSION_NAMES[header]
    size = data[at + 1]
    if header == AUTHENTICATION:
        return f"{name} {struct.unpack_from('!I', data, at + 4)[0]} {(size + 2) * 4}"
    if name == "routing":
        return f"{name} {data[at + 2]} {data[at + 3]} {(size + 1) * 8}"
    return f"{name} {data[at + 2]} {(size + 1) * 8}"


def _mss(options):
    """The maximum segment size among TCP options, or None."""
    at = 0
    while at < len(options) and options[at] != 0:
        if options[at] == 1:
            at += 1
        elif at + 1 >= len(options) or options[at + 1] < 2:
            return None
        elif options[at] == 2 and at + 4 <= len(options):
            return int.from_bytes(options[at + 2 : at + 4], "big")
        else:
            at += options[at + 1]
    return None


def _redirected(data, at, end):
    """The packet in the "redirected header" option (4) of an ICMPv6 redirect."""
    while at + 8 <= min(end, len(data)) and data[at + 1]:
        if data[at] == 4:
            return parse(data, at + 8)
        at += data[at + 1] * 8
    return None


def parse_arp(data, at):
    if len(data) < at + 28:
        return None
    operation, smac, sip, _, tip = struct.unpack_from("!6xH6s4s6s4s", data, at)
    return {
        "op": {1: "request", 2: "reply"}.get(operation, operation),
        "senderMac": mac_text(smac), "sender": socket.inet_ntoa(sip), "target": socket.inet_ntoa(tip),
    }


def mac_text(data):
    return data.hex(":")


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))
