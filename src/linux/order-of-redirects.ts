import { type Address, formatAddress } from "../net/address.ts";
import type { LearntGateway } from "./route-exceptions.ts";
import type { HostRuntime } from "./runtime.ts";

/**
 * Whether the redirect of `sender` comes to this host after the one that it builds on, which named the gateway `sender` for `destination`.
 * Measured: a router that has to ask for the host's MAC address passes the packet on meanwhile, and the next router's redirect may be there first,
 * so that nobody believes it (docs/lab-notes/icmp-and-fragments.md).
 */
export function comesAfter(
  runtime: HostRuntime,
  { taughtBy, waitedUntil }: LearntGateway,
  sender: Address,
  destination: Address,
): boolean {
  if (waitedUntil !== runtime.services.now()) return true;
  const { name } = runtime.host;
  const [first, second, to] = [taughtBy, sender, destination].map(formatAddress);
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "followed-redirect",
    variable: `${name} order of redirects for ${to} by ${first} and ${second}`,
    question: `does the redirect for ${to} by ${second} reach ${name} after that of ${first}, which had to ask for the MAC address of ${name}?`,
    alternatives: [
      { label: `it does: ${name} follows both`, probability: 0 },
      { label: `it comes first: ${name} follows only that of ${first}`, probability: 0 },
    ],
    command: "ip route show cache",
  });
  return taken === 0;
}
