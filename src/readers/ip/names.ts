import { TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from "../../model/route.ts";
import type { DumpFindings } from "../dump-findings.ts";

/** Names that iproute2 prints for numbers: /etc/iproute2/rt_tables, rt_protos, rt_dsfield as installed by 6.1. */
const TABLES: ReadonlyMap<string, number> = new Map([
  ["unspec", 0],
  ["default", TABLE_DEFAULT],
  ["main", TABLE_MAIN],
  ["local", TABLE_LOCAL],
]);

const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [0, "unspec"],
  [1, "redirect"],
  [2, "kernel"],
  [3, "boot"],
  [4, "static"],
  [8, "gated"],
  [9, "ra"],
  [10, "mrt"],
  [11, "zebra"],
  [12, "bird"],
  [13, "dnrouted"],
  [14, "xorp"],
  [15, "ntk"],
  [16, "dhcp"],
  [18, "keepalived"],
  [42, "babel"],
  [99, "openr"],
  [186, "bgp"],
  [187, "isis"],
  [188, "ospf"],
  [189, "rip"],
  [192, "eigrp"],
]);

/** Code points and, from older releases, the TOS names of RFC 1349. */
const TOS: ReadonlyMap<string, number> = new Map([
  ["default", 0x00],
  ["AF11", 0x28],
  ["AF12", 0x30],
  ["AF13", 0x38],
  ["AF21", 0x48],
  ["AF22", 0x50],
  ["AF23", 0x58],
  ["AF31", 0x68],
  ["AF32", 0x70],
  ["AF33", 0x78],
  ["AF41", 0x88],
  ["AF42", 0x90],
  ["AF43", 0x98],
  ["CS1", 0x20],
  ["CS2", 0x40],
  ["CS3", 0x60],
  ["CS4", 0x80],
  ["CS5", 0xa0],
  ["CS6", 0xc0],
  ["CS7", 0xe0],
  ["EF", 0xb8],
  ["lowdelay", 0x10],
  ["throughput", 0x08],
  ["reliability", 0x04],
  ["mincost", 0x02],
]);

/** Numbers above any that a person or a daemon picks. */
const DERIVED_TABLES = 0x80000000;

/**
 * The number of a table given by number or name. A name that only the machine's own rt_tables knows gets a number derived
 * from the name (FNV-1a), so that `ip route` and `ip rule` agree on it in every file of every host.
 */
export function tableNumber(text: string, line: number, findings: DumpFindings): number {
  const known = TABLES.get(text) ?? unsigned(text, 0xffffffff);
  if (known !== null) return known;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  const number = (hash | DERIVED_TABLES) >>> 0;
  findings.once(
    "unknown-table-name",
    "info",
    line,
    `Routing table “${text}” is named in the machine's rt_tables; it stands as table ${number} here.`,
  );
  return number;
}

/** As `ip route` prints it. */
export function tableName(number: number): string {
  for (const [name, value] of TABLES) if (value === number) return name;
  return String(number);
}

/** The name of a routing protocol given by name or number; numbers without a name stay numbers. */
export function protocolName(text: string): string {
  const number = unsigned(text, 255);
  return number === null ? text : (PROTOCOLS.get(number) ?? String(number));
}

/** The value of a TOS or DSCP byte given by name, or in hexadecimal as iproute2 prints it; null when it is neither. */
export function tosValue(text: string): number | null {
  const named = TOS.get(text);
  if (named !== undefined) return named;
  if (!/^(?:0x)?[0-9a-f]{1,2}$/i.test(text)) return null;
  return Number.parseInt(text, 16);
}

/** As iproute2 6.1 prints it. */
export function tosName(value: number): string {
  for (const [name, number] of TOS) if (number === value && name === name.toUpperCase()) return name;
  return `0x${value.toString(16).padStart(2, "0")}`;
}

/** A decimal or 0x number up to `limit`; null when it is none. */
export function unsigned(text: string, limit: number): number | null {
  if (!/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) return null;
  const number = Number(text);
  return number <= limit ? number : null;
}
