import { isEstablished, isPassive } from "../../analysis/bgp-evidence.ts";
import type { BgpSession } from "../../model/evidence.ts";
import type { Check } from "./check.ts";

/** What BIRD's words about a session that is down mostly mean (measured with BIRD 1.6 and 2: docs/lab-notes/calico-texts.md). */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/Bad peer AS/, "the AS number that one side has for the other is not the one it says it has"],
  [/Bad BGP identifier/, "both have the same router ID: two nodes have one address"],
  [/No listening socket/, "BIRD could not open its port: another program has it"],
  [/Connection refused/, "nobody listens on the port there, or a rule rejects"],
  [/No route to host/, "a rule rejects with an ICMP error, or nobody answers ARP for the peer"],
  [
    /Connection (?:closed|reset)/,
    "the peer takes the connection and ends it: it has no such peer, or another address for it",
  ],
  [/^OpenSent/, "the peer's machine takes the connection and sends nothing: another program may have the port"],
  [/^(?:Connect|Active)\b/, "no answer comes to its SYN: a firewall drops it, or the TCP MD5 passwords differ"],
];

/** Sessions that are not established, one finding for each host and reason. */
export const bgpSessionDown: Check = ({ evidence }) =>
  [...evidence].flatMap(([host, { bgpSessions }]) => {
    const byMeaning = new Map<string, BgpSession[]>();
    for (const session of bgpSessions) {
      if (isEstablished(session)) continue;
      const meaning = sessionMeaning(session);
      byMeaning.set(meaning, [...(byMeaning.get(meaning) ?? []), session]);
    }
    return [...byMeaning].flatMap(([meaning, sessions]) => {
      const [first] = sessions;
      if (first === undefined) return [];
      const others = sessions.length === 1 ? "" : ` and ${sessions.length - 1} more`;
      return [
        {
          severity: "warning" as const,
          message: `The BGP session ${first.name} of ${host} is ${first.info || first.bgpState}${others}: ${meaning}`,
          at: first.origin,
          beside: 0,
        },
      ];
    });
  });

/** What BIRD's words about a session that is down mostly mean. */
export function sessionMeaning(session: BgpSession): string {
  if (isPassive(session)) return "it waits to be called, and the peer gets no connection through";
  const text = `${session.bgpState} ${session.info} ${session.lastError ?? ""}`;
  return MEANINGS.find(([pattern]) => pattern.test(text))?.[1] ?? "no routes come over it";
}
