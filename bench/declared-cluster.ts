import { type Benchmark, digits, say, sayTable } from "./benchmark.ts";
import { bundled, readMarks, runFresh } from "./fresh-process.ts";
import { type ClusterSize, part } from "./large-cluster.ts";

/** What one process measured, in milliseconds of the processor unless said. */
type Marks = ReadonlyMap<string, number>;

const SHARES = [0.25, 0.5, 1] as const;
const DIMENSIONS = ["nodes", "pods", "services", "policies"] as const;

function measured(size: ClusterSize): Marks {
  const words = DIMENSIONS.map((dimension) => String(size[dimension]));
  const options = ["--expose-gc", "--max-old-space-size=6144"];
  const { status, output, errors } = runFresh([...options, bundled("declared-cluster-process"), ...words]);
  if (status !== 0) throw new Error(errors);
  return readMarks(output);
}

const of = (marks: Marks, name: string): number => marks.get(name) ?? Number.NaN;
const sum = (marks: Marks): number => of(marks, "read") + of(marks, "network") + of(marks, "first");

/**
 * A generated cluster of manifests: from objects in memory to the first trace, and traces between other nodes. In three sizes of the
 * whole, against JSON.parse of the same objects; then with one dimension growing and the others small, for what one more node, pod,
 * Service or policy costs.
 */
export const declaredCluster: Benchmark = {
  name: "declared-cluster",
  async run() {
    const sizes = SHARES.map(part);
    const results = sizes.map(measured);
    const rows = sizes.flatMap((size, i) => {
      const marks = results[i];
      if (marks === undefined) return [];
      const { nodes, pods, services, policies } = size;
      return [
        [
          `${nodes} nodes, ${pods} pods, ${services} Services, ${policies} policies`,
          ...["read", "network", "first"].map((name) => digits(of(marks, name))),
          digits(sum(marks)),
          digits(sum(marks) / of(marks, "parse")),
          digits(of(marks, "clock")),
          ...["secondclock", "nextclock", "next", "again"].map((name) => digits(of(marks, name))),
          digits(of(marks, "megabytes")),
        ],
      ];
    });
    say("  milliseconds of the processor; targets at full size: first trace 10,000, next 20, 2,048 MiB");
    sayTable(
      [
        "",
        "read",
        "network",
        "first",
        "sum",
        "× JSON.parse",
        "by the clock",
        "second, by the clock",
        "next, by the clock",
        "next",
        "again",
        "MiB",
      ],
      rows,
    );
    const [small] = results;
    if (small !== undefined) sayDimensions(small);
  },
};

/** One dimension at a time, the others at a quarter of their full size. Linear: the second step costs as much a piece as the first. */
function sayDimensions(small: Marks): void {
  const quarter = part(0.25);
  const rows = DIMENSIONS.map((dimension) => {
    const counts = SHARES.map((share) => part(share)[dimension]);
    const [few = 0, half = 0, full = 0] = counts;
    const totals = [sum(small), ...[half, full].map((count) => sum(measured({ ...quarter, [dimension]: count })))];
    const [at0 = 0, at1 = 0, at2 = 0] = totals;
    const [first, second] = [(at1 - at0) / (half - few), (at2 - at1) / (full - half)];
    return [
      `${counts.map((count) => count.toLocaleString("en-US")).join(", ")} ${dimension}`,
      ...totals.map(digits),
      `${digits(first * 1000)} µs`,
      `${digits(second * 1000)} µs`,
      digits(at2 / at0),
      `${digits(full / few)}`,
    ];
  });
  say();
  const rest = DIMENSIONS.map((one) => `${quarter[one]} ${one}`).join(", ");
  say(`  one dimension grows, the others stay (${rest}): milliseconds to the first trace, and of it for one more`);
  sayTable(["", "small", "middle", "full", "one more, 1st step", "2nd step", "× time", "× size"], rows);
}
