import { type Benchmark, say } from "./benchmark.ts";
import { bgpSettle } from "./bgp-settle.ts";
import { bigSnapshot } from "./big-snapshot.ts";
import { coldTrace } from "./cold-trace.ts";
import { conntrackAndNat } from "./conntrack-and-nat.ts";
import { declaredCluster } from "./declared-cluster.ts";
import { kernelRate } from "./kernel-rate/kernel-rate.ts";
import { readingIptablesSave } from "./read-iptables-save.ts";
import { ruleMemory } from "./rule-memory.ts";
import { traceLatency } from "./trace-latency.ts";
import { verdicts } from "./verdicts.ts";

/** Runs the named benchmarks, or all. Bundled by main.ts and run in the project's folder. */
const BENCHMARKS: readonly Benchmark[] = [
  coldTrace,
  readingIptablesSave,
  bigSnapshot,
  declaredCluster,
  bgpSettle,
  // Before the others run the same code with steps, for which the compiler makes it slower.
  kernelRate,
  verdicts,
  traceLatency,
  ruleMemory,
  conntrackAndNat,
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  const names = BENCHMARKS.map(({ name }) => name).join(", ");
  process.stderr.write(`no benchmark "${unknown.join('", "')}"; there are: ${names}\n`);
  process.exitCode = 2;
} else {
  for (const benchmark of BENCHMARKS) {
    if (wanted.length > 0 && !wanted.includes(benchmark.name)) continue;
    say(benchmark.name);
    await benchmark.run();
    say();
  }
}
