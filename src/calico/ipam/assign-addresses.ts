import type { Cluster } from "../cluster.ts";
import type { ClusterVersions, DeclaredNode } from "../declared-node.ts";
import type { AddressPlan } from "./address-plan.ts";

/** Who gets which address. */
export type AssignAddresses = (
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  versions: ClusterVersions,
) => AddressPlan;
