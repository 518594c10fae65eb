import { type Address, sameAddress } from "../../net/address.ts";
import { TCP, UDP } from "../../net/protocol.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { type Connection, IPS_DYING, IPS_EXPECTED, type Tuple } from "./connection.ts";

/** __nf_ct_try_assign_helper(): the helper that `-j CT --helper` named for a new connection. */
export function noteHelper(runtime: HostRuntime, { template }: Skb, connection: Connection): void {
  if (template === null || template.helper === null) return;
  connection.helper = template.helper;
  runtime.conntrack.helped.push(connection);
}

/** Protocols of the connections that a helper announces; both for a helper that is not listed. */
const ANNOUNCED: Readonly<Record<string, readonly number[]>> = {
  ftp: [TCP],
  irc: [TCP],
  sane: [TCP],
  pptp: [47],
  tftp: [UDP],
  snmp: [UDP],
  "netbios-ns": [UDP],
  amanda: [TCP],
  sip: [UDP, TCP],
};

/** Helpers whose announced connections come from a third host. */
const FROM_ANYBODY: ReadonlySet<string> = new Set([
  "irc",
  "sip",
  "h323",
  "RAS",
  "Q.931",
  "H.245",
  "snmp",
  "netbios-ns",
]);

/**
 * nf_ct_find_expectation(): whether a helper of another connection has announced this one. What programs said to each
 * other is in no dump and in no packet here: where one could have been announced, that is a question.
 */
export function expect(runtime: HostRuntime, skb: Skb, connection: Connection, now: number): void {
  for (const master of runtime.conntrack.helped) {
    if ((master.status & IPS_DYING) !== 0 || master.expires <= now) continue;
    const { helper } = master;
    if (helper === null || !couldAnnounce(helper, master, connection.original)) continue;
    const answer = runtime.services.choose({
      kind: "unknown",
      code: "helper-expectation",
      variable: `expected ${runtime.host.name} ${helper} ${skb.packet.protocol} ${connection.original.dport}`,
      question: `did helper ${helper} announce this connection on ${runtime.host.name}?`,
      alternatives: [
        { label: "no: it is NEW", probability: 0 },
        { label: "yes: it is RELATED", probability: 0 },
      ],
      command: "conntrack -L expect",
    });
    if (answer === 0) continue;
    connection.status |= IPS_EXPECTED;
    connection.mark = master.mark;
    connection.master = master;
    return;
  }
}

function couldAnnounce(helper: string, { original, reply }: Connection, { protocol, src, dst }: Tuple): boolean {
  const protocols = ANNOUNCED[helper] ?? [TCP, UDP];
  if (!protocols.includes(protocol)) return false;
  const ends = (x: Address, y: Address): boolean => sameAddress(x, src) && sameAddress(y, dst);
  if (ends(original.src, original.dst) || ends(reply.src, reply.dst)) return true;
  if (!FROM_ANYBODY.has(helper)) return false;
  return [original.src, original.dst, reply.src, reply.dst].some((end) => sameAddress(end, dst));
}
