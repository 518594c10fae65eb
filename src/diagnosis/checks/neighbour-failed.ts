import type { Host } from "../../model/host.ts";
import type { Neighbour } from "../../model/neighbour.ts";
import type { Route } from "../../model/route.ts";
import { formatAddress, sameAddress } from "../../net/address.ts";
import { formatPrefix } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** Neighbour entries FAILED or INCOMPLETE for a machine that was dumped, or for the gateway of a route. */
export const neighbourFailed: Check = ({ network, owners }) =>
  [...network.hosts.values()].flatMap((host) =>
    host.neighbours.filter(hasFailed).flatMap((neighbour) => {
      const { address, state, origin } = neighbour;
      const route = routeOver(host, neighbour);
      const owner = owners.get(formatAddress(address));
      if (route === null && (owner === undefined || owner === host.name)) return [];
      const who = owner === undefined ? formatAddress(address) : `${formatAddress(address)} (${owner})`;
      const use = route === null ? "" : `, the gateway of its route to ${formatPrefix(route.destination)}`;
      return [
        {
          severity: "warning" as const,
          message: `${host.name} has no MAC address for ${who} on ${neighbour.interface}: ${state}${use}`,
          at: origin,
          beside: route?.origin ?? 0,
        },
      ];
    }),
  );

function hasFailed({ state, proxy }: Neighbour): boolean {
  return !proxy && (state === "FAILED" || state === "INCOMPLETE");
}

function routeOver(host: Host, { address }: Neighbour): Route | null {
  return (
    host.routes.find(({ nextHops }) =>
      nextHops.some(({ gateway }) => gateway !== null && sameAddress(gateway, address)),
    ) ?? null
  );
}
