import type { CodeTable } from "./code-page.ts";

/** What comes out when Calico's IPAM gives addresses to the nodes and pods of a declared cluster. */
export const IPAM_CODES = {
  "pod-gets-no-address": {
    title: "A pod that gets no address",
    means:
      "Calico's IPAM, or its CNI plugin, refuses; the message gives its reason in its words. The pod stays in ContainerCreating.",
    todo: "Make room in a pool that the pod may use, or correct the annotation that asks for what there is not.",
  },
  "tunnel-gets-no-address": {
    title: "A node whose tunnel device gets no address",
    means:
      "No pool of the tunnel's kind that selects the node has an address left for it. Packets of the node itself have no source in the tunnel.",
    todo: "Make room in the pool, or allow its use for tunnels (spec.allowedUses).",
  },
} satisfies CodeTable;
