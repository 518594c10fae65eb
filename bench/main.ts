import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
import { BUNDLES } from "./fresh-process.ts";

/**
 * `npm run bench [names…]`. The benchmarks run as the product does, bundled: under tsx each imported constant and each
 * function made on the way costs more than it does for a user.
 */
const PROJECT = fileURLToPath(new URL("../", import.meta.url));
const SCRIPTS = {
  run: new URL("./run.ts", import.meta.url),
  "cold-trace-phases": new URL("./cold-trace-phases.ts", import.meta.url),
  "kernel-rate-process": new URL("./kernel-rate-process.ts", import.meta.url),
  "rule-memory-process": new URL("./rule-memory-process.ts", import.meta.url),
  "read-snapshot-process": new URL("./read-snapshot-process.ts", import.meta.url),
  "read-bytes-process": new URL("./read-bytes-process.ts", import.meta.url),
  "bgp-settle-process": new URL("./bgp-settle-process.ts", import.meta.url),
  "declared-cluster-process": new URL("./declared-cluster-process.ts", import.meta.url),
  "read-iptables-save-cold": new URL("./read-iptables-save-cold.ts", import.meta.url),
};

for (const [name, script] of Object.entries(SCRIPTS)) {
  await build({
    entry: { [name]: fileURLToPath(script) },
    cwd: PROJECT,
    outDir: `${PROJECT}${BUNDLES}/${name}`,
    format: "esm",
    platform: "node",
    target: "node20",
    dts: false,
    config: false,
    external: ["mitata"],
    logLevel: "error",
  });
}
const options = process.execArgv.filter((option) => option.startsWith("--cpu-prof"));
// What one measurement leaves is collected before the next one begins.
const words = ["--expose-gc", ...options, `${BUNDLES}/run/run.mjs`, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, words, { cwd: PROJECT, stdio: "inherit" });
process.exitCode = status ?? 1;
