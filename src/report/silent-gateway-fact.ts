import { coversPodGateway, POD_GATEWAY } from "../calico/pod-gateway.ts";
import type { Journey } from "../emulator/journey.ts";
import { knowledgeOf } from "../model/host.ts";
import type { Network } from "../model/network.ts";
import { sameAddress } from "../net/address.ts";
import type { Run } from "../trace/result.ts";
import type { TraceStep } from "../trace/step.ts";

/** Why nobody answers a pod that asks for its gateway: its node stands in for that only while a route leads there. */
function silentGatewayFact(network: Network, { end }: Journey, steps: readonly TraceStep[]): string | null {
  if (end?.ending.outcome !== "unresolved" || network.hosts.get(end.host)?.kind !== "pod") return null;
  const asked = steps.some(
    (step) =>
      step.kind === "route" &&
      step.host === end.host &&
      step.result.kind === "unicast" &&
      sameAddress(step.result.nextHop, POD_GATEWAY),
  );
  const link = network.links.find(({ members }) => members.some(({ host }) => host === end.host));
  const name = link?.members.find(({ host }) => host !== end.host)?.host;
  const node = name === undefined ? undefined : network.hosts.get(name);
  if (!asked || node === undefined || knowledgeOf(node, "routes") === "unknown") return null;
  if (coversPodGateway(node.routes)) return null;
  return `${node.name} has no route that covers 169.254.1.1, such as a default one: without it its proxy ARP answers no pod`;
}

/** Why the nodes of pods answer none of their ARP, where packets of a run ended by that; each once. */
export function silentGatewayFacts(network: Network, run: Run, journeys: readonly Journey[]): readonly string[] {
  const facts = journeys.map((journey) => silentGatewayFact(network, journey, run.steps.get(journey.id) ?? []));
  return [...new Set(facts)].filter((fact) => fact !== null);
}
