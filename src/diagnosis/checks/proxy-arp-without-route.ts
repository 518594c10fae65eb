import { coversPodGateway } from "../../calico/pod-gateway.ts";
import type { Check } from "./check.ts";

/** A node with pods' devices whose routes lead nowhere for their gateway: the kernel answers no ARP for what it has no route to. */
export const proxyArpWithoutRoute: Check = ({ network }) =>
  [...network.hosts.values()].flatMap((host) => {
    if (host.kind !== "node" || host.knowledge.get("routes") === "unknown") return [];
    const pod = [...host.interfaces.values()].find(({ name, kind }) => name.startsWith("cali") && kind === "veth");
    if (pod === undefined) return [];
    // with several tables a rule may lead to another one
    if (coversPodGateway(host.routes) || host.policyRules.filter(({ family }) => family === 4).length > 3) return [];
    return [
      {
        severity: "error" as const,
        message: `${host.name} has no route that covers 169.254.1.1, so that it answers no ARP of its pods`,
        at: host.origin,
        beside: pod.origin,
      },
    ];
  });
