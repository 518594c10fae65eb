import type { Hop } from "../emulator/applications/program.ts";
import { formatAddress } from "../net/address.ts";

/** Who answered each TTL, as a scenario writes it: an address or `*`, without traceroute's marks. */
export function hopWords(hops: readonly Hop[]): readonly string[] {
  return hops.map((hop) => (hop.from === null ? "*" : formatAddress(hop.from)));
}
