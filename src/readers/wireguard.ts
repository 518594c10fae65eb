import type { Finding } from "../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../model/origin.ts";
import type { WireguardDevice, WireguardPeer } from "../model/wireguard-device.ts";
import { parseAddress } from "../net/address.ts";
import { type Prefix, parsePrefix } from "../net/prefix.ts";
import { type DumpFindings, dumpFindings } from "./dump-findings.ts";
import { type DumpLine, dumpLines, quote } from "./dump-text.ts";

export interface WireguardDump {
  /** By name of the device. */
  readonly devices: ReadonlyMap<string, WireguardDevice>;
  readonly findings: readonly Finding[];
}

interface Draft extends Omit<WireguardDevice, "peers"> {
  publicKey: string | null;
  port: number;
  mark: number;
  peers: { -readonly [K in keyof WireguardPeer]: WireguardPeer[K] }[];
}

/** What says nothing about where packets go. */
const SILENT: ReadonlySet<string> = new Set([
  "private key",
  "preshared key",
  "latest handshake",
  "transfer",
  "persistent keepalive",
]);

/** Columns of `wg show all dump` in a line of a device and in one of a peer. */
const DEVICE_COLUMNS = 5;
const PEER_COLUMNS = 9;

/** Reads `wg show [all]` and `wg show all dump` (wireguard-tools, src/show.c). Keys are read for comparison alone. */
export function readWireguard(text: string, file: string, origins: OriginTable): WireguardDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const devices = new Map<string, Draft>();
  let device: Draft | null = null;
  const deviceNamed = (name: string): Draft => {
    const made: Draft = devices.get(name) ?? { publicKey: null, port: 0, mark: 0, peers: [] };
    devices.set(name, made);
    return made;
  };
  const addPeer = (to: Draft, publicKey: string, line: number): void => {
    to.peers.push({ publicKey, endpoint: null, allowed: [], origin: originAt(origins, originOfFile, line) });
  };
  for (const line of lines) {
    // dumpLines() makes blanks of tabs; no column but the first can hold any.
    const columns = line.text.split(" ");
    const [name = "", , publicKey = "", third = "", fourth = ""] = columns;
    if (columns.length === DEVICE_COLUMNS && /^\d+$/.test(third)) {
      device = deviceNamed(name);
      device.publicKey = publicKey === "(none)" ? null : publicKey;
      device.port = Number(third);
      device.mark = fourth === "off" ? 0 : Number(fourth);
      continue;
    }
    if (columns.length === PEER_COLUMNS && /^\d+$/.test(columns[5] ?? "")) {
      device = deviceNamed(name);
      addPeer(device, columns[1] ?? "", line.number);
      set(device, "endpoint", columns[3] ?? "", line, findings);
      set(device, "allowed ips", columns[4] ?? "", line, findings);
      continue;
    }
    const [, key = "", value = ""] = /^\s*([a-z ]+?): ?(.*)$/.exec(line.text) ?? [];
    if (key === "interface") device = deviceNamed(value);
    else if (device !== null && key === "peer") addPeer(device, value, line.number);
    else if (device === null || !set(device, key, value, line, findings)) {
      findings.add("unknown-line", "warning", line.number, `Not a line of wg show: ${quote(line.text)}.`, {
        expected: "`interface: NAME`, `peer: KEY`, or what belongs to one of them",
      });
    }
  }
  return { devices, findings: findings.list() };
}

/** False where it is nothing that `wg show` says. */
function set(device: Draft, key: string, value: string, { number }: DumpLine, findings: DumpFindings): boolean {
  const peer = device.peers.at(-1);
  switch (key) {
    case "public key":
      device.publicKey = value === "(none)" ? null : value;
      return true;
    case "listening port":
      device.port = Number(value) || 0;
      return true;
    case "fwmark":
      device.mark = value === "off" ? 0 : Number(value) || 0;
      return true;
    case "endpoint": {
      if (peer === undefined) return false;
      const [, six, four, port = ""] = /^(?:\[([^\]%]+)(?:%\w+)?\]|([^:]+)):(\d+)$/.exec(value) ?? [];
      const address = parseAddress(six ?? four ?? "");
      if (address !== null) peer.endpoint = { address, port: Number(port) };
      else if (value !== "(none)") complain(findings, number, value);
      return true;
    }
    case "allowed ips": {
      if (peer === undefined) return false;
      const allowed: Prefix[] = [];
      for (const word of value === "(none)" ? [] : value.split(/, ?/)) {
        const prefix = parsePrefix(word);
        if (prefix === null) complain(findings, number, word);
        else allowed.push(prefix);
      }
      peer.allowed = allowed;
      return true;
    }
    default:
      return SILENT.has(key);
  }
}

function complain(findings: DumpFindings, line: number, word: string): void {
  findings.add("unreadable-address", "warning", line, `Not an address: ${quote(word)}.`, {
    expected: "an address, with its port or the length of its prefix",
  });
}
