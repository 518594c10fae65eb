import type { IPAM_CODES } from "../../../src/model/codes/ipam-codes.ts";
import { nodesNamed, planOf, pod, pool } from "../../calico/ipam/declared-cluster.ts";
import type { ExamplesOf } from "../example.ts";

const FULL = pool("p", "10.0.0.0/31", "blockSize: 31, ipipMode: Always");

export const IPAM_EXAMPLES: ExamplesOf<typeof IPAM_CODES> = {
  "pod-gets-no-address": {
    library: () =>
      planOf(FULL + ["a", "b"].map((name) => pod(`n/${name}`, "node1")).join(""), nodesNamed("node1")).findings,
  },
  "tunnel-gets-no-address": { library: () => planOf(FULL, nodesNamed("node1", "node2", "node3")).findings },
};
