import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Benchmark, digits, median, say, sayTable } from "./benchmark.ts";
import { type ClusterSize, clusterDumps, podName } from "./cluster-dumps.ts";
import { bundled, type FreshRun, readMarks, runFresh } from "./fresh-process.ts";

const FIFTY: ClusterSize = { nodes: 50, podsPerNode: 30, rulesPerNode: 10_000, routesPerNode: 5_000 };
const TEN: ClusterSize = { ...FIFTY, nodes: 10 };
const RUNS = 3;

/** A snapshot of 50 nodes, as a folder and as an archive: read whole, and opened for one trace. */
export const bigSnapshot: Benchmark = {
  name: "big-snapshot",
  async run() {
    const folder = mkdtempSync(join(tmpdir(), "podpath-bench-"));
    try {
      const fifty = write(join(folder, "fifty"), FIFTY);
      const ten = write(join(folder, "ten"), TEN);
      const archive = join(folder, "fifty.tar.gz");
      const tar = spawnSync("tar", ["-czf", archive, "-C", folder, "fifty"]);
      say(`  ${FIFTY.nodes} nodes with 10,000 rules and 5,000 routes each: ${digits(fifty / 1024 / 1024)} MiB`);
      const nothing = times(["-e", "0"]);
      const whole = reading(join(folder, "fifty"));
      const part = reading(join(folder, "ten"));
      const bytes = times([bundled("read-bytes-process"), join(folder, "fifty")]);
      const packed = times([bundled("read-bytes-process"), archive]);
      const row = (name: string, time: Spent, yardstick: Spent, target: string): string[] => [
        name,
        digits(time.milliseconds),
        digits(time.processor),
        digits(time.processor / yardstick.processor),
        target,
      ];
      const ask = ["--from", `pod/shop/${podName(3, 1)}`, "--to", `pod/shop/${podName(40, 2)}`];
      const command = "dist/podpath.mjs";
      const built = existsSync(command);
      sayTable(
        ["", "ms", "ms of the processor", "x lines", "target ms"],
        [
          row("node -e 0", nothing, bytes, ""),
          row("lines: every file of the folder split into lines", bytes, bytes, ""),
          row("lines of the .tar.gz", packed, packed, ""),
          row("reading all of it, whole process", whole, bytes, "10,000"),
          ...(built
            ? [
                row("podpath check, folder", times([command, "check", join(folder, "fifty")]), bytes, "10,000"),
                row("podpath trace, folder", times([command, "trace", join(folder, "fifty"), ...ask]), bytes, "2,000"),
                ...(tar.status === 0
                  ? [row("podpath trace, .tar.gz", times([command, "trace", archive, ...ask]), packed, "2,000")]
                  : []),
              ]
            : []),
        ],
      );
      say(`  memory at most ${digits(whole.megabytes)} MB; target < 1,500 MB`);
      const each = whole.processor / fifty / (part.processor / ten);
      say(`  linearity: a byte of 50 nodes takes ${digits(each)} times as long as one of 10`);
      if (!existsSync(command)) say("  dist/podpath.mjs is missing: npm run build makes it.");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Writes the snapshot; returns its size in bytes. */
function write(folder: string, size: ClusterSize): number {
  let bytes = 0;
  for (const [path, text] of clusterDumps(size)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    bytes += text.length;
  }
  return bytes;
}

/** Medians of whole processes. */
interface Spent {
  readonly milliseconds: number;
  readonly processor: number;
}

function spentBy(runs: readonly FreshRun[]): Spent {
  return {
    milliseconds: median(runs.map(({ started, ended }) => ended - started)),
    processor: median(runs.map(({ processor }) => processor)),
  };
}

function times(words: readonly string[]): Spent {
  return spentBy(
    Array.from({ length: RUNS }, () => {
      const run = runFresh(words);
      if (run.status === null || (words[0] !== "-e" && run.output === "")) throw new Error(run.errors);
      return run;
    }),
  );
}

function reading(folder: string): Spent & { readonly megabytes: number } {
  const runs = Array.from({ length: RUNS }, () => {
    const run = runFresh([bundled("read-snapshot-process"), folder]);
    const megabytes = readMarks(run.output).get("megabytes");
    if (run.status !== 0 || megabytes === undefined) throw new Error(run.errors);
    return { ...run, megabytes };
  });
  return { ...spentBy(runs), megabytes: Math.max(...runs.map((run) => run.megabytes)) };
}
