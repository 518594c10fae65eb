import { isEstablished } from "../../analysis/bgp-evidence.ts";
import { formatPrefix } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** Routes `proto bird` to other machines on a host whose dumps of BIRD show sessions, none of them established. */
export const birdRouteWithoutSession: Check = ({ network, evidence }) =>
  [...evidence].flatMap(([name, { bgpSessions }]) => {
    const [down] = bgpSessions;
    const host = network.hosts.get(name);
    if (host === undefined || down === undefined || bgpSessions.some(isEstablished)) return [];
    const learnt = host.routes.filter(
      ({ protocol, nextHops }) => protocol === "bird" && nextHops.some(({ gateway }) => gateway !== null),
    );
    const [first] = learnt;
    if (first === undefined) return [];
    const others = learnt.length === 1 ? "" : ` and ${learnt.length - 1} more`;
    return [
      {
        severity: "warning",
        message: `${name} has the route of BIRD to ${formatPrefix(first.destination)}${others}, and none of its BGP sessions is established: ${down.name} is ${down.bgpState}`,
        at: first.origin,
        beside: down.origin,
        advice: "The routes outlive the session, or the two dumps are of different times.",
      },
    ];
  });
