import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.ts";

/** What other files of the same process would change: modules replaced, what is compiled and called counted, the heap measured. */
const ALONE = ["test/bgp/shared-tables.test.ts", "test/readers/fuzz/**/*.test.ts"];

export default defineConfig({
  test: {
    // By itself it leaves one processor free: of two, half.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/kernel/**", "node_modules/**", ...ALONE],
          testTimeout: 90_000,
          // The sources keep nothing between two calls that an answer depends on: files read them once in a process, not once each.
          isolate: false,
        },
      },
      {
        test: {
          name: "unit-alone",
          include: ALONE,
          testTimeout: 90_000,
        },
      },
      {
        test: {
          name: "kernel",
          include: ["test/kernel/**/*.test.ts"],
          setupFiles: ["test/kernel/harness/setup.ts"],
          fileParallelism: false,
          // As above; each file has an oracle of its own.
          isolate: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
