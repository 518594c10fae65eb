import type { COLLECTOR_CODES } from "../../../src/model/codes/collector-codes.ts";
import { type ExamplesOf, NODE, snapshot } from "../example.ts";

const index = (fields: unknown): string => `${JSON.stringify(fields)}\n`;

export const COLLECTOR_EXAMPLES: ExamplesOf<typeof COLLECTOR_CODES> = {
  "cut-file": snapshot({
    "index.json": index({
      files: [{ file: "nodes/n1/iptables-save.txt", exitStatus: 0, truncated: true, bytes: 1000 }],
    }),
  }),
  "damaged-index": snapshot({ "index.json": '{"files": [\n' }),
  "namespace-without-name": snapshot({
    "nodes/n1/netns/?_cni-4f1c/ip-addr.txt": (NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "").replace(
      "172.16.0.11/24",
      "192.168.1.2/32",
    ),
  }),
  "not-collected": snapshot({
    "index.json": index({ machine: "n1", missing: [{ file: "nodes/n1/ipset-save.txt", reason: "ipset: not found" }] }),
  }),
};
