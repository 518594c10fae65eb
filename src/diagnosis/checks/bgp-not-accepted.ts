import { isEstablished } from "../../analysis/bgp-evidence.ts";
import { namesBgp } from "./bgp-port.ts";
import type { Check } from "./check.ts";

/** INPUT drops what no rule accepts and has dropped some, no rule names port 179, and a session of the host is down. */
export const bgpNotAccepted: Check = ({ network, evidence }) =>
  [...evidence].flatMap(([name, { bgpSessions }]) => {
    const host = network.hosts.get(name);
    const down = bgpSessions.find((session) => !isEstablished(session));
    if (host === undefined || down === undefined) return [];
    return host.rulesets.flatMap(({ family, tables }) => {
      const chains = tables.get("filter")?.chains;
      const input = chains?.get("INPUT");
      const dropped = input?.counters?.packets ?? 0;
      if (chains === undefined || input?.policy !== "DROP" || dropped === 0) return [];
      if (down.peer !== null && down.peer.family !== family) return [];
      if ([...chains.values()].some(({ rules }) => rules.some(namesBgp))) return [];
      return [
        {
          severity: "warning" as const,
          message: `INPUT of ${name} dropped ${dropped} packets that no rule accepted, none of its rules names port 179, and the BGP session ${down.name} is ${down.bgpState}`,
          at: input.origin,
          beside: down.origin,
          advice: `Whether BGP was among them tells: podpath trace … --to node/${name} --port 179.`,
        },
      ];
    });
  });
