import { type Address, parseAddress } from "../../net/address.ts";
import { parseProtocol } from "../../net/protocol.ts";

/** A packet as `-j LOG` wrote it (net/netfilter/nf_log_syslog.c). */
export interface LoggedPacket {
  /** `--log-prefix`. */
  readonly prefix: string;
  readonly inInterface: string | null;
  readonly outInterface: string | null;
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number | null;
  /** Null for protocols without ports. */
  readonly destinationPort: number | null;
}

const LOGGED = /^(.*?)IN=(\S*) OUT=(\S*) /;

/** The packet of a line of the kernel's log; null for other lines. */
export function loggedPacket(text: string): LoggedPacket | null {
  const found = LOGGED.exec(text);
  const field = (name: string): string | null => new RegExp(`(?:^| )${name}=(\\S+)`).exec(text)?.[1] ?? null;
  const source = parseAddress(field("SRC") ?? "");
  const destination = parseAddress(field("DST") ?? "");
  if (found === null || source === null || destination === null) return null;
  const port = field("DPT");
  return {
    prefix: found[1] ?? "",
    inInterface: found[2] || null,
    outInterface: found[3] || null,
    source,
    destination,
    protocol: parseProtocol((field("PROTO") ?? "").toLowerCase()),
    destinationPort: port !== null && /^\d{1,5}$/.test(port) ? Number(port) : null,
  };
}
