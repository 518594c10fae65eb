import { TABLE_MAIN } from "../../model/route.ts";
import { ipv4 } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** The gateway of Calico's pods, 169.254.1.1: no device has it, and proxy ARP answers for it where a route leads to it. */
const GATEWAY = ipv4(0xa9fe0101);

/** A node with pods' devices whose routes lead nowhere for their gateway: the kernel answers no ARP for what it has no route to. */
export const proxyArpWithoutRoute: Check = ({ network }) =>
  [...network.hosts.values()].flatMap((host) => {
    if (host.kind !== "node" || host.knowledge.get("routes") === "unknown") return [];
    const pod = [...host.interfaces.values()].find(({ name, kind }) => name.startsWith("cali") && kind === "veth");
    if (pod === undefined) return [];
    const covered = host.routes.some(
      ({ family, table, type, destination }) =>
        family === 4 && table === TABLE_MAIN && type === "unicast" && prefixContains(destination, GATEWAY),
    );
    // with several tables a rule may lead to another one
    if (covered || host.policyRules.filter(({ family }) => family === 4).length > 3) return [];
    return [
      {
        severity: "error" as const,
        message: `${host.name} has no route that covers 169.254.1.1, so that it answers no ARP of its pods`,
        at: host.origin,
        beside: pod.origin,
      },
    ];
  });
