import type { Check } from "./check.ts";

/** The mesh of all nodes is off, and no BGPPeer is among the objects: nodes learn no routes from each other. */
export const meshOffWithoutPeers: Check = ({ cluster, evidence }) => {
  const settings = cluster.bgpConfigurations.get("default");
  const hasSessions = [...evidence.values()].some(({ bgpSessions }) => bgpSessions.length > 0);
  if (settings?.nodeToNodeMeshEnabled !== false || cluster.bgpPeers.size > 0 || hasSessions) return [];
  return [
    {
      severity: "warning" as const,
      message: "nodeToNodeMeshEnabled is false, and there is no BGPPeer among the objects",
      at: settings.metadata.origin,
      beside: 0,
    },
  ];
};
