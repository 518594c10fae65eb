import type { LogLine } from "../../model/evidence.ts";
import type { Check } from "./check.ts";

/** Words of logs that mean something for the network, and what. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/table full, dropping packet/, "connection tracking has no room, and packets of new connections are dropped"],
  [/martian source/, "a packet came with a source that belongs elsewhere: reverse path filtering, or a forged address"],
  [/neighbou?r table overflow/, "the neighbour table is full (gc_thresh3): next hops cannot be resolved"],
  [
    /Unexpected connect from unknown address/,
    "somebody dials BGP who is no configured peer, or comes from another address",
  ],
  [/No listening socket/, "BIRD could not open its port: another program has it"],
  [/Bad peer AS/, "the AS number that one side has for the other is not the one it says it has"],
  [/Bad BGP identifier/, "both sides have the same router ID"],
  [/BGP not established/, "calico-node is not ready, because sessions are down"],
  [/Connection (?:refused|reset|closed)/, "the peer refuses or ends the connection"],
  [
    /Hold timer expired/,
    "nothing was heard from a BGP peer until its hold timer expired: packets to or from it are lost",
  ],
  [/^(?:Mesh|Node|Global)_\S+: Received: /, "a BGP peer ended the session, and said why"],
  [
    /Failed to execute ip(?:6|\(6\))?tables-restore|Failed to program iptables/,
    "rules were refused by iptables-restore: the kernel keeps those it had",
  ],
  [
    /plugin\/errors: .*(?:timeout|refused|no route to host|unreachable)/,
    "CoreDNS gets no answer from the server it forwards to: names outside of the cluster are not resolved",
  ],
  [/is already using the IPv[46] address/, "two nodes have one address, and the later one does not start"],
  [/RPF check is set to '?loose/, "Felix refuses to start with a loose reverse path filter"],
  [
    /no more free addresses|no IP addresses available|No IPs available|maximum number of blocks|per host block limit/i,
    "IPAM has no address for a pod",
  ],
  [
    /route already exists for an interface/,
    "a route of an earlier pod leads to another device: the new pod does not start",
  ],
  [/unallowed src IP/, "WireGuard dropped a packet from an address that is not among the peer's allowed IPs"],
  [/dad ?failed|duplicate address detected/i, "an IPv6 address is in use elsewhere"],
];

/** What logs say, one finding for each host and meaning. */
export const logTells: Check = ({ evidence }) =>
  [...evidence].flatMap(([host, { logLines }]) => {
    const found = new Map<string, { readonly first: LogLine; count: number }>();
    for (const line of logLines) {
      const meaning = MEANINGS.find(([pattern]) => pattern.test(line.text))?.[1];
      if (meaning === undefined) continue;
      const known = found.get(meaning);
      if (known === undefined) found.set(meaning, { first: line, count: 1 });
      else known.count++;
    }
    return [...found].map(([meaning, { first, count }]) => ({
      severity: "info" as const,
      message: `The log of ${host}${first.program === null ? "" : ` (${first.program})`} says ${count === 1 ? "once" : `${count} times`} that ${meaning}: “${shortened(first.text)}”`,
      at: first.origin,
      beside: 0,
    }));
  });

const SHOWN = 100;

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
