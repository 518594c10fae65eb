/**
 * Names that ipset prints for ICMP and ICMPv6 types and codes (ipset 7.17, lib/icmp.c and lib/icmpv6.c), first name first.
 * `type/code` stands for those without a name.
 */
const ICMP: readonly (readonly [string, number, number])[] = [
  ["echo-reply", 0, 0],
  ["pong", 0, 0],
  ["network-unreachable", 3, 0],
  ["host-unreachable", 3, 1],
  ["protocol-unreachable", 3, 2],
  ["port-unreachable", 3, 3],
  ["fragmentation-needed", 3, 4],
  ["source-route-failed", 3, 5],
  ["network-unknown", 3, 6],
  ["host-unknown", 3, 7],
  ["network-prohibited", 3, 9],
  ["host-prohibited", 3, 10],
  ["TOS-network-unreachable", 3, 11],
  ["TOS-host-unreachable", 3, 12],
  ["communication-prohibited", 3, 13],
  ["host-precedence-violation", 3, 14],
  ["precedence-cutoff", 3, 15],
  ["source-quench", 4, 0],
  ["network-redirect", 5, 0],
  ["host-redirect", 5, 1],
  ["TOS-network-redirect", 5, 2],
  ["TOS-host-redirect", 5, 3],
  ["echo-request", 8, 0],
  ["ping", 8, 0],
  ["router-advertisement", 9, 0],
  ["router-solicitation", 10, 0],
  ["ttl-zero-during-transit", 11, 0],
  ["ttl-zero-during-reassembly", 11, 1],
  ["ip-header-bad", 12, 0],
  ["required-option-missing", 12, 1],
  ["timestamp-request", 13, 0],
  ["timestamp-reply", 14, 0],
  ["address-mask-request", 17, 0],
  ["address-mask-reply", 18, 0],
];

const ICMPV6: readonly (readonly [string, number, number])[] = [
  ["no-route", 1, 0],
  ["communication-prohibited", 1, 1],
  ["address-unreachable", 1, 3],
  ["port-unreachable", 1, 4],
  ["packet-too-big", 2, 0],
  ["ttl-zero-during-transit", 3, 0],
  ["ttl-zero-during-reassembly", 3, 1],
  ["bad-header", 4, 0],
  ["unknown-header-type", 4, 1],
  ["unknown-option", 4, 2],
  ["echo-request", 128, 0],
  ["ping", 128, 0],
  ["echo-reply", 129, 0],
  ["pong", 129, 0],
  ["router-solicitation", 133, 0],
  ["router-advertisement", 134, 0],
  ["neighbour-solicitation", 135, 0],
  ["neigbour-solicitation", 135, 0],
  ["neighbour-advertisement", 136, 0],
  ["neigbour-advertisement", 136, 0],
  ["redirect", 137, 0],
];

interface Code {
  readonly type: number;
  readonly code: number;
}

const byName = (names: typeof ICMP): ReadonlyMap<string, Code> =>
  new Map(names.map(([name, type, code]) => [name, { type, code }]));

/** The last entry wins in a Map, so that the first name is put in last. */
const byCode = (names: typeof ICMP): ReadonlyMap<string, string> =>
  new Map([...names].reverse().map(([name, type, code]) => [`${type}/${code}`, name]));

const CODES = { 4: byName(ICMP), 6: byName(ICMPV6) };
const NAMES = { 4: byCode(ICMP), 6: byCode(ICMPV6) };

/** Reads a name or `type/code`; null when it is neither. */
export function parseIcmpCode(text: string, family: 4 | 6): Code | null {
  const named = CODES[family].get(text);
  if (named !== undefined) return named;
  const match = /^(\d{1,3})\/(\d{1,3})$/.exec(text);
  if (match === null) return null;
  const type = Number(match[1]);
  const code = Number(match[2]);
  return type <= 255 && code <= 255 ? { type, code } : null;
}

/** As ipset prints it. */
export function formatIcmpCode({ type, code }: Code, family: 4 | 6): string {
  const text = `${type}/${code}`;
  return NAMES[family].get(text) ?? text;
}
