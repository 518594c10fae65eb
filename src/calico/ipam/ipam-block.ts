import type { Pod } from "../../kubernetes/pod.ts";
import { NO_ORIGIN, type Origin } from "../../model/origin.ts";
import type { Prefix } from "../../net/prefix.ts";

/** Who owns a block: a node, or (from v3.30) the controller that gives addresses to Services of type LoadBalancer. */
export interface BlockOwner {
  readonly type: "host" | "virtual";
  readonly name: string;
}

/** To whom addresses of a block were given (libcalico-go/lib/backend/model, AllocationAttribute). */
export type AllocationAttribute =
  | {
      /** `k8s-pod-network.<container>`, `ipip-tunnel-addr-<node>`, …; null where none is written. */
      readonly handle: string | null;
      /** `namespace`, `pod`, `node`, `type`, `timestamp`, … */
      readonly secondary: ReadonlyMap<string, string>;
      /** No resource tells of it: podpath gave the address. */
      readonly planned?: true;
    }
  /** podpath gave it to a pod. The handle of its addresses names its container, which nobody declares. */
  | { readonly handle: null; readonly pod: Pod; readonly planned: true };

/** Its secondary attributes as Calico writes them; of a pod made when somebody asks, as there are 150,000. */
export function secondaryOf(attribute: AllocationAttribute): ReadonlyMap<string, string> {
  if (!("pod" in attribute)) return attribute.secondary;
  const { metadata, nodeName } = attribute.pod;
  return new Map([
    ["namespace", metadata.namespace ?? "default"],
    ["node", nodeName ?? ""],
    ["pod", metadata.name],
  ]);
}

/** The node that the address is used on; undefined where nobody says. */
export function nodeOfAllocation(attribute: AllocationAttribute): string | undefined {
  return "pod" in attribute ? (attribute.pod.nodeName ?? "") : attribute.secondary.get("node");
}

/** A crd.projectcalico.org/v1 IPAMBlock: the addresses of one block and who has them. */
export interface IPAMBlock {
  readonly cidr: Prefix;
  /** Null: any node may take addresses of it, none owns it. */
  readonly affinity: BlockOwner | null;
  /** By ordinal (the offset from the first address): position in `attributes`, null for a free address. */
  readonly allocations: readonly (number | null)[];
  /** Free ordinals; the first is given next, what is freed goes to the end. */
  readonly unallocated: readonly number[];
  readonly attributes: readonly AllocationAttribute[];
  readonly deleted: boolean;
  readonly origin: Origin;
}

/** A block that nobody has taken an address of. */
export function emptyBlock(cidr: Prefix, affinity: BlockOwner | null, size: number): IPAMBlock {
  return {
    cidr,
    affinity,
    allocations: new Array<null>(size).fill(null),
    unallocated: Array.from({ length: size }, (_, ordinal) => ordinal),
    attributes: [],
    deleted: false,
    origin: NO_ORIGIN,
  };
}
