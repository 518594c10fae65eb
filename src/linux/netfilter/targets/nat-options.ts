import { type Address, type Family, formatAddress, parseAddress, sameAddress } from "../../../net/address.ts";
import { DCCP, ICMP, SCTP, TCP, UDP } from "../../../net/protocol.ts";
import type { NatRange } from "../../conntrack/nat-range.ts";
import type { OptionSpec, Parsed, RuleContext } from "../extension.ts";
import { formatRange, parsePort } from "../option-values.ts";

/** Reading and printing of what the NAT targets share: addresses, ports and how ports are drawn. */
export const FLAG: OptionSpec = { values: 0, negatable: false };
export const VALUE: OptionSpec = { values: 1, negatable: false };

/** `port`, a service name, or `first-last`; null when malformed or backwards. */
export function parsePorts(text: string): { readonly first: number; readonly last: number } | null {
  const range = /^(\d+)-(\d+)$/.exec(text);
  const first = parsePort(range?.[1] ?? text);
  const last = range === null ? first : parsePort(range[2] ?? "");
  return first === null || last === null || first > last ? null : { first, last };
}

/** Null when `-p` allows ports; else what is wrong (extensions/libxt_NAT.c `portok`). */
export function portProblem(context: RuleContext): string | null {
  const { protocol } = context;
  const fine = protocol === TCP || protocol === UDP || protocol === SCTP || protocol === DCCP || protocol === ICMP;
  return fine ? null : "ports need -p tcp, udp, sctp or dccp";
}

/**
 * `[address[-address]][:port[-port[/base]]]`, with brackets around IPv6 addresses that ports follow
 * (extensions/libxt_NAT.c parse_to). `/base` only where `withBase`.
 */
export function parseTo(
  text: string,
  context: RuleContext,
  withBase: boolean,
): Parsed<Pick<NatRange, "addresses" | "ports" | "portBase">> {
  const expected = `expected ${context.family === 4 ? "address[-address]" : "[address[-address]]"}[:port[-port]]`;
  const parts = splitTo(text, context.family);
  if (parts === null) return { problem: expected };
  let addresses: NatRange["addresses"] = null;
  if (parts.addresses !== "") {
    const dash = parts.addresses.indexOf("-");
    const first = parseAddress(dash < 0 ? parts.addresses : parts.addresses.slice(0, dash));
    const last = dash < 0 ? first : parseAddress(parts.addresses.slice(dash + 1));
    if (first?.family !== context.family || last?.family !== context.family) return { problem: expected };
    addresses = { first, last };
  }
  if (parts.ports === null)
    return addresses === null ? { problem: expected } : { value: { addresses, ports: null, portBase: null } };
  const wrong = portProblem(context);
  if (wrong !== null) return { problem: wrong };
  const slash = parts.ports.indexOf("/");
  const ports = parsePorts(slash < 0 ? parts.ports : parts.ports.slice(0, slash));
  const portBase = slash < 0 ? null : parsePort(parts.ports.slice(slash + 1));
  if (ports === null || (slash >= 0 && (portBase === null || !withBase))) return { problem: expected };
  return { value: { addresses, ports, portBase } };
}

/** The part with the addresses and the part after the port colon; null when brackets do not close. */
function splitTo(text: string, family: Family): { readonly addresses: string; readonly ports: string | null } | null {
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    const rest = text.slice(close + 1);
    if (close < 0 || family === 4 || (rest !== "" && !rest.startsWith(":"))) return null;
    return { addresses: text.slice(1, close), ports: rest === "" ? null : rest.slice(1) };
  }
  const colon = text.indexOf(":");
  // One colon is a port, several are an IPv6 address.
  if (colon < 0 || text.includes(":", colon + 1)) return { addresses: text, ports: null };
  return { addresses: text.slice(0, colon), ports: text.slice(colon + 1) };
}

/** The inverse of `parseTo`, as iptables-save prints it. */
export function formatTo(range: NatRange): string {
  const addresses = range.addresses === null ? "" : formatAddresses(range.addresses);
  if (range.ports === null) return addresses;
  const base = range.portBase === null ? "" : `/${range.portBase}`;
  const host = range.addresses?.first.family === 6 ? `[${addresses}]` : addresses;
  return `${host}:${formatRange(range.ports, "-")}${base}`;
}

function formatAddresses(addresses: { readonly first: Address; readonly last: Address }): string {
  const { first, last } = addresses;
  return sameAddress(first, last) ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`;
}
