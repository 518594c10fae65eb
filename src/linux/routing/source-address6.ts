import type { Interface, InterfaceAddress } from "../../model/interface.ts";
import { type Address, isLoopback, sameAddress } from "../../net/address.ts";
import { useOifAddrsOnly, useTempaddr } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";
import { addressLabel, SCOPE6_LINK_LOCAL, scope6 } from "./address-scope.ts";

interface Candidate {
  readonly item: InterfaceAddress;
  readonly device: Interface;
}

/** What ipv6_get_saddr_eval() says of a candidate, rule by rule; more is better. */
type Rule = (runtime: HostRuntime, candidate: Candidate, destination: Address, output: Interface | null) => number;

const sameAsDestination: Rule = (_runtime, { item }, destination) => Number(sameAddress(item.address, destination));

/** Enough scope, and then as little as possible; of too little as much as there is. */
const appropriateScope: Rule = (_runtime, { item }, destination) => {
  const scope = scope6(item.address);
  return scope >= scope6(destination) ? -scope : scope - 128;
};

const notDeprecated: Rule = (_runtime, { item }) => Number(!item.deprecated || isUnaging(item.address));

/** ipv6_saddr_preferred(): ::1, mapped and compatible addresses. */
function isUnaging(address: Address): boolean {
  return isLoopback(address) || (address.a === 0 && address.b === 0 && (address.c === 0 || address.c === 0xffff));
}

const ofOutgoingInterface: Rule = (_runtime, { device }, _destination, output) =>
  Number(output === null || output === device);

const sameLabel: Rule = (_runtime, { item }, destination) =>
  Number(addressLabel(item.address) === addressLabel(destination));

/** IFA_F_TEMPORARY is the flag that IPv4 calls secondary. */
const temporary: Rule = (runtime, { item, device }) => Number(item.secondary === useTempaddr(runtime, device) >= 2);

/** 2001:10::/28. */
function isOrchid(address: Address): boolean {
  return address.a >>> 4 === 0x2001001;
}

const orchid: Rule = (_runtime, { item }, destination) => Number(isOrchid(item.address) === isOrchid(destination));

const longestPrefix: Rule = (_runtime, { item }, destination) =>
  Math.min(commonBits(item.address, destination), item.prefixLength);

function commonBits(x: Address, y: Address): number {
  let bits = 0;
  for (const word of [x.a ^ y.a, x.b ^ y.b, x.c ^ y.c, x.d ^ y.d]) {
    const same = Math.clz32(word);
    bits += same;
    if (same < 32) break;
  }
  return bits;
}

const RULES: readonly Rule[] = [
  sameAsDestination,
  appropriateScope,
  notDeprecated,
  ofOutgoingInterface,
  sameLabel,
  temporary,
  orchid,
  longestPrefix,
];

/**
 * ipv6_dev_get_saddr() (net/ipv6/addrconf.c), the kernel's reading of RFC 6724: of the addresses of all devices the best
 * by the rules, the first of equals. For link-local and multicast destinations only those of the outgoing device count.
 * No preferences of sockets, home addresses, optimistic addresses or changed labels.
 */
export function selectAddress6(runtime: HostRuntime, output: Interface | null, destination: Address): Address | null {
  const own =
    output !== null &&
    (destination.a >>> 24 === 0xff || scope6(destination) <= SCOPE6_LINK_LOCAL || useOifAddrsOnly(runtime, output));
  let best: Candidate | null = null;
  for (const device of own ? [output] : runtime.compiled.devices) {
    for (const item of device.addresses) {
      if (item.address.family !== 6 || item.dad !== null) continue;
      const candidate = { item, device };
      if (best === null || isBetter(runtime, candidate, best, destination, output)) best = candidate;
    }
  }
  return best?.item.address ?? null;
}

function isBetter(
  runtime: HostRuntime,
  candidate: Candidate,
  best: Candidate,
  destination: Address,
  output: Interface | null,
): boolean {
  for (const rule of RULES) {
    const difference = rule(runtime, candidate, destination, output) - rule(runtime, best, destination, output);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
