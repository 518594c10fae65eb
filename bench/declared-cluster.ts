import { type Benchmark, digits, say, sayTable } from "./benchmark.ts";
import { bundled, readMarks, runFresh } from "./fresh-process.ts";
import { part } from "./large-cluster.ts";

const SHARES = [0.25, 0.5, 1];

/** A generated cluster of manifests: from objects in memory to the first trace and the next, in three sizes. */
export const declaredCluster: Benchmark = {
  name: "declared-cluster",
  async run() {
    const bundle = bundled("declared-cluster-process");
    const rows = SHARES.map((share) => {
      const { status, output, errors } = runFresh(["--expose-gc", "--max-old-space-size=6144", bundle, String(share)]);
      if (status !== 0) throw new Error(errors);
      const mark = readMarks(output);
      const { nodes, pods, services, policies } = part(share);
      const total = (mark.get("read") ?? 0) + (mark.get("network") ?? 0) + (mark.get("first") ?? 0);
      return [
        `${nodes} nodes, ${pods} pods, ${services} Services, ${policies} policies`,
        ...["read", "network", "first"].map((name) => digits(mark.get(name) ?? 0)),
        digits(total),
        digits(mark.get("clock") ?? 0),
        digits(mark.get("second") ?? 0),
        digits(mark.get("again") ?? 0),
        digits(mark.get("megabytes") ?? 0),
      ];
    });
    say("  milliseconds of the processor; targets at full size: first trace 10,000, second 20, 2,048 MiB");
    sayTable(["", "read", "network", "first trace", "sum", "by the clock", "second", "same again", "MiB"], rows);
  },
};
