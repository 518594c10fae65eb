import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.ts";

/** What other files of the same process would change: modules replaced, what is compiled and called counted, the heap measured. */
const ALONE = ["test/bgp/shared-tables.test.ts", "test/readers/fuzz/**/*.test.ts"];

/** Bounds for what hangs, and not for what is slow: there are machines on which starting a program takes twenty times as long as on others. */
const PATIENCE = { testTimeout: 300_000, hookTimeout: 300_000 };

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
          ...PATIENCE,
          // The sources keep nothing between two calls that an answer depends on: files read them once in a process, not once each.
          isolate: false,
        },
      },
      {
        test: {
          name: "unit-alone",
          include: ALONE,
          ...PATIENCE,
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
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
