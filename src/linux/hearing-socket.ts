import { type Address, formatAddress } from "../net/address.ts";
import type { HostRuntime } from "./runtime.ts";

/** How the socket that hears of a redirect looks for the way of what it sends (__build_flow_key()). */
export interface HearingSocket {
  readonly mark: number;
  /** Device that it is bound to. */
  readonly device: string | null;
  /** It gives its packets a header of their own: their type of service does not count. */
  readonly ownHeader: boolean;
  /** A connection: in IPv6 it takes its own route for the one that is meant, and does not look who redirects it (tcp_v6_err()). */
  readonly connected: boolean;
  /** A connection, and a call of the program sent the packet: while that lasts, nothing is heard (sock_owned_by_user()). */
  readonly busy: boolean;
}

/**
 * Whether the call that sent the quoted packet has let go of its socket when the redirect comes. Measured: between namespaces of one
 * machine, which hand packets on within that call, it has not; where the redirect takes a few milliseconds, it has.
 */
export function letsGoInTime(runtime: HostRuntime, { busy }: HearingSocket, destination: Address): boolean {
  if (!busy) return true;
  const { name } = runtime.host;
  const to = formatAddress(destination);
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "followed-redirect",
    variable: `${name} busy socket to ${to}`,
    question: `does the redirect for ${to} reach ${name} after its program's call, so that the connection follows it?`,
    alternatives: [
      { label: "it does: the connection follows", probability: 0 },
      { label: "it comes too soon: nobody hears it", probability: 0 },
    ],
    command: "ip route show cache",
  });
  return taken === 0;
}
