import { formatAddress } from "../../net/address.ts";
import { parseInterfaceAddress } from "../../net/prefix.ts";
import type { DumpFindings } from "../dump-findings.ts";
import { type DumpLine, quote } from "../dump-text.ts";
import { BRIDGE_OPTIONS, BRIDGE_PORT_OPTIONS } from "./bridge-options.ts";
import { unsigned } from "./names.ts";
import { TokenReader, tokensOf } from "./tokens.ts";
import { type WrittenAddress, type WrittenInterface, writtenInterface } from "./written-interface.ts";

/** `2: eth0@if7: <BROADCAST,…> mtu 1500 …`. */
const HEADER = /^\s*(\d{1,10}):\s+([^\s@]+?)(?:@(\S+?))?:\s+<([^>]*)>(.*)$/;

/** `2: eth0    inet 10.0.0.1/24 …` of `ip -o addr`. */
const ONE_LINE_ADDRESS = /^\s*(\d{1,10}):\s+(\S+)\s+(inet6?\s.*)$/;

/** Words that start a line of statistics, names or virtual functions. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  "valid_lft",
  "RX:",
  "TX:",
  "RX",
  "TX",
  "altname",
  "alias",
  "vf",
  "prog/xdp",
  "xdp",
  "qdisc",
]);

/** The devices of `ip addr` or `ip link` (ip/ipaddress.c, print_linkinfo and print_addrinfo). */
export function writtenTextInterfaces(lines: readonly DumpLine[], findings: DumpFindings): readonly WrittenInterface[] {
  const all: WrittenInterface[] = [];
  const byName = new Map<string, WrittenInterface>();
  let current: WrittenInterface | null = null;
  for (const line of lines) {
    const header = HEADER.exec(line.text);
    const oneLine = header === null ? ONE_LINE_ADDRESS.exec(line.text) : null;
    if (header !== null) {
      const [, index = "", name = "", peer = null, flags = "", rest = ""] = header;
      current = writtenInterface(line.number, Number(index), name, peer, flags.split(","));
      all.push(current);
      const [head = "", ...others] = rest.split("\\");
      readHeader(head, line.number, current);
      for (const part of others) readPart({ number: line.number, text: part }, current, findings);
    } else if (oneLine !== null) {
      const [, index = "", name = "", rest = ""] = oneLine;
      current = byName.get(name) ?? null;
      if (current === null) {
        current = writtenInterface(line.number, Number(index), name, null, null);
        all.push(current);
        byName.set(name, current);
      }
      for (const part of rest.split("\\")) readPart({ number: line.number, text: part }, current, findings);
    } else if (current === null) {
      findings.add("unknown-line", "warning", line.number, `Not an interface: ${quote(line.text)}.`, {
        expected: "`index: name: <FLAGS> …`",
      });
    } else readPart(line, current, findings);
  }
  return all;
}

function readHeader(text: string, line: number, written: WrittenInterface): void {
  const reader = new TokenReader(tokensOf({ number: line, text }));
  for (let token = reader.take(); token !== null; token = reader.take()) {
    if (token.text === "mtu") written.mtu = unsigned(reader.takeText(), 0xffffffff);
    else if (token.text === "master") written.master = reader.takeText();
    else if (token.text === "group") written.group = reader.takeText();
  }
}

function readPart(line: DumpLine, written: WrittenInterface, findings: DumpFindings): void {
  const reader = new TokenReader(tokensOf(line));
  const first = reader.takeText();
  if (first.startsWith("link/")) readLink(first.slice("link/".length), reader, written);
  else if (first === "inet" || first === "inet6") readAddress(line, reader, written, findings);
  else if (first === "" || PASSED_OVER.has(first) || /^\d/.test(first)) return;
  else if (written.detailed && /^[a-z][\w-]*$/.test(first)) {
    // A device enslaved to a bridge or bond has a second line, `bridge_slave …`.
    if (first === "bridge_slave") {
      written.portOptions = new Map();
      readPairs(reader, BRIDGE_PORT_OPTIONS, written.portOptions);
    } else if (written.kind === null && !first.endsWith("_slave")) {
      written.kind = first;
      if (first === "bridge") readPairs(reader, BRIDGE_OPTIONS, written.options);
      else readOptions(reader, written.options);
    }
  } else {
    findings.add("unknown-line", "warning", line.number, `Unknown line about ${written.name}: ${quote(line.text)}.`);
  }
}

function readLink(type: string, reader: TokenReader, written: WrittenInterface): void {
  written.linkType = type;
  const next = reader.peek();
  if (next !== null && /^[0-9a-f.:]+$/i.test(next)) written.mac = reader.takeText();
  for (let token = reader.take(); token !== null; token = reader.take()) {
    if (token.text === "link-netnsid") written.netnsId = unsigned(reader.takeText(), 0x7fffffff);
    else if (token.text === "link-netns") written.netnsName = reader.takeText();
    else if (token.text === "promiscuity") written.detailed = true;
  }
}

/** Options of tunnels that have a value and that the model knows; other words are flags. */
const VALUED: ReadonlySet<string> = new Set([
  "id",
  "local",
  "remote",
  "group",
  "dev",
  "dstport",
  "ttl",
  "tos",
  "df",
  "protocol",
]);

function readPairs(reader: TokenReader, names: ReadonlySet<string>, options: Map<string, string>): void {
  for (let token = reader.take(); token !== null; token = reader.take()) {
    if (names.has(token.text)) options.set(token.text, reader.takeText());
  }
}

function readOptions(reader: TokenReader, options: Map<string, string>): void {
  for (let token = reader.take(); token !== null; token = reader.take()) {
    if (token.text === "srcport") options.set("srcport", `${reader.takeText()} ${reader.takeText()}`);
    else options.set(token.text, VALUED.has(token.text) ? reader.takeText() : "");
  }
}

function readAddress(line: DumpLine, reader: TokenReader, written: WrittenInterface, findings: DumpFindings): void {
  const local = parseInterfaceAddress(reader.peek() ?? "");
  if (local === null) {
    findings.add("unreadable-address", "error", line.number, `${quote(reader.takeText())} is no address.`, {
      expected: "address/length",
    });
    return;
  }
  reader.take();
  const address: WrittenAddress = {
    line: line.number,
    local: formatAddress(local.address),
    prefixLength: local.length,
    peer: null,
    broadcast: null,
    scope: null,
    flags: new Set(),
  };
  for (let token = reader.take(); token !== null; token = reader.take()) {
    switch (token.text) {
      case "peer": {
        const peer = parseInterfaceAddress(reader.takeText());
        if (peer === null) {
          findings.add("unreadable-address", "error", line.number, "The peer is no address.", { column: token.column });
          return;
        }
        address.peer = formatAddress(peer.address);
        address.prefixLength = peer.length;
        break;
      }
      case "brd":
        address.broadcast = reader.takeText();
        break;
      case "scope":
        address.scope = reader.takeText();
        break;
      case "any":
      case "metric":
      case "proto":
        reader.take();
        break;
      default:
        address.flags.add(token.text);
    }
  }
  written.addresses.push(address);
}
