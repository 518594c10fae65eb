import type { UnplayedProtocol } from "../../bgp/speaker/configuration.ts";
import { formatAddress, ipv4 } from "../../net/address.ts";
import { filterName } from "./filter-name.ts";

/** What BIRD calls a type, and the preference of its routes where nothing is said (0: it has none). */
const TYPES: ReadonlyMap<string, readonly [name: string, preference: number]> = new Map([
  ["static", ["Static", 200]],
  ["direct", ["Direct", 240]],
  ["kernel", ["Kernel", 10]],
  ["bgp", ["BGP", 100]],
  ["pipe", ["Pipe", 70]],
  ["ospf", ["OSPF", 150]],
  ["rip", ["RIP", 120]],
  ["babel", ["Babel", 130]],
  ["bfd", ["BFD", 0]],
  ["radv", ["RAdv", 0]],
  ["mrt", ["MRT", 0]],
]);

/** What is not known of a protocol stands in this place. */
const UNKNOWN = "?";

/**
 * The row of a protocol that is not played, as BIRD 1.6.8 writes it (held against the real one by test/kernel/bird/unplayed.test.ts). Those named
 * above are up as soon as the daemon runs; whether OSPF has neighbours, and whether others have what they wait for, nobody knows.
 */
export function unplayedRow(item: UnplayedProtocol, since: string): string {
  const { type, name, table, disabled } = item;
  const shown = TYPES.get(type)?.[0];
  const isUp = shown !== undefined && type !== "bgp";
  const state = disabled ? "down" : isUp ? "up" : UNKNOWN;
  return `${name.padEnd(8)} ${(shown ?? type).padEnd(8)} ${table.padEnd(8)} ${state.padEnd(5)}  ${since.padEnd(10)}  ${info(item)}`;
}

function info({ type, peerTable, disabled }: UnplayedProtocol): string {
  switch (type) {
    case "pipe":
      return `=> ${peerTable ?? UNKNOWN}`;
    case "radv":
      return disabled ? "Suppressed" : UNKNOWN;
    case "static":
    case "direct":
    case "kernel":
    case "rip":
    case "babel":
    case "bfd":
    case "mrt":
      return "";
    default:
      return disabled ? "" : UNKNOWN;
  }
}

/** What `show protocols all` says below it; how many routes it has is not known. */
export function unplayedDetails(item: UnplayedProtocol): readonly string[] {
  const { description, routerId, disabled } = item;
  const preference = item.preference ?? TYPES.get(item.type)?.[1] ?? UNKNOWN;
  return [
    ...(description === null ? [] : [`  Description:    ${description}`]),
    ...(routerId === null ? [] : [`  Router ID:      ${formatAddress(ipv4(routerId))}`]),
    `  Preference:     ${preference}`,
    `  Input filter:   ${filterName(item.import)}`,
    `  Output filter:  ${filterName(item.export)}`,
    ...(disabled ? [] : [`  Routes:         ${UNKNOWN}`]),
  ];
}
