import { type Benchmark, digits, say, sayTable } from "./benchmark.ts";
import { bundled, readMarks, runFresh } from "./fresh-process.ts";

/** Nodes, and route reflectors: none is a full mesh. */
const CLUSTERS = [
  [30, 0],
  [60, 0],
  [100, 0],
  [120, 2],
  [250, 2],
  [500, 2],
] as const;

/** BGP of generated clusters of manifests settles; then an hour in which nothing happens, which is played when somebody looks. */
export const bgpSettle: Benchmark = {
  name: "bgp-settle",
  async run() {
    const bundle = bundled("bgp-settle-process");
    const rows = CLUSTERS.map(([nodes, reflectors]) => {
      const words = ["--expose-gc", "--max-old-space-size=6144", bundle, String(nodes), String(reflectors)];
      const { status, output, errors } = runFresh(words);
      if (status !== 0) throw new Error(errors);
      const mark = readMarks(output);
      const kind = reflectors === 0 ? "mesh" : `${reflectors} reflectors`;
      return [
        `${nodes} nodes, ${kind}`,
        ...["yardstick", "read", "settle", "second", "warm", "hour", "look", "heap", "megabytes"].map((name) =>
          digits(mark.get(name) ?? 0),
        ),
        ...["settle", "warm"].map((name) => digits((mark.get(name) ?? 0) / (mark.get("yardstick") ?? 1))),
      ];
    });
    say(
      "  milliseconds of the processor; targets: mesh of 100 settles in 1,000, 500 with reflectors in 2,000, the hour 50\n" +
        "  settle: the first time in a fresh process, V8's compilers included; then from nothing again in the same process",
    );
    sayTable(
      [
        "",
        "yardstick",
        "read",
        "settle",
        "second time",
        "sixth time",
        "idle hour",
        "look",
        "heap MiB",
        "MiB",
        "settle/yardstick",
        "sixth/yardstick",
      ],
      rows,
    );
  },
};
