import { formatPrefix } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** Routes of BIRD of type unreachable: it has the block from a peer, and cannot reach the next hop. */
export const unreachableRoute: Check = ({ network }) =>
  [...network.hosts.values()].flatMap(({ name, routes }) => {
    const dead = routes.filter(({ type, protocol }) => type === "unreachable" && protocol === "bird");
    const [first] = dead;
    if (first === undefined) return [];
    const others = dead.length === 1 ? "" : ` and ${dead.length - 1} more`;
    return [
      {
        severity: "warning" as const,
        message: `BIRD made the route of ${name} to ${formatPrefix(first.destination)}${others} unreachable`,
        at: first.origin,
        beside: 0,
      },
    ];
  });
