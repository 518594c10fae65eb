import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // By itself it leaves one processor free: of two, half.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/kernel/**", "node_modules/**"],
          testTimeout: 90_000,
        },
      },
      {
        test: {
          name: "kernel",
          include: ["test/kernel/**/*.test.ts"],
          setupFiles: ["test/kernel/harness/setup.ts"],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
