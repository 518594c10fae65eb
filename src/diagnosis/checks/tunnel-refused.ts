import type { Check } from "./check.ts";
import { tunnelRules } from "./tunnel-rules.ts";

/** Felix dropped encapsulated packets: their sender is in no set of Calico's hosts. */
export const tunnelRefused: Check = ({ network }) =>
  [...network.hosts.values()].flatMap((host) =>
    tunnelRules(host, "cali-INPUT", "DROP").flatMap(({ rule, encapsulation }) => {
      const packets = rule.counters?.packets ?? 0;
      if (packets === 0) return [];
      return [
        {
          severity: "warning" as const,
          message: `${host.name} dropped ${packets} ${encapsulation} packets of senders that it does not know as nodes`,
          at: rule.origin,
          beside: 0,
        },
      ];
    }),
  );
