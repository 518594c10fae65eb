import { isEstablished } from "../../analysis/bgp-evidence.ts";
import { knowledgeOf } from "../../model/host.ts";
import { sameAddress } from "../../net/address.ts";
import type { Check } from "./check.ts";

/** An established session of the node mesh that brought routes (`show protocols all`), and no route over its peer in the kernel. */
export const sessionWithoutRoutes: Check = ({ network, evidence }) =>
  [...evidence].flatMap(([name, { bgpSessions }]) => {
    const host = network.hosts.get(name);
    if (host === undefined) return [];
    return bgpSessions.flatMap((session) => {
      const { peer, kind, imported } = session;
      if (kind !== "mesh" || peer === null || imported === null || imported === 0 || !isEstablished(session)) return [];
      const part = peer.family === 4 ? "routes" : "routes6";
      if (knowledgeOf(host, part) !== "known" && knowledgeOf(host, part) !== "derived") return [];
      const over = host.routes.some(
        ({ protocol, nextHops }) =>
          protocol === "bird" && nextHops.some(({ gateway }) => gateway !== null && sameAddress(gateway, peer)),
      );
      if (over) return [];
      return [
        {
          severity: "warning" as const,
          message: `${name} imported ${imported === 1 ? "a route" : `${imported} routes`} over the established session ${session.name}, and its routing table has no route of BIRD over that peer`,
          at: session.origin,
          beside: host.routes.find(({ table }) => table === 254)?.origin ?? 0,
        },
      ];
    });
  });
