import { missingRoute } from "../analysis/missing-route.ts";
import type { Network } from "../model/network.ts";
import { formatAddress, sameAddress } from "../net/address.ts";
import type { TraceStep } from "../trace/step.ts";
import { ownerOf } from "./address-names.ts";
import { missingRouteFacts } from "./missing-route-text.ts";

type RouteStep = TraceStep & { readonly kind: "route" };

/**
 * What stands out where a packet for a machine that was dumped follows a default route: nothing more specific is there.
 * A pod has no other route, so there it means nothing.
 */
export function fallbackFact(network: Network, host: string, step: RouteStep): string | null {
  const { result, destination } = step;
  if (result.kind !== "unicast" || result.route.destination.length > 0 || host.startsWith("pod/")) return null;
  const owner = ownerOf(network, destination);
  if (owner === null || owner.name.startsWith("service/") || sameAddress(result.nextHop, destination)) return null;
  const machine = network.hosts.get(owner.host);
  if (machine === undefined || machine.kind === "host") return null;
  const where = machine.node === null ? "" : ` on ${machine.node}`;
  return `only the default route matches: ${host} has no route of its own for ${formatAddress(destination)}, which is ${owner.name}${where}`;
}

/** The facts of all steps of a packet, each once: that a host has no route of its own, and why BGP brings none. */
export function fallbackFacts(network: Network, steps: readonly TraceStep[]): readonly string[] {
  const facts = steps.flatMap((step): readonly string[] => {
    if (step.kind !== "route") return [];
    const missing = missingRoute(network, step.host, step.destination);
    if (missing !== null) return missingRouteFacts(network, missing);
    const fact = fallbackFact(network, step.host, step);
    return fact === null ? [] : [fact];
  });
  return [...new Set(facts)];
}
