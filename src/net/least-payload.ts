import { MOBILITY } from "./ipv6-extension.ts";
import { AH, DCCP, ESP, GRE } from "./protocol.ts";

const IPCOMP = 108;

/** Octets of the fixed header of protocols of which a packet here has no field, or no more than the first eight octets. */
const HEADERS: ReadonlyMap<number, number> = new Map([
  [DCCP, 4],
  [GRE, 4],
  [ESP, 8],
  [AH, 12],
  [IPCOMP, 4],
  [MOBILITY, 8],
]);

/**
 * What `payloadLength` counts at least in a packet with a whole header of its protocol (RFC 4340, 2784, 4303, 4302, 3173, 6275): what a
 * packet has of which nobody told the length.
 */
export function leastPayload(protocol: number): number {
  return HEADERS.get(protocol) ?? 0;
}
