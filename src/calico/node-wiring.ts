import type { Finding } from "../model/finding.ts";
import type { Interface } from "../model/interface.ts";
import type { FdbEntry, Neighbour } from "../model/neighbour.ts";
import type { Route } from "../model/route.ts";

/** What Felix, the CNI plugin and BIRD add to a machine: without what DeclaredNode already has. */
export interface NodeWiring {
  /** The hosts' ends of pods' veth pairs, tunl0, vxlan.calico, … */
  readonly interfaces: readonly Interface[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  /** Keys with dots, as `sysctl -a` prints them; they replace the machine's. */
  readonly sysctls: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
}
