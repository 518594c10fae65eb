import { missingRoute } from "../analysis/missing-route.ts";
import type { Host } from "../model/host.ts";
import type { InterfaceKind } from "../model/interface.ts";
import type { Network } from "../model/network.ts";
import { type Address, formatAddress, sameAddress } from "../net/address.ts";
import { prefixContains, prefixOf } from "../net/prefix.ts";
import type { TraceStep } from "../trace/step.ts";
import { ownerOf } from "./address-names.ts";
import { missingRouteFacts } from "./missing-route-text.ts";

type RouteStep = TraceStep & { readonly kind: "route" };

const TUNNELS: ReadonlySet<InterfaceKind> = new Set(["vxlan", "ipip", "wireguard"]);

/** Whether the address is of a node's own card in a subnet that the host is not in: then a router is the way. */
function isBehindRouter(host: Host | undefined, { kind, interfaces }: Host, destination: Address): boolean {
  if (kind !== "node" || host === undefined) return false;
  for (const card of interfaces.values()) {
    const own = card.addresses.find(({ address }) => sameAddress(address, destination));
    if (own === undefined || TUNNELS.has(card.kind)) continue;
    const subnet = prefixOf(own.address, own.prefixLength);
    return ![...host.interfaces.values()].some(({ addresses }) =>
      addresses.some(({ address }) => prefixContains(subnet, address)),
    );
  }
  return false;
}

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
  if (isBehindRouter(network.hosts.get(host), machine, destination)) return null;
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
