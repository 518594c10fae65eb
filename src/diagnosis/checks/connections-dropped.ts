import type { Check } from "./check.ts";

const DROPS: ReadonlySet<string> = new Set(["drop", "early_drop", "insert_failed"]);

/** Figures of `conntrack -S` that count lost packets, over all CPUs. They run since boot. */
export const connectionsDropped: Check = ({ evidence }) =>
  [...evidence].flatMap(([host, { conntrackStatistics }]) =>
    [...DROPS].flatMap((name) => {
      const own = conntrackStatistics.filter((figure) => figure.name === name && figure.value > 0);
      const [first] = own;
      if (first === undefined) return [];
      const total = own.reduce((sum, { value }) => sum + value, 0);
      return [
        {
          severity: "info" as const,
          message: `connection tracking of ${host} counted ${name}=${total}`,
          at: first.origin,
          beside: 0,
        },
      ];
    }),
  );
