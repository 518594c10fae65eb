import type { Finding } from "../../model/finding.ts";
import type { FdbEntry } from "../../model/neighbour.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { type DumpLine, dumpLines, quote } from "../dump-text.ts";
import { parseMac } from "../ip/mac.ts";
import { TokenReader, tokensOf } from "../ip/tokens.ts";
import { isJsonDump, type JsonElement, jsonElements, numberField, textField, textsField } from "../json-fields.ts";

export interface FdbDump {
  readonly entries: readonly FdbEntry[];
  readonly findings: readonly Finding[];
}

/** An entry in the words of the dump. */
interface WrittenEntry {
  readonly line: number;
  mac: string;
  device: string | null;
  destination: string | null;
  vlan: number | null;
  master: string | null;
  permanent: boolean;
  via: string | null;
  /** `port`, `vni` or `nhid` of a VXLAN entry, and options that nobody knows. */
  readonly ignored: string[];
}

const FLAGS: ReadonlySet<string> = new Set([
  "self",
  "router",
  "extern_learn",
  "offload",
  "sticky",
  "added_by_user",
  "locked",
  "static",
  "stale",
  "blackhole",
]);

/** Reads `bridge [-s -d] [-j] fdb show`, text or JSON. */
export function readFdb(text: string, file: string, origins: OriginTable): FdbDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const entries: FdbEntry[] = [];
  const written = isJsonDump(lines)
    ? jsonElements(lines, findings).map(jsonEntry)
    : lines.map((line) => textEntry(line));
  for (const item of written) {
    const entry = buildEntry(item, findings);
    if (entry !== null) entries.push({ ...entry, origin: originAt(origins, originOfFile, item.line) });
  }
  return { entries, findings: findings.list() };
}

function buildEntry(written: WrittenEntry, findings: DumpFindings): FdbEntry | null {
  const mac = parseMac(written.mac);
  if (mac === null || written.device === null) {
    findings.add("unknown-line", "warning", written.line, `Not a forwarding entry: ${quote(written.mac)}.`, {
      expected: "`mac dev interface …`",
    });
    return null;
  }
  const destination = written.destination === null ? null : parseAddress(written.destination);
  if (destination === null && written.destination !== null) {
    findings.add("unreadable-address", "error", written.line, `${quote(written.destination)} is no VTEP address.`);
    return null;
  }
  for (const option of written.ignored) {
    findings.once("ignored-option", "info", written.line, `Forwarding entry option \`${option}\` is not modelled.`);
  }
  const { device, via, vlan, master, permanent } = written;
  return { mac, interface: device, destination, ...(via === null ? {} : { via }), vlan, master, permanent, origin: 0 };
}

function textEntry(line: DumpLine): WrittenEntry {
  const reader = new TokenReader(tokensOf(line));
  const written: WrittenEntry = {
    line: line.number,
    mac: reader.takeText(),
    device: null,
    destination: null,
    via: null,
    vlan: null,
    master: null,
    permanent: false,
    ignored: [],
  };
  for (let token = reader.take(); token !== null; token = reader.take()) {
    switch (token.text) {
      case "dev":
        written.device = reader.takeText();
        break;
      case "dst":
        written.destination = reader.takeText();
        break;
      case "via":
        written.via = reader.takeText();
        break;
      case "vlan":
        written.vlan = reader.takeNumber(4095);
        break;
      case "master":
        written.master = reader.takeText();
        break;
      case "permanent":
        written.permanent = true;
        break;
      case "used":
      case "link-netnsid":
      case "activity_notify":
      case "state":
        reader.take();
        break;
      case "port":
      case "vni":
      case "nhid":
      case "src_vni":
        reader.take();
        written.ignored.push(token.text);
        break;
      default:
        if (!FLAGS.has(token.text)) written.ignored.push(token.text);
    }
  }
  if (reader.damaged) written.device = null;
  return written;
}

/** Keys of bridge/fdb.c (print_fdb) whose options have another name as text. */
const IGNORED: ReadonlyMap<string, string> = new Map([
  ["port", "port"],
  ["vni", "vni"],
  ["viaIfIndex", "via"],
  ["nhid", "nhid"],
  ["src_vni", "src_vni"],
]);

function jsonEntry({ object, line }: JsonElement): WrittenEntry {
  const ignored: string[] = textsField(object, "flags").filter((flag) => !FLAGS.has(flag));
  for (const [key, name] of IGNORED) if (textField(object, key) !== null) ignored.push(name);
  return {
    line,
    mac: textField(object, "mac") ?? "",
    device: textField(object, "ifname"),
    destination: textField(object, "dst"),
    via: textField(object, "viaIf"),
    vlan: numberField(object, "vlan"),
    master: textField(object, "master"),
    permanent: textField(object, "state") === "permanent",
    ignored,
  };
}
